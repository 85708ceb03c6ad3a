"""Images in tar shards from the command line: one run wherever a shard ends, its picks, and batches for people."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from PIL import Image

from al_bench.cli.main import dispatch
from tests.conftest import TINY, record

ROWS = 200


def write(folder: str, cuts: list[int], unlabelled: int = 0) -> None:
    """Shards of scikit-learn's digits, cut before some of them; the last ones without a label."""
    digits = sklearn.datasets.load_digits()
    Path(folder).mkdir()
    for shard, rows in enumerate(np.split(np.arange(ROWS), cuts)):
        with tarfile.open(f"{folder}/digits-{shard:06d}.tar", "w") as file:
            for row in rows.tolist():
                image = io.BytesIO()
                Image.fromarray((digits.images[row] * 15).astype(np.uint8)).save(image, "PNG")
                named = {"png": image.getvalue(), "cls": str(digits.target[row]).encode()}
                for ending, content in list(named.items())[: 1 if row >= ROWS - unlabelled else 2]:
                    entry = tarfile.TarInfo(f"scan/{row:04d}.{ending}")
                    entry.size = len(content)
                    file.addfile(entry, io.BytesIO(content))


def test_a_run_is_the_run_on_one_file_and_on_a_folder_bit_for_bit(run):
    digits = sklearn.datasets.load_digits()
    Path("files").mkdir()
    for row in range(ROWS):
        Image.fromarray((digits.images[row] * 15).astype(np.uint8)).save(f"files/{row:04d}.png")
    table = pd.DataFrame({"file": [f"{row:04d}.png" for row in range(ROWS)], "label": digits.target[:ROWS]})
    table.to_csv("labels.csv", index=False)
    write("one", [])
    write("three", [50, 60])
    write("seven", [1, 7, 130, 131, 190, 199])
    found = []
    for folder in ("files", "one", "three", "seven"):
        more = ["dataset.label_file=labels.csv"] if folder == "files" else []
        done = run(*TINY, "dataset=images", f"dataset.path={folder}", f"arm={folder}", "strategy=badge", *more)
        assert done.status == 0, done.err
        found.append(record(folder, dataset="images"))
    assert len({each.header["fingerprint"] for each in found}) == 1
    rounds = [[{**entry, "acquired_items": None} for entry in each.stable] for each in found]
    assert all(each == rounds[0] for each in rounds)
    items = found[1].stable[0]["acquired_items"]
    assert [f"{item.removeprefix('scan/')}.png" for item in items] == found[0].stable[0]["acquired_items"]
    assert all(each.stable == found[1].stable for each in found[2:])
    assert dispatch(["export", "results/runs/smoke/images/seven/seed-0", "--out", "picks.csv"]) == 0
    assert set(items) <= set(pd.read_csv("picks.csv", dtype=str)["file"])


def test_labels_that_are_missing_are_left_out_where_typed(run):
    write("tars", [50], unlabelled=20)
    done = run(*TINY, "dataset=images", "dataset.path=tars")
    assert done.status == 2
    assert "scan/0180.png has no label (20 of 200 images); set dataset.missing_labels=drop" in done.err
    done = run(*TINY, "dataset=images", "dataset.path=tars", "dataset.missing_labels=drop")
    assert done.status == 0, done.err
    assert "180 images; shape 1×8×8 (grey); label the .cls members" in done.err


def test_people_get_batches_with_the_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write("tars", [50, 51], unlabelled=150)
    words = ["query", "dataset=images", "dataset.path=tars", "strategy=margin", "model=linear", "schedule.batch=4"]
    assert dispatch(words) == 0, capsys.readouterr().err
    batch = Path("results/labelling/default/batch-000.csv")
    asked = pd.read_csv(batch, dtype=str)
    assert asked["item"].str.fullmatch(r"file-scan/\d{4}").all()
    rows = asked["item"].str.removeprefix("file-scan/")
    assert rows.astype(int).min() >= 50
    assert asked["file"].str.endswith("scan/" + rows.iloc[0] + ".png").iloc[0]
    assert batch.with_suffix(".html").read_text().count("data:image/jpeg") == 4
    asked["label"] = sklearn.datasets.load_digits().target[rows.astype(int)].astype(str)
    asked.to_csv(batch, index=False)
    assert dispatch(words) == 0, capsys.readouterr().err
    assert batch.with_name("batch-001.csv").exists()
