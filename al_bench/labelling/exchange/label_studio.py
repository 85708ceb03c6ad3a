"""Label Studio's format: a batch as JSON tasks, and the labelling configuration that shows them.

A task names its item in `data.item`, so that labels come back under it. A prediction, where the batch shows it, is a
pre-annotation with the class's probability as its score.
"""

from __future__ import annotations

import json
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from typing import Any

from al_bench.errors import InputError
from al_bench.labelling.batch import BatchRecord
from al_bench.labelling.exchange.shown import Shown

CONTROL, OBJECT = "label", "shown"
"""Names of the choice and of what it is about, in the labelling configuration."""


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
        ElementTree.SubElement(view, "Text", name=OBJECT, value="$text")
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


def tasks_of(record: BatchRecord, shown: Mapping[str, Shown]) -> list[dict[str, Any]]:
    """A batch as tasks, in the order shown.

    Args:
        record: Of the batch.
        shown: Item to what its task shows; items that are missing have no task.
    """
    tasks = []
    for asked in record.asked:
        if asked.item not in shown:
            continue
        data = {"item": asked.item, "batch": record.number, "rank": asked.rank}
        data |= {} if asked.score is None else {"score": asked.score}
        task: dict[str, Any] = {"data": data | shown[asked.item].data}
        if asked.predicted is not None:
            choice = {
                "from_name": CONTROL,
                "to_name": OBJECT,
                "type": "choices",
                "value": {"choices": [asked.predicted]},
            }
            prediction = {"model_version": f"al-bench batch {record.number}", "result": [choice]}
            score = {} if asked.probability is None else {"score": asked.probability}
            task["predictions"] = [prediction | score]
        tasks.append(task)
    return tasks


def tasks_file(record: BatchRecord, shown: Mapping[str, Shown]) -> bytes:
    """The tasks of a batch as a file that Label Studio imports."""
    return json.dumps(tasks_of(record, shown), ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
