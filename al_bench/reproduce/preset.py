"""What a preset is: arms, scales with their departures, and claims with their margins (read by `presets`).

A claim is data: a metric, the arms it compares, and the band in which its effect must lie. What the metrics mean is in
`al_bench.reproduce.effects`, what the verdicts mean in `al_bench.reproduce.judge`. The fields of `Arm`, `Size`,
`Claim` and `Curve` are the keys of the tables in conf/experiment/NAME/claims.toml.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

Scale = Literal["paper", "laptop", "smoke"]
SCALES: tuple[Scale, ...] = get_args(Scale)
RULES = ("isotonic", "first")
METRICS = ("accuracy_difference", "accuracy", "labels_ratio", "labels", "balance_difference", "penalty_place")

Number = int | float


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a preset's file."""


class Arm(Entry, frozen=True):
    """One curve of a preset.

    Args:
        name: Of the arm, in records and tables.
        overrides: Of its runs, at every scale.
        scales: The scales that have it.
        paper, laptop, smoke: Further overrides at that scale.
        seeds: Its own seeds, by scale; at a scale that is not named it has the seeds of the scale.
    """

    name: str
    overrides: tuple[str, ...]
    scales: tuple[Scale, ...] = SCALES
    paper: tuple[str, ...] = ()
    laptop: tuple[str, ...] = ()
    smoke: tuple[str, ...] = ()
    seeds: dict[Scale, tuple[int, ...]] = {}

    def overrides_at(self, scale: str) -> tuple[str, ...]:
        """The overrides of its runs at a scale."""
        further = {"paper": self.paper, "laptop": self.laptop, "smoke": self.smoke}
        return self.overrides + further[scale]


class Size(Entry, frozen=True):
    """A preset at one scale.

    Args:
        seeds: Of every arm that names none of its own.
        minutes: Duration of the whole sweep, estimated before it; `basis` says from what, and on what machine.
        departures: From the paper, a line each: those of every scale, then those of this one.
    """

    seeds: tuple[int, ...]
    minutes: float
    basis: str
    departures: tuple[str, ...] = ()


class Claim(Entry, frozen=True, kw_only=True):
    """An effect and the band in which it must lie.

    Args:
        id: A word for the record, unique in the preset.
        text: What is claimed.
        metric: One of METRICS.
        arm, versus: Names of arms; versus is empty where nothing is compared.
        at: A label count.
        start, end: Two label counts, over which an accuracy is averaged (`from` and `to` in the file).
        target: An accuracy to reach, a fraction.
        rule: When a curve counts as having reached the target, one of RULES.
        seeds: The only seeds that count; empty where all do.
        settings: For penalty_place: the arms of each setting, in one order; `arm` names one of the first.
        band: The open interval of effects that make the claim true; None: reported, not judged.
        published: The paper's own value of the effect; None where it gives none.
        published_band: The range of the values known (reproductions, quartiles of the logs).
        source: Where the claim and its published value stand.
        scales: The scales at which it can be judged.
        findings: By scale, what was investigated where the claim failed: for the record, no part of the judging.
    """

    id: str
    text: str
    metric: str
    arm: str
    versus: str = ""
    at: int | None = None
    start: int | None = msgspec.field(default=None, name="from")
    end: int | None = msgspec.field(default=None, name="to")
    target: float | None = None
    rule: str = "isotonic"
    seeds: tuple[int, ...] = ()
    settings: tuple[tuple[str, ...], ...] = ()
    band: tuple[float, float] | None = None
    published: Number | None = None
    published_band: tuple[float, float] | None = None
    source: str
    scales: tuple[Scale, ...] = SCALES
    findings: dict[str, str] = {}

    @property
    def span(self) -> tuple[int, int] | None:
        """The two label counts over which an accuracy is averaged."""
        return None if self.start is None or self.end is None else (self.start, self.end)

    @property
    def arms(self) -> tuple[str, ...]:
        """Every arm that the effect is computed from."""
        named = [name for setting in self.settings for name in setting]
        return tuple(dict.fromkeys(named or [name for name in (self.arm, self.versus) if name]))


class CurvePoint(Claim, frozen=True):
    """A claim on one point of a logged curve: its value is shown as the median over seeds, not as the mean."""


class Curve(Entry, frozen=True, kw_only=True):
    """A logged curve, which is one claim a point.

    Args:
        id, text: Of its claims, which add the label count.
        arm: The arm that must agree with it.
        tolerance: Points added to the quartiles on both sides.
        source, scales, findings: As of a claim.
        points: Label count, lower quartile, median and upper quartile of accuracies in per cent.
    """

    id: str
    text: str
    arm: str
    tolerance: float
    source: str
    scales: tuple[Scale, ...] = SCALES
    findings: dict[str, str] = {}
    points: tuple[tuple[int, Number, Number, Number], ...]

    @property
    def claims(self) -> list[Claim]:
        """One claim a point: that the accuracy lies within the quartiles, widened by the tolerance."""
        return [
            CurvePoint(
                id=f"{self.id}_{labels}",
                text=f"{self.text} at {labels} labels: inside the logged quartiles ± {self.tolerance:g} points",
                metric="accuracy",
                arm=self.arm,
                at=labels,
                band=(low - self.tolerance, high + self.tolerance),
                published=median,
                published_band=(low, high),
                source=self.source,
                scales=self.scales,
                findings=self.findings,
            )
            for labels, low, median, high in self.points
        ]


class Preset(msgspec.Struct, frozen=True):
    """A paper's experiment.

    Args:
        name: Of the experiment in conf/ too.
        paper: Authors, year, work, data.
        dataset: The dataset at paper and laptop scale.
        published: The name of its published curves (`al-bench plot --paper`), or empty.
        notes: What every reader of the outcome must know, a line each.
    """

    name: str
    paper: str
    dataset: str
    published: str
    notes: tuple[str, ...]
    arms: tuple[Arm, ...]
    sizes: Mapping[Scale, Size]
    claims: tuple[Claim, ...]

    def arms_at(self, scale: Scale) -> tuple[Arm, ...]:
        """The arms that a scale has."""
        return tuple(arm for arm in self.arms if scale in arm.scales)

    def claims_at(self, scale: Scale) -> tuple[Claim, ...]:
        """The claims of a scale."""
        return tuple(claim for claim in self.claims if scale in claim.scales)

    def arm_seeds(self, arm: Arm, scale: Scale) -> tuple[int, ...]:
        """The seeds of an arm's runs at a scale: its own, else those of the scale."""
        return arm.seeds.get(scale, self.sizes[scale].seeds)

    def claim_seeds(self, claim: Claim, scale: Scale) -> tuple[int, ...]:
        """The seeds that a claim is judged on at a scale: those that all its arms share, or of these its own choice."""
        first, *others = [self.arm_seeds(arm, scale) for arm in self.arms_at(scale) if arm.name in claim.arms]
        shared = [seed for seed in first if all(seed in seeds for seeds in others)]
        return tuple(seed for seed in shared if not claim.seeds or seed in claim.seeds)


def format_number(value: float | None) -> str:
    """A number for a table: three decimals below 10, three figures above; `-` where there is none."""
    if value is None or math.isnan(value):
        return "-"
    if abs(value) < 10:
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
