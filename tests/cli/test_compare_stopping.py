"""`al-bench compare --stopping`: stopping rules replayed on what runs recorded."""

from __future__ import annotations

import json

from al_bench.cli import compare
from tests.analysis.records import write_run

ACCURACIES = [0.50, 0.70, 0.80, 0.84, 0.86, 0.865]
SETTLING = [None, 0.4, 0.2, 0.05, 0.0, 0.0]


def settling_run(root, arm, seed):
    """A run whose predictions no longer change from its fifth round on."""
    rounds = [
        {"accuracy": accuracy + seed / 1000, "stop_set": {"points": 100, "entropy": 1.0, "changed": share}}
        for accuracy, share in zip(ACCURACIES, SETTLING, strict=True)
    ]
    write_run(root, rounds, arm=arm, seed=seed)


def test_the_table_has_every_arm_and_rule(tmp_path, capsys):
    for seed in range(3):
        for arm in ("random", "margin"):
            settling_run(tmp_path, arm, seed)
    file = tmp_path / "tables.json"
    assert compare.main([str(tmp_path / "study"), "--stopping", "--json", str(file)]) == 0
    assert "Stopping rules replayed on digits" in capsys.readouterr().out
    (dataset,) = json.loads(file.read_text())["datasets"]
    table = next(table for table in dataset["tables"] if table["key"] == "stopping")
    stops = {(record["arm"], record["rule"]): record["stopped"] for record in table["records"]}
    assert stops["margin", "classification_change"] == 3
    assert stops["random", "overall_uncertainty"] == 0
    assert len(stops) == 6


def test_without_the_option_no_rule_is_replayed(tmp_path, capsys):
    settling_run(tmp_path, "random", 0)
    assert compare.main([str(tmp_path / "study")]) == 0
    assert "replayed" not in capsys.readouterr().out


def test_records_without_a_stop_set_are_refused_in_one_line(tmp_path, capsys):
    write_run(tmp_path, ACCURACIES)
    assert compare.main([str(tmp_path / "study"), "--stopping"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("al-bench compare: no run on digits can be replayed")
    assert "evaluation.stop_set=1000" in error
