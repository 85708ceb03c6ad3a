"""What arms may be compared by: the same label counts, the same data, accuracies no finer than the test set."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from al_bench.analysis.figures.difference import differences
from al_bench.analysis.figures.overlay import health_marks
from al_bench.analysis.figures.penalty import draw_penalty
from al_bench.analysis.findings import area_differences, budget_differences
from al_bench.analysis.statistics.paired import estimate, estimates
from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
from al_bench.analysis.tables.accuracy import accuracy_table, compare_tables
from al_bench.analysis.tables.cost import cost
from al_bench.analysis.tables.differences import budgets_table
from al_bench.analysis.verdict import verdict
from al_bench.cli import plot
from al_bench.cli.compare import main
from al_bench.errors import InputError
from tests.analysis.records import saturating, write_run
from tests.analysis.test_study import amend

SEEDS = range(4)


def fine_and_coarse(root: Path, gain: float = 0.0) -> Study:
    """Random every 10 labels, and the same policy (plus `gain`) every 40, with the same accuracies where both are."""
    for seed in SEEDS:
        curve = [value + 0.001 * seed for value in saturating(0.9, 0.3, 13)]
        write_run(root, curve, arm="random", seed=seed)
        late = [value + gain * (number > 0) for number, value in enumerate(curve[::4])]
        write_run(root, late, arm="random,batch=40", strategy="bald", seed=seed, batch=40)
    (study,) = studies([root])
    return study


def test_a_coarser_curve_of_the_same_policy_is_no_worse(tmp_path: Path) -> None:
    study = fine_and_coarse(tmp_path)
    span, difference = area_differences(study, "random,batch=40")
    assert span == (20, 140)
    assert (difference.mean, difference.p) == (pytest.approx(0), 1)
    (result,) = verdict(study, (0.85,)).findings
    assert result.saved[0].saved == pytest.approx(0)
    rows = {cells[0]: cells[-2:] for cells in accuracy_table(study).rows}
    assert rows["random"] == rows["random,batch=40"]  # mean and AUBC, over the same label counts


def test_a_true_difference_between_grids_is_its_size(tmp_path: Path) -> None:
    study = fine_and_coarse(tmp_path, gain=0.02)
    _, difference = area_differences(study, "random,batch=40")
    assert difference.mean == pytest.approx(0.02 * (0.5 * 40 + 2 * 40) / 120)


def test_arms_on_other_data_are_said_and_not_compared(tmp_path: Path) -> None:
    for seed in SEEDS:
        amend(write_run(tmp_path, [0.5, 0.7 + seed / 100, 0.8], arm="random", seed=seed), fingerprint="aa")
        mark = "aa" if seed < 2 else "bb"
        amend(write_run(tmp_path, [0.5, 0.9 - seed / 100, 0.9], arm="bald", seed=seed), fingerprint=mark)
    (study,) = studies([tmp_path])
    assert study.pairs("bald", "random")[0] == (0, 1)
    assert study.remarks == (
        "the seeds of bald were run on different data",
        "bald was run on other data than random: seeds 2, 3 cannot be compared",
    )
    assert verdict(study, (0.7,)).winners == ()


def test_seeds_that_were_run_with_different_code_of_the_users_own_are_said(tmp_path: Path) -> None:
    for seed in SEEDS:
        for arm, digest in (("random", None), ("mine", "aa" if seed < 2 else "bb"), ("other", "aa")):
            code = {} if digest is None else {"own_code": {"digest": digest, "files": {"mine.py": digest}}}
            amend(write_run(tmp_path, [0.5, 0.7, 0.8], arm=arm, seed=seed), **code)
    (study,) = studies([tmp_path])
    assert study.remarks == ("the seeds of mine were run with different code of your own",)


def test_an_arm_on_other_data_than_the_baseline_is_no_part_of_the_study(tmp_path: Path, capsys) -> None:
    for seed in SEEDS:
        for arm, mark in (("random,n=1", "aa"), ("bald,n=1", "aa"), ("bald,n=20", "bb"), ("random,n=20", "bb")):
            amend(write_run(tmp_path, [0.5, 0.7 + seed / 100, 0.8], arm=arm, seed=seed), fingerprint=mark)
    (study,) = studies([tmp_path])
    assert [arm.name for arm in study.arms] == ["bald,n=1", "random,n=1"]
    assert len(study.inconsistencies) == 2
    assert study.inconsistencies[0] == (
        "bald,n=20 was run on other data than random,n=1: it is left out; "
        "to compare arms on its data, give only their folders"
    )
    assert plot.main([str(tmp_path), "--csv", str(tmp_path / "curves.csv")]) == 0
    said = capsys.readouterr()
    assert "bald,n=20 was run on other data" in said.err
    assert "n=20" not in said.out
    (alone,) = studies([tmp_path], baseline="random,n=20")
    assert [arm.name for arm in alone.arms] == ["bald,n=20", "random,n=20"]


def test_where_all_others_saw_other_data_that_is_what_is_said(tmp_path: Path, capsys) -> None:
    for seed in SEEDS:
        for arm, mark in (("random", "aa"), ("bald", "bb")):
            amend(write_run(tmp_path, [0.5, 0.7, 0.8], arm=arm, seed=seed), fingerprint=mark)
    amend(write_run(tmp_path, [0.99], arm="full", reference="full", start=500), fingerprint="bb")
    (study,) = studies([tmp_path])
    assert study.references == ()
    assert len(study.inconsistencies) == 2
    first, second = verdict(study).sentences
    assert first.endswith("there is no strategy beside random on its data.")
    assert second == "Run strategies under the same seeds, on the same data."


def test_a_reference_that_has_the_name_of_an_arm_is_drawn_once(tmp_path: Path) -> None:
    write_run(tmp_path, [0.5, 0.7, 0.8], study="one", arm="mine")
    write_run(tmp_path, [0.99], study="two", arm="mine", reference="full", start=500)
    assert plot.main([str(tmp_path), "--csv", str(tmp_path / "curves.csv")]) == 0
    lines = (tmp_path / "curves.csv").read_text().splitlines()
    assert len(lines) == len(set(lines)) == 1 + 3 + 1


def test_the_band_of_a_difference_is_the_interval_of_the_table(tmp_path: Path) -> None:
    for seed in range(3):
        amend(write_run(tmp_path, [0.5, 0.6, 0.7], arm="random", seed=seed), test=30)
        amend(write_run(tmp_path, [0.5, 0.6 + seed / 30, 0.7 + 1 / 30], arm="bald", seed=seed), test=30)
    (study,) = studies([tmp_path])
    line, _ = differences(study)["bald"]
    for number, result in enumerate(budget_differences(study)):
        assert (line.low[number], line.high[number]) == (result.estimate.low, result.estimate.high)


def test_equal_differences_on_few_test_points_are_not_certain(tmp_path: Path) -> None:
    for seed in range(3):
        amend(write_run(tmp_path, [0.5, 0.6, 0.7], arm="random", seed=seed), test=30)
        amend(write_run(tmp_path, [0.5, 0.6, 0.7 + 1 / 30], arm="bald", seed=seed), test=30)
    (study,) = studies([tmp_path])
    (last,) = [result for result in budget_differences(study) if result.labels == 40]
    half = 4.302652729911275 * math.sqrt((1 / 30) ** 2 / 6 / 3)
    assert last.estimate.high - last.estimate.mean == pytest.approx(half)
    assert not last.shown
    assert last.estimate.sd == pytest.approx(0, abs=1e-12)


def test_without_a_grain_estimates_are_the_plain_ones() -> None:
    values = np.random.default_rng(0).normal(size=(5, 3))
    assert estimates(values) == [estimate(column) for column in values.T]
    wide = estimates(values, 0.5)
    for plain, result in zip(estimates(values), wide, strict=True):
        share = (result.high - result.mean) / (plain.high - plain.mean)
        assert share == pytest.approx(math.sqrt(plain.sd**2 + 0.25 / 6) / plain.sd)
        assert result.p > plain.p


def test_random_is_no_strategy_and_only_random_is_the_measure_of_active_learning(tmp_path: Path) -> None:
    for seed in range(6):
        low, high = (saturating(0.9, rate, 12, 0.002 * seed) for rate in (0.1, 0.4))
        write_run(tmp_path, [0.5, *low[1:]], arm="random", seed=seed)
        write_run(tmp_path, [0.5, *high[1:]], arm="random,lr=1", strategy="random", seed=seed)
        write_run(tmp_path, [0.5, *low[1:]], arm="bald", seed=seed)
    (study,) = studies([tmp_path])
    said = verdict(study, (0.7,))
    assert said.winners == ()
    assert "any of" not in said.sentences[0]
    assert "the one strategy" in said.sentences[0]
    (other,) = studies([tmp_path], baseline="bald")
    said = verdict(other, (0.7,))
    assert said.winners == ("random,lr=1",)
    assert said.sentences[0].startswith("Fewer labels are needed on digits: random,lr=1 needs ")


def test_what_else_differs_stands_in_the_sentence(tmp_path: Path) -> None:
    for seed in range(6):
        for arm, rate, training in (("random", 0.1, "short"), ("bald", 0.4, "long")):
            folder = write_run(tmp_path, saturating(0.9, rate, 12, 0.002 * seed), arm=arm, seed=seed)
            choices = {"strategy": arm, "training": training, "model": "mlp"}
            amend(folder, choices=choices, identity={"schedule.batch": 10})
    (study,) = studies([tmp_path])
    assert study.differing_components("bald") == ("training",)
    first = verdict(study, (0.7,)).sentences[0]
    assert "bald (unpaired; not its strategy alone differs: training) needs" in first


def test_a_key_that_a_record_lacks_is_no_difference(tmp_path: Path) -> None:
    for arm, identity in (
        ("random", {"seed": 0}),
        ("bald", {"seed": 0}),
        ("mean_std", {"seed": 0, "scoring": "fast"}),
    ):
        amend(write_run(tmp_path, [0.5, 0.6], arm=arm), identity=identity)
    (study,) = studies([tmp_path])
    assert study.title("mean_std") == "mean_std"


def test_an_arm_that_was_not_tested_has_no_column_average_and_is_last() -> None:
    nan = math.nan
    matrix = [[0, nan, 0.5], [nan, 0, nan], [0.2, nan, 0]]
    figure = draw_penalty(matrix, ["a", "untested", "c"])
    axes = figure.axes[0]
    assert [label.get_text().split()[-1] for label in axes.get_yticklabels()][:3] == ["a", "c", "untested"]


def test_a_mark_stands_at_the_next_evaluation(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [0.5, None, 0.7, None, 0.8], arm="bald")
    lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    lines[1]["health"] = {"acquired_kl": 2.0, "random_kl": 0.1, "drawn_by_lot": 1.0}
    (folder / "rounds.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (study,) = studies([tmp_path])
    marks = health_marks([study])
    assert marks
    assert {mark.labels for mark in marks} == {40}


def test_seconds_and_memory_that_were_not_recorded_are_not_known(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [0.5, 0.6], arm="random")
    text = (folder / "rounds.jsonl").read_text().replace('"seconds": {"train": 0.1}', '"seconds": {}')
    (folder / "rounds.jsonl").write_text(text)
    (study,) = studies([tmp_path])
    assert math.isnan(cost(study.arms[0]).seconds["train"])
    assert math.isnan(cost(study.arms[0]).memory["train"])


def test_a_stage_that_did_not_run_took_no_time(tmp_path: Path) -> None:
    write_run(tmp_path, [0.5, 0.6], arm="random")
    (study,) = studies([tmp_path])
    assert cost(study.arms[0]).seconds["score"] == 0


def test_arms_with_other_classes_are_no_traceback(tmp_path: Path) -> None:
    from al_bench.analysis.figures.request import FigureRequest, draw

    for arm, classes in (("random", 3), ("bald", 4)):
        folder = write_run(tmp_path, [0.5, 0.6], arm=arm)
        lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
        for number, line in enumerate(lines):
            line["class_counts"] = [2 + number] * classes
        (folder / "rounds.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (study,) = studies([tmp_path])
    with pytest.raises(InputError, match="the arms have 3 and 4 classes"):
        draw([study], FigureRequest(kind="balance"))


def test_included_runs_are_not_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in range(2):
        write_run(tmp_path, [0.5, 0.6, 0.7], arm="random", seed=seed)
        write_run(tmp_path, [0.5, 0.6, 0.7], arm="bald", seed=seed, status="interrupted" if seed else "complete")
    files = ["--markdown", str(tmp_path / "out.md"), "--json", str(tmp_path / "out.json")]
    assert main([str(tmp_path), "--include-incomplete", *files]) == 0
    assert "1 run is not complete and taken in" in capsys.readouterr().out
    assert "- included " in (tmp_path / "out.md").read_text()
    (result,) = json.loads((tmp_path / "out.json").read_text())["datasets"]
    assert result["left_out"] == []
    assert len(result["included"]) == 1
    assert main([str(tmp_path), *files]) == 0
    assert "- left out /" in (tmp_path / "out.md").read_text()


def test_records_of_every_table_join_by_arm(tmp_path: Path) -> None:
    study = fine_and_coarse(tmp_path)
    write_run(tmp_path, [0.95], arm="full", strategy="random", reference="full", start=500)
    (study,) = studies([tmp_path])
    named = {arm.name for arm in (*study.arms, *study.references)}
    short = replace(study, titles={name: name.upper() for name in named})
    for table in compare_tables(short, (0.8,)):
        for record in table.records:
            assert record["dataset"] == "digits"
            assert record["arm"] in named
    (whole,) = [record for record in accuracy_table(study).records if record["arm"] == "full"]
    assert (whole["labels"], whole["final"]) == (500, 0.95)


def test_the_table_has_the_label_count_that_the_verdict_cites(tmp_path: Path) -> None:
    """Ahead at 110 of 20 to 210 labels only, which no even spread of six counts meets."""
    for seed in range(6):
        ours, theirs = (0.5 + np.random.default_rng([seed, arm]).normal(0, 0.02, 20) for arm in range(2))
        ours[9] = theirs[9] + 0.05 + 0.0005 * seed
        write_run(tmp_path, theirs.tolist(), arm="random", seed=seed)
        write_run(tmp_path, ours.tolist(), arm="bald", seed=seed)
    (study,) = studies([tmp_path])
    assert "110 labels" in verdict(study, ()).sentences[0]
    shown = budgets_table(study)
    number = shown.columns.index("110 labels")
    assert shown.rows[0][number].endswith("*")
    assert len(shown.columns) == 1 + 6


def test_arms_without_a_label_count_in_common_have_no_mean_and_are_told_why(tmp_path: Path) -> None:
    write_run(tmp_path, [0.5, 0.6], arm="random")
    write_run(tmp_path, [0.5], arm="bald")
    (study,) = studies([tmp_path])
    shown = accuracy_table(study)
    assert {cells[-1] for cells in shown.rows} == {"-"}
    assert "AUBC need a range of label counts at which all arms were evaluated" in shown.note


@pytest.mark.parametrize("option", ["--csv", "--json", "--markdown", "--latex"])
def test_compare_writes_no_file_called_dash(tmp_path: Path, capsys, monkeypatch, option: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs", [0.5, 0.6], arm="random")
    assert main(["runs", option, "-"]) == 2
    assert f"{option} is '-'; name a file" in capsys.readouterr().err
    assert not (tmp_path / "-").exists()


def test_the_table_by_label_count_is_never_wider_than_six(tmp_path: Path) -> None:
    for seed in range(6):
        theirs = 0.5 + np.random.default_rng(seed).normal(0, 0.02, 20)
        write_run(tmp_path, theirs.tolist(), arm="random", seed=seed)
        for number in range(8):
            ours = theirs + np.random.default_rng([seed, number]).normal(0, 0.02, 20)
            ours[number + 2] = theirs[number + 2] + 0.05 + 0.0001 * seed
            ours[-number - 2] = theirs[-number - 2] - 0.05 - 0.0001 * seed
            write_run(tmp_path, ours.tolist(), arm=f"bald,steps={number + 1}", strategy="bald", seed=seed)
    (study,) = studies([tmp_path])
    shown = budgets_table(study)
    assert len(shown.columns) == 1 + 6
    assert sum(cell.endswith("*") for row in shown.rows for cell in row) >= 4


@pytest.mark.parametrize(
    ("option", "members", "draws", "functions", "said"),
    [
        ("mc_dropout", 1, 100, 1, "bald, entropy: its runs are point predictions (K = 1 function)"),
        ("mc_dropout_ensemble", 3, 34, 3, "bald, entropy: its draws are those of 3 networks (K = 3 functions)"),
        ("mc_dropout", 1, 100, 100, None),
        ("deterministic", 1, 0, 1, None),
        ("ensemble", 5, 0, 5, None),
        ("mc_dropout", 1, 0, 1, None),
    ],
    ids=["no masks", "no masks in an ensemble", "masks", "a point prediction", "an ensemble", "masks switched off"],
)
def test_a_posterior_of_masks_without_dropout_is_said(tmp_path: Path, capsys, option, members, draws, functions, said):
    keys = {"posterior.members": members, "posterior.draws": draws}
    for arm in ("bald", "entropy"):
        header = {"functions": functions, "choices": {"posterior": option}, "identity": keys}
        write_run(tmp_path, [0.5, 0.6], arm=arm, **header)
    write_run(tmp_path, [0.5, 0.6], arm="random")
    assert main([str(tmp_path)]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "had no dropout to draw in" in line]
    expected = [f"al-bench compare: digits: posterior={option} had no dropout to draw in {said}"] if said else []
    assert lines == expected


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"schedule.stop_at_accuracy": 0.9}, True),
        ({"schedule.stop_at_accuracy": 0.9, "schedule.stop_at_accuracy_on": "test"}, True),
        ({"schedule.stop_at_accuracy": 0.9, "schedule.stop_at_accuracy_on": "validation"}, False),
        ({"schedule.stop_at_accuracy": None, "schedule.stop_at_accuracy_on": "test"}, False),
        ({}, False),
    ],
    ids=["of a former version", "on test", "on validation", "no accuracy to stop at", "no key"],
)
def test_runs_that_end_by_their_test_accuracy_are_named(tmp_path: Path, keys, said):
    write_run(tmp_path, [0.5, 0.6], arm="bald", identity=keys)
    write_run(tmp_path, [0.5, 0.6], arm="random")
    (study,) = studies([tmp_path])
    line = "bald: schedule.stop_at_accuracy reads the labels of the test part"
    assert [remark.startswith(line) for remark in study.remarks] == [True] * said
