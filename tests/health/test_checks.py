"""Each check speaks above its threshold and is silent below it, at null and at 0; and what is read from old records."""

from __future__ import annotations

import json
from dataclasses import fields

import msgspec
import pytest

from al_bench.analysis.health_notes import NOT_RECORDED, has_health, health_notes, thresholds_of
from al_bench.errors import InputError
from al_bench.health.checks import (
    OF_THE_END,
    REMARKS,
    TITLES,
    findings,
    values,
)
from al_bench.health.thresholds import COSINES, Health
from al_bench.records import FitRecord, HealthRecord, RoundRecord
from al_bench.storage.runs import read_run
from tests.analysis.records import write_run


def entry(accuracy: float | None = 0.8, labelled: int = 50, fit: tuple = (FitRecord(),), **health) -> RoundRecord:
    """A healthy round, but for what is given."""
    shares = dict.fromkeys(map(str, COSINES), 0.0) | health.pop("near_duplicates", {})
    healthy = {
        "chance": 0.1, "accuracy_drop": 0.01, "validation": 20, "class_entropy": 2.0, "class_kl": 0.6,
        "class_kl_random": 0.5, "acquired_kl": 0.3, "acquired_kl_random": 0.1, "tied": 0.4, "drawn_by_lot": 0.1,
        "score_spread": 0.9, "ranking_change": 0.6, "saturated": 0.0,
    }  # fmt: skip
    health = healthy | health | {"near_duplicates": shares}
    return RoundRecord(
        round=3, labelled=labelled, accuracy=accuracy, acquired=None, fit=list(fit), health=HealthRecord(**health)
    )


SICK = {
    "near_chance": (entry(0.14), "accuracy 14.0 %, hardly better than always naming the commonest class (10.0 %)"),
    "accuracy_drop": (entry(0.6, accuracy_drop=0.2), "accuracy fell from 80.0 % to 60.0 % from one evaluation to the"),
    "class_kl": (entry(acquired_kl=1.3, acquired_kl_random=0.3), "the points picked so far are of few classes, where"),
    "near_duplicates": (entry(near_duplicates={"0.99": 0.3}), "30 % of the batch are near-copies of a point picked"),
    "drawn_by_lot": (entry(drawn_by_lot=0.75), "75 % of the batch was picked at random, as more points had the same"),
    "ranking_change": (entry(ranking_change=1.0), "100 % of the batch would be other points if the posterior were"),
    "saturated": (entry(saturated=0.25), "25 % of the batch was picked when BatchBALD could no longer tell"),
    "constant_score": (entry(score_spread=0.0), "all candidates have the same score: the batch is a random one"),
    "validation": (entry(validation=51), "the validation set has 51 points and the labelled set 50"),
}
HEALTHY = {
    "near_chance": entry(0.146),
    "accuracy_drop": entry(accuracy_drop=0.1),
    "class_kl": entry(acquired_kl=1.3, acquired_kl_random=0.9),
    "near_duplicates": entry(near_duplicates={"0.98": 1.0, "0.99": 0.2}),
    "drawn_by_lot": entry(drawn_by_lot=0.5),
    "ranking_change": entry(ranking_change=0.9),
    "saturated": entry(saturated=0.0),
    "constant_score": entry(score_spread=2e-6),
    "validation": entry(validation=50),
}


def test_every_check_has_a_key_a_title_and_both_cases():
    keys = {field.name for field in fields(Health)} - {"duplicate_cosine"}
    assert keys == set(TITLES) == {*SICK, *OF_THE_END}
    assert set(SICK) == set(HEALTHY) == set(values(entry(), Health()))
    assert set(TITLES) >= REMARKS == {"validation"}


@pytest.mark.parametrize("check", SICK)
def test_beyond_its_threshold_a_check_says_so_and_no_other_does(check):
    case, words = SICK[check]
    (found,) = findings(case, Health())
    assert found.check == check
    assert words in found.sentence
    assert "\n" not in found.sentence
    assert found.threshold == getattr(Health(), check)
    assert found.remark is (check == "validation")


@pytest.mark.parametrize("check", SICK)
@pytest.mark.parametrize("off", [None, 0])
def test_null_and_0_switch_a_check_off(check, off):
    assert findings(SICK[check][0], Health(**{check: off})) == []


@pytest.mark.parametrize("check", HEALTHY)
def test_up_to_its_threshold_a_check_is_silent(check):
    assert findings(HEALTHY[check], Health()) == []


@pytest.mark.parametrize("check", HEALTHY)
def test_another_threshold_makes_it_speak(check):
    """Every one can be set: to just beyond the value of a healthy round."""
    case = entry(saturated=0.0005) if check == "saturated" else HEALTHY[check]
    value = values(case, Health())[check]
    nearer = value * 1.01 if check in ("near_chance", "constant_score") else value * 0.99
    assert [found.check for found in findings(case, Health(**{check: nearer}))] == [check]


def test_the_cosine_of_a_near_duplicate_can_be_set():
    case = entry(near_duplicates={"0.98": 0.9})
    assert findings(case, Health()) == []
    (found,) = findings(case, Health(duplicate_cosine=0.98))
    assert "90 % of the batch are near-copies" in found.sentence
    assert "cosine ≥ 0.98" in found.measure


def test_what_was_not_measured_is_no_finding():
    nothing = RoundRecord(round=0, labelled=6, accuracy=None, acquired=None)
    assert findings(nothing, Health()) == []
    assert values(msgspec.structs.replace(nothing, health=HealthRecord()), Health()) == {}
    assert findings(entry(0.1, fit=()), Health()) == [], "an untrained network is not a training that collapsed"
    assert findings(entry(None), Health()) == [], "not evaluated in this round"
    assert findings(entry(1.0, chance=1.0), Health()) == [], "a test part of one class"


def test_a_cold_start_with_a_validation_set_divides_by_no_zero():
    assert values(entry(labelled=0), Health())["validation"] == 20


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"class_kl": -0.5}, "health.class_kl is -0.5; it must be at least 0 and finite; null or 0 switches"),
        ({"ranking_change": float("nan")}, "health.ranking_change is nan"),
        ({"validation": float("inf")}, "health.validation is inf"),
        ({"duplicate_cosine": 0.97}, "choose one of 0.9, 0.95, 0.98, 0.99, 0.995, 0.999"),
    ],
)
def test_thresholds_without_meaning_are_refused(keys, words):
    with pytest.raises(InputError, match=words):
        Health(**keys)


# Notes


def run_of(tmp_path, *entries: RoundRecord, thresholds: dict | None = None, arm: str = "bald"):
    """A run on disk whose rounds have the health of the entries."""
    folder = write_run(tmp_path, [0.5 + 0.01 * place for place in range(len(entries))], arm=arm, seed=4)
    lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    cases = [msgspec.to_builtins(case) for case in entries]
    merged = [
        line | {key: case[key] for key in ("fit", "health", "accuracy")}
        for line, case in zip(lines, cases, strict=True)
    ]
    (folder / "rounds.jsonl").write_text("".join(json.dumps(line) + "\n" for line in merged))
    if thresholds is not None:
        header = json.loads((folder / "header.json").read_text())
        (folder / "header.json").write_text(json.dumps(header | {"health": thresholds}))
    return read_run(folder)


def test_notes_say_run_round_check_value_threshold_and_sentence(tmp_path):
    run = run_of(tmp_path, entry(), entry(drawn_by_lot=0.75), entry(), entry(drawn_by_lot=1.0, ranking_change=1.0))
    notes = health_notes([run])
    assert [(note.run, note.round, note.check, note.value, note.threshold) for note in notes] == [
        (run, 1, "drawn_by_lot", 0.75, 0.5),
        (run, 3, "drawn_by_lot", 1.0, 0.5),
        (run, 3, "ranking_change", 1.0, 0.9),
    ]
    assert [note.labelled for note in notes] == [30, 50, 50]
    assert notes[0].title == "equal scores, so picked at random"
    assert "75 % of the batch was picked at random" in notes[0].sentence


def test_a_healthy_run_has_health_and_no_notes(tmp_path):
    run = run_of(tmp_path, *HEALTHY.values())
    assert has_health(run)
    assert health_notes([run]) == []


def test_an_older_record_is_not_recorded_and_not_healthy(tmp_path):
    run = read_run(write_run(tmp_path, [0.1, 0.1, 0.1]))
    assert health_notes([run]) == []
    assert not has_health(run)
    assert NOT_RECORDED == "not recorded"


def test_notes_take_the_thresholds_of_the_run_unless_told_otherwise(tmp_path):
    run = run_of(tmp_path, entry(ranking_change=0.6), thresholds={"ranking_change": 0.5, "a later key": 1})
    assert [note.threshold for note in health_notes([run])] == [0.5]
    assert health_notes([run], Health()) == []


@pytest.mark.parametrize("damaged", [{"class_kl": -1}, {"class_kl": "much"}], ids=str)
def test_thresholds_that_cannot_be_used_are_the_defaults(tmp_path, damaged):
    assert thresholds_of(run_of(tmp_path, entry(), thresholds=damaged)) == Health()
