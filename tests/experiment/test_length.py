"""A longer run goes on from a shorter one of the same configuration, and ends as an unbroken one does."""

from __future__ import annotations

import json

import pytest

from tests.conftest import TINY, record

WARM = "training.warm_start=true"


ROUNDS = (("schedule.rounds=2",), ("schedule.rounds=5",))
BUDGET = (("schedule.budget=12",), ("schedule.budget=17",))


@pytest.mark.parametrize(
    ("extra", "lengths"),
    [
        pytest.param((), ROUNDS, id="rounds"),
        pytest.param((), BUDGET, id="budget"),
        pytest.param((), (("schedule.rounds=1",), ("schedule.rounds=3",)), id="from one round"),
        pytest.param((WARM,), BUDGET, id="warm start"),
        pytest.param(("strategy=badge", "posterior.draws=0"), ROUNDS, id="badge"),
    ],
)
def test_a_longer_run_goes_on_and_equals_an_unbroken_one(run, extra, lengths):
    short, long = lengths
    words = ("debug=smoke", "training.steps=8", *extra, "schedule.rounds=null")
    assert run(*words, *long, "arm=unbroken").status == 0
    assert run(*words, *short, "arm=a").status == 0
    done = run(*words, *long, "arm=a")
    assert done.status == 0, done.err
    assert record("a").stable == record("unbroken").stable
    assert record("a").digests == record("unbroken").digests
    assert len(record("a").header["extended"]) == 1
    assert "already complete" in run(*words, *long, "arm=a").out


def test_the_folder_is_the_same_however_long_the_run(run):
    words = [word for word in TINY if "rounds" not in word]
    assert run(*words, "schedule.rounds=2").status == 0
    assert run(*words, "schedule.rounds=4").status == 0
    assert len(record().rounds) == 4


def test_a_batch_that_the_old_budget_cut_short_is_acquired_anew(run):
    words = ("debug=smoke", "training.steps=8", "schedule.rounds=null", "schedule.batch=2")
    assert run(*words, "schedule.budget=13", "arm=a").status == 0  # its last batch is one label
    assert run(*words, "schedule.budget=16", "arm=a").status == 0
    assert run(*words, "schedule.budget=16", "arm=unbroken").status == 0
    assert [entry["labelled"] for entry in record("a").rounds] == [6, 8, 10, 12, 14, 16]
    assert record("a").stable == record("unbroken").stable


def test_a_shorter_run_is_answered_from_the_longer_one_where_it_has_its_end(run):
    assert run(*TINY, "schedule.rounds=4", "arm=a").status == 0
    before = (record("a").folder / "rounds.jsonl").read_bytes()
    done = run(*TINY, "schedule.rounds=2", "arm=a")
    assert done.status == 0
    assert "already complete" in done.out
    assert (record("a").folder / "rounds.jsonl").read_bytes() == before


def test_a_shorter_budget_between_two_rounds_is_refused_and_nothing_is_lost(run):
    words = ("debug=smoke", "training.steps=8", "schedule.rounds=null", "schedule.batch=2", "arm=a")
    assert run(*words, "schedule.budget=16").status == 0
    before = (record("a").folder / "rounds.jsonl").read_bytes()
    done = run(*words, "schedule.budget=13")
    assert done.status == 2
    assert "schedule.budget (here 13, there 16) differs" in done.err
    assert (record("a").folder / "rounds.jsonl").read_bytes() == before


def test_an_interrupted_run_may_be_asked_for_more(run):
    assert run(*TINY, "schedule.rounds=3", "arm=a").status == 0
    assert run(*TINY, "schedule.rounds=5", "arm=unbroken").status == 0
    found = record("a")
    lines = (found.folder / "rounds.jsonl").read_bytes().splitlines(keepends=True)
    (found.folder / "rounds.jsonl").write_bytes(b"".join(lines[:2]))
    (found.folder / "status.json").write_text(json.dumps({"status": "interrupted"}))
    assert run(*TINY, "schedule.rounds=5", "arm=a").status == 0
    assert found.stable == record("unbroken").stable


def test_a_folder_whose_name_has_the_length_is_still_found(run, tmp_path):
    assert run(*TINY, "schedule.rounds=2").status == 0
    folder = record().folder
    former = folder.parents[1] / "bald,posterior.draws=4,rounds=2,steps=8" / "seed-0"
    former.parent.mkdir()
    folder.rename(former)
    assert "already complete" in run(*TINY, "schedule.rounds=2").out
    assert not folder.exists()
