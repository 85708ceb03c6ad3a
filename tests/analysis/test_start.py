"""What is said of how a study's runs began: from headers, from a run on the whole pool, from records of old."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from al_bench.analysis.report.page import ReportRequest, write_page
from al_bench.analysis.start import start_lines
from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
from al_bench.cli.compare import main
from al_bench.health.start_cost import labels_for_balanced_start
from tests.analysis.records import write_run

POOL = [300, 150, 40, 10]


def write(root: Path, arm: str, seed: int, counts: list[int], pool: list[int] | None, **identity: Any) -> None:
    """A run of two rounds whose first has these labelled points of each class."""
    folder = write_run(root, [0.5, 0.6], arm=arm, seed=seed, start=sum(counts))
    header = json.loads((folder / "header.json").read_text()) | {"classes": 4}
    header |= {"identity": {"initial.size": sum(counts), **identity}} if identity else {}
    header |= {"pool_classes": pool} if pool else {}
    (folder / "header.json").write_text(json.dumps(header))
    rounds = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    rounds[0]["class_counts"] = counts
    (folder / "rounds.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in rounds))


def only(root: Path) -> Study:
    (study,) = studies([root], None, False, lambda line: None)
    return study


@pytest.mark.parametrize(
    ("identity", "counts", "sentence"),
    [
        ({"initial.kind": "random"}, [[6, 2, 0, 0], [5, 2, 1, 0]], "8 labels, drawn at random (2 to 3 of 4 classes); "),
        ({"initial.kind": "clusters"}, [[4, 3, 1, 0]] * 2, "8 labels, one from each of as many clusters of inputs (3 "),
        (
            {"initial.kind": "balanced"},
            [[2, 2, 2, 2]] * 2,
            "8 labels, 2 of each of 4 classes, drawn by the hidden labe",
        ),
        ({"initial.indices": None}, [[2, 2, 2, 2]] * 2, "8 labels, 2 of each of 4 classes, drawn by the hidden labels"),
        ({"initial.indices": [4, 5]}, [[1, 1, 0, 0]] * 2, "2 labels, as named (2 of 4 classes)"),
        ({"initial.rows": ["a"]}, [[1, 0, 0, 0]] * 2, "1 label, as named (1 of 4 classes)"),
    ],
    ids=["random", "clusters", "balanced", "the oldest: balanced", "indices", "rows"],
)
def test_a_start_is_said_with_its_classes_and_the_cost_of_a_balanced_one(tmp_path, identity, counts, sentence):
    for seed, of_seed in enumerate(counts):
        write(tmp_path, "random", seed, of_seed, POOL, **identity)
    (line,) = start_lines(only(tmp_path))
    assert line.startswith(f"Start: {sentence}")
    if "named" not in sentence:
        assert f"about {labels_for_balanced_start(POOL, 8):,.0f} random labels" in line


def test_arms_that_began_in_other_ways_are_named(tmp_path):
    write(tmp_path, "random", 0, [2, 2, 2, 2], POOL, **{"initial.kind": "balanced"})
    write(tmp_path, "entropy", 0, [5, 3, 0, 0], POOL, **{"initial.kind": "random"})
    lines = start_lines(only(tmp_path))
    assert sorted(line.partition(":")[0].partition(" (")[0] for line in lines) == [
        "Start of entropy",
        "Start of random",
    ]


def test_the_pool_of_former_records_is_that_of_a_run_on_all_of_it(tmp_path):
    write(tmp_path, "random", 0, [2, 2, 2, 2], None, **{"initial.kind": "balanced"})
    (line,) = start_lines(only(tmp_path))
    assert line == "Start: 8 labels, as many of each class, drawn by the hidden labels."
    folder = write_run(tmp_path, [0.9], arm="full", strategy="random", reference="full", start=500)
    entry = json.loads((folder / "rounds.jsonl").read_text()) | {"class_counts": POOL}
    (folder / "rounds.jsonl").write_text(json.dumps(entry) + "\n")
    (line,) = start_lines(only(tmp_path))
    assert line.endswith(f"without them that takes about {labels_for_balanced_start(POOL, 8):,.0f} random labels.")


def test_records_that_do_not_say_how_they_began_have_no_line(tmp_path):
    write(tmp_path, "random", 0, [2, 2, 2, 2], POOL)
    assert start_lines(only(tmp_path)) == ()


def test_compare_its_files_and_the_report_say_it(tmp_path, capsys):
    for arm in ("random", "entropy"):
        write(tmp_path / "runs", arm, 0, [6, 2, 0, 0], POOL, **{"initial.kind": "random"})
    files = ["--json", str(tmp_path / "c.json"), "--markdown", str(tmp_path / "c.md")]
    assert main([str(tmp_path / "runs"), *files]) == 0
    said = "Start: 8 labels, drawn at random (2 of 4 classes); 2 of each of 4 classes would take about"
    assert said in " ".join(capsys.readouterr().out.split())
    assert said in json.loads((tmp_path / "c.json").read_text())["datasets"][0]["start"][0]
    assert f"- {said}" in (tmp_path / "c.md").read_text()
    assert said in write_page(ReportRequest((tmp_path / "runs",)), lambda line: None, lambda done, total: None)
