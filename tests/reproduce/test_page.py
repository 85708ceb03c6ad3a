"""The page of all presets and the README's table: what the records say, and what a reader needs beside it."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from dataclasses import replace

import msgspec
import pytest

from al_bench.errors import InputError
from al_bench.reproduce import judge, page, presets, tables
from al_bench.reproduce.effects import Effect
from al_bench.reproduce.judge import ClaimVerdict, JudgedClaim
from al_bench.reproduce.preset import format_number
from al_bench.reproduce.reproduction import Reproduction
from tests.conftest import REPOSITORY
from tests.reproduce.planted import flat, preset

CLAIM = {"metric": "accuracy_difference", "arm": "one", "versus": "other", "at": 100, "band": [1, 20], "published": 4.2}
REPORT = {"id": "seen", "text": "Seen", "metric": "accuracy", "arm": "one", "at": 50, "source": "-"}


@pytest.fixture
def reproduction():
    """A preset of two arms with runs, one claim that passes and one report."""
    planted = preset(CLAIM, report=[REPORT], notes=["mind this"])
    arms = {"one": flat("one", [95.0, 95.2, 94.8]), "other": flat("other", [90, 90, 90])}
    told = {
        "started": "2026-01-02T03:04", "device": "cpu", "threads": 1, "platform": "Linux", "commit": "0123456789",
    }  # fmt: skip
    for seeds in arms.values():
        for seed, run in seeds.items():
            seeds[seed] = replace(run, header=msgspec.structs.replace(run.header, **told))
    return Reproduction(planted, "laptop", arms, 6, judge.judge(planted, "laptop", arms))


def test_a_row_says_published_ours_n_band_and_verdict(reproduction):
    (row,) = tables.claims_table(reproduction.preset, "laptop", reproduction.claims).rows
    assert row == ("It is so", "4.2", "5 [4.503, 5.497]", "3", "1 to 20", "PASS")
    (row,) = tables.claims_table(reproduction.preset, "laptop", reproduction.claims, judged=False).rows
    assert row[0] == "Seen"
    assert row[-1] == "reported"


def test_the_csv_has_full_precision(reproduction):
    (entry,) = csv.DictReader(
        tables.claims_table(reproduction.preset, "laptop", reproduction.claims).to_csv().splitlines()
    )
    assert entry["verdict"] == "pass"
    assert float(entry["low"]) == pytest.approx(5 - 4.302652729911275 * 0.2 / 3**0.5)


def test_the_page_has_tables_departures_notes_and_provenance(reproduction):
    text = page.page([reproduction], "reproduction")
    for part in (
        "| planted | laptop | 6 of 6 | 1 | - | - | - |",
        "| It is so | 4.2 | 5 [4.503, 5.497] | 3 | 1 to 20 | PASS |",
        "- small",
        "- mind this",
        "Run 2026-01-02 on cpu, 1 thread a run, Linux; python unknown",
        "commit 0123456.",
        "[Figure](reproduction/planted.png)",
    ):
        assert part in text
    assert "What did not pass" not in text


def test_a_preset_without_runs_says_what_it_takes():
    planted = preset(CLAIM)
    empty = Reproduction(planted, "laptop", {}, 6, judge.judge(planted, "laptop", {}))
    text = page.page([empty], "reproduction")
    assert "`al-bench reproduce planted` takes about 1 minutes (none)." in text
    assert "Figure" not in text
    assert "planted" not in page.readme_table([empty])


def test_the_readme_table_stands_between_its_marks(reproduction):
    table = page.readme_table([reproduction])
    assert table.splitlines()[-1] == "| `planted` | 6 of 6 | 1 | 0 | 0 | 0 |"
    text = f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n"
    once = page.insert(text, table, "README.md")
    assert once == f"before\n{page.BEGIN}\n{table}\n{page.END}\nafter\n"
    assert page.insert(once, table, "README.md") == once


@pytest.mark.parametrize("text", ["", page.BEGIN, f"{page.END} {page.BEGIN}", f"{page.BEGIN} {page.BEGIN} {page.END}"])
def test_a_readme_without_the_marks_is_refused(text):
    with pytest.raises(InputError, match="does not say where the table goes"):
        page.insert(text, "table", "README.md")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (float("nan"), "-"),
        (0.62476, "0.625"),
        (1.001, "1.001"),
        (5.0, "5"),
        (135.6, "136"),
        (4000, "4000"),
    ],
)
def test_numbers_are_short(value, text):
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("band", "text"),
    [(None, ""), ((0, float("inf")), "> 0"), ((float("-inf"), 1), "< 1"), ((-1, 1), "-1 to 1")],
)
def test_bands_in_words(band, text):
    assert tables.band_text(band) == text


def test_bounds_in_words_and_null_in_records(reproduction):
    claim = reproduction.preset.claims[0]
    inf = float("inf")
    passed = JudgedClaim(
        "planted", "laptop", claim, Effect(3, 0.5, -inf, 0.9, "at most"), ClaimVerdict.passed, "inside"
    )
    assert tables.claims_table(reproduction.preset, "laptop", [passed]).rows[0][2] == "≤ 0.5 [at most 0.9]"
    (record,) = json.loads(tables.to_json([passed]))
    assert (record["interval"], record["band"]) == ([None, 0.9], [1, 20])
    failed = JudgedClaim("planted", "laptop", claim, Effect(3, 2.0, 1.1, inf), ClaimVerdict.failed, "outside")
    assert tables.claims_table(reproduction.preset, "laptop", [failed]).rows[0][2] == "≥ 2 [at least 1.1]"
    assert tables.reasons([passed, failed]) == ["FAIL it: outside"]


def cells(text):
    """The cells of a CSV, its numbers to nine figures: another processor may round the last bits otherwise."""
    rows = [*csv.reader(text.splitlines())]
    return [
        [f"{float(cell):.9g}" if re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell) else cell for cell in row] for row in rows
    ]


def test_the_committed_page_tables_and_readme_are_what_the_records_say():
    judged = page.reproductions("laptop", str(REPOSITORY / "results" / "runs"), pytest.fail)
    results = REPOSITORY / "results"
    assert page.page(judged, "reproduction") == (results / "reproduction.md").read_text()
    readme = (REPOSITORY / "README.md").read_text()
    assert page.insert(readme, page.readme_table(judged), "README.md") == readme
    done = [each for each in judged if each.runs]
    assert {each.preset.name for each in done} == {path.stem for path in (results / "reproduction").glob("*.csv")}
    for each in done:
        written = (results / "reproduction" / f"{each.preset.name}.csv").read_text()
        assert cells(tables.claims_table(each.preset, each.scale, each.claims).to_csv()) == cells(written)


@pytest.mark.slow
def test_the_script_writes_page_figures_and_table(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"{page.BEGIN}\n{page.END}\n")
    arguments = ["--results", str(REPOSITORY / "results" / "runs"), "--out", "reproduction.md", "--readme", "README.md"]
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts" / "reproduce_page.py"), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "reproduction.md").read_text()
    assert all(f"## {name}\n" in text for name in presets.names())
    assert (tmp_path / "reproduction" / "gal2017_mnist.png").read_bytes().startswith(b"\x89PNG")
    assert "variation_ratio_10" in (tmp_path / "reproduction" / "gal2017_mnist.csv").read_text()
    assert "| `gal2017_mnist` | " in readme.read_text()
