"""From a user's own files to the first curve, without Python: images in folders, texts, a Parquet table, arrays."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from PIL import Image

from al_bench.cli.main import dispatch
from tests.sentences import described_sentences

SWEEP = ("strategy=random,margin", "seed=0,1", "initial.size=10", "schedule.batch=10", "schedule.rounds=4")


def write_images() -> None:
    """digits/CLASS/scan-N.png: 400 of scikit-learn's digits."""
    digits = sklearn.datasets.load_digits()
    for row, (image, label) in enumerate(zip(digits.images[:400], digits.target, strict=False)):
        path = Path(f"digits/{label}/scan-{row}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).save(path)


def write_texts() -> None:
    """sentences.csv: what scikit-learn's descriptions of data sets say, and of which data set they say it."""
    pd.DataFrame(described_sentences()).to_csv("sentences.csv", index=False)


def write_parquet(frame: pd.DataFrame, path: str) -> None:
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        connection.execute(f"COPY frame TO '{path}' (FORMAT parquet)")


def write_table() -> None:
    """cancer.parquet: scikit-learn's 569 biopsies, and a patient for every three of them."""
    frame = sklearn.datasets.load_breast_cancer(as_frame=True).frame
    write_parquet(frame, "cancer.parquet")
    frame["patient"] = [f"p{row // 3}" for row in range(len(frame))]
    write_parquet(frame[:400], "train.parquet")
    write_parquet(frame[350:], "test.parquet")


def write_arrays() -> None:
    """digits.npz: 600 of scikit-learn's digits."""
    digits = sklearn.datasets.load_digits()
    np.savez("digits.npz", x=digits.images[:600].astype(np.float32), y=digits.target[:600])


@dataclass(frozen=True)
class Kind:
    """A kind of files.

    Args:
        write: Writes them.
        words: Of the command line.
        read: What `al-bench check` says first.
        item: What every item of the record looks like.
        gain: By how much accuracy has to rise, in the mean of the runs.
    """

    write: Callable[[], None]
    words: tuple[str, ...]
    read: str
    item: str
    gain: float


NETWORK = ("posterior=deterministic", "training.steps=60")
KINDS = {
    "images": Kind(
        write_images,
        ("dataset=images", "dataset.path=digits", *NETWORK),
        "digits: 400 images",
        r"\d/scan-\d+\.png",
        0.1,
    ),
    "texts": Kind(
        write_texts,
        ("dataset=text", "dataset.path=sentences.csv", "dataset.text=sentence", "dataset.label=about"),
        "sentences.csv: ",
        r"\d+",
        0.02,
    ),
    "parquet": Kind(
        write_table,
        ("dataset=table", "dataset.path=cancer.parquet", *NETWORK),
        "cancer.parquet: 569 rows",
        r"\d+",
        0.02,
    ),
    "npz": Kind(
        write_arrays, ("dataset=npz", "dataset.path=digits.npz", *NETWORK), "digits.npz: 600 rows", r"\d+", 0.1
    ),
}


@pytest.fixture
def bench(run: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Any command of al-bench, in this process and in an empty folder: its status, its output, its errors."""
    monkeypatch.setenv("AL_BENCH_DATA", str(Path.cwd()))

    def call(command: str, *words: str) -> tuple[int, str, str]:
        if command == "run":
            done = run(*words)
            return done.status, done.out, done.err
        capsys.readouterr()
        return dispatch([command, *words]), *capsys.readouterr()

    return call


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_from_files_to_the_first_curve_in_two_commands(bench: Callable[..., Any], name: str) -> None:
    kind = KINDS[name]
    kind.write()
    status, out, error = bench("check", *kind.words)
    assert (status, error) == (0, "")
    assert out.startswith(kind.read)

    status, out, error = bench("run", "-m", *kind.words, *SWEEP)
    assert status == 0, error
    assert f"al-bench: read {kind.read.partition(': ')[0]}: " in error
    assert error.splitlines()[-1].startswith("al-bench: start: 10 labels, drawn at random")
    pattern = r"complete  (results/runs/.*)  40 labels, accuracy [01]\.\d{4}(, no label of \d of \d+ classes)?"
    lines = [re.fullmatch(pattern, line) for line in out.splitlines()]
    assert all(lines[:4]), out
    assert out.splitlines()[4] == "4 complete, 0 failed, 0 missing"
    advice = out.splitlines()[-1]
    assert advice.startswith("next: al-bench ")
    assert bench(*shlex.split(advice)[2:])[0] == 0, "what is printed works when pasted"
    assert bench("plot", "results/runs/default", "--out", "first.png")[0] == 0
    with Image.open("first.png") as image:
        assert min(image.size) > 300
    status, out, error = bench("compare", "results/runs/default")
    assert (status, error) == (0, "")
    assert "margin" in out
    assert "random" in out

    gains = []
    for folder in (Path(line[1]) for line in lines[:4] if line):
        rounds = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
        gains.append(rounds[-1]["accuracy"] - rounds[0]["accuracy"])
        items = [str(item) for entry in rounds for item in entry.get("acquired_items") or []]
        assert len(items) == len(set(items)) >= 20
        for item in items:
            assert re.fullmatch(kind.item, item)
            if name == "images":
                assert Path("digits", item).is_file()
    assert np.mean(gains) > kind.gain


def damage() -> None:
    write_images()
    path = Path("digits/3/scan-13.png")
    path.write_bytes(path.read_bytes()[:60])


def empty_text() -> None:
    write_texts()
    table = pd.read_csv("sentences.csv")
    table.loc[17, "sentence"] = "  "
    table.to_csv("sentences.csv", index=False)


def two_values() -> None:
    frame = sklearn.datasets.load_diabetes(as_frame=True).frame
    frame.assign(ill=(frame["target"] > 140).astype(int)).to_csv("diabetes.csv", index=False)


TEXTS = ("dataset=text", "dataset.text=sentence")
BAD: dict[str, tuple[Callable[[], None], tuple[str, ...], str]] = {
    "a wrong folder": (write_images, ("dataset=images", "dataset.path=digit"), "there is no file or folder .*digit"),
    "a wrong file": (write_texts, (*TEXTS, "dataset.path=sentence.csv"), "there is no file or folder .*sentence.csv"),
    "a damaged image": (
        damage,
        ("dataset=images", "dataset.path=digits"),
        "digits/3/scan-13.png cannot be read: .*dataset.damaged=skip",
    ),
    "an empty text": (
        empty_text,
        (*TEXTS, "dataset.path=sentences.csv", "dataset.label=about"),
        "column 'sentence', row 17 .*: the text is empty .*dataset.empty=drop",
    ),
    "a label of many whole numbers": (
        two_values,
        ("dataset=table", "dataset.path=diabetes.csv", "dataset.label=target"),
        "column 'target' holds 214 different numbers in 442 rows, so it is a measurement",
    ),
    "a label of many fractions": (
        write_table,
        ("dataset=table", "dataset.path=cancer.parquet", "dataset.label='mean radius'"),
        "column 'mean radius' holds 456 different values in 569 rows, so it is no class label",
    ),
    "a group in both parts": (
        write_table,
        ("dataset=table", "dataset.path=train.parquet", "dataset.test_path=test.parquet", "dataset.group=patient"),
        "the group 'p116' of dataset.group=patient is in the training part and in test.parquet",
    ),
}


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_status_2(bench: Callable[..., Any], name: str, command: str) -> None:
    prepare, words, expected = BAD[name]
    prepare()
    status, out, error = bench(command, *words)
    assert (status, out, error.count("\n")) == (2, "", 1)
    assert re.match(rf"al-bench {command}: .*{expected}", error)
    assert not Path("results").exists()


def test_zero_and_one_are_classes(bench: Callable[..., Any]) -> None:
    two_values()
    status, out, error = bench("check", "dataset=table", "dataset.path=diabetes.csv", "dataset.label=ill")
    assert (status, error) == (0, "")
    assert "  classes: 2 (training + test part)" in out.splitlines()


def test_a_class_with_one_file_is_a_remark(bench: Callable[..., Any]) -> None:
    write_images()
    Path("digits/blot").mkdir()
    shutil.copy("digits/3/scan-13.png", "digits/blot/scan.png")
    status, out, error = bench("check", "dataset=images", "dataset.path=digits")
    assert (status, error) == (0, "")
    assert any(line.startswith("  note: no test image of 'blot' (1)") for line in out.splitlines())
