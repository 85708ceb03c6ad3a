"""Tables of paired differences to the baseline: over the whole curve, and at every label count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from al_bench.analysis.claims import seeds_text
from al_bench.analysis.finding import BUDGET_LEVEL, NO_POINT, TOO_FEW, BudgetDifference, Finding
from al_bench.analysis.findings import area_differences, budget_differences
from al_bench.analysis.statistics.paired import FEWEST, MOST_SEEDS
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Table, Value, p_value

_SHOWN = 6


def difference_of(study: Study) -> str:
    """What the numbers of a table of differences are, with the direction where lower is better."""
    metric = study.metric
    text = f"{metric.difference_unit} of {metric.noun}" if metric.difference_unit else metric.noun
    return text if metric.higher_is_better else f"{text} (lower is better)"


def metric_point(study: Study) -> str:
    """What a small difference in the study's metric is called."""
    return "one point" if study.metric.unit == "%" else study.metric.text(study.metric.point)


def _unit(study: Study) -> str:
    return f", {study.metric.difference_unit}" if study.metric.difference_unit else ""


def area_table(study: Study, findings: Sequence[Finding], log: bool = False) -> Table:
    """Paired differences in AUBC with interval, Holm's correction and what they tell."""
    metric, several = study.metric, len(study.baselines) > 1
    rows, records = [], []
    for finding in findings:
        span, difference = area_differences(study, finding.name, log) if log else (finding.span, finding.area)
        more = finding.more_seeds_range
        over = "" if span is None else f"{span[0]:g}–{span[1]:g}"
        rows.append(
            (
                study.marked_title(finding.name),
                *([study.title(finding.baseline)] if several else []),
                metric.number(difference.mean, 2, sign=True),
                metric.interval(difference.low, difference.high, 2, sign=True),
                p_value(finding.area_holm),
                str(finding.n),
                over,
                _reading(study, finding),
            )
        )
        records.append(
            {
                **study.record_keys(finding.name),
                "baseline": finding.baseline,
                "difference": difference.mean,
                "low": difference.low,
                "high": difference.high,
                "sd": difference.sd,
                "p": difference.p,
                "p_holm": finding.area_holm,
                "tests": finding.tests,
                "planned": finding.planned,
                "seeds": finding.n,
                "reading": finding.area_outcome,
                "further_seeds": finding.more_seeds,
                "further_seeds_low": None if more is None else more[0],
                "further_seeds_high": None if more is None else more[1],
                "aubc_log": log,
            }
        )
    note = (
        f"{difference_of(study)}, paired by seed, over the {study.budget.counts} at which both were evaluated, "
        "Student's 95 % interval, of one arm at a time, for roughly normal differences; p: Holm-adjusted over all arms "
        f"of the setting and the {study.budget.noun} saved at the tested target. More seeds: for 80 % power at a "
        f"difference of {metric_point(study)}, at both ends of the 80 % interval of the spread seen."
    )
    if log:
        note += f" Differences are over ln {study.budget.noun}; p and reading are of the area over {study.budget.noun}."
    heads = (
        "arm",
        *(["against"] if several else []),
        "difference",
        "95 % interval",
        "p",
        "seeds",
        study.budget.noun,
        "reading",
    )
    title = f"Difference to {study.against} in AUBC{study.of_metric} on {study.dataset}{_unit(study)}"
    return Table("difference", title, heads, tuple(rows), note, tuple(records), "llrrrrrl" if several else "lrrrrrl")


def _reading(study: Study, finding: Finding) -> str:
    if finding.n >= FEWEST and not finding.tests and not finding.oracle:
        return "not tested"
    if finding.area_outcome == NO_POINT and metric_point(study) != "one point":
        return f"no difference of {metric_point(study)} seen"
    if finding.area_outcome != TOO_FEW or not finding.more_seeds:
        return finding.area_outcome
    if finding.more_seeds >= MOST_SEEDS // 2 or finding.more_seeds_range is None:
        return f"{TOO_FEW}: very many more"
    return f"{TOO_FEW}: {seeds_text(*finding.more_seeds_range)} more"


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
            span = study.metric.interval(difference.low, difference.high, 1, sign=True)
            row.append(f"{study.metric.number(difference.mean, 1, sign=True)} {span}{star}".strip())
        rows.append(tuple(row))
    records: tuple[dict[str, Value], ...] = tuple(
        {
            **study.record_keys(cell.name),
            "baseline": study.baseline_of(cell.name),
            study.budget.noun: cell.labels,
            "difference": cell.estimate.mean,
            "low": cell.estimate.low,
            "high": cell.estimate.high,
            "p": cell.estimate.p,
            "p_holm": cell.holm,
            "seeds": cell.estimate.n,
        }
        for cell in cells
    )
    note = f"{difference_of(study)}, paired by seed, Student's 95 % interval, of one difference at a time, "
    note += "for roughly normal differences; "
    if tested:
        families = sorted({cell.tests for cell in tested}, reverse=True)
        each = f"the {families[0]} differences tested" if len(families) == 1 else "the differences tested of a family"
        note += f"* shown at {100 * BUDGET_LEVEL:g} % by Holm's correction over {each}; "
    else:
        note += f"too few seeds to tell: fewer than {FEWEST} are not tested; "
    note += f"{len(shown)} of {len(asked)} {study.budget.counts} are shown, --csv and --json have all."
    heads = ("arm", *(study.budget.plain(labels) for labels in shown))
    title = f"Difference to {study.against}{study.in_metric} by {study.budget.count} on {study.dataset}{_unit(study)}"
    return Table("budgets", title, heads, tuple(rows), note, records)
