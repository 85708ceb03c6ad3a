"""The exports JSON and JSON-MIN of Label Studio, read as labels.

A task names its item in `data.item`. A skipped task (`was_cancelled`) is `skip`, which JSON-MIN does not tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from al_bench.errors import InputError, plain_line
from al_bench.labelling.answers import SKIP
from al_bench.labelling.exchange.label_studio import CONTROL
from al_bench.labelling.filled_file import FilledRow, label_of


class Result(msgspec.Struct):
    """A region or choice of an annotation."""

    type: str = ""
    from_name: str = ""
    value: dict[str, Any] = {}


class Annotation(msgspec.Struct, omit_defaults=True):
    """What one annotator said of one task.

    Args:
        since: In a copy of al-bench: the number of the copy in which it stood first.
    """

    id: int | str | None = None
    result: list[Result] = []
    was_cancelled: bool | None = False
    skipped: bool | None = False
    completed_by: int | str | dict[str, Any] | None = None
    created_at: str | int | float | None = None
    updated_at: str | int | float | None = None
    since: int | None = None


class Task(msgspec.Struct, omit_defaults=True):
    """A task of the export JSON. Older exports call annotations completions."""

    id: int | str | None = None
    data: dict[str, Any] = {}
    annotations: list[Annotation] = []
    completions: list[Annotation] = []


@dataclass(frozen=True)
class _Said:
    when: tuple[str, int]
    row: FilledRow


def read_export(source: str, entries: Sequence[Any]) -> list[FilledRow]:
    """The labels of an export JSON or JSON-MIN.

    Where an annotator annotated an item twice, the later annotation counts. Annotators are called by their number in
    Label Studio, as in its CSV export.

    Args:
        source: What messages call the export.
        entries: The decoded JSON.

    Raises:
        InputError: an entry cannot be read as one choice for one item; the message names it.
    """
    last: dict[tuple[str, str], _Said] = {}
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise InputError(f"{source}: entry {number + 1} is no task; give Label Studio's export JSON or JSON-MIN")
        place = f"task {entry.get('id', f'number {number + 1}')}"
        is_whole = "annotations" in entry or "completions" in entry
        said = _whole(source, place, entry) if is_whole else _minimal(source, place, entry)
        for answer in said:
            key = (answer.row.item, answer.row.annotator)
            if key not in last or last[key].when <= answer.when:
                last[key] = answer
    return [answer.row for answer in sorted(last.values(), key=lambda answer: answer.when)]


def _whole(source: str, place: str, entry: dict[str, Any]) -> list[_Said]:
    """The answers of a task of the export JSON."""
    try:
        task = msgspec.convert({name: value for name, value in entry.items() if value is not None}, Task)
    except msgspec.ValidationError as error:
        raise InputError(f"{source}, {place}: {plain_line(str(error))}; give Label Studio's export as it is") from error
    out = []
    for number, annotation in enumerate([*task.annotations, *task.completions], 1):
        where = f"{place}, annotation {number if annotation.id is None else annotation.id}"
        item = _item(source, where, task.data)
        label = SKIP if annotation.was_cancelled or annotation.skipped else _choice(source, where, annotation.result)
        when = annotation.updated_at or annotation.created_at or ""
        who, study = _annotator(annotation.completed_by), _study(task.data)
        row = FilledRow(0, item, label, who, where, study, since=annotation.since)
        out.append(_Said((str(when), _number(annotation.id)), row))
    return out


def _minimal(source: str, place: str, entry: dict[str, Any]) -> list[_Said]:
    """The answer of an entry of the export JSON-MIN; none where nobody annotated the task."""
    if entry.get("annotation_id") is None:
        if "annotation_id" not in entry:
            raise InputError(f"{source}, {place} has no annotations; give Label Studio's export JSON or JSON-MIN")
        return []
    where = f"{place}, annotation {entry['annotation_id']}"
    item = _item(source, where, entry)
    chosen = entry.get(CONTROL)
    names = chosen.get("choices") if isinstance(chosen, dict) else [chosen]
    label = _one(source, where, names)
    when = entry.get("updated_at") or entry.get("created_at") or ""
    row = FilledRow(0, item, label, _annotator(entry.get("annotator")), where, _study(entry))
    return [_Said((str(when), _number(entry["annotation_id"])), row)]


def _item(source: str, where: str, data: Mapping[str, Any]) -> str:
    item = data.get("item")
    if not isinstance(item, str) or not item:
        raise InputError(
            f"{source}, {where}: no item in its data; import the tasks that al-bench query writes: --tasks label-studio"
        )
    return item


def _study(data: Mapping[str, Any]) -> str:
    study = data.get("study")
    return study if isinstance(study, str) else ""


def _choice(source: str, where: str, results: Sequence[Result]) -> str:
    """The class that an annotation chose."""
    others = sorted({result.type for result in results if result.type != "choices"})
    if others:
        raise InputError(f"{source}, {where} holds {', '.join(others)}; one choice among the classes is expected")
    controls = {result.from_name for result in results}
    if len(controls) > 1 and CONTROL in controls:
        results = [result for result in results if result.from_name == CONTROL]
    elif len(controls) > 1:
        raise InputError(
            f"{source}, {where} has choices called {', '.join(sorted(controls))}; which is the class? call it {CONTROL}"
        )
    return _one(source, where, [name for result in results for name in result.value.get("choices", [])])


def _one(source: str, where: str, names: Any) -> str:
    """The only name of a list of choices, as class names are written."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{source}, {where} has no choice called {CONTROL}, as the labelling configuration calls it")
    if len(names) != 1 or not label_of(names[0]):
        said = " and ".join(map(repr, names[:3])) or "nothing"
        raise InputError(f"{source}, {where} chose {said}; choose one class, or skip the task")
    return label_of(names[0])


def _annotator(completed_by: Any) -> str:
    number = completed_by.get("id") if isinstance(completed_by, dict) else completed_by
    return "" if number is None else str(number)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else int(value) if str(value).isdecimal() else 0
