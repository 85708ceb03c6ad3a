"""From a user's own files to a curve in two commands, and to the gallery and the export that name them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from al_bench.cli import check, export, plot, report

FAST = ("strategy=margin,random", "-m", "initial.size=8", "schedule.batch=4", "schedule.rounds=2")


def write_images() -> None:
    digits = load_digits()
    for number in range(120):
        path = Path("photos", str(digits.target[number]), f"{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((digits.images[number] * 15).astype(np.uint8)).save(path)


def write_texts() -> None:
    lines = [f"<b>offer</b> {n} & more,spam" if n % 2 else f"minutes of {n},ham" for n in range(60)]
    Path("mails.csv").write_text("\n".join(["body,kind", *lines]) + "\n")


def write_parquet() -> None:
    import duckdb

    with duckdb.connect(":memory:") as connection:
        connection.execute(
            "COPY (SELECT i % 7 AS a, i / 3 AS b, CASE WHEN i % 3 = 0 THEN 'yes' ELSE 'no' END AS label "
            "FROM range(90) t(i)) TO 'table.parquet' (FORMAT parquet)"
        )


def write_arrays() -> None:
    digits = load_digits()
    np.savez("mine.npz", x=digits.images[:120].astype(np.uint8), y=digits.target[:120] % 2)


KINDS: dict[str, tuple[Callable[[], None], tuple[str, ...]]] = {
    "images": (write_images, ("dataset=images", "dataset.path=photos")),
    "texts": (write_texts, ("dataset=text", "dataset.path=mails.csv", "dataset.text=body", "dataset.label=kind")),
    "a table": (write_parquet, ("dataset=table", "dataset.path=table.parquet")),
    "arrays": (write_arrays, ("dataset=npz", "dataset.path=mine.npz")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_two_commands_lead_from_a_users_files_to_a_curve(
    run: Any, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    write, words = KINDS[kind]
    write()
    assert check.main(list(words)) == 0
    assert "split" in capsys.readouterr().out
    done = run(*words, *FAST, "training.steps=20") if kind in ("images", "a table", "arrays") else run(*words, *FAST)
    assert done.status == 0, done.err
    assert plot.main(["results/runs/default", "--out", "curves.png"]) == 0
    with Image.open("curves.png") as figure:
        assert figure.size[0] > 300


def runs() -> list[Path]:
    return sorted(path.parent for path in Path("results/runs").rglob("header.json"))


def test_the_report_shows_texts_escaped_and_the_export_writes_them(run: Any) -> None:
    write_texts()
    assert run(*KINDS["texts"][1], *FAST).status == 0
    assert report.main(["results/runs/default", "--out", "report.html"]) == 0
    page = Path("report.html").read_text()
    assert "<b>offer</b>" not in page
    assert re.search(r"<td>&lt;b&gt;offer&lt;/b&gt; \d+ &amp; more</td>", page)
    assert export.main([str(runs()[0]), "--out", "picks.csv"]) == 0
    with Path("picks.csv").open() as file:
        picks = list(csv.DictReader(file))
    assert len(picks) == 12
    for pick in picks:
        assert pick["body"] == (
            f"<b>offer</b> {pick['row']} & more" if int(pick["row"]) % 2 else f"minutes of {pick['row']}"
        )


def test_the_report_and_the_export_name_images_by_their_files(run: Any) -> None:
    write_images()
    assert run(*KINDS["images"][1], *FAST, "training.steps=20").status == 0
    assert report.main(["results/runs/default", "--out", "report.html"]) == 0
    assert re.search(r'title="file \d/\d+\.png"', Path("report.html").read_text())
    assert export.main([str(runs()[0]), "--out", "picks.csv"]) == 0
    with Path("picks.csv").open() as file:
        picks = list(csv.DictReader(file))
    assert all(Path("photos", pick["file"]).is_file() for pick in picks)


def write_an_empty_text() -> None:
    write_texts()
    Path("mails.csv").write_text(Path("mails.csv").read_text() + ",ham\n")


FAULTS: dict[str, tuple[Callable[[], Any], tuple[str, ...], str]] = {
    "no such folder": (write_images, ("dataset=images", "dataset.path=foto"), "there is no file or folder"),
    "a damaged image": (lambda: (write_images(), Path("photos/3/3.png").write_bytes(b"x")), KINDS["images"][1],
                        "photos/3/3.png cannot be read: it is no image that can be read"),
    "an empty text": (write_an_empty_text, KINDS["texts"][1],
                      "column 'body', row 60 (counted from 0): the text is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_bad_input_is_one_line_and_nothing_is_written(run: Any, name: str) -> None:
    write, words, message = FAULTS[name]
    write()
    done = run(*words)
    assert done.status == 2
    assert message in done.err
    (line,) = [line for line in done.err.splitlines() if not line.startswith("al-bench: dataset=text implies")]
    assert line.startswith("al-bench run: ")
    assert not Path("results").exists()
