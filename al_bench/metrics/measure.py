"""From predictions of the test part to what a round records of their quality."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from msgspec import Struct, convert, field, to_builtins

from al_bench.metrics.predictions import Predictions
from al_bench.metrics.table import CLASS_METRICS, METRICS, MOST_CONFUSED, LabelMetric, Metric

if TYPE_CHECKING:
    from torch import Tensor

DECIMALS = 6
"""Of the values by class: a class of a million test points has them exactly."""

logger = logging.getLogger("al_bench")


class Quality(Struct, frozen=True, kw_only=True):
    """The quality of predictions on the test part.

    Args:
        values: Metric to value; None where it has none.
        class_metrics: Metric to values [C]; None for a class without test points.
        confusion: [C, C] test points by true class (row) and predicted class; None with more than 50 classes.
        class_results: With more than 50 classes: `predicted` and `right` to counts of test points [C].
    """

    values: dict[str, float | None]
    class_metrics: dict[str, list[float | None]] = field(default_factory=dict)
    confusion: list[list[int]] | None = None
    class_results: dict[str, list[int]] | None = None

    def plain(self) -> dict[str, Any]:
        """As dicts and lists, for a cache."""
        return dict(to_builtins(self))

    @staticmethod
    def from_plain(value: Any) -> Quality:
        """What `plain` gave; msgspec.ValidationError where it is anything else."""
        return convert(value, Quality)


def measure(log_probs_nc: Tensor, labels_n: Tensor, metrics: Iterable[Metric] = METRICS.values()) -> Quality:
    """Every metric of the predictions of the test part.

    Args:
        log_probs_nc: [N, C] log-probabilities of the mean prediction, float64, nats.
        labels_n: [N] true classes.
        metrics: Those of one number; those of the labelled set are left out. The metrics by class and the confusion
            matrix are always computed.
    """
    predictions = Predictions(log_probs_nc, labels_n)
    values = {
        metric.name: finite(metric, metric.of(predictions)) for metric in metrics if not isinstance(metric, LabelMetric)
    }
    by_class = {name: [_rounded(value) for value in metric.of(predictions)] for name, metric in CLASS_METRICS.items()}
    if predictions.classes <= MOST_CONFUSED:
        return Quality(values=values, class_metrics=by_class, confusion=predictions.confusion_cc.tolist())
    results = {"predicted": predictions.named_c.tolist(), "right": predictions.right_c.tolist()}
    return Quality(values=values, class_metrics=by_class, class_results=results)


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DECIMALS)


def finite(metric: Metric, value: float) -> float | None:
    """A value, or None where there is none for these predictions; of a metric of the user's own the log says so."""
    if math.isfinite(value):
        return value
    if metric.name not in METRICS:
        logger.warning("the metric %s is %s here; no value is recorded", metric.name, value)
    return None
