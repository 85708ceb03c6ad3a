"""The plan of a folder that people label: what its audit says of the labels still needed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from al_bench.analysis.forecast_calibration import Calibration
from al_bench.analysis.plan import REACHED, UNKNOWN, Answer, Question, answer
from al_bench.analysis.summary.plan_text import (
    Said,
    answer_cells,
    answer_heads,
    counted,
    promise,
    unknown_sentences,
    wrapped,
)
from al_bench.analysis.tables.table import Table, interval, percent
from al_bench.labelling.audit_curve import AuditCurve, audit_curve
from al_bench.labelling.folder import LabellingFolder


def audit_said(folder: Path, question: Question, calibration: Calibration) -> Said | None:
    """The plan of a labelling folder; None where it is none.

    Raises:
        InputError: a record of it is missing or damaged.
    """
    records = LabellingFolder(folder).records if (folder / "record").is_dir() else []
    if not records:
        return None
    curve = audit_curve(records)
    found = answer_of(curve, question, calibration)
    head = f"{folder}: {curve.labels:,} labels, {len(records)} batch{'' if len(records) == 1 else 'es'}"
    if curve.seen is not None:
        now = f"{percent(found.accuracy or 0)} {interval(curve.low, curve.high)} % (95 %)"
        head += f"; accuracy at {found.seen:,} labels by {curve.seen.items} items of the audit {now}"
    lines = [head]
    if found.labels is not None or found.value is not None:
        table = Table("plan", "Plan", tuple(answer_heads(question)), (tuple(answer_cells(found, question)),), align="")
        lines += table.to_terminal().splitlines()[1:]
    sentences = reached(curve, found, question) + unknown_sentences([("this folder", found)])
    if not curve.has_audit:
        sentences = [f"Cannot tell yet: {found.why}."]
    sentences += promise([found], calibration, 1, audit=True)[:1] if found.state != REACHED else []
    sentences.append(counted(question, "those of the audit" if curve.has_audit else ""))
    values = {"dataset": str(folder), "judged_by": "audit", "answer": asdict(found) | {"more": found.more}}
    return Said((*lines, *wrapped(sentences)), values)


def answer_of(curve: AuditCurve, question: Question, calibration: Calibration) -> Answer:
    """What the audit's accuracies say, where there are any that can be gone by."""
    accuracy = None if curve.seen is None else float(curve.seen.values[-1])
    if not curve.has_audit:
        why = (
            "nothing judges the model, as this study has no audit, and labels that were chosen for training do not; an "
            "audit is drawn at the first call alone: begin the next study with audit=100"
        )
        return Answer(UNKNOWN, curve.labels, label_more=curve.batch, why=why)
    if curve.seen is None:
        return Answer(UNKNOWN, curve.labels, label_more=curve.batch, why="the audit has judged no model yet")
    if curve.is_active:
        why = "forecasts were tried with random audits (audit=N) alone, and this one is active"
        return Answer(UNKNOWN, curve.labels, accuracy, label_more=curve.batch, why=why)
    return answer(curve.seen, question, calibration, curve.batch)


def reached(curve: AuditCurve, found: Answer, question: Question) -> list[str]:
    """What is to be said where the audit's accuracy is at the target: it may be luck."""
    if found.state != REACHED or question.target is None:
        return []
    goal = percent(question.target)
    if curve.low >= question.target:
        return [f"The audit's accuracy and the lower end of its interval are at {goal} %: nothing is still to label."]
    return [
        f"The audit's accuracy was at {goal} % at {found.labels:,.0f} labels, and the lower end of its interval is "
        f"{percent(curve.low)} %: more items in an audit, or more labels, would make sure."
    ]
