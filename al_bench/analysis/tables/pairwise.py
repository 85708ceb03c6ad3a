"""Tables of every arm against every other: penalty matrix, normalised errors, mean ranks over datasets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from al_bench.analysis.pairwise import common_arms, mean_ranks, study_errors, study_penalty, summed_penalty
from al_bench.analysis.statistics.penalty import Penalty, cdf
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Table, Value, p_value
from al_bench.errors import InputError

_POINTS = (0.8, 0.9, 1.0, 1.1, 1.2)
_PAPERS_SEEDS = 5


def penalty_table(study: Study) -> Table:
    """Who beats whom, as the BADGE paper counts it."""
    penalty = study_penalty(study)
    if penalty.budgets:
        listed = ", ".join(str(budget) for budget in penalty.budgets)
        note = f"at {len(penalty.budgets)} {study.budget.counts}: {listed}. "
    else:
        note = f"the arms share no {study.budget.count}. "
    arms = {arm.name: study.title(arm.name) for arm in study.arms}
    return _matrix_table(penalty, arms, study.dataset, note, study.dataset, of=study.of_metric)


def total_table(studies: Sequence[Study]) -> Table | None:
    """The penalty matrices summed over datasets, for the arms that all have; None for fewer than two of either."""
    if len(studies) < 2 or len(common_arms(studies)) < 2:
        return None
    names, penalty = summed_penalty(studies)
    arms = {name: studies[0].title(name) for name in names}
    return _matrix_table(penalty, arms, f"{len(studies)} datasets", "", "all", "penalty_total", studies[0].of_metric)


def _matrix_table(
    penalty: Penalty, arms: dict[str, str], where: str, note: str, dataset: str, key: str = "penalty", of: str = ""
) -> Table:
    names, titles = [*arms], [*arms.values()]
    rows = []
    for row, title in enumerate(titles):
        cells = ("" if row == column else _cell(penalty.matrix[row, column]) for column in range(len(titles)))
        rows.append((f"{row + 1} {title}", *cells))
    rows.append(("column average", *(_cell(value) for value in penalty.beaten)))
    fewest, most = penalty.seeds
    if most == 0:
        note += "No two arms share two seeds: nothing could be tested. "
    elif (fewest, most) != (_PAPERS_SEEDS, _PAPERS_SEEDS):
        note += f"n = {fewest if fewest == most else f'{fewest} to {most}'} seeds per comparison, the paper has 5. "
    note += (
        "Cell: how often the row's arm beats the column's (paired t-test, p < 0.05, no correction), in settings; "
        f"at most {penalty.settings}. Column average: how often an arm is beaten, lower is better."
    )
    records: tuple[dict[str, Value], ...] = tuple(
        {"dataset": dataset, "arm": names[i], "beats": names[j], "penalty": float(penalty.matrix[i, j])}
        for i in range(len(titles))
        for j in range(len(titles))
        if i != j
    )
    heads = ("", *(str(column + 1) for column in range(len(titles))))
    return Table(key, f"Pairwise penalty matrix{of} on {where} (BADGE)", heads, tuple(rows), note, records)


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
    base = study.against
    note = (
        f"share of the {errors.shape[1]} {study.budget.counts} of the penalty matrix at which the mean error is at "
        f"most so many times {base}'s; in the column ≤ 1 the higher the better."
    )
    heads = ("arm", *(f"≤ {point:g}" for point in _POINTS))
    title = f"Error{study.in_metric} relative to {base} on {study.dataset}, cumulative share"
    return Table("errors", title, heads, tuple(rows), note, tuple(records))


def ranks_table(studies: Sequence[Study]) -> Table | None:
    """Mean ranks over datasets with the critical difference; None for fewer than two datasets or common arms."""
    try:
        names, ranks = mean_ranks(studies)
    except InputError:
        return None
    order = [int(arm) for arm in np.argsort(ranks.mean, kind="stable")]
    letters = dict.fromkeys(order, "")
    for letter, members in zip("abcdefghijklmnopqrstuvwxyz", ranks.cliques, strict=False):
        for arm in members:
            letters[arm] += letter
    rows = tuple((studies[0].title(names[arm]), f"{ranks.mean[arm]:.2f}", letters[arm]) for arm in order)
    friedman = "" if math.isnan(ranks.p) else f"Friedman's test that all rank alike: p {_equals(p_value(ranks.p))}. "
    note = (
        f"by mean AUBC{studies[0].of_metric}, 1 is best; critical difference {ranks.critical:.2f} (Nemenyi, 5 %): arms "
        f"with a letter in common are not told apart. {friedman}A dataset counts once, however many its seeds."
    )
    records: tuple[dict[str, Value], ...] = tuple(
        {
            "arm": names[arm],
            "mean_rank": float(ranks.mean[arm]),
            "datasets": ranks.datasets,
            "critical_difference": ranks.critical,
            "friedman_p": ranks.p,
            "group": letters[arm],
        }
        for arm in order
    )
    title = f"Mean ranks over {ranks.datasets} datasets"
    return Table("ranks", title, ("arm", "mean rank", "not told apart"), rows, note, records)


def _equals(text: str) -> str:
    return text if text.startswith("<") else f"= {text}"


def _cell(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"
