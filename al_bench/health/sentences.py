"""Findings in plain words, and the values behind them for experts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from al_bench.health.checks import Context
    from al_bench.health.thresholds import Health
    from al_bench.records import RoundRecord

MOST_NAMES = 5
"""Classes that a sentence names."""


def percent(share: float, digits: int = 0) -> str:
    """`12 %`."""
    return f"{100 * share:.{digits}f} %"


def sentence(
    check: str, value: float, threshold: float, record: RoundRecord, thresholds: Health, context: Context
) -> str:
    """What a finding means, with its numbers, in words that need no statistics.

    Args:
        check: One of `al_bench.health.checks.TITLES`.
        value, threshold: Of the check.
        record: The round.
        thresholds: All of them.
        context: What else is known.
    """
    health, accuracy = record.health, math.nan if record.accuracy is None else record.accuracy
    batch = f"{percent(value)} of the batch"
    match check:
        case "missing_classes":
            return _missing(record.class_counts, context)
        case _ if health is None:
            return ""
        case "near_chance":
            return (
                f"accuracy {percent(accuracy, 1)}, hardly better than always naming the commonest class "
                f"({percent(health.chance or 0, 1)}): the training learned next to nothing"
            )
        case "accuracy_drop":
            return (
                f"accuracy fell from {percent(accuracy + value, 1)} to {percent(accuracy, 1)} from one evaluation to "
                "the next: the training may have failed"
            )
        case "class_kl":
            return _few_classes(context)
        case "near_duplicates":
            share = (health.near_duplicates or {})[str(thresholds.duplicate_cosine)]
            return (
                f"{percent(share)} of the batch are near-copies of a point picked before them "
                f"({_random_copies(record, thresholds, context)}): labels spent on the same thing twice"
            )
        case "drawn_by_lot":
            return f"{batch} was picked at random, as more points had the same score than there was room for"
        case "ranking_change":
            return f"{batch} would be other points if the posterior were drawn anew; raise posterior.draws"
        case "saturated":
            return (
                f"{batch} was picked when BatchBALD could no longer tell the candidates apart; raise posterior.draws "
                "or lower schedule.batch"
            )
        case "constant_score":
            return "all candidates have the same score: the batch is a random one"
        case _:
            return (
                f"the validation set has {health.validation} points and the labelled set {record.labelled}: who could "
                "label so many would train on them"
            )


def measure(
    check: str, value: float, threshold: float, record: RoundRecord, thresholds: Health, context: Context
) -> str:
    """The value behind a finding, its threshold, and what random points have, as experts call them."""
    health = record.health
    limit = f"threshold {threshold:g}"
    highest = context.random.highest(check, len(record.acquired or ()))
    random = "" if highest is None else f", Random's rounds at most {highest:.2f}"
    match check:
        case "near_chance":
            return f"(accuracy − chance) / (1 − chance) = {value:.3f}, {limit}"
        case "accuracy_drop":
            return f"drop {value:.3f}, {limit}"
        case "class_kl" if health is not None:
            return (
                f"KL(picked ‖ pool) = {health.acquired_kl:.2f} nats, of random points {health.acquired_kl_random:.2f}; "
                f"less even by {value:.2f} nats, {limit}{random}"
            )
        case "near_duplicates":
            return (
                f"share of cosine ≥ {thresholds.duplicate_cosine:g} above random points' {value:.2f}, {limit}{random}"
            )
        case "constant_score":
            return f"(highest − lowest) / magnitude = {value:.1e}, {limit}"
        case "validation":
            return f"validation / labelled = {value:.2f}, {limit}"
        case _:
            return f"{value:.2f}, {limit}" if check != "missing_classes" else f"{value:.0f} classes, {limit}"


def class_list(numbers: Sequence[int], names: Sequence[str]) -> str:
    """Some classes as the user calls them, of many the first."""
    shown = [repr(names[number]) if number < len(names) else f"number {number}" for number in numbers[:MOST_NAMES]]
    more = len(numbers) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _missing(labelled: Sequence[int], context: Context) -> str:
    """Which classes have no label at the end, how many points they have, and what they cost."""
    missing = context.missing(labelled)
    names = class_list(missing, context.class_names)
    text = f"no label at the end of {len(missing)} of {len(labelled)} classes: {names}"
    if not (context.pool and context.test):
        return text
    points, tested = (sum(counts[number] for number in missing) for counts in (context.pool, context.test))
    share = f" ({percent(tested / sum(context.test), 1)})" if sum(context.test) else ""
    text += f"; they have {points:,} of the pool's {sum(context.pool):,} points"
    text += f" and {tested:,} of the test points{share}, each of them an error" if tested else ""
    absent = [number for number in missing if not context.pool[number]]
    return text + (f"; the pool has none of {class_list(absent, context.class_names)}" if absent else "")


def _few_classes(context: Context) -> str:
    """Which class most picks are of, and how many classes have none."""
    acquired, pool = context.acquired, context.pool
    if not sum(acquired):
        return "the points picked so far are of few classes, where random points would be of more"
    most = max(range(len(acquired)), key=lambda number: acquired[number])
    total = sum(acquired)
    text = (
        f"{acquired[most]} of the {total} points picked so far are of class {class_list([most], context.class_names)}"
    )
    expected = total * pool[most] / sum(pool) if sum(pool) else 0.0
    text += f", where random points would have {expected:.{0 if expected >= 1 else 1}f}" if sum(pool) else ""
    never = sum(not count for number, count in enumerate(acquired) if not pool or pool[number])
    classes = sum(count > 0 for count in pool) if pool else len(acquired)
    return text + (f"; {never} of {classes} classes not picked yet" if never else "")


def _random_copies(record: RoundRecord, thresholds: Health, context: Context) -> str:
    """What random points have."""
    random = (record.health.near_duplicates_random or {}) if record.health else {}
    expected = random.get(str(thresholds.duplicate_cosine))
    highest = context.random.highest("near_duplicates", len(record.acquired or ()))
    if expected is not None:
        return f"of random points {percent(expected)}"
    if highest is not None:
        return f"of Random's batches at most {percent(highest)}"
    return "how many of random points is not on record"
