"""From a round on record to what is unhealthy in it: values against thresholds, in sentences.

Nothing here imports torch: the log, figures and reports all read the same record.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from al_bench.health.thresholds import Health
from al_bench.records import RoundRecord

TITLES = {
    "near_chance": "training collapsed: accuracy near chance",
    "accuracy_drop": "training collapsed: accuracy far below the last round's",
    "class_kl": "classes out of balance",
    "near_duplicates": "near-duplicates in the batch",
    "drawn_by_lot": "tied scores",
    "ranking_change": "ranking dominated by Monte-Carlo noise",
    "saturated": "BatchBALD saturated",
    "constant_score": "constant score",
    "validation": "validation set larger than the labelled set",
}
"""Check, which is also its key under `health`, to what it is called."""

REMARKS = frozenset({"validation"})
"""Checks of the set-up's realism, which say nothing of a round's results."""


@dataclass(frozen=True)
class Finding:
    """A value beyond its threshold.

    Args:
        check: One of `TITLES`.
        sentence: What was found, with the numbers.
        remark: Whether it is a remark, not a warning.
    """

    check: str
    value: float
    threshold: float
    sentence: str

    @property
    def remark(self) -> bool:
        return self.check in REMARKS


def is_recorded(record: RoundRecord) -> bool:
    """Whether a round has a health at all: those of older versions have none."""
    return record.health is not None


def values(record: RoundRecord, thresholds: Health) -> dict[str, float]:
    """Check to its value, of those that were measured in a round.

    Args:
        record: The round.
        thresholds: For the cosine of a near-duplicate.
    """
    health = record.health
    if health is None:
        return {}
    measured = {
        "near_chance": _skill(record),
        "accuracy_drop": health.accuracy_drop,
        "class_kl": _difference(health.acquired_kl, health.acquired_kl_random),
        "near_duplicates": (health.near_duplicates or {}).get(str(thresholds.duplicate_cosine)),
        "drawn_by_lot": health.drawn_by_lot,
        "ranking_change": health.ranking_change,
        "saturated": health.saturated,
        "constant_score": health.score_spread,
        "validation": None if health.validation is None else health.validation / max(record.labelled, 1),
    }
    return {check: float(value) for check, value in measured.items() if value is not None}


def findings(record: RoundRecord, thresholds: Health) -> list[Finding]:
    """What is unhealthy in a round; nothing where it has no health on record."""
    unhealthy = []
    for check, value in values(record, thresholds).items():
        threshold = getattr(thresholds, check)
        if threshold and _is_beyond(check, value, threshold):
            unhealthy.append(Finding(check, value, threshold, _sentence(check, value, threshold, record, thresholds)))
    return unhealthy


def _is_beyond(check: str, value: float, threshold: float) -> bool:
    if check == "near_chance":
        return value < threshold
    return value <= threshold if check == "constant_score" else value > threshold


def _sentence(check: str, value: float, threshold: float, record: RoundRecord, thresholds: Health) -> str:
    health, accuracy = record.health, math.nan if record.accuracy is None else record.accuracy
    assert health is not None
    share = f"{value:.0%} of the batch"
    match check:
        case "near_chance":
            return (
                f"training collapsed: accuracy {accuracy:.4f}, where always naming one class has "
                f"{health.chance:.4f} ({value:.3f} of the way from there to 1, less than {threshold:g})"
            )
        case "accuracy_drop":
            return (
                f"training collapsed: accuracy fell from {accuracy + value:.4f} to {accuracy:.4f}, by more than "
                f"{threshold:g}"
            )
        case "class_kl":
            return (
                f"classes out of balance: KL(acquired so far ‖ pool) is {health.acquired_kl:.2f} nats, "
                f"{value:.2f} above the mean of as many random points (more than {threshold:g})"
            )
        case "near_duplicates":
            return (
                f"near-duplicates: {share} has a cosine of at least {thresholds.duplicate_cosine:g} with a row picked "
                f"before it (more than {threshold:.0%})"
            )
        case "drawn_by_lot":
            return f"tied scores: {share} was chosen at random among equal scores (more than {threshold:.0%})"
        case "ranking_change":
            return (
                f"Monte-Carlo noise: {share} changes from one half of the posterior's draws to the other (more than "
                f"{threshold:.0%}); raise posterior.draws"
            )
        case "saturated":
            return (
                f"BatchBALD saturated: {share} was picked after the draws had no information left (log K); raise "
                "posterior.draws or lower schedule.batch"
            )
        case "constant_score":
            return (
                f"constant score: all scores lie within {value:.1e} of each other, relatively (at most {threshold:g})"
            )
        case _:
            return (
                f"the validation set has {health.validation} points and the labelled set {record.labelled}: who could "
                "label so many would train on them"
            )


def _skill(record: RoundRecord) -> float | None:
    """(accuracy − chance) / (1 − chance) of a round that was trained and evaluated."""
    accuracy, chance = record.accuracy, record.health.chance if record.health else None
    if accuracy is None or chance is None or not record.fit or chance >= 1:
        return None
    return (accuracy - chance) / (1 - chance)


def _difference(value: float | None, reference: float | None) -> float | None:
    return None if value is None or reference is None else value - reference
