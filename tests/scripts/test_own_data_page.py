"""The page "Own data" and the archives of scripts/own_data.sh: the one says what the others hold."""

from __future__ import annotations

import json
import math
import re

import pytest

from al_bench.cli import compare
from al_bench.storage.runs import find_runs
from scripts import own_data_page as script
from tests.conftest import REPOSITORY

ARCHIVED = [setting for setting in script.SETTINGS if (script.ARCHIVES / f"{setting.name}.parquet").exists()]
names = pytest.mark.parametrize("setting", ARCHIVED, ids=[setting.name for setting in ARCHIVED])


@pytest.mark.slow
def test_the_page_has_the_tables_that_the_script_writes():
    text = script.PAGE.read_text(encoding="utf-8")
    assert text == script.page(text, script.generated()), "run python scripts/own_data_page.py"


def test_the_readme_has_the_table_that_the_script_writes():
    text = script.README.read_text(encoding="utf-8")
    assert text == script.page(text, script.in_short()), "run python scripts/own_data_page.py"


def test_a_page_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="lost its marks"):
        script.page("# Own data\n", "")


def test_the_page_and_the_script_know_the_same_settings():
    text = (REPOSITORY / "scripts" / "own_data.sh").read_text().replace("\\\n", " ")
    (listed,) = re.findall(r"set -- (.*)", text)
    assert sorted(listed.split()) == sorted(setting.name for setting in script.SETTINGS)
    assert {path.stem for path in script.ARCHIVES.glob("*.parquet")} <= set(listed.split())
    for data, metric in script.METRICS.items():
        assert f"case $1 in {data}*) metric={metric} ;; *) metric=accuracy ;; esac" in text


@pytest.mark.slow
@names
def test_compare_says_of_an_archive_what_the_page_says(setting, tmp_path, capsys):
    archive, out = script.ARCHIVES / f"{setting.name}.parquet", tmp_path / "said.json"
    assert compare.main([str(archive), "--metric", setting.metric, "--json", str(out)]) == 0
    capsys.readouterr()
    (said,) = json.loads(out.read_text())["datasets"]
    tables = {table["key"]: {record["arm"]: record for record in table["records"]} for table in said["tables"]}
    rows = re.findall(rf"^\| {re.escape(setting.title)} \| (.*) \|$", script.PAGE.read_text(), re.MULTILINE)
    savings, areas = ([cell.strip() for cell in row.split("|")] for row in rows)
    saved = next((table["records"] for table in said["tables"] if table["key"] == "saved"), [])
    for column, (strategy, title) in enumerate(script.STRATEGIES.items(), start=2):
        if strategy not in tables["difference"]:
            assert (savings[column], areas[column]) == ("", ""), title
            continue
        area = tables["difference"][strategy]
        shown = area["p_holm"] is not None and area["p_holm"] <= 0.05
        assert mark(areas[column]) == (shown * math.copysign(1, area["difference"])), title
        assert numbers(areas[column].partition(";")[0]) == pytest.approx(
            [100 * area[key] for key in ("difference", "low", "high")], abs=0.051
        )
        record = [r for r in saved if r["arm"] == strategy and savings[0] == f"{100 * r['target']:.0f}"]
        shown = bool(record) and record[0]["p_holm"] is not None and record[0]["p_holm"] <= 0.05
        assert mark(savings[column]) == (shown * math.copysign(1, record[0]["saved"]) if shown else 0), title
        if strategy in said["winners"]:
            assert 1 in (mark(savings[column]), mark(areas[column])) or "; better at" in areas[column], title
        if record and record[0]["saved"] is not None:
            expected = [100 * record[0][key] for key in ("saved", "low", "high")]
            assert numbers(savings[column]) == pytest.approx(expected, abs=0.51), title


def mark(cell: str) -> int:
    """1 for bold, −1 for italics, else 0."""
    return 1 if cell.startswith("**") else -1 if cell.startswith("*") else 0


def numbers(cell: str) -> list[float]:
    """The numbers of a cell."""
    return [float(number.replace("−", "-").replace("+", "")) for number in re.findall(r"[−+]?\d+(?:\.\d)?", cell)]


@names
def test_an_archive_has_ten_seeds_of_each_arm_and_names_no_item_and_no_machine(setting):
    runs = find_runs([script.ARCHIVES / f"{setting.name}.parquet"])
    seeds = {}
    for run in runs:
        seeds.setdefault(run.header.strategy, set()).add(run.header.seed)
        assert run.header.host in ("", None)
        assert not run.header.initial_items
    assert set(map(frozenset, seeds.values())) == {frozenset(range(10))}


def test_the_folder_is_small_and_its_reports_hold_no_item():
    files = [path for path in script.ARCHIVES.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 25_000_000
    for setting in ARCHIVED:
        report = (script.ARCHIVES / f"{setting.name}.html").read_text(encoding="utf-8")
        assert "are left out (--no-items)" in report, setting.name
        assert (script.ARCHIVES / f"{setting.name}.svg").exists()
