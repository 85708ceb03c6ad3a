"""A page for data that must not be shown: nothing of an item, neither its content nor what the user calls it.

Pictures, texts and rows are in the gallery, which then reads no data set. Names of items may also be in the
configuration and in commands (`initial.rows`), in the name of an arm, and in why a run failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from al_bench.analysis.arms import Arm
from al_bench.analysis.study import Study
from al_bench.errors import InputError
from al_bench.storage.runs import Run

ROWS = "initial.rows"
"""The key whose value names items."""

LEFT_OUT = "…"


def refuse_items_in_names(runs: Sequence[Run]) -> None:
    """Refuse runs whose arm is named by items.

    Raises:
        InputError: naming the folder, not the arm.
    """
    for run in runs:
        if f"{ROWS.rpartition('.')[2]}=" in run.arm and (run.header.identity or {}).get(ROWS) is not None:
            raise InputError(
                f"--no-items: the name of the arm in {run.folder.parent} holds items ({ROWS} was typed without arm=…); "
                "run it under a name of its own, such as arm=named, or leave that folder out"
            )


def without_items(study: Study) -> Study:
    """The study with the values of `initial.rows` left out of its runs' configurations and commands."""
    return replace(study, arms=_cleared(study.arms), references=_cleared(study.references))


def _cleared(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    return tuple(replace(arm, runs=tuple(map(_without, arm.runs))) for arm in arms)


def _without(run: Run) -> Run:
    identity, command = run.header.identity, run.header.command
    if identity is not None and identity.get(ROWS) is not None:
        identity = identity | {ROWS: LEFT_OUT}
    if command is not None:
        command = [f"{ROWS}={LEFT_OUT}" if word.lstrip("+").startswith(f"{ROWS}=") else word for word in command]
    header = msgspec.structs.replace(run.header, identity=identity, command=command, initial_items=None)
    rounds = tuple(msgspec.structs.replace(record, acquired_items=None) for record in run.rounds)
    return replace(run, header=header, rounds=rounds)
