"""The candidates of a round, read anew by a strategy that does not hold their evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from al_bench.evidence import Evidence
from al_bench.experiment.gather import Gatherer


@dataclass(eq=False)
class PoolPasses:
    """Every pass goes through the learner again, in the chunks and the workers of the run.

    Args:
        gatherer: Of the round.
        candidates: [N] dataset indices.
    """

    gatherer: Gatherer
    candidates: Tensor
    count: int = 0

    def scores(self, score: Callable[[Evidence], Tensor]) -> Tensor:
        """[N] what `score` makes of the evidence of each chunk of n candidates, [n]."""
        self.count += 1
        found = torch.empty(0)

        def take(rows: slice, scores: Tensor) -> None:
            nonlocal found
            if not len(found):
                found = scores.new_empty(len(self.candidates))
            found[rows] = scores

        self.gatherer.each_chunk(self.candidates, lambda evidence, _: score(evidence), take)
        return found

    def highest(self, score: Callable[[Evidence], Tensor], count: int, keys: Tensor) -> Evidence:
        """The evidence of the `count` candidates of highest score, of equal ones those of lowest keys."""
        self.count += 1
        return self.gatherer.top(self.candidates, min(count, len(self.candidates)), keys, score)

    def at(self, row: int) -> Evidence:
        """The evidence of one candidate."""
        return self.gatherer.at(self.candidates[row : row + 1])
