"""By how much a strategy leads, how many seeds would show it, and whether a gain worth having is excluded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from al_bench.analysis.finding import WORSE, Finding
from al_bench.analysis.statistics.paired import FEWEST, LEVEL, Estimate, seeds_needed, seeds_range
from al_bench.analysis.study import Study

SMALL_SAVING = 0.1
"""The share of labels saved below which a strategy is not worth the effort, as a point of the metric is."""


@dataclass(frozen=True)
class Lead:
    """By how much a strategy leads, in the measure that takes the fewest seeds to show.

    Args:
        text: As in "leads by 1.2 points".
        sought: The difference that the seeds are counted for.
        more: Further seeds for it.
        ends: The range of that number.
    """

    text: str
    sought: str
    more: int
    ends: tuple[int, int]

    @property
    def order(self) -> tuple[bool, int]:
        """What is still to be shown comes first, with the fewest seeds."""
        return self.more <= 0, self.more


def lead_of(study: Study, finding: Finding) -> Lead | None:
    """The lead of a strategy; None where it is not ahead, neither on average nor in labels."""
    level = LEVEL / max(1, finding.tests)
    leads = []
    if (gain := gain_of(finding)) > 0:
        sought = max(gain, study.metric.point)
        text = f"leads by {difference_text(study, gain)} on average"
        leads.append(
            _shown_by(text, f"a difference of {difference_text(study, sought)}", sought, finding.area, finding.n, level)
        )
    saving = finding.primary_saving
    if saving is not None and saving.ratio is not None and saving.saved > 0:
        share = max(saving.saved, SMALL_SAVING)
        text = f"needs {100 * saving.saved:.0f} % {study.budget.fewer} to reach {study.target_text(saving.target)}"
        sought_text = f"a saving of {100 * share:.0f} %"
        leads.append(_shown_by(text, sought_text, -math.log1p(-share), saving.ratio, finding.n, level))
    return min(leads, key=lambda lead: lead.order, default=None)


def _shown_by(text: str, sought_text: str, sought: float, seen: Estimate, n: int, level: float) -> Lead:
    low, high = seeds_range(sought, seen.sd, seen.n, level)
    more = seeds_needed(sought, seen.sd, level) - n
    return Lead(text, sought_text, more, (max(low - n, 0), max(high - n, 0)))


def is_closed(study: Study, finding: Finding, tested: Sequence[Finding]) -> bool:
    """Whether it is shown that a strategy is worse, or gains less than a point and saves less than 10 %."""
    if finding.outcome == WORSE:
        return True
    if finding.n < FEWEST or math.isnan(finding.area.mean):
        return False
    savings = any(each.primary is not None for each in tested)
    level = LEVEL / (len(tested) * (1 + savings))
    low, high = finding.area.interval(level)
    saving = finding.primary_saving
    most = 0.0 if saving is None else saving.interval(level)[1] if saving.exact else saving.at_most
    return (high if finding.sign > 0 else -low) < study.metric.point and most < SMALL_SAVING


def gain_of(finding: Finding) -> float:
    """How much better the arm is on average over the labels; −inf where that is unknown."""
    return finding.sign * finding.area.mean if math.isfinite(finding.area.mean) else -math.inf


def difference_text(study: Study, value: float) -> str:
    """A difference with its unit: "1.0 points"."""
    metric = study.metric
    if metric.unit == "%" and abs(value - metric.point) < 1e-12:
        return "a point"
    return " ".join(filter(None, [metric.number(value), metric.difference_unit or metric.noun]))
