"""The batch of a strategy: the objects and the calls of `al-bench run`, on labels that people gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from al_bench.config.schema import RunConfig
from al_bench.data.dataset import Dataset
from al_bench.errors import InputError
from al_bench.experiment.acquire import Acquisition, acquire
from al_bench.experiment.evaluate import predict_rows
from al_bench.experiment.loop import predict, train
from al_bench.experiment.meter import Meter
from al_bench.experiment.scoring_engines.by_name import make_scoring_engine
from al_bench.experiment.setup import Experiment, assemble
from al_bench.metrics.measure import measure
from al_bench.pool import Indices, PoolState
from al_bench.rng import Streams
from al_bench.stopping.rule import Signals


@dataclass(frozen=True, eq=False)
class Trained:
    """A learner that was trained on all labels, from scratch, as the round of `al-bench run` with the same labels.

    Args:
        experiment: Its objects.
        state: What is labelled, by round.
    """

    experiment: Experiment
    state: PoolState

    def probabilities(self, indices: Indices) -> np.ndarray:
        """[n, C] float64 mean predictions for dataset indices; their random draws are none of the strategy's."""
        experiment = self.experiment
        draws = experiment.config.evaluation.draws
        sampler = experiment.learner.sampler(experiment.streams, "query_masks", self.state.round, draws)
        log_probs = predict_rows(experiment.learner, sampler, torch.tensor(indices))
        return log_probs.double().exp().cpu().numpy()

    @cached_property
    def quality(self) -> dict[str, float]:
        """Metric to value on the test part; empty without one."""
        experiment = self.experiment
        if not len(experiment.dataset.test_labels):
            return {}
        log_probs = predict(experiment, self.state.round).double()
        values = measure(log_probs, experiment.dataset.test_labels, experiment.metrics).values
        return {name: value for name, value in values.items() if value is not None}

    def pick(self, allowed: Indices | None = None, signals: Signals = ()) -> Acquisition:
        """The batch that the strategy picks.

        Args:
            allowed: Dataset indices to choose among; None for all that have no label.
            signals: How far predictions moved from batch to batch, for strategies that read it.
        """
        experiment, state = self.experiment, self.state
        if allowed is not None:
            state = PoolState(np.sort(np.concatenate([state.asked, allowed])), state.acquisitions)
        with experiment.engine:
            return acquire(_of_pool(experiment, state), state, Meter(experiment.device), signals)


def _of_pool(experiment: Experiment, state: PoolState) -> Experiment:
    """The experiment whose batch is no larger than what is left to ask."""
    return replace(experiment, labels_at_end=min(experiment.labels_at_end, len(state.pool)))


def train_on(
    config: RunConfig, strategy: str, dataset: Dataset, pool: Indices, groups: Sequence[Indices], labels_at_end: int
) -> Trained:
    """Train on what is labelled.

    Args:
        config: The typed configuration.
        strategy: The option chosen, for messages.
        dataset: As a network sees it, with the labels.
        pool: [P] dataset indices that have a label or may be asked.
        groups: Dataset indices by round: the start, then what each batch of the strategy brought.
        labels_at_end: Labels that are wanted in all.

    Raises:
        InputError: the strategy or the model has no meaning here.
    """
    streams = Streams(config.seed)
    start = PoolState.start(pool, groups[0])
    experiment = assemble(config, strategy, dataset, start, np.empty(0, np.int64), labels_at_end, streams)
    experiment = replace(experiment, engine=make_scoring_engine(config, experiment.device))
    if experiment.strategy.oracle:
        raise InputError(f"strategy {strategy} reads the labels of unlabelled items, which nobody has; choose another")
    state = start
    for group in groups[1:]:
        state = state.acquire(group)
    train(experiment, state, state.round)
    return Trained(experiment, state)
