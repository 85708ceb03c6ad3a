"""The rules of the literature that need nothing but predictions.

Letters: n points of the stop set, C classes, t the round, c_t [n] the classes predicted in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from al_bench import checks
from al_bench.errors import InputError
from al_bench.stopping.rule import Signals, StoppingRule


@dataclass
class GoOn:
    """No rule: the run goes on to its rounds or its budget."""

    def fires(self, signals: Signals, classes: int) -> bool:
        """Never."""
        return False


@dataclass
class StabilizingPredictions:
    """Stop when successive models agree: the mean of the last kappas reaches the threshold.

    (1 / w) Σ_{s = t−w+1 … t} κ(c_{s−1}, c_s) ≥ threshold, κ Cohen's.

    Args:
        threshold: The mean kappa at which to stop; a lower one stops earlier.
        window: w, the number of kappas averaged, each between two successive rounds.

    Source:
        Bloodgood & Vijay-Shanker (2009), "A Method for Stopping Active Learning Based on Stabilizing Predictions and
        the Need for User-Adjustable Stopping": 0.99 and 3, on a stop set of 2,000 points. Here it has at most 1,000
        (`evaluation.stop_set`), and kappa is 1 where both rounds predict one and the same class for all points.
    """

    threshold: float = 0.99
    window: int = 3

    def __post_init__(self) -> None:
        checks.fraction("stopping.threshold", self.threshold, zero=False)
        checks.at_least("stopping.window", self.window, 1)

    def fires(self, signals: Signals, classes: int) -> bool:
        """Whether the mean kappa of the last `window` rounds reaches the threshold; never where one is missing."""
        kappas = [None if signal is None else signal.kappa for signal in signals[-self.window :]]
        present = [kappa for kappa in kappas if kappa is not None]
        return len(present) == self.window and math.fsum(present) / self.window >= self.threshold


@dataclass
class ClassificationChange:
    """Stop when the predicted classes no longer change: (1 / n) Σ_i 1[c_{t−1, i} ≠ c_{t, i}] ≤ threshold.

    Args:
        threshold: Share of the points that may change; 0 stops when none does.
        window: For how many successive rounds that must hold.

    Source:
        Zhu, Wang & Hovy (2008), "Multi-Criteria-Based Strategy to Stop Active Learning for Data Annotation",
        classification-change. There it is read on all unlabelled points, here on the stop set, some of whose points
        are labelled in the course of a run.
    """

    threshold: float = 0.0
    window: int = 1

    def __post_init__(self) -> None:
        checks.fraction("stopping.threshold", self.threshold)
        checks.at_least("stopping.window", self.window, 1)

    def fires(self, signals: Signals, classes: int) -> bool:
        """Whether at most that share changed in each of the last `window` rounds; never where one is missing."""
        shares = [None if signal is None else signal.changed for signal in signals[-self.window :]]
        small = [share for share in shares if share is not None and share <= self.threshold]
        return len(small) == self.window


@dataclass
class OverallUncertainty:
    """Stop when the model is sure: (1 / n) Σ_i H[p_t(· | x_i)] / log C < threshold.

    Args:
        threshold: The mean entropy, as a share of the largest there is, below which to stop.

    Source:
        Zhu, Wang & Hovy (2008), overall-uncertainty, on all unlabelled points, with a threshold to be found for each
        data set; here it is a share of log C, so that one value serves any number of classes, on the stop set. 0.05 is
        al-bench's own choice, and the default of the library small-text 1.3, too. An overconfident model is sure too
        early: look at the calibration error beside it.
    """

    threshold: float = 0.05

    def __post_init__(self) -> None:
        checks.fraction("stopping.threshold", self.threshold, zero=False)

    def fires(self, signals: Signals, classes: int) -> bool:
        """Whether the mean entropy of the last round, over log C, is below the threshold."""
        last = signals[-1]
        return last is not None and classes > 1 and last.entropy / math.log(classes) < self.threshold


RULES: dict[str, type[StabilizingPredictions | ClassificationChange | OverallUncertainty]] = {
    "stabilizing_predictions": StabilizingPredictions,
    "classification_change": ClassificationChange,
    "overall_uncertainty": OverallUncertainty,
}
"""Name to rule, as chosen by `stopping=NAME`."""


@dataclass
class AnyOf:
    """Stop when the first of several rules fires.

    Args:
        rules: Their names, each with its own default thresholds; `stopping=[a,b]` is short for `stopping=any_of
            stopping.rules=[a,b]`.
    """

    rules: list[str] = field(default_factory=lambda: ["stabilizing_predictions", "classification_change"])

    def __post_init__(self) -> None:
        if not self.rules:
            raise InputError(f"stopping.rules is []; name some of {', '.join(RULES)}, or choose stopping=none")
        for name in self.rules:
            checks.one_of("stopping.rules", name, RULES)

    def fires(self, signals: Signals, classes: int) -> bool:
        """Whether any of the rules fires."""
        return any(RULES[name]().fires(signals, classes) for name in self.rules)


def stopped_by(rule: StoppingRule, signals: Signals, classes: int) -> str | None:
    """The name of the rule that stops after the last of these rounds; None where none does.

    Args:
        rule: The rule of the run; of `AnyOf` those of its rules that fire are named.
        signals: Of the rounds so far.
        classes: C, of the data set.
    """
    if isinstance(rule, AnyOf):
        return " and ".join(name for name in rule.rules if RULES[name]().fires(signals, classes)) or None
    if not rule.fires(signals, classes):
        return None
    return next((name for name, known in RULES.items() if type(rule) is known), type(rule).__name__)
