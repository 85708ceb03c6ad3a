"""The successor: a second learner that is trained on the labels which the first one's strategy bought, and judged.

Labels outlive the model that they were chosen for. Labels that suit the acquiring learner may serve another one worse
than random ones do (Baldridge and Osborne 2004; Tomanek and Morik 2011; Attenberg and Provost 2011, sample reuse;
Lowell et al. 2019). The successor never picks: whatever it is, the run acquires the same items.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from al_bench.config.schema import RunConfig
from al_bench.config.successor import successor_components
from al_bench.data.dataset import Dataset
from al_bench.errors import InputError
from al_bench.experiment.batch_of_one import refuse_batches_of_one
from al_bench.experiment.evaluate import predict_test
from al_bench.experiment.learner import build_learner
from al_bench.learners.finetuning.pretrained_model import PretrainedModel
from al_bench.learners.learner import Learner
from al_bench.learners.training import Stop
from al_bench.metrics import Metric
from al_bench.metrics.measure import measure
from al_bench.pool import Indices, PoolState
from al_bench.records import FitRecord, SuccessorRecord
from al_bench.rng import Streams

STREAM = "successor"
"""The stream from which all randomness of a successor comes: no other stream shifts with it."""


@dataclass(frozen=True, eq=False)
class Successor:
    """The second learner of a run.

    Args:
        name: Its model's option.
        learner: Untrained before the first round.
        streams: All its randomness, apart from the run's.
        draws: Functions a member for the mean prediction, as of the run; None takes the posterior's own.
        facts: What it is made of, for the run's header.
    """

    name: str
    learner: Learner
    streams: Streams
    draws: int | None
    facts: dict[str, Any]

    def judge(self, state: PoolState, validation: Indices, metrics: tuple[Metric, ...]) -> SuccessorRecord | None:
        """Train from scratch on the labelled points of a round, and measure on the test part.

        Args:
            state: Of the round.
            validation: [V] dataset indices held out of the pool, for early stopping.
            metrics: What is computed.

        Returns:
            None where fewer points are labelled than it can be trained on.
        """
        learner, round_ = self.learner, state.round
        if len(state.labelled) < max(1, learner.minimum_labelled):
            return None
        learner.reset(self.streams, round_)
        fits = learner.fit(torch.tensor(state.labelled), torch.tensor(validation), self.streams, round_)
        sampler = learner.sampler(self.streams, "test_masks", round_, self.draws)
        log_probs = predict_test(learner, sampler)
        quality = measure(log_probs.double(), learner.dataset.test_labels, metrics)
        return SuccessorRecord(metrics=quality.values, fit=[FitRecord(**asdict(fit)) for fit in fits])


def build_successor(
    config: RunConfig,
    dataset: Dataset,
    read_again: Callable[[RunConfig], Dataset],
    streams: Streams,
    validation: Indices,
    labelled: tuple[int, int],
) -> Successor | None:
    """The successor of a run; None where `successor` is null.

    Args:
        config: The typed configuration.
        dataset: As the acquiring learner sees it, with the labels that the annotator gives.
        read_again: From a configuration to the data set as its model sees it, with the same labels.
        streams: The run's.
        validation: Dataset indices held out of the pool.
        labelled: How many points are labelled in round 0 and in the last round.

    Raises:
        InputError: there is no such model, or it cannot be trained on these data; the line begins with the key.
    """
    if config.successor is None:
        return None
    parts = successor_components(config.successor)
    own = replace(config, model=parts.model, posterior=parts.posterior, training=parts.training, successor=None)
    if own.training.stop is Stop.early and not len(validation):
        raise InputError(
            f"successor={parts.name} stops its training early and validation is 0: hold some points out, as in "
            "validation=500"
        )
    try:
        reads_itself = isinstance(parts.model, PretrainedModel) or isinstance(config.model, PretrainedModel)
        seen = read_again(own) if reads_itself else dataset
        learner = build_learner(own, seen, None)
        refuse_batches_of_one(own, learner, *labelled)
    except InputError as error:
        raise InputError(f"successor={parts.name}: {error}") from error
    facts = {"choices": parts.choices, "keys": {group: _plain(getattr(parts, group)) for group in parts.choices}}
    return Successor(parts.name, learner, streams.child(STREAM), config.evaluation.draws, facts)


def _plain(component: Any) -> dict[str, Any]:
    """A component's keys and values, as texts where JSON has no such value."""
    return {
        key: value if isinstance(value, (int, float, str)) else str(value) for key, value in asdict(component).items()
    }
