"""Files of labels as tools export them (Label Studio 1.23.2, doccano 1.8.4, datumaro 1.13.12), and broken ones."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from al_bench.errors import InputError
from al_bench.labelling.exchange import label_files
from al_bench.labelling.exchange.label_files import read_labels

EXPORTS = Path(__file__).parent / "exports"
"""What the programs themselves wrote. Two people labelled five tasks of a running Label Studio, exported as JSON and as
JSON-MIN, and six texts in doccano, which its own importer had read from a batch (--tasks doccano): together, and each
for himself. CVAT's is of datumaro, which writes CVAT's format for images."""


def said(content: str | bytes | list, study: str = "") -> list[tuple[str, str, str]]:
    text = json.dumps(content) if isinstance(content, list) else content
    rows = read_labels(Path("x.json"), text.encode() if isinstance(text, str) else text, study)
    return [(row.item, row.annotator, row.label) for row in rows]


def task(*annotations: dict, item: str | None = "row-1", number: int = 7) -> dict:
    return {"id": number, "data": {} if item is None else {"item": item}, "annotations": list(annotations)}


def chose(*names: str, who: object = 1, when: str = "2026-01-01T00:00:00Z", **more: object) -> dict:
    result = [{"type": "choices", "from_name": "label", "to_name": "shown", "value": {"choices": list(names)}}]
    return {"id": 3, "completed_by": who, "updated_at": when, "was_cancelled": False, "result": result} | more


def test_an_export_of_label_studio_is_read_with_annotators_and_skipped_tasks():
    rows = said((EXPORTS / "label_studio.json").read_bytes())
    assert rows == [
        ("row-0", "1", "cat"),
        ("row-0", "2", "a & b"),
        ("row-1", "2", "skip"),
        ("row-2", "1", "cat"),
        ("row-3", "2", "cat"),  # after "a & b" by the same person
    ]


def test_its_smaller_export_says_the_same_but_for_skipped_tasks():
    whole = said((EXPORTS / "label_studio.json").read_bytes())
    assert said((EXPORTS / "label_studio_min.json").read_bytes()) == [row for row in whole if row[2] != "skip"]


@pytest.mark.parametrize(
    ("entry", "rows"),
    [
        (task(), []),
        (task(chose("cat", who={"id": 4, "email": "ann"})), [("row-1", "4", "cat")]),
        (task(chose("cat", who=None)), [("row-1", "", "cat")]),
        (task(chose("1.0")), [("row-1", "1", "1")]),
        (task(chose("cat"), chose("dog", when="2026-01-02T00:00:00Z")), [("row-1", "1", "dog")]),
        (task(chose("dog", when="2026-01-02T00:00:00Z"), chose("cat")), [("row-1", "1", "dog")]),
        ({"id": 1, "data": {"item": "a"}, "completions": [chose("cat", skipped=True)]}, [("a", "1", "skip")]),
    ],
    ids=["nobody", "a user's record", "no user", "a number", "later last", "later first", "an export of old"],
)
def test_annotations_become_answers(entry, rows):
    assert said([entry]) == rows


OTHER = {"type": "choices", "from_name": "mood", "value": {"choices": ["sad"]}}
MOODY = {"type": "choices", "from_name": "weather", "value": {"choices": ["rain"]}}
BOX = {"type": "rectanglelabels", "from_name": "box", "value": {"rectanglelabels": ["cat"]}}


def test_of_several_choices_the_one_called_label_counts():
    assert said([task({**chose("cat"), "result": [*chose("cat")["result"], OTHER]})]) == [("row-1", "1", "cat")]


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


def archive(**files: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name.replace("__", "."), content)
    return out.getvalue()


TOGETHER = [("row-121", "cancer"), ("row-131", "news"), ("row-80", "faces"), ("row-0", "wine"), ("row-63", "faces")]


def test_an_archive_of_doccano_where_people_label_together_has_no_annotators():
    rows = said((EXPORTS / "doccano_together.zip").read_bytes(), study="mails")
    assert rows == [*((item, "", label) for item, label in TOGETHER), ("row-93", "", "")]


@pytest.mark.parametrize("name", ["doccano_each.zip", "doccano_each_csv.zip"], ids=["JSON", "CSV"])
def test_an_archive_of_doccano_where_each_labels_for_himself_has_a_file_for_each(name):
    rows = sorted(row for row in said((EXPORTS / name).read_bytes()) if row[2])
    ann = [(item, "ann", label) for item, label in TOGETHER]
    bob = [(item, "bob", label) for item, label in TOGETHER[:3]]
    assert rows == sorted([*ann, *bob])


def test_tags_of_cvat_are_the_classes_of_images():
    rows = [("scan-0000.png", "", "d0"), ("scan-0001.png", "", "d1"), ("sub/scan-0002.png", "", "skip")]
    whole = (EXPORTS / "cvat_images.xml").read_bytes()
    assert said(whole) == [*rows, ("scan-0003.png", "", "")]
    assert said(archive(annotations__xml=whole)) == said(whole)


def cvat(images: str, root: str = "annotations", head: str = "") -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}<{root}><version>1.1</version>{images}</{root}>'


def test_a_tag_with_attributes_as_the_documentation_of_cvat_has_it_is_read():
    tag = '<tag label="größer" source="manual"><attribute name="sure">yes</attribute></tag>'
    box = '<box label="car" source="manual" occluded="0" xtl="1" ytl="1" xbr="2" ybr="2" z_order="0"></box>'
    images = f'<image id="0" name="a&amp;b.png" subset="Train" task_id="4" width="8" height="8">{box}{tag}</image>'
    assert said(cvat(f"<meta><task><name>image</name></task></meta>{images}")) == [("a&b.png", "", "größer")]


ENTITIES = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (cvat('<image name="a"><tag label="x"/><tag label="y"/></image>'), "x.json, image a has the tags 'x' and 'y'"),
        (cvat('<image name="a"><box label="x"/></image>'), "image a has a box and no tag; give the image its class"),
        (cvat('<image id="3"><tag label="x"/></image>'), "an image has no name; give CVAT's export as it is"),
        (cvat('<track id="0" label="x"/>'), "is of a video; export the task as 'CVAT for images 1.1'"),
        (cvat("", root="html"), "is XML and none of CVAT's; export the task as"),
        (cvat("", head=ENTITIES), "has a document type, which CVAT does not write"),
        (cvat('<image name="a">'), "x.json is no whole XML (mismatched tag"),
        (archive(photo__png=b"x"), "is a workbook, or an archive without .json, .jsonl, .xml, .csv"),
        (archive(all__jsonl='{"item": "a"}\n{"it'), "x.json, all.jsonl, line 2 is no whole JSON"),
        (archive(all__jsonl='{"item": "a", "label": ["x"]}')[:-40], "x.json is no whole archive"),
        ("annotation_id,item,label,study\n3,row-7,x,cats\n", "line 2 is of the study 'cats', and this is 'mails'"),
        ('{"item": "row-7", "study": "cats", "label": ["x"]}', "line 1 is of the study 'cats', and this is 'mails'"),
        (
            [{"id": 1, "data": {"item": "a", "study": "cats"}, "annotations": [chose("x")]}],
            "task 1, annotation 3 is of",
        ),
    ],
    ids=[
        *("two tags", "a box", "no name", "a video", "a page", "entities", "cut XML", "no labels", "cut line"),
        *("cut archive", "a table of another study", "lines of another study", "tasks of another study"),
    ],
)
def test_an_export_that_does_not_fit_is_refused_by_entry(content, message):
    with pytest.raises(InputError) as error:
        said(content, study="mails")
    assert message in str(error.value)


def test_a_column_study_of_the_users_own_says_nothing_of_the_study():
    assert said("item,label,study\nrow-7,x,cats\n", study="mails") == [("row-7", "", "x")]


def test_an_archive_may_not_unpack_to_more_than_the_limit(monkeypatch):
    monkeypatch.setattr(label_files, "LIMIT", 10_000)
    assert said(archive(all__jsonl='{"item": "a", "label": ["x"]}')) == [("a", "", "x")]
    with pytest.raises(InputError, match="has more than 10,000 bytes, which are the limit"):
        said(archive(all__jsonl=b" " * 10_000_000))
