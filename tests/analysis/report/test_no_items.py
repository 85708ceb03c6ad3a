"""`--no-items`: the page of runs on a user's own pictures, texts and rows holds no item, neither content nor name."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from al_bench.analysis.report import page as pages
from al_bench.analysis.report.figures import figure_specs as every
from al_bench.analysis.report.page import ReportRequest, write_page
from al_bench.cli import report
from tests.conftest import Ran

RUN = ("training.stop=steps", "training.steps=4", "posterior.draws=2", "schedule.rounds=2", "schedule.batch=3")
RUN = (*RUN, "initial.size=4", "strategy=random", "study=own", "cache=off")
COUNT = 40
NAMES = [f"zq{number:03}xw" for number in range(COUNT)]
"""What the items are called, as nothing else in a page is."""


def write_photos() -> None:
    rng = np.random.default_rng(0)
    for number, name in enumerate(NAMES):
        folder = Path("photos", "cat" if number % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (6, 6), np.uint8)).save(folder / f"{name}.png")


def write_cases() -> None:
    with Path("cases.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case", "height", "weight", "body", "kind"])
        for number, name in enumerate(NAMES):
            weight = 7_000_001 + 13 * number
            writer.writerow([name, number / 7, weight, f"kwyjibo{number} of {name}", "ill" if number % 2 else "well"])


DATA: dict[str, tuple[Callable[[], None], tuple[str, ...], tuple[str, ...]]] = {
    "pictures": (write_photos, ("dataset=images", "dataset.path=photos"), ("zq", "data:image")),
    "rows": (
        write_cases,
        ("dataset=csv", "dataset.path=cases.csv", "dataset.id=case", "dataset.label=kind", "dataset.drop=[body]"),
        ("zq", r">7000\d{3}<"),
    ),
    "texts": (
        write_cases,
        ("dataset=text", "dataset.path=cases.csv", "dataset.text=body", "dataset.label=kind"),
        ("zq", "kwyjibo"),
    ),
}
"""What writes the data, the words that choose them, and patterns of what only their items hold."""


def html_of(**wanted: object) -> str:
    request = ReportRequest((Path("results/runs/own"),), **wanted)  # type: ignore[arg-type]
    return write_page(request, lambda line: None, lambda done, total: None)


@pytest.fixture(autouse=True)
def few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "figure_specs", lambda judged: every(judged)[:1])


@pytest.mark.parametrize("kind", DATA)
def test_nothing_of_an_item_is_in_the_page(run: Callable[..., Ran], kind: str) -> None:
    write, words, marks = DATA[kind]
    write()
    words = tuple(word for word in RUN if kind != "texts" or not word.startswith(("training", "posterior"))) + words
    assert run(*words).status == 0
    shown, hidden = html_of(), html_of(no_items=True)
    assert all(re.search(mark, shown) for mark in marks)
    assert not any(re.search(mark, hidden) for mark in marks)
    assert "Pictures, texts, rows and names of what was picked are left out (--no-items)" in hidden
    assert "al-bench report results/runs/own --no-items" in hidden


def test_rows_of_the_initial_set_are_left_out_of_configuration_and_command(run: Callable[..., Ran]) -> None:
    write_cases()
    words = (*RUN, *DATA["rows"][1], f"initial.rows=[{NAMES[0]},{NAMES[1]}]", "arm=chosen")
    done = run(*(word for word in words if not word.startswith("initial.size")))
    assert done.status == 0, done.err
    assert NAMES[0] in html_of()
    hidden = html_of(no_items=True)
    assert "zq" not in hidden
    assert "initial.rows=…" in hidden


def test_why_a_run_failed_is_left_out(run: Callable[..., Ran]) -> None:
    write_cases()
    assert run(*RUN, *DATA["rows"][1]).status == 0
    assert run(*RUN, *DATA["rows"][1], "seed=1").status == 0
    (status,) = Path("results/runs/own").rglob("seed-1/status.json")
    status.write_text(f'{{"status": "failed", "error": "{NAMES[3]} cannot be read"}}')
    assert NAMES[3] in html_of()
    assert "zq" not in html_of(no_items=True)


def test_an_arm_that_is_named_by_items_is_refused_in_one_line(
    run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cases()
    words = (*RUN, *DATA["rows"][1], f"initial.rows=[{NAMES[0]},{NAMES[1]}]")
    assert run(*(word for word in words if not word.startswith("initial.size"))).status == 0
    monkeypatch.setattr(sys, "argv", ["al-bench"])
    assert report.main(["results/runs/own", "--no-items", "--out", "page.html"]) == 2
    err = capsys.readouterr().err
    assert "holds items (initial.rows was typed without arm=…)" in err
    assert not Path("page.html").exists()
