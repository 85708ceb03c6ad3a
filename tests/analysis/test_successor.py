"""A study judged by a second learner: verdict, tables and advice are its, and say so."""

from __future__ import annotations

import pytest

from al_bench.analysis.studies import studies
from al_bench.analysis.verdict import verdict
from al_bench.errors import InputError
from al_bench.metrics.table import METRICS, built_in, of_successor
from al_bench.storage.runs import find_runs
from tests.analysis.records import write_run

SEEDS = 12


def judged_round(accuracy, other):
    return {"accuracy": accuracy, "successor": {"metrics": {"accuracy": other, "nll": 1 - other}, "fit": []}}


def write_planted(root):
    """Margin is 4 points ahead for the learner that it asked for, and 4 behind for the one that came after it."""
    for seed in range(SEEDS):
        wobble = 0.002 * ((7 * seed) % SEEDS)
        for arm, mine, theirs in (("random", 0.0, 0.0), ("margin", 0.04, -0.04)):
            start = judged_round(0.5 + wobble, 0.5 + wobble)
            later = [judged_round(0.6 + 0.04 * k + mine + wobble, 0.6 + 0.04 * k + theirs + wobble) for k in range(6)]
            keys = {"model": "mlp", "posterior": "mc_dropout"}
            header = {"test": 1000, "choices": keys, "identity": {"seed": seed, "successor": "random_forest"}}
            header |= {"successor": {"choices": {}, "keys": {}}}
            write_run(root, [start, *later], arm=arm, seed=seed, **header)


def study_of(root, metric):
    return studies([root], None, False, lambda line: None, metric)[0]


def test_the_verdict_turns_where_the_successor_judges(tmp_path):
    write_planted(tmp_path)
    own, judged = (study_of(tmp_path, metric) for metric in ("accuracy", "successor_accuracy"))
    assert verdict(own).winners == ("margin",)
    assert verdict(judged).winners == ()
    assert not any("successor" in line for line in own.counted)
    assert judged.counted[0].startswith("Judged by random_forest, the successor")
    assert "picked them is mlp" in judged.counted[0]
    assert "successor" in " ".join(verdict(judged).sentences) + judged.in_metric
    difference = judged.values["margin"] - judged.values["random"]
    assert difference[:, 1:] == pytest.approx(-0.04)
    assert judged.resolution("margin") == pytest.approx(1 / 1000)


def test_a_loss_of_the_successor_keeps_its_direction(tmp_path):
    write_planted(tmp_path)
    study = study_of(tmp_path, "successor_nll")
    assert study.metric.sign == -1
    assert study.values["margin"][0, 1] > study.values["random"][0, 1]


def test_runs_without_a_successor_are_named_in_one_line(tmp_path):
    write_run(tmp_path, [0.5, 0.6], arm="random")
    with pytest.raises(InputError, match=r"none of these runs has a successor; .*choose --metric accuracy"):
        study_of(tmp_path, "successor_accuracy")
    write_planted(tmp_path / "judged")
    with pytest.raises(InputError, match="ran without successor=MODEL"):
        study_of(tmp_path, "successor_accuracy")


def test_the_frame_has_columns_of_the_successor_where_a_run_has_one(tmp_path):
    write_planted(tmp_path / "judged")
    write_run(tmp_path / "alone", [0.5, 0.6], arm="random")
    assert "successor_nll" in study_of(tmp_path / "judged", "accuracy").frame.columns
    assert not [name for name in study_of(tmp_path / "alone", "accuracy").frame.columns if "successor" in name]


def test_every_metric_of_predictions_has_one_of_the_successor():
    for name, metric in METRICS.items():
        found = built_in(f"successor_{name}")
        assert (found is None) == (name == "classes_found")
        if found is not None:
            assert (found.unit, found.sign, found.low, found.high) == (
                metric.unit, metric.sign, metric.low, metric.high,
            )  # fmt: skip
    assert of_successor(METRICS["accuracy"]).noun == "accuracy of the successor"
    assert built_in("successor_recall") is None
    assert built_in("recall") is not None


def test_records_of_versions_without_a_successor_read_as_before(tmp_path):
    write_run(tmp_path, [0.5, 0.6], arm="random")
    (run,) = find_runs([tmp_path])
    assert run.header.successor is None
    assert [entry.successor for entry in run.rounds] == [None, None]
