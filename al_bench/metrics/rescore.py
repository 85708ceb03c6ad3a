"""Metrics of a run's stored predictions, computed after it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from al_bench.errors import InputError
from al_bench.metrics.measure import finite
from al_bench.metrics.own import describe, load_metrics
from al_bench.metrics.predictions import Predictions
from al_bench.metrics.table import CLASS_METRICS, METRICS, LabelMetric, Metric
from al_bench.storage.predictions import StoredPredictions
from al_bench.storage.rescored import Rescored, read_rescored, write_rescored
from al_bench.storage.rounds import chain_start
from al_bench.storage.runs import Run


@dataclass(frozen=True)
class Rescoring:
    """What was computed of one run.

    Args:
        run: As it is on record.
        values: Metric to its values by round, ascending.
    """

    run: Run
    values: dict[str, dict[int, float | None]]


def stored_predictions(run: Run) -> StoredPredictions:
    """The predictions of a run; without rounds where none were stored."""
    return StoredPredictions(run.folder, chain_start(run.header))


def metrics_called(names: Sequence[str], classes: int) -> list[Metric]:
    """The metrics that a user typed: al-bench's by name, module:NAME, or the name by which a package offers one.

    Raises:
        InputError: one is not there, is no metric of predictions, or fails on two points.
    """
    metrics: list[Metric] = []
    for name in names:
        if name.partition(":")[0] in CLASS_METRICS or isinstance(METRICS.get(name), LabelMetric):
            raise InputError(f"--metric is {name!r}, which every round has on record: use al-bench compare --metric")
        metrics += [METRICS[name]] if name in METRICS else load_metrics([name], classes, "--metric")
    return metrics


def rescore(run: Run, metrics: Sequence[Metric]) -> Rescoring:
    """Compute metrics of every round with predictions, and write them beside the record.

    Args:
        run: With stored predictions.
        metrics: Of predictions.

    Raises:
        DamagedRecordError: the predictions or former metrics are damaged, or of another run.
    """
    import torch

    stored, start = stored_predictions(run), chain_start(run.header)
    labels = torch.from_numpy(stored.labels().copy())
    values: dict[str, dict[int, float | None]] = {metric.name: {} for metric in metrics}
    on_record = {record.round for record in run.rounds}
    for round_ in stored.rounds:
        if round_ in on_record:
            predictions = Predictions(torch.from_numpy(stored.log_probs(round_).copy()).double(), labels)
            for metric in metrics:
                values[metric.name][round_] = finite(metric, metric.of(predictions))
    descriptions = describe(metrics)
    added = {name: Rescored(descriptions.get(name, {}), of_round) for name, of_round in values.items()}
    write_rescored(run.folder, start, read_rescored(run.folder, start) | added)
    return Rescoring(run, values)
