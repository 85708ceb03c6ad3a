"""The tables of a committed study are what they have always been, letter by letter."""

from __future__ import annotations

from pathlib import Path

from al_bench.analysis.studies import studies
from al_bench.analysis.tables.accuracy import compare_tables
from al_bench.analysis.tables.health import health_tables
from al_bench.analysis.targets import default_targets

DIGITS = Path(__file__).resolve().parents[3] / "results" / "runs" / "digits"


def test_the_tables_of_digits_are_those_on_file() -> None:
    (study,) = studies([DIGITS])
    tables = [*compare_tables(study, default_targets(study)), *health_tables(study)]
    text = "\n\n".join(table.to_terminal() for table in tables) + "\n"
    assert text == Path(__file__).with_name("digits.txt").read_text(encoding="utf-8")
