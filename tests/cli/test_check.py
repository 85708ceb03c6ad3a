"""`al-bench check` and the line before a run: what a dataset is read as."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

from al_bench.cli import check

TABLE = "u,v,label\n" + "".join(f"{n % 7},{n / 4},{'xyzw'[n % 4]}\n" for n in range(100))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("d.csv").write_text(TABLE)


def test_it_says_rows_columns_label_classes_split_and_costs(capsys):
    assert check.main(["dataset=csv", "dataset.path=d.csv", "initial.size=8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "d.csv: 100 rows",
        "  numbers: 2 (u, v)",
        "  label: 'label' (by its name)",
        "  classes: 4 (training + test part)",
    ]
    assert "    w: 20 + 5" in lines
    assert "  split: 80 training rows, 20 test rows split off by label" in lines
    assert lines[-1] == "  start: 8 labels, drawn at random; 2 of each of 4 classes would take about 13 random labels"
    assert sorted(Path().iterdir()) == [Path("d.csv")]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["dataset=csv"], "dataset.path is not set; name the table"),
        (["dataset=csv", "dataset.path=none.csv"], "there is no file"),
        (["dataset=csv", "dataset.path=d.csv", "dataset.lable=u"], "there is no key 'dataset.lable'; did you mean"),
        (["d.csv"], "'d.csv' is no override: write key=value"),
        ([], "KEY=VALUE is missing"),
    ],
    ids=["no path", "no file", "a key spelt wrongly", "no override", "nothing"],
)  # fmt: skip
def test_bad_input_is_one_line(capsys, words, expected):
    assert check.main(words) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "name", ["data (1).csv", "it's.csv", "[x].csv", "epoch=3.csv", "R&D.csv", "#1.csv", "über.csv"]
)
def test_a_file_is_taken_whatever_its_name(capsys, name):
    Path(name).write_text(TABLE)
    assert check.main(["dataset=csv", f"dataset.path={name}"]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: 100 rows")


@pytest.mark.parametrize("separator", [";", "semicolon", "'\";\"'", '";"'])
def test_a_separator_is_taken_as_it_is_pasted(capsys, separator):
    Path("s.csv").write_text(TABLE.replace(",", ";"))
    word = separator.strip("'")
    assert check.main(["dataset=csv", "dataset.path=s.csv", f"dataset.separator={word}"]) == 0
    assert "numbers: 2 (u, v)" in capsys.readouterr().out


def test_arrays_that_are_not_read_are_named(capsys):
    images = np.arange(100 * 64).reshape(100, 8, 8) % 251
    np.savez(
        "m.npz",
        train_images=images.astype(np.uint8),
        train_labels=np.arange(100) % 2,
        val_images=images,
        val_labels=[1],
    )
    assert check.main(["dataset=npz", "dataset.path=m.npz"]) == 0
    out = capsys.readouterr().out
    assert "not used: val_images (a validation part; read with validation=file)" in out


@pytest.mark.parametrize("name", ["image path (jpg)", "name, first", "Größe", 'say "x"', "a\\b", "true", "7"])
@pytest.mark.parametrize("quotes", ["{}", "'{}'", "{}'"], ids=["as a shell gives it", "in quotes", "half quoted"])
def test_the_advice_works_as_it_is_printed(capsys, name, quotes):
    quoted = '"' + name.replace('"', '""') + '"'
    rows = [f"im{n},{n / 4},{'xy'[n % 2]}" for n in range(80)]
    Path("k.csv").write_text("\n".join([f"{quoted},v,label", *rows]) + "\n")
    words = ["dataset=csv", "dataset.path=k.csv", "dataset.header=present"]
    assert check.main(words) == 2
    printed = capsys.readouterr().err.rpartition("leave it out with ")[2].strip()
    (word,) = shlex.split(printed)
    key, _, value = word.partition("=")
    assert check.main([*words, f"{key}={quotes.format(value)}"]) == 0
    assert "numbers: 1 (v)" in capsys.readouterr().out
