"""From a round on record to what is unhealthy in it: values against thresholds, in words.

Nothing here imports torch: the log, figures and reports all read the same record.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from al_bench.health.thresholds import Health

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


def is_recorded(entry: Mapping[str, Any]) -> bool:
    """Whether a round of rounds.jsonl has a health at all: those of older versions have none."""
    return isinstance(entry.get("health"), Mapping)


def values(entry: Mapping[str, Any], thresholds: Health) -> dict[str, float]:
    """Check to its value, of those that were measured in a round of rounds.jsonl.

    Args:
        thresholds: For the cosine of a near-duplicate.
    """
    if not is_recorded(entry):
        return {}
    health = entry["health"]
    found = {
        "near_chance": _skill(entry),
        "accuracy_drop": health.get("accuracy_drop"),
        "class_kl": _difference(health.get("acquired_kl"), health.get("acquired_kl_random")),
        "near_duplicates": (health.get("near_duplicates") or {}).get(str(thresholds.duplicate_cosine)),
        "drawn_by_lot": health.get("drawn_by_lot"),
        "ranking_change": health.get("ranking_change"),
        "saturated": health.get("saturated"),
        "constant_score": health.get("score_spread"),
        "validation": health["validation"] / max(entry["labelled"], 1)
        if _is_number(health.get("validation"))
        else None,
    }
    return {check: float(value) for check, value in found.items() if _is_number(value)}


def findings(entry: Mapping[str, Any], thresholds: Health) -> list[Finding]:
    """What is unhealthy in a round of rounds.jsonl; nothing where it has no health on record."""
    found = []
    for check, value in values(entry, thresholds).items():
        threshold = getattr(thresholds, check)
        if threshold and _is_beyond(check, value, threshold):
            found.append(Finding(check, value, threshold, _sentence(check, value, threshold, entry, thresholds)))
    return found


def _is_beyond(check: str, value: float, threshold: float) -> bool:
    if check == "near_chance":
        return value < threshold
    return value <= threshold if check == "constant_score" else value > threshold


def _sentence(check: str, value: float, threshold: float, entry: Mapping[str, Any], thresholds: Health) -> str:
    health, labelled = entry["health"], entry["labelled"]
    share = f"{value:.0%} of the batch"
    match check:
        case "near_chance":
            return (
                f"training collapsed: accuracy {entry['accuracy']:.4f}, where always naming one class has "
                f"{health['chance']:.4f} ({value:.3f} of the way from there to 1, less than {threshold:g})"
            )
        case "accuracy_drop":
            before = entry["accuracy"] + value if _is_number(entry.get("accuracy")) else math.nan
            return (
                f"training collapsed: accuracy fell from {before:.4f} to {entry['accuracy']:.4f}, by more than "
                f"{threshold:g}"
            )
        case "class_kl":
            return (
                f"classes out of balance: KL(acquired so far ‖ pool) is {health['acquired_kl']:.2f} nats, "
                f"{value:.2f} above the mean of as many random points (more than {threshold:g})"
            )
        case "near_duplicates":
            return (
                f"near-duplicates: {share} has a cosine of at least {thresholds.duplicate_cosine:g} with a row picked "
                f"before it (more than {threshold:.0%})"
            )
        case "drawn_by_lot":
            return f"tied scores: {share} was drawn by lot among equal scores (more than {threshold:.0%})"
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
                f"the validation set has {health['validation']} points and the labelled set {labelled}: who could "
                "label so many would train on them"
            )


def _skill(entry: Mapping[str, Any]) -> float | None:
    """(accuracy − chance) / (1 − chance) of a round that was trained and evaluated."""
    accuracy, chance = entry.get("accuracy"), entry["health"].get("chance")
    if not (_is_number(accuracy) and _is_number(chance)) or not entry.get("fit") or chance >= 1:
        return None
    return (accuracy - chance) / (1 - chance)


def _difference(one: Any, other: Any) -> float | None:
    return one - other if _is_number(one) and _is_number(other) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
