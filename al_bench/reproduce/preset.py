"""What a preset is: arms, sizes with their departures, and claims with their margins (read by `shelf`).

A claim is data: a metric, the arms it compares, and the band in which its effect must lie. What the metrics mean is in
`al_bench.reproduce.effects`, what the verdicts mean in `al_bench.reproduce.judge`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

SCALES = ("paper", "laptop", "smoke")
RULES = ("isotonic", "first")
METRICS = ("accuracy_difference", "accuracy", "labels_ratio", "labels", "balance_difference", "penalty_place")


@dataclass(frozen=True)
class Arm:
    """One curve of a preset.

    Args:
        overrides: Of its runs, at every scale.
        scales: The sizes that have it.
        extra: Further overrides, by scale.
    """

    name: str
    overrides: tuple[str, ...]
    scales: tuple[str, ...]
    extra: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Size:
    """A preset at one scale.

    Args:
        seeds: Of every arm.
        minutes: What the whole sweep takes, a guess made before it; `basis` says from what, and on what machine.
        departures: From the paper, a line each: those of every scale, then those of this one.
    """

    name: str
    seeds: tuple[int, ...]
    minutes: float
    basis: str
    departures: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """An effect and the band in which it must lie.

    Args:
        id: A word for the record, unique in the preset.
        text: What is claimed.
        metric: One of METRICS.
        arm, versus: Names of arms; versus is empty where nothing is compared.
        at: A label count; span: two label counts, over which an accuracy is averaged.
        target: An accuracy to reach, a fraction; rule: where a curve counts as having reached it, one of RULES.
        seeds: The only seeds that count; empty where all do.
        settings: For penalty_place: the arms of each setting, in one order; `arm` names one of the first.
        band: The open interval of effects that make the claim true; None: reported as found, not judged.
        published: The paper's own value of the effect; None where it gives none. published_band: the range of the
            values known (reproductions, quartiles of the logs).
        source: Where the claim and its published value stand.
        scales: The sizes at which it can be judged.
        findings: By scale, what was looked into where the claim failed: for the record, no part of the judging.
    """

    id: str
    text: str
    metric: str
    arm: str
    versus: str = ""
    at: int | None = None
    span: tuple[int, int] | None = None
    target: float | None = None
    rule: str = "isotonic"
    seeds: tuple[int, ...] = ()
    settings: tuple[tuple[str, ...], ...] = ()
    band: tuple[float, float] | None = None
    published: float | None = None
    published_band: tuple[float, float] | None = None
    source: str = ""
    scales: tuple[str, ...] = SCALES
    findings: Mapping[str, str] = field(default_factory=dict)
    spread: bool = False
    """Whether the value shown is the median over seeds (a point of a logged curve), not the mean."""

    @property
    def arms(self) -> tuple[str, ...]:
        """Every arm that the effect is computed from."""
        named = [name for setting in self.settings for name in setting]
        return tuple(dict.fromkeys(named or [name for name in (self.arm, self.versus) if name]))


@dataclass(frozen=True)
class Preset:
    """A paper's experiment.

    Args:
        name: Of the experiment in conf/ too.
        paper: Authors, year, work, data.
        dataset: The dataset at paper and laptop scale.
        published: The name of its published curves (`al-bench plot --paper`), or empty.
        notes: What everybody must know who reads the outcome, a line each.
    """

    name: str
    paper: str
    dataset: str
    published: str
    notes: tuple[str, ...]
    arms: tuple[Arm, ...]
    sizes: dict[str, Size]
    claims: tuple[Claim, ...]

    def at(self, scale: str) -> tuple[Arm, ...]:
        """The arms that a scale has."""
        return tuple(arm for arm in self.arms if scale in arm.scales)

    def seeds(self, claim: Claim, scale: str) -> tuple[int, ...]:
        """The seeds that a claim is about at a scale."""
        return claim.seeds or self.sizes[scale].seeds

    def judged(self, scale: str) -> tuple[Claim, ...]:
        """The claims of a scale."""
        return tuple(claim for claim in self.claims if scale in claim.scales)


def shown(value: float | None) -> str:
    """A number for a table: three decimals below 10, three figures above; `-` where there is none."""
    if value is None or math.isnan(value):
        return "-"
    if abs(value) < 10:
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
