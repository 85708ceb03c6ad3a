"""What people said in a project of Label Studio, as the copy that a study's folder has: an export JSON, reduced.

Of a task stand in it its number, its item and its study; of an annotation its number, who gave it (a number), when, the
choice, and the copy in which it stood first. Neither names nor addresses of people are in it, nor texts or images.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from al_bench.errors import InputError, plain_line
from al_bench.labelling.exchange.label_studio_export import Annotation, Result, Task
from al_bench.labelling.folder import LIMIT
from al_bench.storage.files import read_regular


def answers_file(tasks: Sequence[Task], former: Path | None, number: int) -> bytes | None:
    """The copy of what people said.

    A task that is not among `tasks` any more stays as it was in the copy before. An annotation that has not changed
    keeps its place among further files of labels, see `since`.

    Args:
        tasks: All tasks of the project.
        former: The copy before; None where there is none.
        number: That the copy will have.

    Returns:
        Its bytes, equal to those of the copy before where nothing changed; None where nobody has ever said anything.
    """
    before = {task.id: task for task in _read(former)}
    now = {task.id: _reduced(task) for task in tasks if task.annotations}
    there = {task.id for task in tasks}
    for task in now.values():
        known = (
            {(one.id, one.updated_at): one.since for one in before[task.id].annotations} if task.id in before else {}
        )
        for annotation in task.annotations:
            since = known.get((annotation.id, annotation.updated_at))
            annotation.since = number if since is None else since
    gone = {name: task for name, task in before.items() if name not in there}
    entries = [task for _, task in sorted({**gone, **now}.items(), key=lambda entry: _order(entry[0]))]
    if not entries and former is None:
        return None
    return msgspec.json.format(msgspec.json.encode(entries), indent=1)


def _read(path: Path | None) -> list[Task]:
    """The tasks of a copy."""
    if path is None:
        return []
    try:
        return msgspec.json.decode(read_regular(path, LIMIT), type=list[Task])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({plain_line(str(error))}); put it back from a copy") from error


def _reduced(task: Task) -> Task:
    """A task with no more than labels need."""
    data: dict[str, Any] = {name: task.data[name] for name in ("item", "study") if name in task.data}
    return Task(id=task.id, data=data, annotations=[_reduced_annotation(one) for one in task.annotations])


def _reduced_annotation(annotation: Annotation) -> Annotation:
    who = annotation.completed_by
    return Annotation(
        id=annotation.id,
        result=[_reduced_result(result) for result in annotation.result],
        was_cancelled=bool(annotation.was_cancelled),
        completed_by=who.get("id") if isinstance(who, dict) else who,
        updated_at=annotation.updated_at or annotation.created_at,
    )


def _reduced_result(result: Result) -> Result:
    value = {"choices": result.value["choices"]} if "choices" in result.value else {}
    return Result(result.type, result.from_name, value)


def _order(number: int | str | None) -> tuple[int, str]:
    text = str(number)
    return (int(text), "") if text.isdecimal() else (-1, text)
