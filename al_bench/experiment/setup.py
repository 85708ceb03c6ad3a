"""From a typed configuration to the objects of a run, every cross-field fault found before any training."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor

from al_bench.conditions.duplicates import Duplicates
from al_bench.conditions.stress import NoStress
from al_bench.config.schema import Reference, RunConfig, StopOn
from al_bench.data.dataset import Dataset
from al_bench.data.encoders.file import FileEncoder
from al_bench.errors import InputError
from al_bench.experiment.annotate import Annotation, annotate, with_answers
from al_bench.experiment.batch_of_one import refuse_batches_of_one
from al_bench.experiment.equal_draws import EqualDraws, equal_draws
from al_bench.experiment.initial import draw_sets
from al_bench.experiment.learner import build_learner
from al_bench.experiment.own_components import faults_named
from al_bench.experiment.process import pick_device
from al_bench.experiment.scoring_engines.by_name import make_scoring_engine
from al_bench.experiment.scoring_engines.engine import ScoringEngine
from al_bench.experiment.scoring_engines.local import LocalProcesses
from al_bench.experiment.shared_data import encode_shared, load_shared
from al_bench.experiment.strategy_check import check_strategy
from al_bench.experiment.successor import Successor, build_successor
from al_bench.experiment.tuning.keys import check_tuning
from al_bench.learners.finetuning.pretrained_model import PretrainedModel
from al_bench.learners.learner import Learner
from al_bench.learners.training import Stop
from al_bench.metrics import METRICS, Metric
from al_bench.metrics.own import load_metrics
from al_bench.pool import Indices, PoolState
from al_bench.records import StopSetRecord
from al_bench.rng import Streams
from al_bench.stopping.rules import GoOn, stopped_by
from al_bench.storage.cache import cache_folder
from al_bench.strategies.base import Strategy


@dataclass(frozen=True, eq=False)
class Experiment:
    """The objects of one run.

    Args:
        start: The pool at round 0.
        validation: Dataset indices held out of the pool.
        labels_at_end: Labelled points of the last round.
        tables: For each part of the strategy [training points, D] features of the file that it names, or those of few
            dimensions that it gets where the inputs are sparse; else None.
        metrics: What is computed where a round is evaluated.
        equal: Why all draws of the posterior are equal; None where they are not.
        stressed: What a stress did to the data set, in one line; empty for nothing.
        annotation: What a simulated annotator says of every item; None where people label.
        successor: The second learner that the labels are judged by; None without one.
        engine: Who scores the pool.
    """

    config: RunConfig
    streams: Streams
    dataset: Dataset
    learner: Learner
    strategy: Strategy
    start: PoolState
    validation: Indices
    labels_at_end: int
    tables: tuple[Tensor | None, ...] = (None,)
    metrics: tuple[Metric, ...] = tuple(METRICS.values())
    equal: EqualDraws | None = None
    annotation: Annotation | None = None
    stressed: str = ""
    successor: Successor | None = None
    engine: ScoringEngine = field(default_factory=LocalProcesses)

    @property
    def rounds(self) -> int:
        """Networks trained in all, unless the accuracy stops the run before."""
        missing = self.labels_at_end - len(self.start.asked)
        return 1 + -(-missing // self.config.schedule.batch)

    @property
    def device(self) -> str:
        """The type of the device: cpu or cuda."""
        return self.dataset.inputs.device.type

    def batch(self, asked: int) -> int:
        """B, the points that a round acquires before which so many had been asked about."""
        return min(self.config.schedule.batch, self.labels_at_end - asked)

    def evaluates(self, round_: int) -> bool:
        """Whether a round is evaluated: every so many of them, and the last."""
        return round_ == self.rounds - 1 or round_ % self.config.evaluation.every == 0

    @property
    def stops_on_validation(self) -> bool:
        """Whether the accuracy to stop at is that on the validation set."""
        schedule = self.config.schedule
        return schedule.stop_at_accuracy is not None and schedule.stop_at_accuracy_on is StopOn.validation

    def ends(self, round_: int, accuracy: float | None, validation_accuracy: float | None) -> bool:
        """Whether a round is the last: the labels are spent, or its accuracy is that to stop at.

        Args:
            round_: From 0.
            accuracy, validation_accuracy: Of the round, on the test part and on the validation set; None where unknown.
        """
        stop = self.config.schedule.stop_at_accuracy
        read = validation_accuracy if self.stops_on_validation else accuracy
        return (stop is not None and read is not None and read >= stop) or round_ == self.rounds - 1

    def stopped_by(self, signals: Sequence[StopSetRecord | None]) -> str | None:
        """The stopping rule that says to stop after the last of the rounds so far; None where none does.

        Args:
            signals: Of these rounds, round 0 first.
        """
        return stopped_by(self.config.stopping, signals, self.dataset.classes)

    def labels(self, indices: Indices) -> Tensor:
        """[n] the true classes of dataset indices, for the record; −1 for none of the classes."""
        return self.dataset.true_labels(torch.tensor(indices))

    def items(self, indices: Indices) -> list[int | str] | None:
        """What the user calls dataset indices, for the record; None where the data set is none of the user's."""
        return None if self.dataset.origins is None else self.dataset.items(indices)

    def class_counts(self, indices: Indices) -> list[int]:
        """[C] how many of some dataset indices each class has, for the record."""
        labels = self.labels(indices)
        return torch.bincount(labels[labels >= 0], minlength=self.dataset.classes).tolist()


def encode_trainable(config: RunConfig, raw: Dataset, device: torch.device) -> Dataset:
    """A data set as a network sees it.

    Raises:
        InputError: the encoder or the model cannot read it, or it needs one and there is none.
    """
    dataset = encode_shared(config, raw, device)
    if isinstance(config.model, PretrainedModel):
        dataset = config.model.read(dataset)
    dataset.check_trainable()
    return dataset


def require_validation(points: int, size: int) -> None:
    """Refuse a run that stops at its validation accuracy without a validation set.

    Args:
        points: Of the validation set.
        size: Of the training part.

    Raises:
        InputError: naming the key.
    """
    if points == 0:
        raise InputError(
            "schedule.stop_at_accuracy_on is validation and validation is 0: hold some points out, as in "
            f"validation={suggested_validation(size)}"
        )


def suggested_validation(size: int) -> int:
    """A number of validation points to suggest: a tenth of the training part, 500 at most."""
    return max(1, min(500, size // 10))


def set_up(
    config: RunConfig, strategy_name: str, chunk: int | None = None, on_read: Callable[[Dataset], None] | None = None
) -> Experiment:
    """All objects of a run.

    Args:
        config: The typed configuration.
        strategy_name: The option chosen, for messages.
        chunk: Rows whose products are computed together; None takes the learner's own number. No result depends on it
            beyond rounding.
        on_read: Is called with the data set once it is read, before anything is encoded.

    Raises:
        InputError: a cross-field fault; the message names the keys.
    """
    if config.schedule.stop_at_accuracy_on is StopOn.audit:
        raise InputError(
            "schedule.stop_at_accuracy_on is audit, and only al-bench query has one; for al-bench run type "
            "schedule.stop_at_accuracy_on=validation validation=500"
        )
    config.tuning.check_installed()
    device = pick_device(config.device)
    engine = make_scoring_engine(config, device.type)
    streams = config.seeds.streams(config.seed)
    raw, stressed = load_stressed(config)
    if on_read is not None:
        on_read(raw)
    encoded = functools.cache(lambda: encode_trainable(config, raw, device))
    start, validation = draw_sets(config, raw, streams, encoded)
    annotation = annotate(config.annotator, raw, encoded, streams, cache_folder(config.cache))
    if len(annotation.silent):
        start = PoolState(start.pool, start.acquisitions, annotation.silent)
        validation = validation[~np.isin(validation, annotation.silent)]
    full = config.reference is Reference.full
    at_end = len(start.pool) if full else config.schedule.labels_at_end(len(start.asked), len(start.pool))
    if config.training.stop is Stop.early and not len(validation):
        raise InputError("training.stop is early and validation is 0: hold some points out, as in validation=500")
    schedule = config.schedule
    if schedule.stop_at_accuracy is not None and schedule.stop_at_accuracy_on is StopOn.validation and not full:
        require_validation(len(validation), raw.size)
    dataset = with_answers(encoded().to(device), annotation)
    experiment = assemble(config, strategy_name, dataset, start, validation, at_end, streams, chunk)

    def read_again(other: RunConfig) -> Dataset:
        return with_answers(encode_trainable(other, raw, device).to(device), annotation)

    labelled = (len(start.asked), at_end)
    successor = build_successor(config, dataset, read_again, streams, validation, labelled)
    return replace(experiment, annotation=annotation, stressed=stressed, successor=successor, engine=engine)


def load_stressed(config: RunConfig) -> tuple[Dataset, str]:
    """The data set with its stress, and what the stress did, in one line.

    Raises:
        InputError: The data set cannot be read, or a key of the stress does not fit it.
    """
    given = load_shared(config)
    stress = config.stress
    if isinstance(stress, NoStress):
        return given, ""
    if isinstance(config.encoder, FileEncoder) and isinstance(stress, Duplicates):
        raise InputError(
            "stress=duplicates adds points that the file of encoder=file has no rows for; choose another encoder"
        )
    with faults_named(stress, "stress", "apply(dataset)"):
        dataset = stress.apply(given)
        line = str(stress.describe(given, dataset))
    return dataset, line


def assemble(
    config: RunConfig,
    strategy_name: str,
    dataset: Dataset,
    start: PoolState,
    validation: Indices,
    labels_at_end: int,
    streams: Streams,
    chunk: int | None = None,
) -> Experiment:
    """The objects of a run, from its data and the sets that it begins with.

    Args:
        config: The typed configuration.
        strategy_name: The option chosen, for messages.
        dataset: As a network sees it, on the run's device. Only labels of `start` and of what is acquired are read.
        start: The pool at round 0.
        validation: Dataset indices held out of the pool.
        labels_at_end: Labelled points of the last round.
        streams: The run's.
        chunk: As in `set_up`.

    Raises:
        InputError: a cross-field fault; the message names the keys.
    """
    full = config.reference is Reference.full
    if config.evaluation.stop_set == 0 and not isinstance(config.stopping, GoOn) and not full:
        raise InputError(
            "evaluation.stop_set is 0, and a stopping rule reads the predictions for the stop set; set "
            "evaluation.stop_set=1000, or stopping=none"
        )
    strategy = cast(Strategy, config.strategy)
    learner = build_learner(config, dataset, None if full else strategy, chunk)
    refuse_batches_of_one(config, learner, len(start.asked), labels_at_end)
    check_tuning(config, start)
    equal = equal_draws(config, learner)
    tables = (None,) if full else check_strategy(config, strategy_name, learner, start, equal)
    metrics = (*METRICS.values(), *load_metrics(config.evaluation.metrics, dataset.classes))
    return Experiment(
        config, streams, dataset, learner, strategy, start, validation, labels_at_end, tables, metrics, equal
    )
