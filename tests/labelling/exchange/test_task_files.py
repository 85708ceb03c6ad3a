"""Batches as tasks for labelling tools, and their labels back: images, texts and tables."""

from __future__ import annotations

import base64
import io
import json
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PIL import Image

from al_bench.cli.main import dispatch
from al_bench.labelling.batch import COLD, AskedItem, BatchRecord
from al_bench.labelling.exchange.label_studio import labelling_config, tasks_of
from al_bench.labelling.exchange.shown import Shown
from tests.labelling import people

FOLDER = Path("results/labelling/tools")
WORDS = ["schedule.batch=8", "study=tools", "device=cpu", "model=linear"]
IMAGES = [
    "query",
    "dataset=images",
    "dataset.path=photos",
    *WORDS,
    f"dataset.classes=[{','.join(f'd{i}' for i in range(10))}]",
]
TEXTS = ["query", "dataset=text", "dataset.path=pool.csv", "dataset.text=sentence", *WORDS]
TEXTS += ["dataset.classes=[news,cancer,faces,wine]"]
TABLE = ["query", "dataset=table", "dataset.path=pool.csv", "dataset.classes=[benign,malignant]", *WORDS]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def tasks(number: int = 0) -> list[dict]:
    return json.loads((FOLDER / f"label-studio-{number:03d}.json").read_bytes())


def exported(truth: dict[str, str], number: int = 0) -> Path:
    """What Label Studio exports once a person has labelled the tasks of a batch."""
    path = Path(f"export-{number}.json")
    out = []
    for position, task in enumerate(tasks(number), 1):
        choice = {"type": "choices", "from_name": "label", "value": {"choices": [truth[task["data"]["item"]]]}}
        annotation = {"id": position, "completed_by": 1, "was_cancelled": False, "result": [choice]}
        out.append({**task, "id": position, "annotations": [annotation]})
    path.write_text(json.dumps(out))
    return path


def choices(number: int = 0) -> list[str]:
    root = ElementTree.parse(FOLDER / f"label-studio-{number:03d}.xml").getroot()
    return [str(choice.get("value")) for choice in root.iter("Choice")]


def test_images_go_out_as_tasks_and_their_export_comes_back(capsys):
    truth = people.write_images(60, 0)
    assert dispatch([*IMAGES, "--tasks", "label-studio", "--tasks", "files"]) == 0
    first = tasks()[0]["data"]
    assert [task["data"]["item"] for task in tasks()] == people.items_of(FOLDER / "batch-000.csv")
    head, _, content = first["image"].partition(",")
    assert head == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as image:
        assert image.size == (8, 8)
    assert "predictions" not in tasks()[0]  # no model yet
    assert choices() == [f"d{digit}" for digit in range(10)]
    listed = (FOLDER / "files-000.txt").read_text().splitlines()
    assert [Path(file).name for file in listed] == people.items_of(FOLDER / "batch-000.csv")
    assert all(Path(file).is_file() for file in listed)

    assert dispatch([*IMAGES, "--tasks", "label-studio", "--labels", str(exported(truth))]) == 0
    assert "8 labels: " in capsys.readouterr().out
    row = people.read_batch(FOLDER / "batch-001.csv")[0]
    [prediction] = tasks(1)[0]["predictions"]
    assert prediction["result"][0]["value"]["choices"] == [row["predicted"]]
    assert prediction["score"] == pytest.approx(float(row["probability"]), abs=1e-4)
    # The export lies in the folder as a copy: the next call does not need it again.
    assert dispatch([*IMAGES, "--labels", str(exported(truth, 1))]) == 0
    assert "16 labels: " in capsys.readouterr().out


def test_images_go_to_cvat_and_their_tags_come_back(capsys):
    truth = people.write_images(60, 0)
    assert dispatch([*IMAGES, "--tasks", "cvat"]) == 0
    listed = (FOLDER / "cvat-000.txt").read_text().splitlines()
    assert [Path(file).name for file in listed] == people.items_of(FOLDER / "batch-000.csv")
    labels = json.loads((FOLDER / "cvat-000-labels.json").read_text())
    assert labels[0] == {"name": "d0", "type": "tag", "attributes": []}
    assert [label["name"] for label in labels] == [*(f"d{digit}" for digit in range(10)), "skip"]
    images = "".join(f'<image name="share/{file}"><tag label="{truth[Path(file).name]}"/></image>' for file in listed)
    Path("annotations.xml").write_text(f"<annotations>{images}</annotations>")
    assert dispatch([*IMAGES, "--labels", "annotations.xml"]) == 0
    assert "8 labels: " in capsys.readouterr().out


def test_a_file_that_may_be_two_items_is_refused_and_paths_lead_nowhere(capsys):
    people.write_images(20, 0)
    for folder in ("one", "two"):
        Path("photos", folder).mkdir()
        shutil.copy("photos/scan-0003.png", Path("photos", folder, "same.png"))
    words = [*IMAGES, "dataset.nested=ignore"]
    assert dispatch(words) == 0
    for name, message in (
        ("same.png", "image same.png: 'same.png' may be one/same.png or two/same.png; give these labels as CSV"),
        ("../../etc/passwd", "'../../etc/passwd' is no item of the pool"),
    ):
        Path("annotations.xml").write_text(f'<annotations><image name="{name}"><tag label="d1"/></image></annotations>')
        assert dispatch([*words, "--labels", "annotations.xml"]) == 2
        assert message in capsys.readouterr().err


def test_texts_go_to_doccano_and_come_back(capsys):
    truth = people.write_texts()
    assert dispatch([*TEXTS, "--tasks", "doccano", "--tasks", "label-studio"]) == 0
    lines = [json.loads(line) for line in (FOLDER / "doccano-000.jsonl").read_text().splitlines()]
    assert lines[0]["text"] == tasks()[0]["data"]["text"] == people.read_batch(FOLDER / "batch-000.csv")[0]["sentence"]
    Path("all.jsonl").write_text("".join(json.dumps({**line, "label": [truth[line["item"]]]}) + "\n" for line in lines))
    assert dispatch([*TEXTS, "--labels", "all.jsonl"]) == 0
    assert "8 labels: " in capsys.readouterr().out


def test_rows_of_a_table_show_their_columns(capsys):
    truth = people.write_table()
    assert dispatch([*TABLE, "--tasks", "label-studio"]) == 0
    columns = tasks()[0]["data"]["columns"]
    assert columns["mean radius"] == people.read_batch(FOLDER / "batch-000.csv")[0]["mean radius"]
    assert "tumour" not in columns
    assert dispatch([*TABLE, "--labels", str(exported(truth))]) == 0


def test_tasks_are_written_for_an_open_batch_once_and_never_again(capsys):
    people.write_table()
    assert dispatch(TABLE) == 0
    assert dispatch([*TABLE, "--tasks", "label-studio"]) == 0
    assert f"written: {FOLDER / 'label-studio-000.xml'}, " in capsys.readouterr().out
    path = FOLDER / "label-studio-000.json"
    before = path.stat().st_mtime_ns
    assert dispatch([*TABLE, "--tasks", "label-studio"]) == 2
    assert "has no label yet" in capsys.readouterr().err
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tasks", "csv"], "--tasks is 'csv'; it must be one of label-studio, doccano, cvat, files"),
        (["--tasks", "cvat"], "--tasks cvat lists files of images, and these items are none; choose label-studio"),
        (["--tasks", "doccano"], "--tasks doccano writes texts, and these items are none; choose label-studio"),
        (["--tasks", "files"], "--tasks files lists the items' files, and these items are no files"),
    ],
    ids=["unknown", "cvat", "doccano", "files"],
)
def test_a_format_that_does_not_fit_is_refused_before_anything_is_written(words, message, capsys):
    people.write_table()
    assert dispatch([*TABLE, *words]) == 2
    assert message in capsys.readouterr().err
    assert not FOLDER.exists()


def test_label_studio_needs_the_classes(capsys):
    people.write_table()
    assert dispatch([*[word for word in TABLE if "classes" not in word], "--tasks", "label-studio"]) == 2
    assert "name them, such as dataset.classes=[cat,dog]" in capsys.readouterr().err
    assert not FOLDER.exists()


def test_an_export_with_an_unknown_item_or_class_is_refused_by_task(capsys):
    truth = people.write_table()
    assert dispatch([*TABLE, "--tasks", "label-studio"]) == 0
    wrong = dict.fromkeys(truth, "purple")
    assert dispatch([*TABLE, "--labels", str(exported(wrong))]) == 2
    assert "export-0.json, task 1, annotation 1" in capsys.readouterr().err
    path = exported(truth)
    path.write_text(path.read_text().replace(tasks()[2]["data"]["item"], "row-9999"))
    assert dispatch([*TABLE, "--labels", str(path)]) == 2
    assert "task 3, annotation 3: 'row-9999' is no item of the pool" in capsys.readouterr().err


def test_predictions_that_a_batch_hides_are_in_no_task():
    asked = [AskedItem(item="a", rank=1, score=0.5), AskedItem(item="b", rank=2, predicted="x", probability=0.75)]
    record = BatchRecord(number=4, kind=COLD, round=0, method="", asked=asked, labels={})
    hidden, shown = tasks_of(record, {"a": Shown(text="so"), "b": Shown(text="or so")}, "mails")
    assert "predictions" not in hidden
    assert hidden["data"] == {"item": "a", "study": "mails", "batch": 4, "rank": 1, "score": 0.5, "text": "so"}
    assert shown["predictions"][0]["score"] == 0.75


def test_class_names_of_every_kind_survive_the_configuration():
    names = ["a & b", "<cat>", '"quoted"', "it's", "größer", "1"]
    root = ElementTree.fromstring(labelling_config(Shown(text="so", columns={"x": "1"}), names))
    assert [choice.get("value") for choice in root.iter("Choice")] == names
    assert [child.tag for child in root] == ["Text", "Table", "Choices"]
