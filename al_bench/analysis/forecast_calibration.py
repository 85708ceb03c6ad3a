"""How wrong forecasts were on the archive of committed runs: quantiles, coverage, and how often a leader stayed one.

The numbers are in forecast_calibration.json beside this module, which scripts/forecast_calibration.py writes together
with results/forecast.csv.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("forecast_calibration.json")
LEAST_COVERAGE = 0.8
"""Where intervals covered less, with each data set left out, none is promised."""


class Scores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found for curves of one kind.

    Args:
        audit: Whether the values are those of an audit; else of a test part.
        seeds: S, behind a value.
        curves: Forecasts made.
        low, high: The quantiles of (A − Â) / u that are the ends of an interval.
        coverage: By the share of the labels that was seen, "30" and "50" %: of intervals whose quantiles are from the
            other data sets alone.
        width: Their median width, a fraction, likewise.
    """

    audit: bool
    seeds: int
    curves: int
    low: float
    high: float
    coverage: dict[str, float]
    width: dict[str, float]


class Leads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of the leaders of pilots that were alike.

    Args:
        least: The smallest lead over the second, in standard errors of the paired difference over seeds.
        pilots: How many.
        stayed: The share whose leader was first at twice the labels, over all seeds of the study.
        near: The share whose leader was within a point of the first there.
    """

    least: float
    pilots: int
    stayed: float
    near: float


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything measured on the archive.

    Args:
        level: What intervals aim at.
        scores: By kind of curve.
        leads: By the size of the lead, smallest first; the first is of any lead.
        studies, data_sets: Behind it.
    """

    level: float
    scores: list[Scores]
    leads: list[Leads]
    studies: int
    data_sets: int

    def scores_of(self, seeds: int, audit: bool) -> Scores:
        """Those of the largest number of seeds that is not above a given one."""
        fits = [scores for scores in self.scores if scores.audit == audit and scores.seeds <= seeds]
        return max(fits, key=lambda scores: scores.seeds)

    def quantiles(self, seeds: int, audit: bool) -> tuple[float, float]:
        """The ends of an interval, in units of u."""
        scores = self.scores_of(seeds, audit)
        return scores.low, scores.high

    def promises(self, seeds: int, audit: bool) -> bool:
        """Whether intervals of such curves covered often enough, at both shares of the labels."""
        return min(self.scores_of(seeds, audit).coverage.values()) >= LEAST_COVERAGE

    def leads_of(self, lead: float) -> Leads:
        """What became of pilots with such a lead, in standard errors."""
        return [leads for leads in self.leads if lead >= leads.least][-1]


@lru_cache(maxsize=1)
def calibration() -> Calibration:
    """What came with this version."""
    return msgspec.json.decode(FILE.read_bytes(), type=Calibration)
