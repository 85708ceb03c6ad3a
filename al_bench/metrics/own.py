"""Metrics of a user's own: a `Metric` in a file of the current folder, or one that an installed package offers."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from al_bench.entry_points import offers, the_offer
from al_bench.errors import InputError
from al_bench.metrics.table import CLASS_METRICS, CONFUSION, METRICS, LabelMetric, Metric, of_successor
from al_bench.records import SUCCESSOR

TAKEN = (*METRICS, *CLASS_METRICS, CONFUSION)
"""Names that a metric of the user's own cannot have."""

DESCRIBED = ("label", "unit", "higher_is_better", "low", "high", "point")
"""What a run's header says of a metric of the user's own, so that it is shown without its code."""


def load_metrics(names: Sequence[str], classes: int, key: str = "evaluation.metrics") -> tuple[Metric, ...]:
    """The metrics of the user's own that a key names, each tried on two points before anything is computed.

    Args:
        names: "module:NAME", or the name of an entry point in the group `al_bench.metrics`.
        classes: C, of the dataset.
        key: What the user typed them for.

    Raises:
        InputError: one is not there, is no Metric, has a name that is taken, or does not compute a finite number.
    """
    metrics: dict[str, Metric] = {}
    for name in names:
        metric = _load(name, key)
        if metric.name.startswith(SUCCESSOR):
            raise InputError(
                f"{key}: {name} is called {metric.name!r}; names that begin with {SUCCESSOR} are those of metrics of "
                "successor=MODEL: give it another one"
            )
        if metric.name in TAKEN or metric.name in metrics or not metric.name.isidentifier():
            raise InputError(
                f"{key}: {name} is called {metric.name!r}; give it a name of letters, digits and "
                f"underscores that no other metric has ({', '.join([*TAKEN, *metrics])})"
            )
        _try(name, metric, classes, key)
        metrics[metric.name] = metric
    return tuple(metrics.values())


def describe(metrics: Sequence[Metric]) -> dict[str, dict[str, Any]]:
    """Name to description of the user's own metrics, for a run's header."""
    return {
        metric.name: {key: getattr(metric, key) for key in DESCRIBED}
        for metric in metrics
        if metric.name not in METRICS
    }


def known_metrics(headers: Sequence[Mapping[str, Mapping[str, Any]]], successor: bool = False) -> dict[str, Metric]:
    """al-bench's metrics and those that runs describe in their headers, by name; a run's own cannot be computed anew.

    Args:
        headers: `own_metrics` of each run.
        successor: Whether a run has a second learner, whose metrics are then among them.
    """
    own = {
        name: Metric(name, "", **_described(name, description))
        for header in headers
        for name, description in header.items()
        if name not in METRICS
    }
    known = METRICS | own
    if not successor:
        return known
    judged = [of_successor(metric) for metric in known.values() if not isinstance(metric, LabelMetric)]
    return known | {metric.name: metric for metric in judged if metric.name not in known}


def _described(name: str, description: Mapping[str, Any]) -> dict[str, Any]:
    """What a header says of a metric, as far as it is of the kind that a metric has."""

    def is_number(value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)

    fits = {
        "label": lambda value: isinstance(value, str) and bool(value),
        "unit": lambda value: isinstance(value, str),
        "higher_is_better": lambda value: isinstance(value, bool),
        "low": lambda value: value is None or is_number(value),
        "high": lambda value: value is None or is_number(value),
        "point": lambda value: is_number(value) and value > 0,
    }
    known = {key: description[key] for key in DESCRIBED if key in description and fits[key](description[key])}
    return {"label": name} | known


def _load(name: str, key: str) -> Metric:
    try:
        if ":" in name:
            if (here := str(Path.cwd())) not in sys.path:
                sys.path.append(here)
            module, _, attribute = name.partition(":")
            metric = getattr(importlib.import_module(module), attribute)
        else:
            offered = offers("metrics")
            if name not in offered:
                known = f"; installed packages offer {', '.join(offered)}" if offered else ""
                raise InputError(f"{key} has {name!r}, which no package offers{known}; give module:NAME")
            metric = the_offer(offered[name], name in METRICS).load()
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # importing runs a module's code, which may raise anything
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(f"{key} has {name!r}, which cannot be loaded: {text}") from error
    if not isinstance(metric, Metric):
        raise InputError(f"{key} has {name!r}, which is a {type(metric).__name__} and no al_bench.metrics.Metric")
    return metric


def _try(name: str, metric: Metric, classes: int, key: str) -> None:
    """Compute a metric of two points, to find a fault before anything is trained."""
    import torch

    log_probs = torch.full((2, classes), -math.log(classes), dtype=torch.float64)
    try:
        value = metric.compute(log_probs, torch.tensor([0, 1]))
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(f"{key}: {name} fails on log-probabilities [2, {classes}] and classes [2]: {text}") from error
    if not math.isfinite(value):
        raise InputError(f"{key}: {name} is {value} of two points; a finite number is expected")
