"""The loss of a configuration by cross-validation on labelled points: what the trials of tuning are judged by.

Nothing but the labelled points is read: no label and no input of the test part, the validation set or the unlabelled
pool. (A learner that scales its inputs by all of them, such as `model=linear`, does so in a trial, too; that reads no
label.)

Letters: L labelled points, k folds, C classes.
"""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch

from al_bench.config.schema import Reference, RunConfig
from al_bench.errors import InputError
from al_bench.experiment.evaluate import predict_rows
from al_bench.experiment.learner import build_learner
from al_bench.experiment.setup import Experiment
from al_bench.learners.learner import Learner
from al_bench.learners.tuning import CrossValidated
from al_bench.pool import Indices, PoolState
from al_bench.rng import Streams
from al_bench.strategies.base import Strategy

STREAM = "tuning"
"""The stream from which all randomness of the trials comes: no other stream shifts with it."""
FEWEST_LEFT = 2
"""Points that a trial trains on, at least."""

logger = logging.getLogger("al_bench")


def stratified_folds(labels: np.ndarray, folds: int, generator: np.random.Generator) -> list[np.ndarray]:
    """The positions held out in each fold; those of each class are spread over the folds as evenly as can be.

    A point that is the only one of its class is in no fold: it is always trained on, as no learner could know its class
    without it. So each point held out leaves another one of its class behind.

    Args:
        labels: [L] classes.
        folds: The most folds; there are fewer where fewer points have a second one of their class.
        generator: Shuffles the points of each class.

    Returns:
        At least two, sizes equal within 1; empty where no point has a second one of its class.
    """
    order = []
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        if len(members) > 1:
            order.append(members)
    dealt = np.concatenate(order) if order else np.empty(0, np.int64)
    count = min(folds, len(dealt))
    return [np.sort(dealt[number::count]) for number in range(count)]


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """How the configurations of a round are judged: all on the same folds, from the same random numbers.

    Args:
        experiment: The run as it is configured.
        streams: All randomness of the trials.
        round_: Whose streams are used.
        labelled: [L] dataset indices.
        labels: [L] their classes.
        folds: Positions that are held out, a fold each.
    """

    experiment: Experiment
    streams: Streams
    round_: int
    labelled: Indices
    labels: np.ndarray
    folds: list[np.ndarray]

    @classmethod
    def of_round(cls, experiment: Experiment, state: PoolState) -> CrossValidation:
        """That of a round.

        Args:
            experiment: The run as it is configured.
            state: Its labelled points.
        """
        streams = experiment.streams.child(STREAM)
        labels = experiment.dataset.labels(torch.tensor(state.labelled)).cpu().numpy()
        folds = stratified_folds(labels, experiment.config.tuning.folds, streams.numpy("folds", state.round))
        return cls(experiment, streams, state.round, state.labelled, labels, folds)

    @property
    def held_out(self) -> int:
        """Points that are held out once; the others of the L are the only ones of their class."""
        return sum(map(len, self.folds))

    def fault(self) -> str:
        """Why the labelled points cannot be cut; empty where they can."""
        count, classes = len(self.labelled), len(np.unique(self.labels))
        if classes < 2:
            return f"the {count} labelled points are of {classes} {'class' if classes == 1 else 'classes'}"
        if not self.folds:
            return f"no two of the {count} labelled points are of one class"
        least = max(FEWEST_LEFT, self.experiment.learner.minimum_labelled)
        if count - max(map(len, self.folds)) < least:
            return f"{count} labelled points leave fewer than {least} to train on"
        return ""

    def loss(self, config: RunConfig) -> float:
        """What `tuning.metric` says of a configuration, over the points held out; ∞ where it cannot be trained.

        Training is from scratch, without a validation set; a strategy that trains modules beside the learner does so
        here as well. The prediction is the mean of the functions that the test part is predicted by.
        """
        experiment, labelled = self.experiment, torch.tensor(self.labelled)
        nothing = torch.empty(0, dtype=torch.int64)
        draws, losses = experiment.config.evaluation.draws, []
        try:
            with quiet():
                learner = self._learner(config)
                for fold in self.folds:
                    kept = np.delete(np.arange(len(self.labelled)), fold)
                    learner.reset(self.streams, self.round_)
                    learner.fit(labelled[kept], nothing, self.streams, self.round_)
                    sampler = learner.sampler(self.streams, "test_masks", self.round_, draws)
                    log_probs = predict_rows(learner, sampler, labelled[fold]).double().cpu().numpy()
                    truth = self.labels[fold]
                    if experiment.config.tuning.metric is CrossValidated.accuracy:
                        losses.append((log_probs.argmax(1) != truth).astype(float))
                    else:
                        losses.append(-log_probs[np.arange(len(fold)), truth])
        except InputError:  # an estimator that refuses these values, or so few points
            return math.inf
        loss = float(np.concatenate(losses).mean())
        return loss if math.isfinite(loss) else math.inf

    def _learner(self, config: RunConfig) -> Learner:
        """A learner of its own, so that the run's stays as its round trained it."""
        dataset = self.experiment.dataset
        if isinstance(config.model, Learner):  # a user's learner is its own component, and the run has it already
            config = replace(config, model=copy.deepcopy(config.model, {id(dataset): dataset}))
        full = config.reference is Reference.full
        strategy = None if full else cast(Strategy, config.strategy)
        return build_learner(config, dataset, strategy, self.experiment.learner.chunk)


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, nothing below an error is logged: what a trial warns of is not of the run's own training."""
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
