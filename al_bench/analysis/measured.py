"""Runs as one metric sees them: which metric a name means, and its value in the rounds that recorded it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from al_bench.errors import InputError
from al_bench.metrics import CLASS_METRICS, METRICS, Metric, known_metrics
from al_bench.metrics.table import built_in
from al_bench.records import SUCCESSOR, RoundRecord
from al_bench.storage.predictions import NAME as PREDICTIONS
from al_bench.storage.runs import Run

ACCURACY = METRICS["accuracy"]


@dataclass(frozen=True)
class MeasuredRun(Run):
    """A run whose curve is that of a metric other than accuracy.

    Args:
        metric: The metric's name, such as `balanced_accuracy` or `recall:CLASS`.
    """

    metric: str = "accuracy"

    @property
    def labels(self) -> tuple[int, ...]:
        """Labelled-set sizes (initial set included) of the rounds that recorded the metric, [T]."""
        return tuple(record.labelled for record in self.rounds if value_in(self, record, self.metric) is not None)

    @property
    def values(self) -> tuple[float, ...]:
        """The metric at `labels`, as it was recorded, [T]."""
        every = (value_in(self, record, self.metric) for record in self.rounds)
        return tuple(value for value in every if value is not None)


def value_in(run: Run, record: RoundRecord, name: str) -> float | None:
    """A metric in one round of a run; None where the round has none on record."""
    kind, colon, label = name.partition(":")
    if not colon:
        return record.metric(name)
    names = run.header.class_names
    return record.class_metric(kind, names.index(label)) if label in names else None


def known_metrics_of(runs: Sequence[Run]) -> dict[str, Metric]:
    """al-bench's metrics and those that the runs describe as their own, by name; last those of their successors."""
    has_successor = any(run.header.successor is not None for run in runs)
    return known_metrics([run.header.own_metrics for run in runs], has_successor)


def metric_named(name: str, runs: Sequence[Run]) -> Metric:
    """The metric that a name means for runs of one dataset: al-bench's, the runs' own, or KIND:CLASS.

    Raises:
        InputError: There is no such metric, or no such class.
    """
    kind, colon, label = name.partition(":")
    known = known_metrics_of(runs)
    classes = next((run.header.class_names for run in runs if run.header.class_names), [])
    if not colon and name in known:
        return known[name]
    by_class = ", ".join(f"{other}:CLASS" for other in CLASS_METRICS)
    if name.startswith(SUCCESSOR) and (judged := built_in(name)) is not None and runs:
        raise InputError(
            f"--metric is {name!r}, and none of these runs has a successor; run them with successor=MODEL, or choose "
            f"--metric {judged.name.removeprefix(SUCCESSOR)}"
        )
    if kind not in CLASS_METRICS:
        raise InputError(f"--metric is {name!r}; these runs have {', '.join(known)}, {by_class}")
    if label in classes:
        return CLASS_METRICS[kind].of_class(label)
    dataset = runs[0].dataset if runs else "the dataset"
    shown = ", ".join(classes[:12]) + (f" and {len(classes) - 12} more" if len(classes) > 12 else "")
    if not label:
        raise InputError(
            f"--metric {kind} needs a class, as in --metric {_example(kind, classes)}; {dataset} has {shown}"
        )
    raise InputError(f"--metric is {name!r}, and {dataset} has no class {label!r}; its classes are {shown}")


def measured(run: Run, metric: Metric) -> Run:
    """A run as the metric sees it.

    Raises:
        InputError: No round of it recorded the metric; the line says what to type.
    """
    if metric.name == ACCURACY.name:
        return run
    view = MeasuredRun(**{field.name: getattr(run, field.name) for field in fields(Run)}, metric=metric.name)
    if view.labels:
        return view
    raise InputError(f"{run.folder} has no {metric.name} on record: {_advice(run, metric)}")


def measured_runs(runs: Sequence[Run], metric: Metric) -> list[Run]:
    """Runs as the metric sees them, without the whole-pool references that have not recorded it.

    Raises:
        InputError: Another run has not recorded it.
    """
    views = []
    for run in runs:
        try:
            views.append(measured(run, metric))
        except InputError:
            if not run.reference:
                raise
    return views


def recorded_metrics(run: Run) -> list[str]:
    """The names of the metrics that a run has on record, KIND:CLASS for those by class."""
    by_class = [
        f"{kind}:CLASS" for kind in CLASS_METRICS if any(record.class_metrics.get(kind) for record in run.rounds)
    ]
    names = known_metrics_of([run])
    return [name for name in names if any(record.metric(name) is not None for record in run.rounds)] + by_class


def _advice(run: Run, metric: Metric) -> str:
    """What to do about a metric that a run has not recorded."""
    kind, colon, label = metric.name.partition(":")
    if colon and any(record.class_metrics.get(kind) for record in run.rounds):
        return f"its test part has no point of the class {label}"
    if metric.name in METRICS and (run.folder / PREDICTIONS).exists():
        return f"al-bench rescore {shlex.quote(str(run.folder))} --metric {metric.name} computes it of the predictions"
    if metric.name.startswith(SUCCESSOR) and run.header.successor is None:
        return "it ran without successor=MODEL; run it again with the successor of the others, or leave the run out"
    others = f"choose --metric {' or '.join(recorded_metrics(run))}, or leave the run out"
    if metric.name in METRICS or colon:
        return f"an older al-bench wrote it; {others}"
    if (run.folder / PREDICTIONS).exists():
        return f"al-bench rescore {shlex.quote(str(run.folder))} --metric module:NAME computes it of the predictions"
    return others


def _example(kind: str, classes: Iterable[str]) -> str:
    """A metric of a class as a shell takes it."""
    return shlex.quote(f"{kind}:{next(iter(classes), 'CLASS')}")
