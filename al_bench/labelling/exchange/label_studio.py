"""Label Studio's format: a batch as JSON tasks, and the labelling configuration that shows them.

A task names its item in `data.item`, so that labels come back under it. A prediction, where the batch shows it, is a
pre-annotation with the class's probability as its score.
"""

from __future__ import annotations

import json
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from al_bench.errors import InputError
from al_bench.labelling.batch import BatchRecord
from al_bench.labelling.exchange.shown import Shown
from al_bench.labelling.filled_file import label_of

CONTROL, OBJECT = "label", "shown"
"""Names of the choice and of what it is about, in the labelling configuration."""


@dataclass(frozen=True)
class Control:
    """The choice among the classes in a labelling configuration.

    Args:
        name: Of the choice.
        object: The name of what it is about.
    """

    name: str = CONTROL
    object: str = OBJECT


OWN = Control()
"""The choice of the configuration that al-bench writes."""


def control_of(project: str, parsed: Mapping[str, Any], classes: Sequence[str], keys: Collection[str]) -> Control:
    """The choice of a project's labelling configuration, checked against what is to be labelled.

    Args:
        project: What messages call the project.
        parsed: Its configuration as Label Studio parses it: name to type, `to_name`, `inputs` and `labels`.
        classes: The classes to choose among.
        keys: What the data of a task hold.

    Raises:
        InputError: no choice, several, one that lacks a class, or one about something that tasks do not hold.
    """
    choices = {
        name: entry for name, entry in parsed.items() if isinstance(entry, dict) and entry.get("type") == "Choices"
    }
    if len(choices) > 1 and CONTROL in choices:
        choices = {CONTROL: choices[CONTROL]}
    if len(choices) != 1:
        what = f"choices called {', '.join(sorted(choices))}" if choices else "no choice among classes"
        raise InputError(
            f"{project} has {what} in its labelling interface; have one called {CONTROL}, or give --label-studio the "
            "server's address alone: al-bench makes a project then"
        )
    (name, entry), *_ = choices.items()
    offered = {label_of(str(label)) for label in _listed(entry.get("labels"))}
    if missing := [label for label in classes if label not in offered]:
        shown = ", ".join(map(repr, missing[:5]))
        raise InputError(f"{project} offers no choice {shown}; add it there: {project}/settings/labeling")
    inputs = [entry.get("value") for entry in _listed(entry.get("inputs")) if isinstance(entry, dict)]
    if unknown := [value for value in inputs if str(value).lstrip("$") not in keys]:
        raise InputError(
            f"{project} shows ${str(unknown[0]).lstrip('$')}, and these tasks hold {', '.join(sorted(keys))}; change "
            f"it there: {project}/settings/labeling"
        )
    objects = [str(value) for value in _listed(entry.get("to_name"))]
    return Control(name, objects[0] if objects else OBJECT)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def labelling_config(shown: Shown, classes: Sequence[str]) -> str:
    """The labelling configuration (XML): what is shown, and one choice among the classes.

    Args:
        shown: Of any item; all items have the same parts.
        classes: The classes to choose among.

    Raises:
        InputError: there are no classes, or one cannot be written in XML.
    """
    if not classes:
        raise InputError(
            "Label Studio shows the classes to choose among, and none is known yet: name them, such as "
            "dataset.classes=[cat,dog]"
        )
    for name in classes:
        if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
            raise InputError(f"class {name!r} has a control character, which Label Studio's XML cannot hold")
    view = ElementTree.Element("View")
    if shown.image:
        ElementTree.SubElement(view, "Image", name=OBJECT, value="$image", zoom="true")
    elif shown.text is not None:
        ElementTree.SubElement(view, "Text", name=OBJECT, value="$text", valueType="text")
    if shown.columns:
        name = "columns" if shown.image or shown.text is not None else OBJECT
        ElementTree.SubElement(view, "Table", name=name, value="$columns")
    choices = ElementTree.SubElement(
        view, "Choices", name=CONTROL, toName=OBJECT, choice="single", required="true", showInline="true"
    )
    for name in classes:
        ElementTree.SubElement(choices, "Choice", value=name)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def tasks_of(
    record: BatchRecord, shown: Mapping[str, Shown], study: str, control: Control = OWN
) -> list[dict[str, Any]]:
    """A batch as tasks, in the order shown.

    Args:
        record: Of the batch.
        shown: Item to what its task shows; items that are missing have no task.
        study: The study's name, by which labels of another one are seen when they come back.
        control: The choice that predictions are for.
    """
    tasks = []
    for asked in record.asked:
        if asked.item not in shown:
            continue
        data = {"item": asked.item, "study": study, "batch": record.number, "rank": asked.rank}
        data |= {} if asked.score is None else {"score": asked.score}
        task: dict[str, Any] = {"data": data | shown[asked.item].data}
        if asked.predicted is not None:
            choice = {
                "from_name": control.name,
                "to_name": control.object,
                "type": "choices",
                "value": {"choices": [asked.predicted]},
            }
            # One name for all batches: Label Studio shows the predictions of one version of a project's model.
            prediction = {"model_version": "al-bench", "result": [choice]}
            score = {} if asked.probability is None else {"score": asked.probability}
            task["predictions"] = [prediction | score]
        tasks.append(task)
    return tasks


def tasks_file(record: BatchRecord, shown: Mapping[str, Shown], study: str) -> bytes:
    """The tasks of a batch as a file that Label Studio imports."""
    return json.dumps(tasks_of(record, shown, study), ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
