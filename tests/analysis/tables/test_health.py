"""Health in `al-bench compare`: checks beyond a threshold, the balance of picks beside Random's, nothing invented."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from al_bench.analysis.study import Study, studies
from al_bench.analysis.tables.health import checks_table, class_balance_table, health_tables
from al_bench.cli.compare import main
from tests.analysis.records import write_run

HEALTHY = {"chance": 0.1, "accuracy_drop": None, "acquired_kl": 0.25, "validation": 0}


def write(root: Path, health: dict[str, dict[str, float | None] | None], seeds: int = 3) -> None:
    """Three rounds for every arm and seed; an arm's health goes into each round, None leaves it out."""
    for arm, recorded in health.items():
        for seed in range(seeds):
            folder = write_run(root, [0.46, 0.6, 0.7], arm=arm, seed=seed)
            if recorded is None:
                continue
            file = folder / "rounds.jsonl"
            rounds = [
                json.loads(line) | {"health": recorded, "fit": [{"steps": 300}]}
                for line in file.read_text().splitlines()
            ]
            file.write_text("".join(json.dumps(entry) + "\n" for entry in rounds))


def only(root: Path) -> Study:
    (study,) = studies([root], None, False, lambda line: None)
    return study


def test_a_collapse_is_one_row_an_arm_with_seeds_and_rounds(tmp_path: Path) -> None:
    write(tmp_path, {"random": HEALTHY, "bald": HEALTHY | {"chance": 0.45}})
    table = checks_table(only(tmp_path))
    assert table is not None
    assert [row[:4] for row in table.rows] == [
        ("training collapsed: accuracy near chance", "bald", "0, 1, 2", "3 of 9")
    ]
    assert table.rows[0][4].startswith("seed 0, round 0: ")
    assert [(record["seed"], record["round"]) for record in table.records] == [(0, 0), (1, 0), (2, 0)]


def test_warnings_come_before_remarks(tmp_path: Path) -> None:
    write(tmp_path, {"random": HEALTHY | {"validation": 100}, "bald": HEALTHY | {"saturated": 0.5}})
    table = checks_table(only(tmp_path))
    assert table is not None
    checks = [("BatchBALD saturated", "bald"), ("validation set larger than the labelled set", "random")]
    assert [row[:2] for row in table.rows] == checks
    assert table.rows[1][2:4] == ("0, 1, 2", "9 of 9")


def test_balance_is_the_last_round_beside_the_baselines(tmp_path: Path) -> None:
    write(tmp_path, {"random": HEALTHY, "bald": HEALTHY | {"acquired_kl": 0.75}, "entropy": None})
    table = class_balance_table(only(tmp_path))
    assert table is not None
    assert table.rows == (("bald", "0.750", "+0.500"), ("entropy", "not recorded", ""), ("random", "0.250", ""))


def test_healthy_and_unrecorded_runs_have_no_row(tmp_path: Path) -> None:
    write(tmp_path / "healthy", {"random": HEALTHY, "bald": HEALTHY})
    assert checks_table(only(tmp_path / "healthy")) is None
    write(tmp_path / "older", {"random": None, "bald": None})
    assert health_tables(only(tmp_path / "older")) == []


def test_compare_prints_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"random": HEALTHY, "bald": HEALTHY | {"chance": 0.45}})
    assert main([str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "Checks beyond their threshold on digits" in out
    assert "Class balance of what was picked on digits" in out
    assert max(len(line) for line in out.splitlines()[:4]) <= 110
