"""Tables of every arm against every other: penalty matrix, normalised errors, ranks over datasets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.statistics.area import area, shared_range
from al_bench.analysis.statistics.penalty import Penalty, cdf, normalised_errors, penalty, total
from al_bench.analysis.statistics.ranks import Ranks, ranks
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Table, Value, p_value
from al_bench.errors import InputError

_POINTS = (0.8, 0.9, 1.0, 1.1, 1.2)
_PAPERS_SEEDS = 5


def study_penalty(study: Study) -> Penalty:
    """The penalty matrix of a study, arms in the order of study.groups.

    The batch B of the budgets is the baseline's `schedule.batch`, or the smallest step of the grid where the header
    does not say.
    """
    names = [group.name for group in study.groups]
    random = names.index(study.baseline) if study.baseline is not None else None
    return penalty(
        [study.accuracy[name] for name in names], [study.seeds[name] for name in names], study.labels.tolist(),
        _batch(study), random,
    )  # fmt: skip


def _batch(study: Study) -> int:
    group = study.group(study.baseline) if study.baseline is not None else study.groups[0]
    identity = group.runs[0].header.get("identity") if group.runs else None
    batch = identity.get("schedule.batch") if isinstance(identity, dict) else None
    if isinstance(batch, int) and batch > 0:
        return batch
    return int(np.diff(study.labels).min()) if len(study.labels) > 1 else 1


def penalty_table(study: Study) -> Table:
    """Who beats whom, as the BADGE paper counts it."""
    found = study_penalty(study)
    if found.budgets:
        listed = ", ".join(str(budget) for budget in found.budgets)
        note = f"at {len(found.budgets)} label counts: {listed}. "
    else:
        note = "the arms share no label count. "
    arms = {group.name: study.title(group.name) for group in study.groups}
    return _matrix(found, arms, study.dataset, note, study.dataset)


def total_table(studies: Sequence[Study]) -> Table | None:
    """The penalty matrices summed over datasets, for the arms that all have; None for fewer than two of either."""
    names = common_arms(studies)
    if len(names) < 2 or len(studies) < 2:
        return None
    settings = []
    for study in studies:
        one = study_penalty(study)
        order = [[group.name for group in study.groups].index(name) for name in names]
        settings.append(Penalty(one.matrix[np.ix_(order, order)], 1, one.budgets, one.seeds))
    arms = {name: studies[0].title(name) for name in names}
    return _matrix(total(settings), arms, f"{len(studies)} datasets", "", "all", "penalty_total")


def _matrix(found: Penalty, arms: dict[str, str], where: str, note: str, dataset: str, key: str = "penalty") -> Table:
    names, titles = [*arms], [*arms.values()]
    rows = []
    for place, title in enumerate(titles):
        cells = ("" if place == other else _cell(found.matrix[place, other]) for other in range(len(titles)))
        rows.append((f"{place + 1} {title}", *cells))
    rows.append(("column average", *(_cell(value) for value in found.beaten)))
    fewest, most = found.seeds
    if most == 0:
        note += "No two arms share two seeds: nothing could be tested. "
    elif (fewest, most) != (_PAPERS_SEEDS, _PAPERS_SEEDS):
        note += f"n = {fewest if fewest == most else f'{fewest} to {most}'} seeds a comparison, the paper has 5. "
    note += (
        "Cell: how often the row's arm beats the column's (paired t-test, p < 0.05, no correction), in settings; "
        f"at most {found.settings}. Column average: how often an arm is beaten, lower is better."
    )
    records: tuple[dict[str, Value], ...] = tuple(
        {"dataset": dataset, "arm": names[i], "beats": names[j], "penalty": float(found.matrix[i, j])}
        for i in range(len(titles))
        for j in range(len(titles))
        if i != j
    )
    heads = ("", *(str(place + 1) for place in range(len(titles))))
    return Table(key, f"Pairwise penalty matrix on {where} (BADGE)", heads, tuple(rows), note, records)


def study_errors(study: Study) -> tuple[list[str], NDArray[np.float64]]:
    """Arms (names) and their normalised errors [A, n] at the label counts of the penalty matrix.

    Raises:
        InputError: There is no baseline.
    """
    if study.baseline is None:
        raise InputError(
            f"normalised errors on {study.dataset} need a baseline; run strategy=random or give --baseline"
        )
    places = [int(np.flatnonzero(study.labels == budget)[0]) for budget in study_penalty(study).budgets]
    names = [group.name for group in study.groups]
    accuracy = [study.accuracy[name][:, places] for name in names]
    return names, normalised_errors(accuracy, study.accuracy[study.baseline][:, places])


def error_table(study: Study) -> Table:
    """The CDF of normalised errors at a few points."""
    names, errors = study_errors(study)
    rows: list[tuple[str, ...]] = []
    records: list[dict[str, Value]] = []
    for name, values in zip(names, errors, strict=True):
        if name == study.baseline:
            continue
        shares = cdf(values, _POINTS)
        rows.append((study.title(name), *(_cell(share) for share in shares)))
        records += [
            {"dataset": study.dataset, "arm": name, "at_most": point, "share": float(share)}
            for point, share in zip(_POINTS, shares, strict=True)
        ]
    base = study.title(study.baseline or "")
    note = (
        f"share of the {errors.shape[1]} label counts of the penalty matrix at which the mean error is at most so many "
        f"times {base}'s; in the column ≤ 1 the higher the better."
    )
    heads = ("arm", *(f"≤ {point:g}" for point in _POINTS))
    title = f"Error relative to {base} on {study.dataset}, cumulative share"
    return Table("errors", title, heads, tuple(rows), note, tuple(records))


def common_arms(studies: Sequence[Study]) -> list[str]:
    """The names of the arms that every study has, in the first one's order."""
    others = [{group.name for group in study.groups} for study in studies[1:]]
    return [group.name for group in studies[0].groups if all(group.name in names for names in others)]


def study_ranks(studies: Sequence[Study]) -> tuple[list[str], Ranks] | None:
    """The arms common to all datasets, ranked by mean AUBC on each; None for fewer than two of either.

    The area is through the label counts at which all these arms were evaluated on the dataset, over the range that they
    share; a dataset without one is left out.
    """
    names = common_arms(studies)
    scores = []
    for study in studies:
        shared = study.shared_counts(names)
        labels, curves = study.labels[shared], [study.accuracy[name][:, shared] for name in names]
        span = shared_range(labels, curves)
        if span is not None:
            scores.append([float(area(labels, rows, *span).mean()) for rows in curves])
    if len(names) < 2 or len(scores) < 2:
        return None
    return names, ranks(np.array(scores))


def ranks_table(studies: Sequence[Study]) -> Table | None:
    """Mean ranks over datasets with the critical difference; None for fewer than two datasets or common arms."""
    found = study_ranks(studies)
    if found is None:
        return None
    names, ranked = found
    order = [int(place) for place in np.argsort(ranked.mean, kind="stable")]
    letters = dict.fromkeys(order, "")
    for letter, members in zip("abcdefghijklmnopqrstuvwxyz", ranked.cliques, strict=False):
        for place in members:
            letters[place] += letter
    rows = tuple((studies[0].title(names[place]), f"{ranked.mean[place]:.2f}", letters[place]) for place in order)
    friedman = "" if math.isnan(ranked.p) else f"Friedman's test that all rank alike: p {_equals(p_value(ranked.p))}. "
    note = (
        f"by mean AUBC, 1 is best; critical difference {ranked.critical:.2f} (Nemenyi, 5 %): arms with a letter in "
        f"common are not told apart. {friedman}A dataset counts once, however many its seeds."
    )
    records: tuple[dict[str, Value], ...] = tuple(
        {
            "arm": names[place],
            "mean_rank": float(ranked.mean[place]),
            "datasets": ranked.datasets,
            "critical_difference": ranked.critical,
            "friedman_p": ranked.p,
            "group": letters[place],
        }
        for place in order
    )
    title = f"Mean ranks over {ranked.datasets} datasets"
    return Table("ranks", title, ("arm", "mean rank", "not told apart"), rows, note, records)


def _equals(text: str) -> str:
    return text if text.startswith("<") else f"= {text}"


def _cell(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"
