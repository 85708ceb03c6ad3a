"""The table of where the wheel was tried is about today's pyproject.toml, and nothing in it failed."""

from __future__ import annotations

import csv
import tomllib

from tests.conftest import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
with (REPOSITORY / "results" / "wheels.csv").open(newline="") as file:
    ROWS = list(csv.DictReader(file))


def test_nothing_in_the_table_failed():
    assert {row["outcome"] for row in ROWS} == {"ok"}


def test_extras_were_resolved_alone_on_every_python():
    """An extra that is newer than the table is left to the next `python scripts/wheels.py --resolve`."""
    by_python: dict[str, set[str]] = {}
    for row in ROWS:
        if (row["how"], row["platform"]) == ("resolved", "Linux"):
            by_python.setdefault(row["python"], set()).add(row["extra"])
    assert set(by_python) == {"3.11", "3.12", "3.13"}
    assert all({"", "dev", "text", "vision"} <= extras for extras in by_python.values())
    assert len(set(map(frozenset, by_python.values()))) == 1


def test_the_oldest_and_the_newest_dependencies_ran_on_the_oldest_python():
    ran = {(row["python"], row["versions"]) for row in ROWS if row["how"] == "run"}
    assert {("3.11", "oldest"), ("3.11", "newest")} <= ran
    assert PROJECT["requires-python"] == ">=3.11"
    known = {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line}
    assert known == {python for python, versions in ran if versions == "newest"}
