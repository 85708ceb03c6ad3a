"""What training costs at a number of labelled points: measured whole, or as many steps of it as there is time for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from al_bench.experiment.estimate.curve import NOTHING, QUADRATIC, Cost, Curve, measure_growth, rising_sizes, timed
from al_bench.experiment.setup import Experiment
from al_bench.learners.fit import Fit, horizon
from al_bench.learners.linear_learner import LinearLearner
from al_bench.learners.torch_learner import TorchLearner
from al_bench.learners.training import Stop, Training
from al_bench.pool import PoolState

FIRST_STEPS = 4
"""Optimiser steps that are tried first."""
PROBE = 0.4
"""The share of a training's time in which the cost of a step is found, where the number of epochs is not known."""


@dataclass
class TrainingCost:
    """Training by number of labelled points.

    Attributes:
        expected: What a training takes.
        most: The same where it goes on to its limit of epochs; as `expected` where the number of steps is fixed.
        first_time: What is paid once a process.
        epochs: Epochs that the longest training tried took, where a rule stops it; None where it is fixed.
    """

    expected: Curve = field(default_factory=Curve)
    most: Curve = field(default_factory=Curve)
    first_time: Cost = NOTHING
    epochs: int | None = None

    def merged(self, later: TrainingCost) -> TrainingCost:
        """This one, of fewer labelled points, and that of more."""
        merged = TrainingCost(first_time=self.first_time + later.first_time, epochs=later.epochs or self.epochs)
        for mine, theirs, both in (
            (self.expected, later.expected, merged.expected),
            (self.most, later.most, merged.most),
        ):
            pairs = dict(zip([*theirs.sizes, *mine.sizes], [*theirs.costs, *mine.costs], strict=True))
            for size, cost in sorted(pairs.items()):
                both.add(size, cost)
        return merged


def measure_training(
    experiment: Experiment, state_of: Callable[[int], PoolState], labelled: int, until: float
) -> TrainingCost:
    """Train, in whole or in part; the learner is left trained.

    Args:
        experiment: The objects of the run.
        state_of: From a number of labelled points to a state of the pool.
        labelled: L.
        until: By `time.perf_counter`, when to be done.
    """
    learner = experiment.learner
    if isinstance(learner, TorchLearner) and not isinstance(learner, LinearLearner):
        return _by_steps(experiment, learner, state_of(labelled), until)
    least = max(learner.minimum_labelled, len(experiment.start.asked), 1)
    sizes = rising_sizes(min(least, labelled), labelled)

    def train(count: int) -> Cost:
        with timed() as watch:
            _fit(experiment, state_of(count))
        return watch.cost

    curve = measure_growth(train, sizes, until, QUADRATIC)
    return TrainingCost(curve, curve, curve.first_time)


def _fit(experiment: Experiment, state: PoolState) -> list[Fit]:
    """One training from scratch."""
    learner, streams = experiment.learner, experiment.streams
    learner.reset(streams, 0)
    return learner.fit(torch.tensor(state.labelled), torch.tensor(experiment.validation), streams, 0)


def _by_steps(experiment: Experiment, learner: TorchLearner, state: PoolState, until: float) -> TrainingCost:
    """Networks: more and more steps, up to all of them; under a stopping rule then the rule itself."""
    given, labelled, asked = list(learner.training), len(state.labelled), len(state.asked)
    longest = max(horizon(training, labelled) for training in given)
    has_rule = any(training.stop in (Stop.fitted, Stop.early) for training in given)
    now = time.perf_counter()

    def train(steps: int) -> Cost:
        share = steps / longest
        learner.training = [shortened(training, share, labelled) for training in given]
        with timed() as watch:
            _fit(experiment, state)
        return watch.cost

    try:
        sizes = rising_sizes(FIRST_STEPS, longest)
        curve = measure_growth(train, sizes, now + PROBE * (until - now) if has_rule else until)
        result = TrainingCost(first_time=curve.first_time)
        result.most.add(asked, curve.at(longest))
        if not has_rule:
            result.expected = result.most
            return result
        left = max(0.0, until - time.perf_counter())
        affordable = left / max(curve.at(longest).wall, 1e-9)
        learner.training = [
            replace(training, epochs=max(1, min(training.epochs, int(affordable * training.epochs))))
            for training in given
        ]
        with timed() as watch:
            fits = _fit(experiment, state)
        ended = all(fit.stopped for fit in fits)
        result.expected.add(asked, watch.cost if ended else curve.at(longest))
        result.epochs = max((fit.epochs for fit in fits), default=0) if ended else max(t.epochs for t in given)
        if given[0].stop is Stop.early and ended:  # the accuracy on the validation set is computed once an epoch
            scale = max(training.epochs for training in given) / max(result.epochs, 1)
            result.most = Curve(sizes=[asked], costs=[watch.cost * max(1.0, scale)])
        return result
    finally:
        learner.training = given


def shortened(training: Training, share: float, labelled: int) -> Training:
    """A training of a share of its longest number of steps, in epochs as it has them."""
    steps = max(1, round(share * horizon(training, labelled)))
    if share >= 1 and training.stop in (Stop.steps, Stop.epochs):
        return training
    return replace(training, stop=Stop.steps, steps=steps)
