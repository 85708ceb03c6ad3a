"""Trainings beside the round's own: on parts of the labelled set, and with more labels than a method may read.

They use a learner of their own, built like the run's, so that the run's stays as its round trained it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from al_bench.experiment.evaluate import predict_rows, predict_test
from al_bench.experiment.learner import build_learner
from al_bench.experiment.setup import Experiment
from al_bench.learners.learner import Learner
from al_bench.pool import Indices, PoolState


@dataclass(frozen=True, eq=False)
class Trials:
    """Trainings of one round that are not recorded.

    Args:
        experiment: The run.
        state: The labelled and the unlabelled points of the round.
    """

    experiment: Experiment
    state: PoolState

    @cached_property
    def _learner(self) -> Learner:
        config, dataset = self.experiment.config, self.experiment.dataset
        if isinstance(config.model, Learner):  # a user's learner is its own component, and the run has it already
            config = replace(config, model=copy.deepcopy(config.model, {id(dataset): dataset}))
        return build_learner(config, dataset, None, self.experiment.learner.chunk)

    def held_out(self, folds: int) -> Tensor:
        """[L, C] log-probabilities of the labelled points, each from a learner trained without its fold, nats.

        The folds are random parts of the labelled set, as equal as can be. Training starts from scratch, under warm
        start as well.

        Args:
            folds: At least 2; as many as labelled points where there are fewer.

        Returns:
            In the order of the state's labelled points; [0, C] where a fold would leave fewer than two points, or
            fewer than the learner needs.
        """
        labelled, round_ = self.state.labelled, self.state.round
        count = min(folds, len(labelled))
        left = len(labelled) - -(-len(labelled) // count) if count else 0
        log_probs = torch.empty(len(labelled), self.experiment.dataset.classes)
        if left < max(2, self._learner.minimum_labelled):
            return log_probs[:0]
        order = self.experiment.streams.numpy("calibration_folds", round_).permutation(len(labelled))
        for fold in np.array_split(order, count):
            self._train(np.delete(labelled, fold), round_)
            log_probs[torch.tensor(fold)] = self._predict(labelled[fold], round_).float().cpu()
        return log_probs

    def of(self, candidates: Tensor) -> Callable[[Sequence[int]], float]:
        """`accuracy` of rows of the candidates [N], which are dataset indices."""
        indices = candidates.cpu().numpy()
        return lambda rows: self.accuracy(indices[list(rows)])

    def accuracy(self, indices: Indices) -> float:
        """The test accuracy that the next round has if these dataset indices are acquired: for oracles.

        The learner is trained and evaluated from the random streams of the next round, so that it is that round's
        accuracy to the last digit, unless warm start goes on from other weights. 0 where nothing is labelled.

        Args:
            indices: [n] unlabelled; n may be 0.
        """
        experiment, state = self.experiment, self.state
        labelled, round_ = state.acquire(indices).labelled, state.round + 1
        if len(labelled) < max(1, self._learner.minimum_labelled):
            return 0.0
        self._train(labelled, round_)
        sampler = self._learner.sampler(experiment.streams, "test_masks", round_, experiment.config.evaluation.draws)
        predicted = predict_test(self._learner, sampler).argmax(1)
        return (predicted == experiment.dataset.test_labels).double().mean().item()

    def _train(self, labelled: Indices, round_: int) -> None:
        learner, streams = self._learner, self.experiment.streams
        learner.reset(streams, round_)
        learner.fit(torch.tensor(labelled), torch.tensor(self.experiment.validation), streams, round_)

    def _predict(self, indices: Indices, round_: int) -> Tensor:
        draws = self.experiment.config.evaluation.draws
        sampler = self._learner.sampler(self.experiment.streams, "calibration_masks", round_, draws)
        return predict_rows(self._learner, sampler, torch.tensor(indices))
