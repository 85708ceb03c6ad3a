"""The statistics that a figure over all arms needs: the penalty matrix and the mean ranks, from studies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.statistics.area import area, shared_range
from al_bench.analysis.statistics.penalty import Penalty, penalty, total
from al_bench.analysis.statistics.ranks import Ranks, ranks
from al_bench.analysis.study import Study
from al_bench.errors import InputError


def shared_arms(studies: Sequence[Study]) -> list[str]:
    """The titles of the arms that every study has, sorted.

    Raises:
        InputError: Fewer than two.
    """
    titles = [{study.title(group.name) for group in study.groups} for study in studies if study.groups]
    shared = sorted(set.intersection(*titles)) if titles else []
    if len(shared) < 2:
        where = " that all datasets share" if len(titles) > 1 else ""
        raise InputError(f"{len(shared) or 'no'} arm{where}: a comparison of arms needs two; add another strategy")
    return shared


def penalty_of(studies: Sequence[Study]) -> tuple[Penalty, list[str]]:
    """The penalty matrix summed over studies, a setting each, and the titles of its arms.

    A setting's acquisition batch is the step between label counts that most of its runs take.

    Raises:
        InputError: Fewer than two arms in common, or nothing that could be tested.
    """
    shown = [study for study in studies if study.groups]
    arms = shared_arms(shown)
    settings = []
    for study in shown:
        names = [_name(study, title) for title in arms]
        base = names.index(study.baseline) if study.baseline in names else None
        seeds = [study.seeds[name] for name in names]
        labels = study.labels.tolist()
        settings.append(penalty([study.accuracy[name] for name in names], seeds, labels, _batch(study), base))
    summed = total(settings)
    if summed.seeds == (0, 0) or np.isnan(summed.matrix[~np.eye(len(arms), dtype=bool)]).all():
        raise InputError("no two arms share two seeds at one label count: nothing to test; run more seeds (seed=0,1,2)")
    return summed, arms


def ranks_of(studies: Sequence[Study]) -> tuple[Ranks, list[str]]:
    """Mean ranks of the shared arms by their mean AUBC on every dataset, and the titles of the arms.

    Raises:
        InputError: Fewer than two datasets or arms, or a dataset whose seeds share no range of labels.
    """
    shown = [study for study in studies if study.groups]
    if len(shown) < 2:
        raise InputError("mean ranks are over datasets and need at least two; add folders of another dataset")
    arms = shared_arms(shown)
    scores: list[list[float]] = []
    for study in shown:
        curves: list[NDArray[np.float64]] = [study.accuracy[_name(study, title)] for title in arms]
        span = shared_range(study.labels, curves)
        if span is None:
            raise InputError(f"the seeds on {study.dataset} share no range of labels; leave out the shortest runs")
        scores.append([float(area(study.labels, curve, *span).mean()) for curve in curves])
    return ranks(np.array(scores)), arms


def _name(study: Study, title: str) -> str:
    return next(group.name for group in study.groups if study.title(group.name) == title)


def _batch(study: Study) -> int:
    steps = Counter(
        int(step) for group in study.groups for run in group.runs for step in np.diff([*run.labels]).tolist()
    )
    return steps.most_common(1)[0][0] if steps else 1
