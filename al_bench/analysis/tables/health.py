"""The health of a study's runs as tables: checks beyond their threshold, and the class balance of the picks."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from al_bench.analysis.arms import Arm
from al_bench.analysis.health_notes import NOT_RECORDED, HealthNote, has_health, health_notes
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Table, Value
from al_bench.storage.runs import Run


def titled_arms(study: Study) -> list[tuple[str, Arm]]:
    """Every arm of a study with its title, whole-pool references included."""
    arms = [(study.title(arm.name), arm) for arm in study.arms]
    return [*arms, *((arm.label, arm) for arm in study.references)]


def health_tables(study: Study) -> list[Table]:
    """Both tables, as far as there is anything to say."""
    return [table for table in (checks_table(study), class_balance_table(study)) if table is not None]


def checks_table(study: Study) -> Table | None:
    """One row per check and arm that was beyond a threshold, warnings before remarks; None where none was."""
    arms = titled_arms(study)
    recorded = [run for _, arm in arms for run in arm.runs if has_health(run)]
    notes = [(title, arm, note) for title, arm in arms for note in health_notes(arm.runs)]
    together: dict[tuple[str, str], list[HealthNote]] = {}
    for title, _, note in sorted(notes, key=lambda entry: (entry[2].remark, entry[2].check, entry[0])):
        together.setdefault((note.check, title), []).append(note)
    if not together:
        return None
    rows = [_row(title, same, recorded) for (_, title), same in together.items()]
    records: list[dict[str, Value]] = [
        {
            **study.record_keys(arm.name),
            "check": note.check,
            "seed": note.run.seed,
            "round": note.round,
            "value": note.value,
            "threshold": note.threshold,
            "remark": note.remark,
        }
        for _, arm, note in notes
    ]
    return Table(
        "health",
        f"Checks beyond their threshold on {study.dataset}",
        ("check", "arm", "seeds", "rounds", "the first of them"),
        tuple(rows),
        "Rounds over all seeds, out of those with health on record.",
        tuple(records),
        "llrrl",
        breakable=True,
    )


def _row(title: str, notes: Sequence[HealthNote], recorded: Sequence[Run]) -> tuple[str, ...]:
    first = notes[0]
    arms = {(note.run.study, note.run.arm) for note in notes}
    rounds = sum(len(run.rounds) for run in recorded if (run.study, run.arm) in arms)
    seeds = ", ".join(str(seed) for seed in sorted({note.run.seed for note in notes}))
    where = f"seed {first.run.seed}, round {first.round}: {first.sentence}"
    return first.title, title, seeds, f"{len(notes)} of {rounds}", where


def class_balance_table(study: Study) -> Table | None:
    """How far the classes of all picks of a run are from the pool's, beside the baseline's; None where not recorded."""
    base = study.baseline
    values = {arm.name: [kl for run in arm.runs if (kl := _last_kl(run)) is not None] for arm in study.arms}
    if not any(values.values()):
        return None
    rows, records = [], []
    for arm in study.arms:
        known = values[arm.name]
        middle = statistics.median(known) if known else None
        less = None
        if middle is not None and base is not None and values[base] and arm.name != base:
            less = middle - statistics.median(values[base])
        difference = "" if less is None else f"{less:+.3f}".replace("-", "−")
        title = study.title(arm.name)
        rows.append((title, NOT_RECORDED if middle is None else f"{middle:.3f}", difference))
        records.append({**study.record_keys(arm.name), "kl": middle, "less_baseline": less, "seeds": len(known)})
    other = f"less {study.title(base)}'s" if base is not None else "less the baseline's"
    return Table(
        "class_balance",
        f"Class balance of what was picked on {study.dataset}",
        ("arm", "KL to the pool", other),
        tuple(rows),
        "KL(classes of all picks of a run ‖ classes of the pool) in nats, median over seeds; 0: balanced as the pool.",
        tuple(records),
    )


def _last_kl(run: Run) -> float | None:
    known = [entry.health.acquired_kl for entry in run.rounds if entry.health is not None]
    return next((float(value) for value in reversed(known) if isinstance(value, (int, float))), None)
