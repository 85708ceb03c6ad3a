"""The committed page is what its archives give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from al_bench.benchmark.answer import table, validate
from al_bench.benchmark.archives import read_archives
from al_bench.benchmark.outcomes import outcomes
from al_bench.benchmark.page import advice_file, page
from al_bench.benchmark.protocol import load

FOLDER = Path(__file__).resolve().parents[2] / "results" / "benchmark"
LIMIT = 15 * 2**20


@pytest.fixture(scope="module")
def archives():
    return read_archives(FOLDER / "v1")


@pytest.fixture(scope="module")
def made(archives):
    return page(load("v1"), archives)


def test_page_and_archives_belong_together(made):
    assert (FOLDER / "README.md").read_text() == made.to_markdown()
    assert (FOLDER / "index.html").read_text() == made.to_html()


def test_every_number_of_a_comparison_has_its_interval_or_says_why_not(made):
    cells = re.findall(r"[|] ([+-]\d[^|]*) [|]", made.to_markdown())
    assert cells
    assert all("[" in cell or "no interval" in cell for cell in cells)


def test_the_archives_stay_small():
    assert sum(file.stat().st_size for file in (FOLDER / "v1").glob("*.parquet")) < LIMIT


def test_the_table_of_recommended_is_that_of_the_page(archives):
    table = Path(__file__).resolve().parents[2] / "conf" / "benchmark" / "table.json"
    assert table.read_text() == advice_file(load("v1"), archives)


def test_the_answer_in_the_readme_is_that_of_the_page(archives):
    """Its numbers are written by hand, as they are a sentence."""
    readme = " ".join((FOLDER.parents[1] / "README.md").read_text().split()).replace("−", "-")
    said = readme.partition("**Which strategy?**")[2].partition("**When do I stop?**")[0]
    every = outcomes(load("v1"), archives)
    advice = table(every)
    for kind in ("image", "table"):
        cell = advice[kind, "low"]
        assert cell.strategy == "maxherding"
        over = f"{cell.gain.mean:+.1f}"
        interval = f"[{cell.gain.low:+.1f}, {cell.gain.high:+.1f}], n = {cell.gain.n}"
        assert f"{kind}s ({over}" in said
        assert interval in said
    for regime in ("low", "middle", "high"):
        worth = validate(every, [regime]).over_margin
        assert worth.n == 12
        assert f"{worth.mean:.1f}" in said
        assert f"[{worth.low:.1f}, {worth.high:.1f}]" in said
    assert worth.low < 0, "which is why the README names margin there"
