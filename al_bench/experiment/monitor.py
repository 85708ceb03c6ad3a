"""The health of a run's rounds: each is measured for the record, and each fault is warned of once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from al_bench.errors import InputError
from al_bench.experiment.acquire import Acquisition
from al_bench.experiment.ranking_noise import takes_the_highest
from al_bench.experiment.setup import Experiment
from al_bench.health import measures
from al_bench.health.checks import Context, acquired_classes, findings
from al_bench.health.thresholds import COSINES
from al_bench.learners.learner import Learner
from al_bench.learners.member import split
from al_bench.models.reset import seeded
from al_bench.pool import Indices, PoolState
from al_bench.records import HealthRecord, RoundRecord
from al_bench.strategies.base import ScoreStrategy
from al_bench.strategies.uncertainty import Random

logger = logging.getLogger("al_bench")

RANDOM_POINTS = 200
MOST_RANDOM_BATCHES = 10
"""Random batches whose near-duplicates a batch's are compared with: so many points in all, but one batch at least."""


class HealthMonitor:
    """Knows what the health of a round needs from the rounds before it.

    Args:
        experiment: The run.
        rounds: Those on record. What was wrong in them is not warned of again.
    """

    def __init__(self, experiment: Experiment, rounds: Sequence[RoundRecord]) -> None:
        self._experiment = experiment
        self._thresholds = experiment.config.health
        accuracies = [record.accuracy for record in rounds if record.accuracy is not None]
        self._accuracy: float | None = accuracies[-1] if accuracies else None
        self._pool = experiment.class_counts(experiment.start.pool)
        self._initial = experiment.class_counts(experiment.start.labelled)
        tested = torch.bincount(experiment.dataset.test_labels, minlength=experiment.dataset.classes)
        self._test = tested.tolist()
        self._chance = int(tested.max()) / len(experiment.dataset.test_labels)
        self._warned = {
            finding.check
            for record in rounds
            for finding in findings(record, self._thresholds, self._context(record, is_last=False))
        }

    def measure(
        self, learner: Learner, state: PoolState, accuracy: float | None, acquisition: Acquisition | None
    ) -> HealthRecord:
        """The health of a round, for its record.

        Args:
            learner: Of the round, trained.
            state: At the start of the round.
            accuracy: Of the round; None where it was not evaluated.
            acquisition: What it acquires; None in the last round.
        """
        values: dict[str, Any] = {"chance": self._chance, "validation": len(self._experiment.validation)}
        if accuracy is not None and self._accuracy is not None:
            values["accuracy_drop"] = self._accuracy - accuracy
        self._accuracy = self._accuracy if accuracy is None else accuracy
        if acquisition is None:
            return HealthRecord(**values)
        acquired, scored, notes = acquisition.indices, acquisition.scored, acquisition.selection.notes
        values |= self._classes(state, acquired)
        features = batch_features(learner, torch.tensor(acquired))
        if features is not None:
            shares = measures.near_duplicates(features, COSINES)
            values["near_duplicates"] = dict(zip(map(str, COSINES), shares, strict=True))
            values["near_duplicates_random"] = self._random_copies(learner, state, len(acquired))
        if isinstance(scored, Tensor) and len(scored) > len(acquired):
            values |= {"tied": measures.tied(scored), "score_spread": measures.spread(scored)}
            strategy = self._experiment.strategy
            if isinstance(strategy, ScoreStrategy) and takes_the_highest(strategy):
                values["drawn_by_lot"] = measures.drawn_by_lot(scored, len(acquired))
        if acquisition.noise is not None:
            values["ranking_change"] = acquisition.noise.batch_change
        if "saturated_at" in notes:
            first = notes["saturated_at"]
            values["saturated"] = 0.0 if first is None else (len(acquired) - first) / len(acquired)
        return HealthRecord(**values)

    def _random_copies(self, learner: Learner, state: PoolState, batch: int) -> dict[str, float]:
        """The mean share of near-duplicates in random batches of the round's candidates, by cosine."""
        generator = self._experiment.streams.numpy("health", state.round)
        batches = min(MOST_RANDOM_BATCHES, max(1, RANDOM_POINTS // batch))
        rows = [generator.choice(state.unlabelled, batch, replace=False) for _ in range(batches)]
        features = batch_features(learner, torch.tensor(np.concatenate(rows)))
        assert features is not None
        shares = np.mean([measures.near_duplicates(part, COSINES) for part in features.split(batch)], axis=0)
        return dict(zip(map(str, COSINES), shares.tolist(), strict=True))

    def warn(self, record: RoundRecord, is_last: bool) -> None:
        """Log what is unhealthy in a round, each check once a run.

        Args:
            is_last: Whether the run ends with this round.
        """
        for finding in findings(record, self._thresholds, self._context(record, is_last)):
            if finding.check not in self._warned:
                self._warned.add(finding.check)
                level = logging.INFO if finding.remark else logging.WARNING
                logger.log(level, "health.%s, round %d: %s", finding.check, record.round, finding.sentence)

    def _context(self, record: RoundRecord, is_last: bool) -> Context:
        """What the checks of a round need beside its record."""
        return Context(
            acquired=acquired_classes(record, self._initial),
            pool=self._pool,
            test=self._test,
            class_names=self._experiment.dataset.class_names,
            is_random=isinstance(self._experiment.strategy, Random),
            is_last=is_last,
        )

    def _classes(self, state: PoolState, acquired: Indices) -> dict[str, float]:
        batch = self._experiment.class_counts(acquired)
        total = list(batch)
        for earlier in state.acquisitions[1:]:
            counts = self._experiment.class_counts(earlier)
            total = [so_far + more for so_far, more in zip(total, counts, strict=True)]
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
