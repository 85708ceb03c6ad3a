"""Every arm against every other: penalty matrix, normalised errors, mean ranks over datasets.

Letters: A arms, n label counts (budgets) of the penalty matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.budget import LABELS
from al_bench.analysis.statistics.area import area, shared_range
from al_bench.analysis.statistics.penalty import Penalty, normalised_errors, penalty, total
from al_bench.analysis.statistics.ranks import Ranks, ranks
from al_bench.analysis.study import Study
from al_bench.errors import InputError
from al_bench.metrics import Metric


def common_arms(studies: Sequence[Study]) -> list[str]:
    """The names of the arms that every study has, in the first one's order; empty for no study."""
    others = [{arm.name for arm in study.arms} for study in studies[1:]]
    return [arm.name for study in studies[:1] for arm in study.arms if all(arm.name in names for names in others)]


def study_penalty(study: Study, names: Sequence[str] | None = None) -> Penalty:
    """The penalty matrix of a study.

    The batch B of the budgets is the baseline's `schedule.batch`, or the smallest step between label counts where the
    header does not say.

    Args:
        study: The arms of one dataset.
        names: The arms that the matrix returned is of, in its order; None: all, in the order of study.arms. The
            budgets are those that all arms of the study have in common.
    """
    every = [arm.name for arm in study.arms]
    random = every.index(study.baseline) if study.baseline is not None else None
    sign = study.metric.sign
    matrix = penalty(
        [sign * study.values[name] for name in every], [study.seeds[name] for name in every], study.labels.tolist(),
        _batch(study), random,
    )  # fmt: skip
    if names is None:
        return matrix
    chosen = [every.index(name) for name in names]
    return replace(matrix, matrix=matrix.matrix[np.ix_(chosen, chosen)])


def _batch(study: Study) -> int:
    arm = study.arm(study.baseline) if study.baseline is not None else study.arms[0]
    identity = arm.runs[0].header.identity if arm.runs else None
    batch = (identity or {}).get("schedule.batch")
    if isinstance(batch, int) and batch > 0 and study.budget is LABELS:
        return batch
    return int(np.diff(study.labels).min()) if len(study.labels) > 1 else 1


def summed_penalty(studies: Sequence[Study]) -> tuple[list[str], Penalty]:
    """The arms (names) that all studies have, and their penalty matrix summed over the studies, each a setting.

    Raises:
        InputError: Fewer than two arms in common.
    """
    names = _shared_arms(studies)
    return names, total([study_penalty(study, names) for study in studies])


def has_best(metric: Metric) -> bool:
    """Whether a metric has a best value, from which an error is measured."""
    return _best(metric) is not None


def _best(metric: Metric) -> float | None:
    return metric.high if metric.higher_is_better else metric.low


def study_errors(study: Study) -> tuple[list[str], NDArray[np.float64]]:
    """The arms (names) and their normalised errors [A, n] at the label counts of the penalty matrix.

    Each is relative to the arm that it is compared with.

    The error is what is missing to the metric's best value: 1 less the accuracy, or a loss itself.

    Raises:
        InputError: There is no baseline, or the metric has no best value.
    """
    best = _best(study.metric)
    if best is None:
        raise InputError(f"{study.metric.label} has no best value to measure an error from")
    if study.baseline is None:
        raise InputError(
            f"normalised errors on {study.dataset} need a baseline; run strategy=random or give --baseline"
        )
    columns = np.searchsorted(study.labels, study_penalty(study).budgets)
    names = [arm.name for arm in study.arms]
    # `normalised_errors` takes accuracies, whose error is 1 less them.
    rows = {name: 1 - abs(best - study.values[name][:, columns]) for name in names}
    compared = [study.baseline_of(name) or study.baseline for name in names]
    errors = [normalised_errors([rows[name]], rows[base])[0] for name, base in zip(names, compared, strict=True)]
    return names, np.stack(errors)


def mean_ranks(studies: Sequence[Study]) -> tuple[list[str], Ranks]:
    """The arms (names) that all datasets have, ranked by mean AUBC on each.

    The area is through the label counts at which all these arms were evaluated on the dataset, over the range that they
    share; a dataset without one is left out.

    Raises:
        InputError: Fewer than two datasets, arms in common, or datasets with a range that all seeds share.
    """
    if len(studies) < 2:
        raise InputError("mean ranks are over datasets and need at least two; add folders of another dataset")
    names = _shared_arms(studies)
    scores = []
    for study in studies:
        shared = study.shared_counts(names)
        labels, curves = study.labels[shared], [study.metric.sign * study.values[name][:, shared] for name in names]
        span = shared_range(labels, curves)
        if span is not None:
            scores.append([float(area(labels, rows, *span).mean()) for rows in curves])
    if len(scores) < 2:
        raise InputError("fewer than two datasets have a range of labels that all seeds share; leave out short runs")
    return names, ranks(np.array(scores))


def _shared_arms(studies: Sequence[Study]) -> list[str]:
    names = common_arms(studies)
    if len(names) < 2:
        where = " that all datasets share" if len(studies) > 1 else ""
        raise InputError(f"{len(names) or 'no'} arm{where}: a comparison of arms needs two; add another strategy")
    return names
