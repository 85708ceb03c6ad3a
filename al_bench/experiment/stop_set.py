"""The stop set: a fixed random part of the pool, for which every round records how far its predictions moved.

Rules that stop a run read it (Bloodgood & Vijay-Shanker 2009), as do forecasts; nothing here reads a label. Its
predictions are of the kind that is evaluated, the mean of `evaluation.draws` functions a member, whatever the strategy:
scores of the pool would be of other draws, lack the points that were labelled since, and differ from strategy to
strategy.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import torch

from al_bench import kernels
from al_bench.config.schema import Reference
from al_bench.experiment.evaluate import predict_rows
from al_bench.experiment.setup import Experiment
from al_bench.learners.learner import Learner
from al_bench.pool import Indices
from al_bench.records import StopSetRecord
from al_bench.storage.rounds import chain_start
from al_bench.storage.run_folder import RunFolder
from al_bench.storage.stop_set import StoredStopSet

logger = logging.getLogger("al_bench")


def draw_stop_set(experiment: Experiment) -> Indices:
    """[n] dataset indices of the stop set, ascending: `evaluation.stop_set` points of the pool, all if it has fewer.

    They depend on pool and seed alone, so under one seed all strategies have the same.
    """
    pool = experiment.start.pool
    size = min(experiment.config.evaluation.stop_set, len(pool))
    return np.sort(experiment.streams.numpy("stop_set").choice(pool, size, replace=False))


@dataclass(frozen=True, eq=False)
class StopSet:
    """The stop set of a run.

    Args:
        experiment: The run.
        indices: [n] dataset indices.
        stored: What earlier rounds predicted.
    """

    experiment: Experiment
    indices: Indices
    stored: StoredStopSet

    @classmethod
    def of_run(cls, experiment: Experiment, folder: RunFolder) -> StopSet | None:
        """That of a run whose folder has begun; None where `evaluation.stop_set` is 0, and for one on the full pool.

        Raises:
            DamagedRecordError: stop_set.bin is damaged.
        """
        config = experiment.config
        if config.evaluation.stop_set == 0 or config.reference is Reference.full:
            return None
        assert folder.header is not None
        indices = draw_stop_set(experiment)
        return cls(experiment, indices, StoredStopSet(folder.path, chain_start(folder.header), indices))

    def measure(self, learner: Learner, round_: int) -> StopSetRecord:
        """What the round's learner, trained, predicts, beside what that of the round before did.

        Args:
            learner: Of the round, trained.
            round_: From 0.

        Raises:
            DamagedRecordError: the predictions of the round before are damaged.
        """
        experiment = self.experiment
        draws = experiment.config.evaluation.draws
        sampler = learner.sampler(experiment.streams, "stop_set_masks", round_, draws)
        log_probs = predict_rows(learner, sampler, torch.tensor(self.indices)).double().cpu()
        predicted, entropy = log_probs.argmax(1), kernels.entropy(log_probs).mean().item()
        before = self.stored.classes(round_ - 1)
        self.stored.append(round_, predicted.numpy())
        if before is None:
            if round_ > 0:
                logger.info("round %d: no predictions of the round before for the stop set: no agreement", round_)
            return StopSetRecord(points=len(self.indices), entropy=entropy)
        former = torch.from_numpy(before)
        changed = (predicted != former).double().mean().item()
        kappa = kernels.cohens_kappa(former, predicted)
        return StopSetRecord(points=len(self.indices), entropy=entropy, kappa=kappa, changed=changed)
