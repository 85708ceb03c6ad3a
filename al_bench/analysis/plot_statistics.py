"""What the figures over all arms draw, the penalty matrix and the mean ranks of compare's tables, or why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from al_bench.analysis.pairwise import common_arms, study_penalty, study_ranks
from al_bench.analysis.statistics.penalty import Penalty, total
from al_bench.analysis.statistics.ranks import Ranks
from al_bench.analysis.study import Study
from al_bench.errors import InputError


def penalty_of(studies: Sequence[Study]) -> tuple[Penalty, list[str]]:
    """The penalty matrix summed over studies, a setting each, and the titles of the arms that all of them have.

    Raises:
        InputError: Fewer than two arms in common, or nothing that could be tested.
    """
    shown = [study for study in studies if study.groups]
    names = _shared_arms(shown)
    settings = []
    for study in shown:
        found = study_penalty(study)
        places = [[group.name for group in study.groups].index(name) for name in names]
        settings.append(replace(found, matrix=found.matrix[np.ix_(places, places)]))
    summed = total(settings)
    if np.isnan(summed.matrix[~np.eye(len(names), dtype=bool)]).all():
        raise InputError("no two arms share two seeds at one label count: nothing to test; run more seeds (seed=0,1,2)")
    return summed, [shown[0].title(name) for name in names]


def ranks_of(studies: Sequence[Study]) -> tuple[Ranks, list[str]]:
    """Mean ranks over datasets by mean AUBC, and the titles of the arms that all datasets have.

    Raises:
        InputError: Fewer than two datasets or arms in common, or seeds that share no range of labels.
    """
    shown = [study for study in studies if study.groups]
    if len(shown) < 2:
        raise InputError("mean ranks are over datasets and need at least two; add folders of another dataset")
    _shared_arms(shown)
    found = study_ranks(shown)
    if found is None:
        raise InputError("fewer than two datasets have a range of labels that all seeds share; leave out short runs")
    names, ranked = found
    return ranked, [shown[0].title(name) for name in names]


def _shared_arms(studies: Sequence[Study]) -> list[str]:
    names = common_arms(studies) if studies else []
    if len(names) < 2:
        where = " that all datasets share" if len(studies) > 1 else ""
        raise InputError(f"{len(names) or 'no'} arm{where}: a comparison of arms needs two; add another strategy")
    return names
