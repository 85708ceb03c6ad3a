"""The judge: a claim passes where the 95 % interval of its effect lies wholly inside its band.

It fails where the interval lies wholly outside, and says NOT ENOUGH SEEDS where it lies across an edge, and always
below 3 seeds. The band is open: an effect of exactly 0 is not above 0. No verdict looks at the value itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from al_bench.analysis.statistics.paired import FEWEST
from al_bench.reproduce.effects import Effect, Seeds, effect
from al_bench.reproduce.preset import Claim, Preset, shown


class Verdict(Enum):
    passed = "pass"
    failed = "fail"
    few = "not_enough_seeds"
    not_run = "not_run"
    reported = "reported"


@dataclass(frozen=True)
class Judgement:
    """A claim, what was found, and the verdict with its reason."""

    preset: str
    scale: str
    claim: Claim
    effect: Effect
    verdict: Verdict
    reason: str


def decide(found: Effect, band: tuple[float, float]) -> tuple[Verdict, str]:
    """The verdict on one effect, and why.

    Args:
        found: The effect with its interval.
        band: The open interval in which it must lie.
    """
    said = f" ({found.note})" if found.note else ""
    if found.n == 0:
        return Verdict.not_run, found.note
    if found.n < FEWEST:
        return (
            Verdict.few,
            f"{found.n} seed{'s' if found.n > 1 else ''}, and fewer than {FEWEST} are always too few{said}",
        )
    if math.isnan(found.low) or math.isnan(found.high):
        return Verdict.few, f"there is no interval{said}"
    low, high = band
    above, below = low == -math.inf or low < found.low, high == math.inf or found.high < high
    edges = " and ".join(shown(edge) for edge, inside in ((low, above), (high, below)) if not inside)
    if above and below:
        return Verdict.passed, f"the interval lies inside{said}"
    if found.high <= low or high <= found.low:
        return Verdict.failed, f"the interval lies outside{said}"
    return Verdict.few, f"the interval lies across {edges}{said}"


def judge(preset: Preset, scale: str, arms: Mapping[str, Seeds]) -> tuple[Judgement, ...]:
    """Every claim of a preset that the scale has the arms for, in the file's order.

    Args:
        preset: The preset.
        scale: paper, laptop or smoke.
        arms: The complete runs of every arm, by seed.
    """
    found = []
    for claim in preset.judged(scale):
        one, planned = effect(claim, arms), len(preset.seeds(claim, scale))
        if claim.band is None:
            verdict, reason = (Verdict.reported if one.n else Verdict.not_run), one.note
        else:
            verdict, reason = decide(one, claim.band)
            if 0 < one.n < planned:
                reason += f" ({one.n} of the {planned} seeds planned)"
            if verdict is Verdict.failed and scale in claim.findings:
                reason += f". {claim.findings[scale]}"
        found.append(Judgement(preset.name, scale, claim, one, verdict, reason))
    return tuple(found)


def all_pass(found: tuple[Judgement, ...]) -> bool:
    """Whether there is a claim and every one passes; what is only reported does not count."""
    judged = [one for one in found if one.claim.band is not None]
    return bool(judged) and all(one.verdict is Verdict.passed for one in judged)
