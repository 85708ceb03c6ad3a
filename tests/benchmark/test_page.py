"""The committed page is what its archives give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from al_bench.benchmark.archives import read_archives
from al_bench.benchmark.page import advice_file, page
from al_bench.benchmark.protocol import load

FOLDER = Path(__file__).resolve().parents[2] / "results" / "benchmark"
LIMIT = 15 * 2**20


@pytest.fixture(scope="module")
def made():
    return page(load("v1"), read_archives(FOLDER / "v1"))


def test_page_and_archives_belong_together(made):
    assert (FOLDER / "README.md").read_text() == made.to_markdown()
    assert (FOLDER / "index.html").read_text() == made.to_html()


def test_every_number_of_a_comparison_has_its_interval_or_says_why_not(made):
    cells = re.findall(r"[|] ([+-]\d[^|]*) [|]", made.to_markdown())
    assert cells
    assert all("[" in cell or "no interval" in cell for cell in cells)


def test_the_archives_stay_small():
    assert sum(file.stat().st_size for file in (FOLDER / "v1").glob("*.parquet")) < LIMIT


def test_the_table_of_recommended_is_that_of_the_page():
    table = Path(__file__).resolve().parents[2] / "conf" / "benchmark" / "table.json"
    assert table.read_text() == advice_file(load("v1"), read_archives(FOLDER / "v1"))
