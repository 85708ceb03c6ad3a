"""Which values of the metric the labels are counted to, where the user names none."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from al_bench.analysis.statistics.savings import crossings, max_fitted
from al_bench.analysis.study import Study


def default_targets(study: Study) -> tuple[float, ...]:
    """Up to three round values, the easiest first: one on the way, the baseline's last, and one that only others reach.

    The middle one is the best whole per cent (tenth of a per cent where the curves are that flat; of other units a
    round number likewise) that every seed of the baseline reaches; the first is a multiple of 5 % before it; the third
    the best that every seed of some arm reaches. Empty where no round value lies on the baseline's curve. Without a
    baseline the arm that ends worst stands for it. Of a study of several settings, those of the first.
    """
    study = study.part(study.every_setting[0])
    sign = study.metric.sign
    chosen = study.baseline
    if chosen is None:
        chosen = min(study.values, key=lambda name: best_every_seed_reaches(study, name))
    base = sign * study.values[chosen]
    start = float(np.nanmax([row[~np.isnan(row)][0] for row in base]))
    lowest = best_every_seed_reaches(study, chosen)
    for step in _steps(study):
        middle = _floor(lowest, step)
        if middle > start:
            break
    else:
        return ()
    best = max(_floor(best_every_seed_reaches(study, name), step) for name in study.values)
    coarse = 5 * _steps(study)[0]
    below = _floor(middle - coarse / 2, coarse)  # nearer than that it says the same
    ascending = sorted({middle, *([best] if best > middle else []), *([below] if below > start else [])})
    return tuple(sign * value + 0.0 for value in ascending)


def _steps(study: Study) -> tuple[float, ...]:
    """What targets are multiples of, the coarser first: a point, and a tenth of it; of whole numbers one."""
    point = study.metric.point
    return (point,) if point >= 1 else (point, point / 10)


def targets_by_arm(study: Study, targets: Sequence[float] | None) -> dict[str, tuple[float, ...]]:
    """The targets of every arm: those that the user named, or with None those of its setting, so that no arm of another
    changes them."""
    chosen: dict[str, tuple[float, ...]] = {}
    for setting in study.every_setting:
        asked = default_targets(study.part(setting)) if targets is None else in_order(study, targets)
        chosen |= dict.fromkeys(setting.arms, asked)
    return chosen


def every_target(study: Study, targets: Sequence[float] | None) -> tuple[float, ...]:
    """The targets of all arms, the easiest first."""
    return in_order(study, [target for asked in targets_by_arm(study, targets).values() for target in asked])


def in_order(study: Study, targets: Sequence[float]) -> tuple[float, ...]:
    """Targets once each, the easiest first.

    Raises:
        InputError: one is no value that the metric can have.
    """
    for target in targets:
        study.metric.check_target(target)
    return tuple(sorted(set(targets), key=lambda target: study.metric.sign * target))


def primary_target(study: Study, targets: Sequence[float]) -> float | None:
    """The target that the verdict tests: the hardest that every seed of the baseline reaches, else the easiest."""
    if study.baseline is None or not targets:
        return None
    sign = study.metric.sign
    ordered = sorted(targets, key=lambda target: sign * target)
    oriented = [sign * target for target in ordered]
    crossed = crossings(study.labels, sign * study.values[study.baseline], oriented)  # [S,X]
    reached = [target for column, target in enumerate(ordered) if np.isfinite(crossed[:, column]).all()]
    return reached[-1] if reached else ordered[0]


def best_every_seed_reaches(study: Study, name: str) -> float:
    """The best value that every seed of an arm reaches, times the metric's sign."""
    return float(max_fitted(study.metric.sign * study.values[name]).min())


def _floor(value: float, step: float) -> float:
    return round(math.floor(value / step + 1e-9) * step, 6)
