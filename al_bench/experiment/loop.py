"""The round loop: train from scratch, evaluate, score the unlabelled pool, acquire a batch, record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import torch
from msgspec import structs
from torch import Tensor

from al_bench.config.schema import Keep
from al_bench.experiment.acquire import Acquisition, acquire
from al_bench.experiment.evaluate import predict_rows, predict_test
from al_bench.experiment.first_round import first_round
from al_bench.experiment.meter import Meter
from al_bench.experiment.monitor import HealthMonitor
from al_bench.experiment.setup import Experiment
from al_bench.experiment.stop_set import StopSet
from al_bench.experiment.tuning.tuner import Tuner
from al_bench.learners.fit import Fit
from al_bench.metrics.measure import Quality, measure
from al_bench.metrics.table import LabelMetric
from al_bench.pool import PoolState
from al_bench.records import FitRecord, RoundRecord, StopSetRecord, SuccessorRecord
from al_bench.storage.run_folder import RunFolder
from al_bench.storage.weights import read_weights, write_weights


def run_rounds(experiment: Experiment, folder: RunFolder, report: Callable[[RoundRecord], None]) -> None:
    """Run the rounds that are not on record yet.

    Args:
        experiment: The objects of the run.
        folder: Its record, held for this process.
        report: Called with each round's record after it is on disk.
    """
    state = resume(experiment, folder)
    if folder.finished:
        return
    meter = Meter(experiment.device, folder.rounds[-1].seconds if folder.rounds else {})
    tuner, monitor = Tuner(experiment, folder.rounds), HealthMonitor(experiment, folder.rounds)
    stop_set = StopSet.of_run(experiment, folder)
    for round_ in range(state.round, experiment.rounds):
        meter.start_round()
        experiment, tuning = tuner.for_round(state, meter)
        fits, quality, validation_accuracy = train_and_evaluate(experiment, state, meter, folder)
        successor = judge_successor(experiment, state, meter)
        stability = measure_stability(stop_set, experiment, round_, meter)
        ended = experiment.ends(round_, None if quality is None else quality.values["accuracy"], validation_accuracy)
        asked = quality is not None and not ended  # so that the round a rule stops after is an evaluated one
        signals = [*(r.stop_set for r in folder.rounds), stability]
        stopped_by = experiment.stopped_by(signals) if asked else None
        acquisition = None if ended or stopped_by else acquire(experiment, state, meter, signals)
        record = describe(experiment, state, fits, quality, validation_accuracy, stability, acquisition, monitor, meter)
        record = structs.replace(record, stopped_by=stopped_by, successor=successor, tuning=tuning)
        folder.append(record)  # on disk before the next round starts
        report(record)
        monitor.warn(record, is_last=acquisition is None)
        if acquisition is None:
            return
        state = state.acquire(acquisition.indices)
        del acquisition  # the evidence of the pool, whose memory the next round's takes


def resume(experiment: Experiment, folder: RunFolder) -> PoolState:
    """The state after the rounds on record, with the weights that the next round starts from under warm start."""
    state = folder.resume(experiment.start)
    if experiment.config.training.warm_start and state.round and not folder.finished:
        weights = folder.path / f"weights-{state.round - 1}.pt"
        experiment.learner.load_state(read_weights(weights, experiment.dataset.inputs.device))
    return state


def train_and_evaluate(
    experiment: Experiment, state: PoolState, meter: Meter, folder: RunFolder
) -> tuple[list[Fit], Quality | None, float | None]:
    """Train on the labelled set, and evaluate where the round is one of those evaluated.

    Round 0's networks and their quality come from the cache where another run has them. Under warm start the weights
    are saved for the next round, those of two rounds ago dropped.

    Returns:
        What each training did, the quality on the test part, and the accuracy on the validation set where the run stops
        by it; None in place of either where the round was not evaluated.
    """
    round_, quality, validation_accuracy = state.round, None, None
    with first_round(experiment, round_) as shared:
        with meter.stage("train"):
            fits = shared.read()
            if fits is None:
                fits = train(experiment, state, round_)
        if experiment.evaluates(round_):
            with meter.stage("evaluate"):
                quality = None if stores_predictions(experiment) else shared.quality
                log_probs = None if quality else predict(experiment, round_)
                if experiment.stops_on_validation:
                    validation_accuracy = accuracy_on_validation(experiment, round_)
            with meter.stage("metrics"):
                if log_probs is not None:
                    quality = measure(log_probs.double(), experiment.dataset.test_labels, experiment.metrics)
            if log_probs is not None and stores_predictions(experiment):
                folder.store_predictions(round_, log_probs.cpu().numpy(), experiment.dataset.test_labels.cpu().numpy())
        shared.store_result(fits, quality, sum(meter.seconds.values()))
    if shared.header_entry:
        folder.amend(first_round=shared.header_entry)
    if experiment.config.training.warm_start:
        write_weights(folder.path / f"weights-{round_}.pt", experiment.learner.state() or [])
        (folder.path / f"weights-{round_ - 2}.pt").unlink(missing_ok=True)
    return fits, quality, validation_accuracy


def stores_predictions(experiment: Experiment) -> bool:
    """Whether the predictions for the test part are stored; round 0's are then computed, whatever the cache has."""
    return experiment.config.evaluation.keep is Keep.probabilities


def train(experiment: Experiment, state: PoolState, round_: int) -> list[Fit]:
    """Train the learner on the labelled set, from scratch unless `training.warm_start` goes on from the last round."""
    learner, streams = experiment.learner, experiment.streams
    if round_ == 0 or not experiment.config.training.warm_start:
        learner.reset(streams, round_)
    return learner.fit(torch.tensor(state.labelled), torch.tensor(experiment.validation), streams, round_)


def predict(experiment: Experiment, round_: int) -> Tensor:
    """[N, C] log-probabilities of the mean prediction for the test part."""
    draws = experiment.config.evaluation.draws
    sampler = experiment.learner.sampler(experiment.streams, "test_masks", round_, draws)
    return predict_test(experiment.learner, sampler)


def accuracy_on_validation(experiment: Experiment, round_: int) -> float:
    """The share of the validation set that the mean prediction has right, its draws as many as those of the test."""
    draws = experiment.config.evaluation.draws
    sampler = experiment.learner.sampler(experiment.streams, "validation_masks", round_, draws)
    indices = torch.tensor(experiment.validation)
    predicted = predict_rows(experiment.learner, sampler, indices).argmax(1)
    return (predicted.cpu() == experiment.dataset.labels(indices).cpu()).double().mean().item()


def judge_successor(experiment: Experiment, state: PoolState, meter: Meter) -> SuccessorRecord | None:
    """The quality of a second learner on the labels of an evaluated round; None without one."""
    if experiment.successor is None or not experiment.evaluates(state.round):
        return None
    with meter.stage("successor"):
        return experiment.successor.judge(state, experiment.validation, experiment.metrics)


def measure_stability(
    stop_set: StopSet | None, experiment: Experiment, round_: int, meter: Meter
) -> StopSetRecord | None:
    """How far the predictions for the stop set moved; None without one."""
    if stop_set is None:
        return None
    with meter.stage("stop_set"):
        return stop_set.measure(experiment.learner, round_)


def describe(
    experiment: Experiment,
    state: PoolState,
    fits: list[Fit],
    quality: Quality | None,
    validation_accuracy: float | None,
    stability: StopSetRecord | None,
    acquisition: Acquisition | None,
    monitor: HealthMonitor,
    meter: Meter,
) -> RoundRecord:
    """The record of a round."""
    class_counts = experiment.class_counts(state.labelled)
    values: dict[str, float | None] = {}
    if quality is not None:
        for metric in experiment.metrics:
            if isinstance(metric, LabelMetric):
                values[metric.name] = metric.of_counts(class_counts)
            else:
                values[metric.name] = quality.values[metric.name]
    accuracy = values.pop("accuracy", None)
    selection = None if acquisition is None else acquisition.selection
    acquired, annotation = None if acquisition is None else acquisition.indices, experiment.annotation
    health = monitor.measure(experiment.learner, state, accuracy, acquisition)
    return RoundRecord(
        round=state.round,
        labelled=len(state.asked),
        accuracy=accuracy,
        nll=values.pop("nll", None),
        ece=values.pop("ece", None),
        metrics=values,
        class_metrics={} if quality is None else quality.class_metrics,
        confusion=None if quality is None else quality.confusion,
        class_results=None if quality is None else quality.class_results,
        validation_accuracy=validation_accuracy,
        stop_set=stability,
        class_counts=class_counts,
        fit=[FitRecord(**asdict(fit)) for fit in fits],
        candidates=None if acquisition is None else len(acquisition.candidates),
        acquired=None if acquired is None else acquired.tolist(),
        scores=None if selection is None or selection.scores is None else selection.scores.tolist(),
        acquired_labels=None
        if acquired is None
        else _or_count(experiment.labels(acquired), experiment.dataset.classes),
        acquired_items=None if acquired is None else experiment.items(acquired),
        annotation=annotation.describe(state, acquired, experiment.dataset) if annotation is not None else None,
        notes={} if selection is None else selection.notes,
        health=health,
        seconds=meter.seconds,
        peak_memory_bytes=meter.peak_memory_bytes,
    )


def _or_count(labels: Tensor, classes: int) -> list[int]:
    """Classes for a record: the number of classes for an item of none of them."""
    return torch.where(labels < 0, classes, labels).tolist()
