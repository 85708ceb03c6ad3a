"""The contract of a strategy: hyper-parameters as fields, needs declared, rows out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench.evidence import Evidence, Product

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Selection:
    """A batch of candidates.

    Args:
        rows: [B] int64 positions in the evidence, in the order picked.
        scores: [B] the score each had when picked, or None where the strategy has none.
    """

    rows: Tensor
    scores: Tensor | None = None


@dataclass
class Strategy(ABC):
    """Chooses a batch of candidate rows from evidence.

    `needs` and `minimum_draws` depend on nothing but the hyper-parameters and on whether the posterior gives
    draws, so they are checked before any training.
    """

    minimum_draws: ClassVar[int] = 0
    """The fewest distinct posterior draws that give the strategy a meaning."""

    @abstractmethod
    def needs(self, draws: bool) -> frozenset[Product]:
        """The products the strategy reads, where the posterior gives several draws or (False) a point."""

    @abstractmethod
    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        """A batch of `batch` distinct rows."""


@dataclass
class ScoreStrategy(Strategy):
    """A strategy that gives each row a score of its own and takes the highest.

    The runner calls `score` on chunks of rows and never holds the evidence of the whole pool.
    """

    @abstractmethod
    def score(self, evidence: Evidence) -> Tensor:
        """[n] scores of the rows of a chunk, higher is more informative."""

    def pick(self, scores: Tensor, batch: int, generator: torch.Generator) -> Selection:
        """The rows of the `batch` highest of the scores [N], ties in an order drawn from the generator."""
        from al_bench import kernels

        rows = kernels.select_top(scores, batch, generator)
        return Selection(rows, scores[rows])

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        """The rows of the `batch` highest scores."""
        return self.pick(self.score(evidence), batch, generator)
