"""The page that somebody reads who decides: verdict, one curve, labels and money, recall by class, what to do next."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from al_bench.analysis.budget import LABELS
from al_bench.analysis.confusion import ClassResults, class_results, last_shared_labels, leading_arm
from al_bench.analysis.figures.request import FigureRequest
from al_bench.analysis.finding import BETTER, MIXED, WORSE, Finding
from al_bench.analysis.report.figures import FigureSpec
from al_bench.analysis.statistics.curves import labels_to_target, quantile
from al_bench.analysis.tables.table import Table, percent
from al_bench.analysis.targets import primary_target

if TYPE_CHECKING:
    from al_bench.analysis.arms import Arm
    from al_bench.analysis.report.judgement import Judgement
    from al_bench.analysis.study import Study

CLASSES = 15
"""Classes that the table of recalls shows: those with the fewest test points, then as they are named."""
FEW_POINTS = 30
"""Test points of a class below which a recall is said to be of few."""


@dataclass(frozen=True)
class Price:
    """What a label costs.

    Args:
        amount: Of one label.
        before, after: The currency as it was typed, before or after the number.
    """

    amount: float
    before: str = ""
    after: str = ""

    def of(self, labels: float) -> str:
        """What so many labels cost."""
        whole = labels * self.amount
        return f"{self.before}{whole:,.{0 if whole >= 100 else 2}f}{self.after}"


@dataclass(frozen=True)
class Overview:
    """The first page of a data set.

    Args:
        question: What the verdict answers.
        arms: Each strategy's result, labels to the target, money and whether it is shown to be better.
        recall: Recall by class of the baseline and of the best arm; None where it was not recorded.
        advice: What to do next.
        commands: What to type for it; empty where there is nothing to type.
        curve: The one figure.
    """

    question: str
    arms: Table
    recall: Table | None
    advice: tuple[str, ...]
    commands: tuple[str, ...]
    curve: FigureSpec


def overview(judged: Judgement, price: Price | None = None) -> Overview:
    """The first page of a data set, from its judgement."""
    study = judged.study
    target = primary_target(study, judged.targets) if study.baseline else next(iter(judged.targets), None)
    shown = () if target is None else (target,)
    curve = FigureSpec(
        f"{_label(study)} against {'number of labels' if study.budget is LABELS else 'cost'}",
        "The line is the median over seeds, the band goes from the lower to the upper quartile. Further up is better."
        if study.metric.higher_is_better
        else "The line is the median over seeds, the band goes from the lower to the upper quartile. Lower is better.",
        FigureRequest("curves", targets=shown),
        folded=False,
    )
    judged_by = "" if study.metric.name == "accuracy" else f", judged by {study.metric.noun}"
    return Overview(
        question=f"Does active learning save {study.budget.noun} on {study.dataset}{judged_by}?",
        arms=_arms_table(judged, target, price),
        recall=_recall_table(judged),
        advice=_advice(judged, target, price),
        commands=judged.step.further.lines,
        curve=curve,
    )


def plain(study: Study) -> Study:
    """The study as its one curve shows it: without the keys that all arms share in the title."""
    return replace(study, shared=())


def _label(study: Study) -> str:
    return "Accuracy" if study.metric.name == "accuracy" else study.metric.label


def _arms_table(judged: Judgement, target: float | None, price: Price | None) -> Table:
    """One row a strategy, the best first."""
    study, metric = judged.study, judged.study.metric
    labels = last_shared_labels(study)
    found = {finding.name: finding for finding in judged.findings}
    heads = ["strategy"]
    if labels is not None:
        heads.append(f"{metric.unit or metric.noun} with {study.budget.at(labels)}")
    if target is not None:
        heads.append(f"{study.budget.noun} to {metric.text(target)}")
        heads += ["cost"] if price else []
        heads += ["saved"] if found else []
    heads += ["better?"] if found else []
    column = None if labels is None else int(np.flatnonzero(study.labels == labels)[0])
    rows = []
    for arm in study.arms:
        ends = math.nan if column is None else float(np.nanmean(study.values[arm.name][:, column]))
        row = [study.marked_title(arm.name)]
        row += [metric.number(ends)] if labels is not None else []
        if target is not None:
            needed, bound = median_labels(arm, target)
            reached = math.isfinite(needed)
            row.append(f"{needed:,.0f}" if reached else f"more than {bound:,.0f}")
            if price:
                row.append(price.of(needed) if reached else f"more than {price.of(bound)}")
            row += [_saved(found.get(arm.name))] if found else []
        row += [_shown(found.get(arm.name))] if found else []
        rows.append((metric.sign * ends, tuple(row)))
    rows.sort(key=lambda pair: (-pair[0] if math.isfinite(pair[0]) else math.inf, pair[1]))
    seeds = sorted({arm.seeds for arm in study.arms})
    many = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    note = f"Means of {many} {'seed' if seeds == [1] else 'seeds'}"
    note += f"; {study.budget.noun}: medians" if target is not None else ""
    note += f"; a label costs {price.of(1)}" if price and target is not None else ""
    base = study.title(study.baseline or "")
    compared = "Saved and better" if target is not None else "Better"
    note += (
        f". {compared}: against {base}; intervals are 95 %, of one strategy at a time; shown is what is beyond chance, "
        "if differences over seeds are roughly symmetric."
        if found
        else "."
    )
    counted = " ".join(study.counted) if target is not None else ""
    note = " ".join(filter(None, [note, counted, _bought_beside(study, price) if target is not None else ""]))
    title = f"{_label(study)}, labels and money" if price else f"{_label(study)} and {study.budget.noun}"
    return Table("overview", title, tuple(heads), tuple(row for _, row in rows), f"{note} {study.marks_note}".strip())


def _bought_beside(study: Study, price: Price | None) -> str:
    """What the labels that no curve counts cost; empty without a price, and where no record says how many they are."""
    runs = [run for arm in study.arms for run in arm.runs]
    beside = {None if run.header.test is None else run.header.test + (run.header.validation or 0) for run in runs}
    if price is None or len(beside) != 1 or not (labels := next(iter(beside))):
        return ""
    return f"At the same price those {labels:,} come to {price.of(labels)}, whichever the strategy."


def median_labels(arm: Arm, target: float) -> tuple[float, float]:
    """The median over seeds of the labels to a target (inf where half did not reach it), and of how far they got."""
    needed = [labels_to_target(run.labels, run.values, target, sign=arm.metric.sign) for run in arm.runs]
    ends = [min(count, float(run.labels[-1])) for count, run in zip(needed, arm.runs, strict=True)]
    return quantile(needed, 0.5), quantile(ends, 0.5)


def _saved(finding: Finding | None) -> str:
    saving = None if finding is None else finding.primary_saving
    if saving is None:
        return ""
    if saving.exact:
        span = f" ({percent(saving.low, 0)} to {percent(saving.high, 0)} %)" if math.isfinite(saving.low) else ""
        return f"{percent(saving.saved, 0)} %{span}"
    if math.isfinite(saving.at_least):
        return f"at least {percent(saving.at_least, 0)} %"
    return f"at most {percent(saving.at_most, 0)} %" if saving.at_most < 1 else "-"


def _shown(finding: Finding | None) -> str:
    if finding is None:
        return ""
    if finding.oracle:
        return "a ceiling, no strategy"
    words = {BETTER: "shown", MIXED: "in part", WORSE: "shown to be worse"}
    return words.get(finding.outcome, "not shown")


def _recall_table(judged: Judgement) -> Table | None:
    """Recall of each class at the last label count that all arms share, the rarest classes first."""
    study = judged.study
    labels, leading = last_shared_labels(study), _leading(judged)
    names = [name for name in (study.baseline, leading.name if leading else None) if name is not None]
    names = names or [arm.name for arm in study.arms[:1]]
    known = [(name, results) for name in names if labels and (results := class_results(study.arm(name), labels))]
    if len(known) < len(names):
        return None
    first = known[0][1]
    order = sorted(range(len(first.names)), key=lambda label: (first.tested[label], first.names[label]))
    chosen = _asked_first(study, first, order)[:CLASSES]
    heads = ["class", "test points"]
    for name, _ in known:
        heads += [f"labelled, {study.title(name)}", f"recall %, {study.title(name)}"]
    rows = []
    for label in chosen:
        row = [first.names[label], f"{first.tested[label]:,}"]
        for _, results in known:
            row += [_count(results.labelled[label]), _mean_recall(results, label)]
        rows.append(tuple(row))
    more = len(order) - len(chosen)
    note = f"With {study.budget.at(labels or 0)}, means over seeds; the classes with the fewest test points first"
    note += f"; {more} more classes are not shown" if more > 0 else ""
    return Table("recall", "Recall by class", tuple(heads), tuple(rows), f"{note}.")


def _asked_first(study: Study, results: ClassResults, order: list[int]) -> list[int]:
    """The classes in order, the one that the study is judged by before all others."""
    asked = study.metric.name.partition(":")[2]
    return sorted(order, key=lambda label: results.names[label] != asked)


def _count(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f}" if value >= 10 or value == round(value) else f"{value:.1f}"


def _mean_recall(results: ClassResults, label: int) -> str:
    values = results.recall[:, label]
    return "-" if np.isnan(values).all() else percent(float(np.nanmean(values)), 0)


def _advice(judged: Judgement, target: float | None, price: Price | None) -> tuple[str, ...]:
    """What to do next, in the order of importance."""
    study, step = judged.study, judged.step
    first, *others = step.sentences
    plan = _plan(study, study.arm(step.strategy), target, price) if step.strategy else ""
    weak = _weak_class(judged)
    return (first + plan, *others, *step.further.remarks, *([] if weak is None else [weak]))


def _leading(judged: Judgement) -> Arm | None:
    """The arm to look at beside the baseline: what is advised, else what leads."""
    used = judged.step.strategy
    return leading_arm(judged.study, judged.winners) if used is None else judged.study.arm(used)


def _plan(study: Study, arm: Arm, target: float | None, price: Price | None) -> str:
    """How many labels to plan for, with the target and the price."""
    if target is None:
        return ""
    needed, _ = median_labels(arm, target)
    if not math.isfinite(needed):
        return ""
    cost = f", {price.of(needed)} at {price.of(1)} a label," if price else ""
    return f" For {study.target_text(target)} plan for about {study.budget.at(round(needed))}{cost} on data like these."


def _weak_class(judged: Judgement) -> str | None:
    """The class that the best arm recognises worst, and what it is taken for; None where none stands out."""
    study = judged.study
    labels, leading = last_shared_labels(study), _leading(judged)
    results = class_results(leading, labels) if leading is not None and labels is not None else None
    if (
        leading is None
        or labels is None
        or results is None
        or results.confusion is None
        or np.isnan(results.recall).all()
    ):
        return None
    recalls = np.array([np.nan if np.isnan(column).all() else np.nanmean(column) for column in results.recall.T])
    worst = int(np.nanargmin(recalls))
    if recalls[worst] >= 0.8 * np.nanmedian(recalls):
        return None
    row = results.confusion[worst].astype(float)
    others = row.copy()
    others[worst] = -1
    taken = int(np.argmax(others))
    text = (
        f"Look at the class {results.names[worst]}: with {study.title(leading.name)} and {study.budget.at(labels)} "
        f"{percent(float(recalls[worst]), 0)} % of its test points are recognised"
    )
    if others[taken] > 0:
        text += f", {percent(float(others[taken] / row.sum()), 0)} % are taken for {results.names[taken]}"
    if 0 < results.tested[worst] < FEW_POINTS:
        text += f" (of {results.tested[worst]} test points only, so this is rough)"
    return text + "."
