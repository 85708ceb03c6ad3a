"""Health in `al-bench compare`: checks beyond a threshold, the balance of picks beside Random's, nothing invented."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
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
    assert [row[:4] for row in table.rows] == [("hardly better than guessing", "bald", "0, 1, 2", "3 of 9")]
    assert table.rows[0][4].startswith("seed 0, round 0: ")
    assert [(record["seed"], record["round"]) for record in table.records] == [(0, 0), (1, 0), (2, 0)]


def test_warnings_come_before_remarks(tmp_path: Path) -> None:
    write(tmp_path, {"random": HEALTHY | {"validation": 100}, "bald": HEALTHY | {"saturated": 0.5}})
    table = checks_table(only(tmp_path))
    assert table is not None
    checks = [("BatchBALD ran out of information", "bald"), ("validation set larger than the labelled set", "random")]
    assert [row[:2] for row in table.rows] == checks
    assert table.rows[1][2:4] == ("0, 1, 2", "9 of 9")


def test_balance_is_the_last_round_beside_the_baselines(tmp_path: Path) -> None:
    write(tmp_path, {"random": HEALTHY, "bald": HEALTHY | {"acquired_kl": 0.75}, "entropy": None})
    table = class_balance_table(only(tmp_path), expert=True)
    assert table is not None
    assert [row[4:] for row in table.rows] == [("0.750", "+0.500"), ("not recorded", ""), ("0.250", "")]


def test_healthy_and_unrecorded_runs_have_no_row(tmp_path: Path) -> None:
    write(tmp_path / "healthy", {"random": HEALTHY, "bald": HEALTHY})
    assert checks_table(only(tmp_path / "healthy")) is None
    write(tmp_path / "older", {"random": None, "bald": None})
    assert health_tables(only(tmp_path / "older")) == []


def test_compare_prints_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"random": HEALTHY, "bald": HEALTHY | {"chance": 0.45}})
    assert main([str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "What to look at on digits" in out
    assert "Classes of what was labelled on digits" in out
    assert not re.search(r"\bKL\b|\bnats\b|cosine", out.partition("What to look at")[2])
    assert max(len(line) for line in out.splitlines()[:4]) <= 110


COPIES = HEALTHY | {"near_duplicates": {"0.99": 0.5}}


@pytest.mark.parametrize(
    ("random", "bald", "found"),
    [(0.6, 0.5, False), (0.5, 0.5, False), (0.3, 0.5, True), (None, 0.5, True), (None, 0.1, False)],
    ids=["fewer than Random", "as many", "more", "no Random", "few, no Random"],
)
def test_near_copies_are_listed_where_random_has_fewer(
    tmp_path: Path, random: float | None, bald: float, found: bool
) -> None:
    arms = {"bald": HEALTHY | {"near_duplicates": {"0.99": bald}}}
    if random is not None:
        arms["random"] = HEALTHY | {"near_duplicates": {"0.99": random}}
    write(tmp_path, arms)
    table = checks_table(only(tmp_path))
    assert [row[:2] for row in (table.rows if table else ())] == [("near-copies in the batch", "bald")] * found
    if table is not None:
        said = "every one of the 9 rounds of Random here" if random is not None else "There is no run of Random here"
        assert said in table.note


def test_random_alone_is_not_compared_with_itself(tmp_path: Path) -> None:
    write(tmp_path, {"random": COPIES | {"acquired_kl": 2.0, "acquired_kl_random": 0.1}})
    assert checks_table(only(tmp_path)) is None


def test_the_note_on_random_is_left_out_where_nothing_is_compared_with_it(tmp_path: Path) -> None:
    write(tmp_path, {"random": HEALTHY, "bald": HEALTHY | {"saturated": 0.5}})
    table = checks_table(only(tmp_path))
    assert table is not None
    assert table.note == "Rounds over all seeds, out of those with health on record."


def with_classes(root: Path, arm: str, ends: list[list[int]], header: dict[str, object]) -> None:
    """Runs whose last round has these labelled points of each class."""
    for seed, counts in enumerate(ends):
        folder = write_run(root, [0.5, 0.6], arm=arm, seed=seed)
        known = json.loads((folder / "header.json").read_text()) | {"classes": len(counts)} | header
        (folder / "header.json").write_text(json.dumps(known))
        rounds = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
        rounds[0]["class_counts"], rounds[1]["class_counts"] = [20] + [0] * (len(counts) - 1), counts
        (folder / "rounds.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in rounds))


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ({}, "seed 1: no label at the end of 1 of 3 classes: number 2"),
        ({"class_names": ["x", "y", "z"]}, "seed 1: no label at the end of 1 of 3 classes: 'z'"),
        (
            {"pool_classes": [50, 40, 10], "test_classes": [6, 3, 1], "class_names": ["x", "y", "z"]},
            "seed 1: no label at the end of 1 of 3 classes: 'z'; they have 10 of the pool's 100 points and "
            "1 of the test points (10.0 %), each of them an error",
        ),
        (
            {"pool_classes": [50, 40], "test_classes": [6, 3, 1], "class_names": ["x"]},
            "seed 1: no label at the end of 1 of 3 classes: number 2",
        ),
    ],
    ids=["a former record", "named", "with its price", "a header that does not fit"],
)
def test_classes_without_a_label_are_a_row_of_runs(tmp_path: Path, header: dict[str, object], sentence: str) -> None:
    with_classes(tmp_path, "bald", [[14, 8, 8], [20, 10, 0], [15, 14, 1]], header)
    with_classes(tmp_path, "random", [[14, 8, 8]] * 3, header)
    table = checks_table(only(tmp_path))
    assert table is not None
    assert table.rows == (("classes without any label", "bald", "1", "1 of 3 runs", sentence),)


def test_the_classes_of_what_was_labelled_are_shown_beside_the_pools(tmp_path: Path) -> None:
    header: dict[str, object] = {"pool_classes": [50, 25, 25], "test_classes": [6, 3, 1]}
    with_classes(tmp_path, "bald", [[10, 10, 10], [15, 9, 6], [12, 12, 6]], header)
    write(tmp_path, {"random": HEALTHY})
    table = class_balance_table(only(tmp_path))
    assert table is not None
    assert table.columns == ("arm", "least", "most", "evenness")
    assert table.rows == (
        ("bald", "20.0 %", "40.0 %", "0.96"),
        ("random", "not recorded", "", ""),
        ("(the pool)", "25.0 %", "50.0 %", "0.95"),
    )
