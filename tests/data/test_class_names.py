"""What classes are called: by the labels, by names that the user gives for numbers, and never by control characters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from al_bench.cli import export
from al_bench.data.arrays import NpzDataset
from al_bench.data.class_names import printable_names, rename_classes
from al_bench.data.csv_table import CsvDataset
from al_bench.errors import InputError
from tests.conftest import record

INPUTS = np.random.default_rng(0).normal(size=(60, 3))


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


def names_of(labels: Any, keys: dict[str, Any] | None = None, **arrays: Any) -> tuple[str, ...]:
    np.savez("t.npz", x=INPUTS, y=labels, **arrays)
    return NpzDataset(path="t.npz", **(keys or {})).load().class_names


@pytest.mark.parametrize(
    ("labels", "names", "expected", "remark"),
    [
        ("012", ["cat", "dog", "owl"], ("cat", "dog", "owl"), ""),
        ("123", ["cat", "dog", "owl"], ("cat", "dog", "owl"), "1 is cat, 2 is dog, 3 is owl"),
        ("258", ["cat", "dog", "owl"], ("cat", "dog", "owl"), "2 is cat, 5 is dog, 8 is owl"),
        ("02", ["cat", "dog", "owl"], ("cat", "owl"), "labels counted from 0; no row is of 'dog'"),
        ("13", ["cat", "dog", "owl"], ("cat", "owl"), "labels counted from 1; no row is of 'dog'"),
        (["False", "True"], ["no", "yes"], ("no", "yes"), ""),
        (["0", "1", "missing"], ["no", "yes"], ("no", "yes", "missing"), ""),
        (["cat", "dog"], ["dog", "cat", "owl"], ("cat", "dog"), ""),
    ],
    ids=["from 0", "from 1", "any numbers", "a gap", "a gap from 1", "truth values", "no label", "words as they are"],
)
def test_numbered_labels_get_their_names(labels: Any, names: Any, expected: Any, remark: str) -> None:
    found, said = rename_classes("dataset.class_names", list(labels), names)
    assert found == expected
    assert (remark in said) if remark else said == ""


@pytest.mark.parametrize(
    ("labels", "names", "expected"),
    [
        (
            "12",
            ["a", "b", "c"],
            "label 1 may be 'b' (counted from 0) or 'a' (from 1); set 'dataset.class_names=[b,c]' or",
        ),
        ("0123", ["a", "b"], "names 2 classes, and there are 4: 0, 1, 2, 3; give one name for each, in this order"),
        ("01", ["a", "a"], "'a' is there twice"),
        ("01", ["a", " "], "name 1 (counted from 0) is empty"),
        (["cat", "dog"], ["a", "b"], "the labels are words already, such as 'cat'"),
        (["-1", "7"], ["a", "b", "c"], "names 3 classes, and there are 2: -1, 7"),
    ],
    ids=["two readings", "too few", "twice", "empty", "words", "numbers that no name has"],
)
def test_names_that_may_belong_elsewhere_are_refused(labels: Any, names: Any, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        rename_classes("dataset.class_names", list(labels), names)
    assert expected in str(caught.value)


def test_both_readings_that_are_offered_can_be_taken() -> None:
    labels = np.arange(60) % 2 + 1
    for names in (["b", "c"], ["a", "b"]):
        assert names_of(labels, {"class_names": names}) == tuple(names)


@pytest.mark.parametrize("spelling", ["class_names", "label_names", "target_names"])
def test_an_array_of_names_in_the_file_is_used(spelling: str) -> None:
    labels = np.arange(60) % 3
    for kind in ("U5", "S5"):
        assert names_of(labels, **{spelling: np.array(["cat", "dog", "owl"], dtype=kind)}) == ("cat", "dog", "owl")
    assert names_of(labels, {"class_names": list("abc")}, **{spelling: np.arange(3)}) == ("a", "b", "c")
    reading = NpzDataset(path="t.npz", class_names=list("abc")).load().reading
    assert reading is not None
    assert reading.unused == {spelling: "dataset.class_names is given"}
    Path("folder").mkdir()
    np.save("folder/x.npy", INPUTS)
    np.save("folder/y.npy", labels)
    np.save(f"folder/{spelling}.npy", np.array(["cat", "dog", "owl"]))
    assert NpzDataset(path="folder").load().class_names == ("cat", "dog", "owl")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.arange(3), "holds int64 of shape (3,); one text a class is expected"),
        (np.array([["a", "b", "c"]]), "of shape (1, 3)"),
        (np.array(["a", "b", None], dtype=object), "is an array of Python objects of shape (3,)"),
        (np.array([b"K\xe4se", b"b", b"c"]), "holds bytes that are not UTF-8"),
    ],
    ids=["numbers", "two axes", "objects", "Latin-1"],
)
def test_an_array_of_names_that_are_none_is_refused(values: np.ndarray, expected: str) -> None:
    with pytest.raises(InputError, match=r"t\.npz: class_names") as caught:
        names_of(np.arange(60) % 3, class_names=values)
    assert expected in str(caught.value)


def test_names_change_no_number() -> None:
    labels = np.arange(60) % 3
    np.savez("t.npz", x=INPUTS, y=labels)
    plain = NpzDataset(path="t.npz").load()
    named = NpzDataset(path="t.npz", class_names=["z", "a", "m"]).load()
    assert plain.fingerprint() == named.fingerprint()


def test_records_exports_and_a_longer_run_have_the_names(run: Any) -> None:
    np.savez("t.npz", x=INPUTS, y=np.arange(60) % 3)
    words = ["dataset=npz", "dataset.path=t.npz", "dataset.class_names=[cat,'a dog',owl]", "schedule.batch=4"]
    words += ["posterior.draws=4", "training.steps=5", "evaluation.draws=2", "initial.size=6"]
    done = run(*words, "schedule.rounds=2")
    assert done.status == 0, done.err
    assert "3 classes (cat 20, a dog 20, owl 20)" in done.err
    arm = next(Path("results/runs/default/npz").iterdir()).name
    assert "class_names" not in arm  # names change no result
    assert record(arm, study="default", dataset="npz").header["class_names"] == ["cat", "a dog", "owl"]
    assert run(*[word for word in words if "class_names" not in word], "schedule.rounds=3").status == 0
    assert export.main([f"results/runs/default/npz/{arm}/seed-0", "--out", "picks.csv"]) == 0
    assert {line.split(",")[3] for line in Path("picks.csv").read_text().splitlines()[7:]} <= {"cat", "a dog", "owl"}


CONTROL = {
    "an escape": ("a\x1b[31m", "a\\x1b[31m"),
    "a line end": ("a\nb", "a\\nb"),
    "a zero": ("a\x00b", "a\\x00b"),
    "a direction": ("\u202eab", "\\u202eab"),
    "a blank of no width": ("a\u200bb", "a\\u200bb"),
}


@pytest.mark.parametrize("kind", CONTROL)
def test_a_class_whose_name_is_not_printable_is_shown_escaped(kind: str) -> None:
    name, shown = CONTROL[kind]
    assert set(names_of(np.array([name, "zz"])[np.arange(60) % 2])) == {shown, "zz"}
    line = NpzDataset(path="t.npz").load().reading.line()  # type: ignore[union-attr]
    assert line.isprintable()


@pytest.mark.parametrize("kind", ["an escape", "a line end", "a direction"])
def test_columns_and_classes_of_a_table_are_shown_escaped(kind: str) -> None:
    name, shown = CONTROL[kind]
    rows = "".join(f'{n},{n % 7},"{name if n % 2 else "zz"}"\n' for n in range(60))
    Path("t.csv").write_text(f'"{name}",b,label\n{rows}')
    dataset = CsvDataset(path="t.csv").load()
    assert set(dataset.class_names) == {shown, "zz"}
    reading = dataset.reading
    assert reading is not None
    assert all(line.isprintable() for line in [reading.line(), *reading.lines()])


def test_names_that_become_the_same_stay_different() -> None:
    assert printable_names(["a\\n", "a\n"]) == ("a\\n", "a\\n_")
