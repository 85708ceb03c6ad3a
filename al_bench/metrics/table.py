"""The table of metrics. Adding one touches its function in `quality`, one line here, and a test.

Nothing here imports torch: tables and figures read names, units and directions, evaluation alone the functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from al_bench.errors import InputError
from al_bench.records import SUCCESSOR

if TYPE_CHECKING:
    from torch import Tensor

    from al_bench.metrics.predictions import Predictions

    MetricFunction = Callable[[Tensor, Tensor], float]


@dataclass(frozen=True)
class Metric:
    """A number that says how good predictions are.

    Args:
        name: Its key in a round's record.
        function: From log-probabilities [N, C] (float64, nats) of the mean prediction and true classes [N] (int64) to
            one finite number; or "module:function", which is imported when it is first computed.
        label: What an axis or a column is called, without the unit.
        unit: "%" for a fraction, which is shown in per cent; "nats" or another unit; or "" for a plain number.
        higher_is_better: The direction: accuracy goes up, a loss goes down.
        low, high: The values that it may have; None where there is no bound.
        point: A small difference, in the unit of the record: how many seeds would show one is said of undecided arms.
    """

    name: str
    function: str | MetricFunction
    label: str
    unit: str = "%"
    higher_is_better: bool = True
    low: float | None = 0.0
    high: float | None = 1.0
    point: float = 0.01

    @property
    def scale(self) -> float:
        """What a recorded value is multiplied by to be shown: 100 for a fraction in per cent."""
        return 100.0 if self.unit == "%" else 1.0

    @property
    def sign(self) -> int:
        """1 where higher is better, else −1: a value times this is the better the higher."""
        return 1 if self.higher_is_better else -1

    @property
    def axis_label(self) -> str:
        """The label with its unit, such as "Test accuracy (%)"."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def noun(self) -> str:
        """What a sentence calls it: the label with a small first letter, unless that is an abbreviation's."""
        text = self.label.removeprefix("Test ")
        return text if text[:2].isupper() else text[:1].lower() + text[1:]

    @property
    def noun_with_article(self) -> str:
        """The noun with "a" or "an"."""
        return f"{'an' if self.noun[0] in 'aeiouAEIO' else 'a'} {self.noun}"

    @property
    def difference_unit(self) -> str:
        """The unit of a difference: points of a fraction in per cent; empty for a plain number."""
        return "points" if self.unit == "%" else self.unit

    def number(self, value: float, digits: int = 1, sign: bool = False) -> str:
        """A value, or a difference, as it is shown without its unit; `-` where it is not known.

        Args:
            value: As recorded.
            digits: After the point for a fraction in per cent; two more for other numbers.
            sign: Whether a plus is shown.
        """
        if not math.isfinite(value):
            return "-"
        digits += 0 if self.unit == "%" else 2
        return f"{self.scale * value:{'+' if sign else ''}.{digits}f}".replace("-", "−")

    def interval(self, low: float, high: float, digits: int = 1, sign: bool = False) -> str:
        """`[low, high]` as `number` shows them; empty where it is not known."""
        if not (math.isfinite(low) and math.isfinite(high)):
            return ""
        return f"[{self.number(low, digits, sign)}, {self.number(high, digits, sign)}]"

    def text(self, value: float) -> str:
        """A value as it is typed and read, with its unit: "95 %", "0.4 nats"."""
        unit = "class" if self.unit == "classes" and value == 1 else self.unit
        return f"{self.scale * value:g}{f' {unit}' if unit else ''}".replace("-", "−")

    def check_target(self, target: float) -> None:
        """Refuse a target that no value can be.

        Raises:
            InputError: naming the range.
        """
        if self.unit == "%":
            fits, allowed = 0 < target <= 1, "a fraction above 0 and at most 1, such as 0.95"
        else:
            low, high = (-math.inf if self.low is None else self.low), (math.inf if self.high is None else self.high)
            fits = low <= target <= high and math.isfinite(target)
            ends = [f"at least {low:g}"] * math.isfinite(low) + [f"at most {high:g}"] * math.isfinite(high)
            allowed = f"a number {' and '.join(ends)}" if ends else "a number"
            allowed += f", in {self.unit}" if self.unit else f", as {self.name} is recorded"
        if not fits:
            raise InputError(f"--target is {target:g}; it must be {allowed}")

    def compute(self, log_probs_nc: Tensor, labels_n: Tensor) -> float:
        """The metric of one test part: log-probabilities [N, C] and true classes [N]."""
        from al_bench.metrics.predictions import Predictions

        return cast(float, self.of(Predictions(log_probs_nc, labels_n)))

    def of(self, predictions: Predictions) -> Any:
        """The metric of predictions, from which several metrics may be computed."""
        return float(self._loaded()(predictions.log_probs_nc, predictions.labels_n))

    def _loaded(self) -> Callable[..., Any]:
        function = self.function
        if isinstance(function, str):
            module, _, name = function.partition(":")
            function = cast("MetricFunction", getattr(import_module(module), name))
        return function


@dataclass(frozen=True)
class BuiltInMetric(Metric):
    """One of al-bench's, whose function takes `Predictions`, so that several share what they are computed from.

    Args:
        definition: In one line, for `al-bench list metrics`.
    """

    definition: str = ""

    def of(self, predictions: Predictions) -> Any:
        """A number; of a `ClassMetric` a list, one number a class."""
        return self._loaded()(predictions)


class ClassMetric(BuiltInMetric):
    """A metric with one value a class: a record has them by class, and a user names one as `recall:CLASS`."""

    def of_class(self, name: str) -> Metric:
        """The metric of one class, by the name that the user's data give it."""
        return Metric(f"{self.name}:{name}", "", f"{self.label} of {name}", self.unit, self.higher_is_better)


class LabelMetric(BuiltInMetric):
    """A metric of the labelled set's classes, and not of predictions; its function takes [C] counts."""

    def of_counts(self, class_counts: Sequence[int]) -> float:
        """The metric of [C] labelled points by class."""
        return float(self._loaded()(class_counts))


_QUALITY = "al_bench.metrics.quality"

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        BuiltInMetric(
            *("accuracy", f"{_QUALITY}:accuracy", "Test accuracy"),
            definition="share of the test points whose most probable class is the true one",
        ),
        BuiltInMetric(
            *("nll", f"{_QUALITY}:negative_log_likelihood", "Negative log-likelihood", "nats"),
            higher_is_better=False,
            high=None,
            definition="mean of −log p(true class)",
        ),
        BuiltInMetric(
            *("ece", f"{_QUALITY}:calibration_error", "Calibration error"),
            higher_is_better=False,
            definition="expected calibration error over 15 bins of equal width (Guo et al. 2017)",
        ),
        BuiltInMetric(
            *("balanced_accuracy", f"{_QUALITY}:balanced_accuracy", "Balanced accuracy"),
            definition="mean of the recalls of all classes: a rare class weighs as much as a frequent one",
        ),
        BuiltInMetric(
            *("macro_f1", f"{_QUALITY}:macro_f1", "Macro F1"),
            definition="mean over classes of F1, the harmonic mean of precision and recall",
        ),
        BuiltInMetric(
            *("auroc", f"{_QUALITY}:auroc", "AUROC"),
            unit="",
            definition="area under the ROC curve, each class against the rest, mean over classes; ties by mid-ranks",
        ),
        BuiltInMetric(
            *("average_precision", f"{_QUALITY}:average_precision", "Average precision"),
            unit="",
            definition="area under the precision-recall curve as a sum of steps, each class against the rest, mean",
        ),
        BuiltInMetric(
            *("brier", f"{_QUALITY}:brier_score", "Brier score"),
            unit="",
            higher_is_better=False,
            high=2.0,
            definition="mean squared distance between the probabilities and the true class, 0 to 2",
        ),
        LabelMetric(
            *("classes_found", f"{_QUALITY}:classes_found", "Classes found", "classes"),
            high=None,
            point=1.0,
            definition="classes that the labelled set has a point of",
        ),
    )
}
"""Name to metric: those of one number, which every evaluated round records."""

CLASS_METRICS: dict[str, ClassMetric] = {
    metric.name: metric
    for metric in (
        ClassMetric(
            *("recall", f"{_QUALITY}:recall", "Recall"),
            definition="share of a class's test points that are predicted as it",
        ),
        ClassMetric(
            *("precision", f"{_QUALITY}:precision", "Precision"),
            definition="share of the points predicted as a class that are of it; 0 where none is",
        ),
    )
}
"""Name to metric: those of one number a class, which every evaluated round records."""

CONFUSION = "confusion"
"""The name under which a round records its confusion matrix."""
MOST_CONFUSED = 50
"""Classes up to which the confusion matrix is recorded; with more, the points predicted and right of each class."""


def of_successor(metric: Metric) -> Metric:
    """A metric of the learner that is judged on the labels which another one bought: `successor_NAME`."""
    return replace(metric, name=f"{SUCCESSOR}{metric.name}", label=f"{metric.label} of the successor")


def built_in(name: str) -> Metric | None:
    """al-bench's metric of a name as --metric takes it, without a class; None of any other name."""
    if (known := (METRICS | CLASS_METRICS).get(name)) is not None:
        return known
    known = METRICS.get(name.removeprefix(SUCCESSOR)) if name.startswith(SUCCESSOR) else None
    return None if known is None or isinstance(known, LabelMetric) else of_successor(known)
