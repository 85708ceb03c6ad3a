"""`schedule.stop_at_accuracy` reads the test part's labels, and says so; the same rule reads the validation part's."""

from __future__ import annotations

import shlex

import pytest
import torch

from al_bench.config.compose import compose, register
from al_bench.experiment.loop import accuracy_on_validation, train
from al_bench.experiment.setup import set_up
from tests.conftest import TINY, record, written

ON = ("validation=60", "schedule.stop_at_accuracy_on=validation", "schedule.rounds=8")


@pytest.fixture
def long(run):
    """The validation accuracies of eight rounds of a run that never stops by them."""
    assert run(*TINY, *ON, "schedule.stop_at_accuracy=1", "arm=long").status == 0
    assert len(record("long").rounds) == 8, "no round is without an error"
    return [entry["validation_accuracy"] for entry in record("long").rounds]


def test_a_run_ends_with_the_first_round_whose_validation_accuracy_reaches_it(run, long):
    target = sorted(long)[4]
    first = next(round_ for round_, accuracy in enumerate(long) if accuracy >= target)
    done = run(*TINY, *ON, f"schedule.stop_at_accuracy={target}", "arm=short")
    assert done.status == 0, done.err
    assert "reads the labels of the test part" not in done.err
    rounds = record("short").rounds
    assert [entry["validation_accuracy"] for entry in rounds] == long[: first + 1]
    assert [entry["accuracy"] for entry in rounds] == [
        entry["accuracy"] for entry in record("long").rounds[: first + 1]
    ]
    assert rounds[-1]["acquired"] is None
    assert "already complete" in run(*TINY, *ON, f"schedule.stop_at_accuracy={target}", "arm=short").out
    assert f"on validation {long[0]:.4f}" in (record("short").folder / "run.log").read_text()


def test_a_resumed_run_stops_where_an_unbroken_one_does(run, long):
    target = sorted(long)[4]
    words = (*TINY, *ON, f"schedule.stop_at_accuracy={target}", "arm=a")
    assert run(*words).status == 0
    whole, file = record("a").stable, record("a").folder / "rounds.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:1]))
    (record("a").folder / "status.json").write_text('{"status": "running"}\n')
    assert run(*words).status == 0
    assert record("a").stable == whole


def test_more_rounds_do_not_go_beyond_the_round_at_which_a_run_stopped(run, long):
    target = sorted(long)[4]
    words = (*TINY, *ON[:-1], f"schedule.stop_at_accuracy={target}", "arm=a")
    assert run(*words, "schedule.rounds=8").status == 0
    before = record("a").rounds
    assert run(*words, "schedule.rounds=12").status == 0
    assert record("a").rounds == before


@pytest.mark.parametrize("draws", [0, 4])
def test_the_validation_accuracy_is_that_of_the_mean_prediction_on_the_points_held_out(run, draws):
    register()
    words = ("debug=smoke", "strategy=entropy", "training.steps=8", "validation=60", f"evaluation.draws={draws}")
    experiment = set_up(compose([*words]).build(), "entropy")
    train(experiment, experiment.start, 0)
    held_out = torch.tensor(experiment.validation)
    data, learner = experiment.dataset, experiment.learner
    inputs, labels = data.prepare(data.inputs[held_out]), data.hidden_labels[held_out]
    sampler = learner.sampler(experiment.streams, "validation_masks", 0, draws)
    with torch.inference_mode():
        literal = (sampler(inputs).exp().mean(1).argmax(1) == labels).double().mean().item()
    assert accuracy_on_validation(experiment, 0) == literal
    assert not set(experiment.validation) & set(experiment.start.pool)


def test_only_a_run_that_stops_by_it_records_it(run):
    assert run(*TINY, "validation=60", "schedule.stop_at_accuracy=0.99", "arm=a").status == 0
    assert all("validation_accuracy" not in entry for entry in record("a").rounds)


def test_what_reads_the_test_part_is_said_before_the_run_and_the_advice_works(run):
    done = run(*TINY, "schedule.stop_at_accuracy=0.99", "arm=a")
    assert done.status == 0
    (line,) = done.err.splitlines()
    assert line.startswith(
        "al-bench: schedule.stop_at_accuracy=0.99 reads the labels of the test part, which nobody has"
    )
    assert line.removeprefix("al-bench: ") in (record("a").folder / "run.log").read_text()
    assert record("a").header["identity"]["schedule.stop_at_accuracy_on"] == "test"
    advice = shlex.split(line.split("; type ")[1].split(" to stop by")[0])
    done = run(*TINY, "schedule.stop_at_accuracy=0.99", *advice, "arm=b")
    assert (done.status, done.err) == (0, "")
    assert record("b").rounds[0]["validation_accuracy"] > 0


def test_without_a_validation_part_it_is_refused(run):
    before = written()
    done = run(*TINY, "schedule.stop_at_accuracy=0.9", "schedule.stop_at_accuracy_on=validation")
    assert done.status == 2
    assert done.err == (
        "al-bench run: schedule.stop_at_accuracy_on is validation and validation is 0: hold some points out, as in "
        "validation=50\n"
    )
    assert written() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("schedule.stop_at_accuracy_on=validation validation=20", "has no effect: schedule.stop_at_accuracy is null"),
        ("schedule.stop_at_accuracy=0.9 schedule.stop_at_accuracy_on=train", "choose one of test, validation"),
    ],
    ids=["nothing to stop at", "another part"],
)
def test_a_wrong_use_is_one_line(run, words, message):
    done = run(*TINY, *words.split())
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert message in done.err


def test_the_other_rule_is_another_run(run):
    words = (*TINY, "validation=60", "schedule.stop_at_accuracy=0.99", "arm=a")
    assert run(*words).status == 0
    done = run(*words, "schedule.stop_at_accuracy_on=validation")
    assert done.status == 2
    assert "schedule.stop_at_accuracy_on (here validation, there test)" in done.err


def test_a_run_has_no_audit_to_stop_by(run):
    done = run(*TINY, "schedule.stop_at_accuracy=0.9", "schedule.stop_at_accuracy_on=audit")
    assert done.status == 2
    assert "only al-bench query has one; for al-bench run type schedule.stop_at_accuracy_on=validation" in done.err
