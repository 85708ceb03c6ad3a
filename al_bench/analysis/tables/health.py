"""The health of a study's runs as tables: checks beyond their threshold, and the class balance of the picks."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from al_bench.analysis.health_notes import NOT_RECORDED, HealthNote, has_health, is_random, study_notes, titled_arms
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Table, Value
from al_bench.health.checks import OF_THE_END, RELATIVE
from al_bench.health.class_balance import relative_class_entropy
from al_bench.storage.runs import Run


def health_tables(study: Study, expert: bool = False) -> list[Table]:
    """Both tables, as far as there is anything to say.

    Args:
        expert: Whether they have a column of the values behind the words.
    """
    tables = checks_table(study, expert), class_balance_table(study, expert)
    return [table for table in tables if table is not None]


def checks_table(study: Study, expert: bool = False) -> Table | None:
    """One row per check and arm that was beyond a threshold, warnings before remarks; None where none was."""
    arms = titled_arms(study)
    recorded = [run for _, arm in arms for run in arm.runs if has_health(run)]
    notes = study_notes(study)
    together: dict[tuple[str, str], list[HealthNote]] = {}
    for title, _, note in sorted(notes, key=lambda entry: (entry[2].remark, entry[2].check, entry[0])):
        together.setdefault((note.check, title), []).append(note)
    if not together:
        return None
    sizes = {title: len(arm.runs) for title, arm in arms}
    rows = [
        _row(title, same, recorded, sizes[title]) + ((same[0].measure,) if expert else ())
        for (_, title), same in together.items()
    ]
    records: list[dict[str, Value]] = [
        {
            **study.record_keys(arm.name),
            "check": note.check,
            "seed": note.run.seed,
            "round": note.round,
            "value": note.value,
            "threshold": note.threshold,
            "remark": note.remark,
            "sentence": note.sentence,
            "measure": note.measure,
        }
        for _, arm, note in notes
    ]
    return Table(
        "health",
        f"What to look at on {study.dataset}",
        ("check", "arm", "seeds", "rounds", "the first of them", *(("measure",) if expert else ())),
        tuple(rows),
        " ".join(_notes_on(study, {note.check for _, _, note in notes})),
        tuple(records),
        "llrrl" + ("l" if expert else ""),
        breakable=True,
    )


def _notes_on(study: Study, checks: set[str]) -> list[str]:
    """How to read the table of checks."""
    lines = ["Rounds over all seeds, out of those with health on record."]
    if checks & RELATIVE:
        runs = [run for arm in study.arms for run in arm.runs if is_random(run)]
        rounds = sum(len(run.rounds) for run in runs)
        lines.append(
            f"Near-copies and picks of few classes are listed where they go beyond every one of the {rounds} rounds of "
            "Random here."
            if rounds
            else "There is no run of Random here: near-copies and picks of few classes are compared with what random "
            "points of the pool have in the mean, as far as that is on record. With runs of strategy=random they would "
            "be compared with these."
        )
    return lines


def _row(title: str, notes: Sequence[HealthNote], recorded: Sequence[Run], runs: int) -> tuple[str, ...]:
    """A check of an arm.

    Args:
        recorded: Runs with health on record, of all arms.
        runs: Runs of the arm.
    """
    first = notes[0]
    arms = {(note.run.study, note.run.arm) for note in notes}
    rounds = sum(len(run.rounds) for run in recorded if (run.study, run.arm) in arms)
    seeds = ", ".join(str(seed) for seed in sorted({note.run.seed for note in notes}))
    if first.check in OF_THE_END:
        return first.title, title, seeds, f"{len(notes)} of {runs} runs", f"seed {first.run.seed}: {first.sentence}"
    where = f"seed {first.run.seed}, round {first.round}: {first.sentence}"
    return first.title, title, seeds, f"{len(notes)} of {rounds}", where


def class_balance_table(study: Study, expert: bool = False) -> Table | None:
    """How even the classes of the labelled sets are at the end, beside the pool's; None where no run recorded health.

    Args:
        expert: Whether it has the KL divergence of the picks from the pool, too, and that beside the baseline's.
    """
    values = {arm.name: [kl for run in arm.runs if (kl := _last_kl(run)) is not None] for arm in study.arms}
    if not any(values.values()):
        return None
    rows, records = [], []
    for arm in study.arms:
        known, base = values[arm.name], study.baseline_of(arm.name)
        middle = statistics.median(known) if known else None
        less = None
        if middle is not None and base is not None and values[base]:
            less = middle - statistics.median(values[base])
        difference = "" if less is None else f"{less:+.3f}".replace("-", "−")
        counts = [run.rounds[-1].class_counts for run in arm.runs if sum(run.rounds[-1].class_counts)]
        shares = _shares(counts)
        divergence = (NOT_RECORDED if middle is None else f"{middle:.3f}", difference)
        rows.append((study.title(arm.name), *_share_cells(shares), *(divergence if expert else ())))
        records.append(
            {**study.record_keys(arm.name), "kl": middle, "less_baseline": less, "seeds": len(known), **shares}
        )
    pool = next((run.header.pool_classes for arm in study.arms for run in arm.runs if run.header.pool_classes), [])
    if sum(pool):
        rows.append(("(the pool)", *_share_cells(_shares([pool])), *(("", "") if expert else ())))
    other = f"less {study.against}'s" if study.baseline is not None else "less the baseline's"
    note = (
        "Share of the least and of the most frequent class among all points labelled at the end, median over seeds; "
        "evenness: entropy of the classes over that of equal shares, 1: all classes alike."
    )
    if expert:
        note += " KL(classes of all picks of a run ‖ classes of the pool) in nats, median over seeds; 0: as the pool."
    return Table(
        "class_balance",
        f"Classes of what was labelled on {study.dataset}",
        ("arm", "least", "most", "evenness", *(("KL to the pool", other) if expert else ())),
        tuple(rows),
        note,
        tuple(records),
    )


def _shares(counts: Sequence[Sequence[int]]) -> dict[str, Value]:
    """The least and the greatest class's share and the evenness, medians over runs; None without any.

    Args:
        counts: [C] points of each class, of each run.
    """
    if not counts:
        return {"least": None, "most": None, "evenness": None}
    return {
        "least": statistics.median(min(of_run) / sum(of_run) for of_run in counts),
        "most": statistics.median(max(of_run) / sum(of_run) for of_run in counts),
        "evenness": statistics.median(relative_class_entropy(of_run) for of_run in counts),
    }


def _share_cells(shares: dict[str, Value]) -> tuple[str, ...]:
    least, most, evenness = (shares[key] for key in ("least", "most", "evenness"))
    if least is None:
        return NOT_RECORDED, "", ""
    return f"{100 * float(least):.1f} %", f"{100 * float(most or 0):.1f} %", f"{float(evenness or 0):.2f}"


def _last_kl(run: Run) -> float | None:
    known = [entry.health.acquired_kl for entry in run.rounds if entry.health is not None]
    return next((float(value) for value in reversed(known) if isinstance(value, (int, float))), None)
