"""Files of labels that tools export: what Label Studio 1.23.2 wrote of five tasks, doccano's lines, and broken ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from al_bench.errors import InputError
from al_bench.labelling.exchange.label_files import read_labels

EXPORTS = Path(__file__).parent / "exports"
"""Two people labelled five tasks of a running Label Studio, exported as JSON and as JSON-MIN."""


def said(content: str | bytes | list) -> list[tuple[str, str, str]]:
    text = json.dumps(content) if isinstance(content, list) else content
    rows = read_labels(Path("x.json"), text.encode() if isinstance(text, str) else text)
    return [(row.item, row.annotator, row.label) for row in rows]


def task(*annotations: dict, item: str | None = "row-1", number: int = 7) -> dict:
    return {"id": number, "data": {} if item is None else {"item": item}, "annotations": list(annotations)}


def chose(*names: str, who: object = 1, when: str = "2026-01-01T00:00:00Z", **more: object) -> dict:
    result = [{"type": "choices", "from_name": "label", "to_name": "shown", "value": {"choices": list(names)}}]
    return {"id": 3, "completed_by": who, "updated_at": when, "was_cancelled": False, "result": result} | more


def test_an_export_of_label_studio_is_read_with_annotators_and_skipped_tasks():
    rows = said((EXPORTS / "label_studio.json").read_bytes())
    assert rows == [
        ("row-0", "user-1", "cat"),
        ("row-0", "user-2", "a & b"),
        ("row-1", "user-2", "skip"),
        ("row-2", "user-1", "cat"),
        ("row-3", "user-2", "cat"),  # after "a & b" by the same person
    ]


def test_its_smaller_export_says_the_same_but_for_skipped_tasks():
    whole = said((EXPORTS / "label_studio.json").read_bytes())
    assert said((EXPORTS / "label_studio_min.json").read_bytes()) == [row for row in whole if row[2] != "skip"]


@pytest.mark.parametrize(
    ("entry", "rows"),
    [
        (task(), []),
        (task(chose("cat", who={"id": 4, "email": "ann"})), [("row-1", "user-4", "cat")]),
        (task(chose("cat", who=None)), [("row-1", "", "cat")]),
        (task(chose("1.0")), [("row-1", "user-1", "1")]),
        (task(chose("cat"), chose("dog", when="2026-01-02T00:00:00Z")), [("row-1", "user-1", "dog")]),
        (task(chose("dog", when="2026-01-02T00:00:00Z"), chose("cat")), [("row-1", "user-1", "dog")]),
        ({"id": 1, "data": {"item": "a"}, "completions": [chose("cat", skipped=True)]}, [("a", "user-1", "skip")]),
    ],
    ids=["nobody", "a user's record", "no user", "a number", "later last", "later first", "an export of old"],
)
def test_annotations_become_answers(entry, rows):
    assert said([entry]) == rows


OTHER = {"type": "choices", "from_name": "mood", "value": {"choices": ["sad"]}}
MOODY = {"type": "choices", "from_name": "weather", "value": {"choices": ["rain"]}}
BOX = {"type": "rectanglelabels", "from_name": "box", "value": {"rectanglelabels": ["cat"]}}


def test_of_several_choices_the_one_called_label_counts():
    assert said([task({**chose("cat"), "result": [*chose("cat")["result"], OTHER]})]) == [("row-1", "user-1", "cat")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([task(chose("cat"), item=None)], "x.json, task 7, annotation 3: no item in its data; import the tasks"),
        ([task(chose("cat", "dog"))], "task 7, annotation 3 chose 'cat' and 'dog'; choose one class, or skip"),
        ([task(chose())], "task 7, annotation 3 chose nothing"),
        ([task({**chose("a"), "result": [BOX]})], "annotation 3 holds rectanglelabels; one choice"),
        ([task({**chose("a"), "result": [OTHER, MOODY]})], "has choices called mood, weather; which is the class"),
        ([task({**chose("a"), "result": "cat"})], r"task 7: Expected `array`, got `str` - at `\$.annotations\[0\]"),
        ([{"id": 2, "data": {"item": "a"}}], "task 2 has no annotations; give Label Studio's export"),
        (
            [{"id": 2, "item": "a", "annotation_id": 5, "mood": "sad"}],
            "task 2, annotation 5 has no choice called label",
        ),
        (["cat"], "entry 1 is no task"),
        ('[{"id": 1, ', "x.json is no whole JSON"),
        ("[" * 100_000, "x.json is no whole JSON"),
        ('{"item": "a", "label": []}\n{"item": "b"', "x.json, line 2 is no whole JSON"),
        ('{"text": "a", "label": ["x"]}', "line 1 has no item; import the lines"),
        ('{"item": "a", "label": ["x", "y"]}', "line 1: a has the labels 'x' and 'y'; leave one"),
        ('{"item": "a", "label": [[0, 3, "x"]]}', "line 1: a has a label that is no class"),
        ('{"item": "a"}\n[1]', "line 2 is no entry of JSON lines"),
    ],
    ids=[
        *("no item", "two classes", "no class", "boxes", "two controls", "no list", "no annotations", "no control"),
        *("no task", "cut off", "deep", "cut line", "line without item", "two labels", "spans", "no object"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_in_one_line(content, message):
    with pytest.raises(InputError, match=message) as error:
        said(content)
    assert "\n" not in str(error.value)


def test_lines_of_doccano_are_read_with_the_item_among_the_fields_or_in_their_own():
    lines = [
        '﻿{"id": 1, "text": "so", "item": "row-4", "label": ["ham"]}',
        '{"id": 2, "data": "so", "meta": {"item": "row-5"}, "label": "spam", "annotator": "ann"}',
        '{"id": 3, "text": "so", "item": "row-6", "label": []}',
        "",
    ]
    assert said("\r\n".join(lines)) == [("row-4", "", "ham"), ("row-5", "ann", "spam"), ("row-6", "", "")]
