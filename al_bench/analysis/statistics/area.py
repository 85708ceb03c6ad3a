"""The area under the budget curve: one number for a whole curve of accuracy over labels."""

from __future__ import annotations

import math

import numpy as np
from scipy.integrate import trapezoid

from al_bench.analysis.statistics import Counts, Floats


def area(labels: Counts, accuracy: Floats, low: float, high: float, log: bool = False) -> Floats:
    """AUBC of every seed: ∫ a(L) dL / (high − low), by the trapezoid rule; under `log` over ln L instead of L.

    A curve that is flat has its accuracy as area. Between two evaluations the curve is a straight line (in ln L
    under `log`), which is also how its values at `low` and `high` are found where it was not evaluated there.

    Args:
        labels: Label counts, increasing, [B].
        accuracy: A fraction, NaN where not evaluated, [S, B].
        low, high: The range of labels, in labels.
        log: Weigh by relative instead of absolute growth of the labelled set.

    Returns:
        A fraction per seed, [S]; NaN for a seed that was not evaluated as far down as `low` and as far up as `high`.

    Raises:
        ValueError: An empty range, or one that begins at 0 labels under `log`.

    Source: Zhan, Liu, Li & Chan 2021 (A comparative survey: benchmarking for pool-based active learning), AUBC.
    """
    if not low < high or (log and low <= 0):
        raise ValueError(f"no area between {low:g} and {high:g} labels{' on a log scale' if log else ''}")
    scale = np.log if log else np.asarray
    areas = np.full(len(accuracy), np.nan)
    for seed, row in enumerate(accuracy):
        there = ~np.isnan(row)
        counts, values = labels[there].astype(float), row[there]
        if len(counts) < 2 or counts[0] > low or counts[-1] < high:
            continue
        if log:  # a first round at 0 labels lies below `low`
            counts, values = counts[counts > 0], values[counts > 0]
            if counts[0] > low:
                continue
        inner = counts[(counts > low) & (counts < high)]
        positions = scale(np.concatenate([[low], inner, [high]]))
        areas[seed] = trapezoid(np.interp(positions, scale(counts), values), positions) / (positions[-1] - positions[0])
    return areas


def shared_range(labels: Counts, curves: list[Floats], log: bool = False) -> tuple[float, float] | None:
    """The widest range of labels that every seed of every curve was evaluated over; None where there is none.

    Args:
        labels: Label counts, [B].
        curves: Accuracies [S, B] each, NaN where not evaluated.
        log: For areas over ln labels: a range that begins at 0 labels begins at the first count above 0 instead.
    """
    lows, highs = [], []
    for row in (row for accuracy in curves for row in accuracy):
        counts = labels[~np.isnan(row)]
        if not len(counts):
            return None
        lows.append(counts[0])
        highs.append(counts[-1])
    if not lows or max(lows) >= min(highs):
        return None
    low, high = float(max(lows)), float(min(highs))
    if log and low <= 0:
        low = float(next(iter(labels[labels > 0]), math.inf))
    return (low, high) if low < high else None
