"""The judge: a claim passes where the 95 % interval of its effect lies wholly inside its band.

It fails where the interval lies wholly outside. Where the interval lies across an edge of the band, and always with
fewer than 3 seeds, the verdict is NOT ENOUGH SEEDS. The band is open: an effect of exactly 0 is not above 0. No verdict
depends on the value itself, only on its interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from al_bench.analysis.statistics.paired import FEWEST, MOST_SEEDS, seeds_needed
from al_bench.reproduce.effects import Effect, RunsBySeed, compute_effect
from al_bench.reproduce.preset import Claim, Preset, Scale, format_number


class ClaimVerdict(Enum):
    """What the judge says of a claim; the value is the word in records."""

    passed = "pass"
    failed = "fail"
    not_enough_seeds = "not_enough_seeds"
    not_run = "not_run"
    reported = "reported"


@dataclass(frozen=True)
class JudgedClaim:
    """A claim of a preset at a scale, its effect, and the verdict with its reason."""

    preset: str
    scale: Scale
    claim: Claim
    effect: Effect
    verdict: ClaimVerdict
    reason: str


def decide(effect: Effect, band: tuple[float, float]) -> tuple[ClaimVerdict, str]:
    """The verdict on one effect, and why.

    Args:
        effect: The effect with its interval.
        band: The open interval in which it must lie.
    """
    note = f" ({effect.note})" if effect.note else ""
    if effect.n == 0:
        return ClaimVerdict.not_run, effect.note
    if effect.n < FEWEST:
        seeds = f"{effect.n} seed{'s' if effect.n > 1 else ''}"
        return ClaimVerdict.not_enough_seeds, f"{seeds}, and fewer than {FEWEST} are always too few{note}"
    if math.isnan(effect.low) or math.isnan(effect.high):
        return ClaimVerdict.not_enough_seeds, f"there is no interval{note}"
    low, high = band
    above, below = low == -math.inf or low < effect.low, high == math.inf or effect.high < high
    if above and below:
        return ClaimVerdict.passed, f"the interval lies inside{note}"
    if effect.high <= low or high <= effect.low:
        return ClaimVerdict.failed, f"the interval lies outside{note}"
    edges = " and ".join(format_number(edge) for edge, inside in ((low, above), (high, below)) if not inside)
    seeds = seeds_text(seeds_to_decide(effect, band))
    return ClaimVerdict.not_enough_seeds, f"the interval lies across {edges}{note}{seeds}"


def seeds_to_decide(effect: Effect, band: tuple[float, float]) -> int | None:
    """The fewest seeds with which the interval clears the band's nearest edge with 80 % probability, either way.

    n such that a t-test of n seeds against that edge has 80 % power, mean and spread taken for the truth; from few
    seeds both are guesses themselves.

    Args:
        effect: The effect with the mean and the spread of its interval.
        band: The open interval in which it must lie.

    Returns:
        At most MOST_SEEDS, which stands for that many or more; None where the interval is not one of a mean.
    """
    if math.isnan(effect.mean) or math.isnan(effect.sd):
        return None
    edges = [edge for edge in band if math.isfinite(edge)]
    if effect.logarithmic:
        edges = [math.log(edge) for edge in edges if edge > 0]
    nearest = min((abs(effect.mean - edge) for edge in edges), default=math.nan)
    return None if math.isnan(nearest) else seeds_needed(nearest, effect.sd)


def seeds_text(seeds: int | None) -> str:
    """How many seeds a claim needs, after a reason; empty where that is not known."""
    if seeds is None:
        return ""
    number = f"{MOST_SEEDS:,} or more" if seeds == MOST_SEEDS else f"about {seeds:,}"
    return f"; {number} seeds would decide it (80 % power at this mean and spread)"


def judge(preset: Preset, scale: Scale, arms: Mapping[str, RunsBySeed]) -> tuple[JudgedClaim, ...]:
    """Every claim of a preset that the scale has the arms for, in the file's order.

    Args:
        preset: The preset.
        scale: paper, laptop or smoke.
        arms: The complete runs of every arm, by seed.
    """
    return tuple(_judge_claim(preset, scale, claim, compute_effect(claim, arms)) for claim in preset.claims_at(scale))


def _judge_claim(preset: Preset, scale: Scale, claim: Claim, effect: Effect) -> JudgedClaim:
    if claim.band is None:
        verdict = ClaimVerdict.reported if effect.n else ClaimVerdict.not_run
        return JudgedClaim(preset.name, scale, claim, effect, verdict, effect.note)
    verdict, reason = decide(effect, claim.band)
    planned = len(preset.claim_seeds(claim, scale))
    if 0 < effect.n < planned:
        reason += f" ({effect.n} of the {planned} seeds planned)"
    if verdict is ClaimVerdict.failed and scale in claim.findings:
        reason += f". {claim.findings[scale]}"
    return JudgedClaim(preset.name, scale, claim, effect, verdict, reason)


def all_pass(claims: Sequence[JudgedClaim]) -> bool:
    """Whether there is a claim and every one passes; what is only reported does not count."""
    judged = [each for each in claims if each.claim.band is not None]
    return bool(judged) and all(each.verdict is ClaimVerdict.passed for each in judged)
