"""Tables of paired differences to the baseline: over the whole curve, and at every label count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from al_bench.analysis.findings import (
    BUDGET_LEVEL,
    TOO_FEW,
    BudgetDifference,
    Finding,
    area_differences,
    budget_differences,
)
from al_bench.analysis.statistics.paired import FEWEST, MOST_SEEDS
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Table, Value, interval, p_value, percent

_SHOWN = 6


def area_table(study: Study, findings: Sequence[Finding], log: bool = False) -> Table:
    """Paired differences in AUBC with interval, Holm's correction and what they tell."""
    base = study.title(study.baseline or "")
    rows, records = [], []
    for finding in findings:
        span, difference = area_differences(study, finding.name, log) if log else (finding.span, finding.area)
        over = "" if span is None else f"{span[0]:g}–{span[1]:g}"
        rows.append(
            (
                study.marked_title(finding.name),
                percent(difference.mean, 2, sign=True),
                interval(difference.low, difference.high, 2, sign=True),
                p_value(finding.area_holm),
                str(finding.n),
                over,
                _reading(finding),
            )
        )
        records.append(
            {
                **study.record_keys(finding.name),
                "difference": difference.mean,
                "low": difference.low,
                "high": difference.high,
                "sd": difference.sd,
                "p": difference.p,
                "p_holm": finding.area_holm,
                "seeds": finding.n,
                "reading": finding.area_outcome,
                "further_seeds": finding.more_seeds,
                "aubc_log": log,
            }
        )
    note = (
        "points of accuracy, paired by seed, over the label counts at which both were evaluated, Student's 95 % "
        "interval; p: Holm-adjusted over all arms and the labels saved at the tested target. More seeds: for 80 % "
        "power at a difference of one point, from the spread seen."
    )
    if log:
        note += " Differences are over ln labels; p and reading are of the area over labels."
    heads = ("arm", "difference", "95 % interval", "p", "seeds", "labels", "reading")
    title = f"Difference to {base} in AUBC on {study.dataset}, points"
    return Table("difference", title, heads, tuple(rows), note, tuple(records), "lrrrrrl")


def _reading(finding: Finding) -> str:
    if finding.area_outcome != TOO_FEW or not finding.more_seeds:
        return finding.area_outcome
    return f"{TOO_FEW}: {finding.more_seeds if finding.more_seeds < MOST_SEEDS // 2 else 'very many'} more"


def _counts(asked: Sequence[int], cells: Sequence[BudgetDifference]) -> list[int]:
    """The label counts that the text has room for."""
    largest: dict[tuple[str, bool], BudgetDifference] = {}
    for cell in (cell for cell in cells if cell.shown):
        key = (cell.name, cell.better)
        if key not in largest or abs(cell.estimate.mean) > abs(largest[key].estimate.mean):
            largest[key] = cell
    strongest = sorted(largest.values(), key=lambda cell: -abs(cell.estimate.mean))
    cited = set(list(dict.fromkeys(cell.labels for cell in strongest))[: _SHOWN - 2])
    ends = min(_SHOWN - len(cited), len(asked))
    return sorted(cited | {asked[round(step)] for step in np.linspace(0, len(asked) - 1, ends)})


def budgets_table(study: Study) -> Table:
    """Paired differences to the baseline at every label count; the text shows some of the counts.

    These are spread evenly, but those at which an arm's largest difference is shown, which a verdict cites, come first.
    """
    cells = budget_differences(study)
    tested = [cell for cell in cells if cell.holm == cell.holm]
    asked = sorted({cell.labels for cell in tested or cells})
    shown = _counts(asked, cells)
    rows = []
    for arm in study.others:
        here = {cell.labels: cell for cell in cells if cell.name == arm.name}
        row = [study.marked_title(arm.name)]
        for labels in shown:
            if labels not in here:
                row.append("-")
                continue
            difference = here[labels].estimate
            star = "*" if here[labels].shown else ""
            span = interval(difference.low, difference.high, 1, sign=True)
            row.append(f"{percent(difference.mean, 1, sign=True)} {span}{star}".strip())
        rows.append(tuple(row))
    records: tuple[dict[str, Value], ...] = tuple(
        {
            **study.record_keys(cell.name),
            "labels": cell.labels,
            "difference": cell.estimate.mean,
            "low": cell.estimate.low,
            "high": cell.estimate.high,
            "p": cell.estimate.p,
            "p_holm": cell.holm,
            "seeds": cell.estimate.n,
        }
        for cell in cells
    )
    note = "points of accuracy, paired by seed, Student's 95 % interval; "
    if tested:
        note += f"* shown at {100 * BUDGET_LEVEL:g} % by Holm's correction over the {len(tested)} differences tested; "
    else:
        note += f"too few seeds to tell: fewer than {FEWEST} are not tested; "
    note += f"{len(shown)} of {len(asked)} label counts are shown, --csv and --json have all."
    heads = ("arm", *(f"{labels} labels" for labels in shown))
    title = f"Difference to {study.title(study.baseline or '')} by label count on {study.dataset}, points"
    return Table("budgets", title, heads, tuple(rows), note, records)
