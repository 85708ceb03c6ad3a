"""The watch over a run's rounds: it measures each one for the record, and warns of each fault once."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from al_bench.errors import InputError
from al_bench.evidence import Evidence
from al_bench.experiment.ranking_noise import RankingNoise, takes_the_highest
from al_bench.experiment.setup import Bench
from al_bench.health import measures
from al_bench.health.checks import findings
from al_bench.health.thresholds import COSINES
from al_bench.learners.learner import Learner
from al_bench.learners.member import split
from al_bench.models.reset import seeded
from al_bench.pool import Indices, PoolState
from al_bench.strategies.base import ScoreStrategy, Selection

logger = logging.getLogger("al_bench")


class Watch:
    """Keeps what the health of a round needs from the rounds before it.

    Args:
        bench: The run.
        rounds: Those on record. What was wrong in them is not warned of again.
    """

    def __init__(self, bench: Bench, rounds: Sequence[Mapping[str, Any]]) -> None:
        self._bench = bench
        self._thresholds = bench.config.health
        accuracies = [entry["accuracy"] for entry in rounds if entry["accuracy"] is not None]
        self._accuracy: float | None = accuracies[-1] if accuracies else None
        self._said = {finding.check for entry in rounds for finding in findings(entry, self._thresholds)}
        self._pool = self._counts(bench.start.pool)
        tested = torch.bincount(bench.dataset.test_labels, minlength=bench.dataset.classes)
        self._chance = int(tested.max()) / len(bench.dataset.test_labels)

    def look(
        self,
        state: PoolState,
        accuracy: float | None,
        acquired: Indices | None,
        scored: Tensor | Evidence | None,
        selection: Selection | None,
        noise: RankingNoise | None,
    ) -> dict[str, Any]:
        """The object `health` of a round's record: values, no verdicts; null where there was nothing to measure.

        chance: The accuracy of always naming the test part's most frequent class.
        accuracy_drop: The accuracy of the round evaluated last, less this one's.
        validation: Points of the validation set.
        class_entropy, class_kl, class_kl_random: Of the batch: entropy of its classes, their KL to the pool's, and its
            mean for as many random points (`measures`), nats. The pool's labels are read for this diagnosis alone.
        acquired_kl, acquired_kl_random: The same KL of all points acquired so far, this batch included.
        near_duplicates: Cosine to the share of the batch that has it with a row picked before, by the features of the
            first network's penultimate layer, dropout off: one pass over the B rows.
        tied, drawn_by_lot, score_spread, ranking_change: Of a score for each candidate; null for other strategies.
        saturated: Share of the batch picked after a strategy noted its saturation (BatchBALD).

        Args:
            acquired: [B] dataset indices in the order picked; None where the round acquires nothing.
            scored: What was selected from.
        """
        found: dict[str, Any] = dict.fromkeys(
            (
                "accuracy_drop", "class_entropy", "class_kl", "class_kl_random", "acquired_kl", "acquired_kl_random",
                "near_duplicates", "tied", "drawn_by_lot", "score_spread", "ranking_change", "saturated",
            )
        )  # fmt: skip
        found |= {"chance": self._chance, "validation": len(self._bench.validation)}
        if accuracy is not None and self._accuracy is not None:
            found["accuracy_drop"] = self._accuracy - accuracy
        self._accuracy = self._accuracy if accuracy is None else accuracy
        if acquired is None or selection is None:
            return found
        found |= self._classes(state, acquired)
        features = batch_features(self._bench.learner, torch.tensor(acquired))
        if features is not None:
            shares = measures.near_duplicates(features, COSINES)
            found["near_duplicates"] = dict(zip(map(str, COSINES), shares, strict=True))
        if isinstance(scored, Tensor) and len(scored) > len(acquired):
            found |= {"tied": measures.tied(scored), "score_spread": measures.spread(scored)}
            strategy = self._bench.strategy
            if isinstance(strategy, ScoreStrategy) and takes_the_highest(strategy):
                found["drawn_by_lot"] = measures.drawn_by_lot(scored, len(acquired))
        if noise is not None:
            found["ranking_change"] = noise.batch_change
        if "saturated_at" in selection.notes:
            place = selection.notes["saturated_at"]
            found["saturated"] = 0.0 if place is None else (len(acquired) - place) / len(acquired)
        return found

    def warn(self, entry: Mapping[str, Any]) -> None:
        """Log what is unhealthy in a round, each check once a run."""
        for finding in findings(entry, self._thresholds):
            if finding.check not in self._said:
                self._said.add(finding.check)
                level = logging.INFO if finding.remark else logging.WARNING
                logger.log(level, "health.%s, round %d: %s", finding.check, entry["round"], finding.sentence)

    def _counts(self, indices: Indices) -> list[int]:
        labels = self._bench.dataset.labels(torch.tensor(indices))
        return torch.bincount(labels, minlength=self._bench.dataset.classes).tolist()

    def _classes(self, state: PoolState, acquired: Indices) -> dict[str, float]:
        batch = self._counts(acquired)
        total = list(batch)
        for earlier in state.acquisitions[1:]:
            total = [one + more for one, more in zip(total, self._counts(earlier), strict=True)]
        return {
            "class_entropy": measures.class_entropy(batch),
            "class_kl": measures.class_kl(batch, self._pool),
            "class_kl_random": measures.random_class_kl(sum(batch), self._pool),
            "acquired_kl": measures.class_kl(total, self._pool),
            "acquired_kl_random": measures.random_class_kl(sum(total), self._pool),
        }


def batch_features(learner: Learner, acquired: Tensor) -> Tensor | None:
    """[B, D] features of the first network's penultimate layer, dropout off; None where it has no linear layer.

    Args:
        acquired: [B] dataset indices.
    """
    data = learner.dataset
    try:
        learner.check_features("penultimate")
    except InputError:
        return None
    parts = []
    with seeded(0), torch.inference_mode():  # seeded for a user's layers that draw from the global generator
        for rows in split(len(acquired), learner.chunk):
            inputs = data.prepare(data.inputs[acquired[rows].to(data.inputs.device)])
            parts.append(learner.features(inputs, "penultimate"))
    return torch.cat(parts)
