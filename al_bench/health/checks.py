"""From a round on record to what is unhealthy in it: values against thresholds, and against what random points show.

Nothing here imports torch: the log, figures and reports all read the same record. The sentences are in
`al_bench.health.sentences`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from al_bench.health.class_balance import class_entropy
from al_bench.health.thresholds import Health
from al_bench.records import RoundRecord

TITLES = {
    "near_chance": "hardly better than guessing",
    "accuracy_drop": "accuracy fell sharply",
    "class_kl": "most picks are of few classes",
    "missing_classes": "classes without any label",
    "near_duplicates": "near-copies in the batch",
    "drawn_by_lot": "equal scores, so picked at random",
    "ranking_change": "picks decided by chance: too few posterior draws",
    "saturated": "BatchBALD ran out of information",
    "constant_score": "all scores are equal",
    "validation": "validation set larger than the labelled set",
}
"""Check, which is also its key under `health`, to what it is called."""

REMARKS = frozenset({"validation"})
"""Checks of the set-up's realism, which say nothing of a round's results."""

RELATIVE = frozenset({"class_kl", "near_duplicates"})
"""Checks of what is picked, which random picks show too: Random's rounds are what the others are compared with."""

OF_THE_END = frozenset({"missing_classes"})
"""Checks of a run, not of a round: its last round is what they look at."""


@dataclass(frozen=True)
class Finding:
    """A value beyond its threshold.

    Args:
        check: One of `TITLES`.
        value, threshold: In the units of `al_bench.health.thresholds.Health`.
        sentence: What it means, in plain words with the numbers.
        measure: The values behind it, for experts.
    """

    check: str
    value: float
    threshold: float
    sentence: str
    measure: str

    @property
    def remark(self) -> bool:
        """Whether it is a remark, not a warning."""
        return self.check in REMARKS


@dataclass(frozen=True)
class RandomRounds:
    """The values of the relative checks in Random's rounds of a study.

    Args:
        values: Check to the pairs (points of the batch, value) of every round that measured it.
    """

    values: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)

    def highest(self, check: str, batch: int) -> float | None:
        """The highest value in Random's rounds of as large a batch, or where there are none in any; None without."""
        measured = self.values.get(check, ())
        alike = [value for points, value in measured if points == batch]
        return max(alike or [value for _, value in measured], default=None)


@dataclass(frozen=True)
class Context:
    """What a check needs beside the round's own record.

    Args:
        acquired: [C] points of each class acquired so far, this round's batch included and the initial set not; empty
            where it is not known.
        pool, test: [C] points of each class in the pool and in the test part; empty where they are not known.
        class_names: [C] what the user calls the classes; empty where it is not known.
        is_random: Whether the strategy is Random, which is compared with nothing.
        random: Random's rounds of the same study; empty where there are none.
        is_last: Whether the run ends with this round.
    """

    acquired: Sequence[int] = ()
    pool: Sequence[int] = ()
    test: Sequence[int] = ()
    class_names: Sequence[str] = ()
    is_random: bool = False
    random: RandomRounds = field(default_factory=RandomRounds)
    is_last: bool = False

    def missing(self, labelled: Sequence[int]) -> list[int]:
        """The classes of the pool or the test part of which nothing is labelled.

        Args:
            labelled: [C] labelled points of each class.
        """
        known = [self.pool, self.test] if self.pool and self.test else [[1] * len(labelled)]
        return [
            number for number, count in enumerate(labelled) if not count and any(counts[number] for counts in known)
        ]


def acquired_classes(record: RoundRecord, initial: Sequence[int]) -> list[int]:
    """[C] points of each class acquired up to a round, its batch included; empty where the records do not say.

    Args:
        initial: [C] points of each class in the initial set.
    """
    if len(record.class_counts) != len(initial) or record.acquired_labels is None:
        return []
    counts = [count - first for count, first in zip(record.class_counts, initial, strict=True)]
    for label in record.acquired_labels:
        if label < len(counts):
            counts[label] += 1
    return counts if min(counts, default=0) >= 0 else []  # negative: of another run


def is_recorded(record: RoundRecord) -> bool:
    """Whether a round has a health at all: those of older versions have none."""
    return record.health is not None


def values(record: RoundRecord, thresholds: Health, context: Context | None = None) -> dict[str, float]:
    """Check to its value, of those that were measured in a round.

    Args:
        record: The round.
        thresholds: For the cosine of a near-duplicate.
        context: What else is known.
    """
    context = context or Context()
    health = record.health
    measured: dict[str, float | None] = {}
    if context.is_last and record.class_counts:
        measured["missing_classes"] = len(context.missing(record.class_counts))
    if health is not None:
        measured |= {
            "near_chance": _skill(record),
            "accuracy_drop": health.accuracy_drop,
            "class_kl": _imbalance(record, context),
            "near_duplicates": _copies(record, str(thresholds.duplicate_cosine)),
            "drawn_by_lot": health.drawn_by_lot,
            "ranking_change": health.ranking_change,
            "saturated": health.saturated,
            "constant_score": health.score_spread,
            "validation": None if health.validation is None else health.validation / max(record.labelled, 1),
        }
    return {check: float(measured[check] or 0.0) for check in TITLES if measured.get(check) is not None}


def findings(record: RoundRecord, thresholds: Health, context: Context | None = None) -> list[Finding]:
    """What is unhealthy in a round; nothing where it has no health on record.

    A relative check is a finding only where its value is above that of every one of Random's rounds in the study.
    """
    from al_bench.health.sentences import measure, sentence

    context = context or Context()
    unhealthy = []
    for check, value in values(record, thresholds, context).items():
        threshold = getattr(thresholds, check)
        if threshold and _is_beyond(check, value, threshold) and not _is_as_random(check, value, record, context):
            texts = (text(check, value, threshold, record, thresholds, context) for text in (sentence, measure))
            unhealthy.append(Finding(check, value, threshold, *texts))
    return unhealthy


def _is_beyond(check: str, value: float, threshold: float) -> bool:
    if check == "near_chance":
        return value < threshold
    if check == "missing_classes":
        return value >= threshold
    return value <= threshold if check == "constant_score" else value > threshold


def _is_as_random(check: str, value: float, record: RoundRecord, context: Context) -> bool:
    """Whether random picks show as much."""
    if check not in RELATIVE:
        return False
    highest = context.random.highest(check, len(record.acquired or ()))
    return context.is_random or (highest is not None and value <= highest)


def _skill(record: RoundRecord) -> float | None:
    """(accuracy − chance) / (1 − chance) of a round that was trained and evaluated."""
    accuracy, chance = record.accuracy, record.health.chance if record.health else None
    if accuracy is None or chance is None or not record.fit or chance >= 1:
        return None
    return (accuracy - chance) / (1 - chance)


def _imbalance(record: RoundRecord, context: Context) -> float | None:
    """By how much the classes acquired so far are less even than those of as many random points, nats.

    KL(p ‖ q) less its mean for random points, p the acquired classes and q the pool's; where p is known, no more than
    E[H(random)] − H(p), which is negative where p is more even than random points: a strategy that finds the rare
    classes leaves the pool's shares on purpose. E[H(random)] = H(q) − E[KL(random ‖ q)]. In a pool of even classes both
    are the same.
    """
    health = record.health
    if health is None or health.acquired_kl is None or health.acquired_kl_random is None:
        return None
    excess = health.acquired_kl - health.acquired_kl_random
    if not (sum(context.acquired) and sum(context.pool)):
        return excess
    return min(excess, class_entropy(context.pool) - health.acquired_kl_random - class_entropy(context.acquired))


def _copies(record: RoundRecord, cosine: str) -> float | None:
    """The share of near-duplicates in the batch, less that of as many random points where it is on record."""
    health = record.health
    share = (health.near_duplicates or {}).get(cosine) if health else None
    if health is None or share is None:
        return None
    return share - (health.near_duplicates_random or {}).get(cosine, 0.0)
