"""Which accuracies the labels are counted to, where the user names none."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from al_bench.analysis.statistics.savings import crossings, max_fitted_accuracy
from al_bench.analysis.study import Study

_STEPS = (0.01, 0.001)


def default_targets(study: Study) -> tuple[float, ...]:
    """Up to three round accuracies, ascending: one on the way, the baseline's last, and one that only others reach.

    The middle one is the highest whole per cent (tenth of a per cent where the curves are that flat) that every seed
    of the baseline reaches; the first is a multiple of 5 % below it; the third the highest that every seed of some
    arm reaches. Empty where no round accuracy lies on the baseline's curve. Without a baseline the arm that ends lowest
    stands for it.
    """
    chosen = study.baseline
    if chosen is None:
        chosen = min(study.accuracy, key=lambda name: accuracy_every_seed_reaches(study, name))
    base = study.accuracy[chosen]
    start = float(np.nanmax([row[~np.isnan(row)][0] for row in base]))
    lowest = accuracy_every_seed_reaches(study, chosen)
    for step in _STEPS:
        middle = _floor(lowest, step)
        if middle > start:
            break
    else:
        return ()
    best = max(_floor(accuracy_every_seed_reaches(study, name), step) for name in study.accuracy)
    below = _floor(middle - 0.025, 0.05)  # nearer than that it says the same
    return tuple(sorted({middle, *([best] if best > middle else []), *([below] if below > start else [])}))


def primary_target(study: Study, targets: Sequence[float]) -> float | None:
    """The target that the verdict tests: the highest that every seed of the baseline reaches, else the lowest."""
    if study.baseline is None or not targets:
        return None
    crossed = crossings(study.labels, study.accuracy[study.baseline], sorted(targets))  # [S,X]
    reached = [target for column, target in enumerate(sorted(targets)) if np.isfinite(crossed[:, column]).all()]
    return max(reached) if reached else min(targets)


def accuracy_every_seed_reaches(study: Study, name: str) -> float:
    """The highest accuracy that every seed of an arm reaches."""
    return float(max_fitted_accuracy(study.accuracy[name]).min())


def _floor(value: float, step: float) -> float:
    return round(math.floor(value / step + 1e-9) * step, 6)
