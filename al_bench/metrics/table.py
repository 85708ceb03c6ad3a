"""The table of metrics. Adding one touches its function in `quality`, one line here, and a test.

Nothing here imports torch: tables and figures read names, units and directions, evaluation alone the functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from torch import Tensor

    MetricFunction = Callable[[Tensor, Tensor], float]


@dataclass(frozen=True)
class Metric:
    """A number that says how good predictions are.

    Args:
        name: Its key in a round's record.
        function: From log-probabilities [N, C] (float64, nats) of the mean prediction and true classes [N] (int64) to
            one finite number; or "module:function", which is imported when it is first computed.
        label: What an axis or a column is called, without the unit.
        unit: "%" for a fraction, which is shown in per cent; "nats"; or "" for a plain number.
        higher_is_better: The direction: accuracy goes up, a loss goes down.
        low, high: The values that it may have; None where there is no bound.
    """

    name: str
    function: str | MetricFunction
    label: str
    unit: str = "%"
    higher_is_better: bool = True
    low: float | None = 0.0
    high: float | None = 1.0

    @property
    def scale(self) -> float:
        """What a recorded value is multiplied by to be shown: 100 for a fraction in per cent."""
        return 100.0 if self.unit == "%" else 1.0

    @property
    def axis_label(self) -> str:
        """The label with its unit, such as "Test accuracy (%)"."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def compute(self, log_probs_nc: Tensor, labels_n: Tensor) -> float:
        """The metric of one test part: log-probabilities [N, C] and true classes [N]."""
        function = self.function
        if isinstance(function, str):
            module, _, name = function.partition(":")
            function = cast("MetricFunction", getattr(import_module(module), name))
        return float(function(log_probs_nc, labels_n))


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "al_bench.metrics.quality:accuracy", "Test accuracy"),
        Metric(
            *("nll", "al_bench.metrics.quality:negative_log_likelihood", "Negative log-likelihood", "nats"),
            higher_is_better=False,
            high=None,
        ),
        Metric(
            *("ece", "al_bench.metrics.quality:calibration_error", "Calibration error"),
            higher_is_better=False,
        ),
    )
}
"""Name to metric: those that every round records."""
