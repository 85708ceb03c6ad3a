"""`stopping=RULE` ends a run after the round at which the rule fires on the signals that the run records."""

from __future__ import annotations

import pytest

from al_bench.records import StopSetRecord
from al_bench.stopping.rule import first_stop
from al_bench.stopping.rules import ClassificationChange
from tests.conftest import TINY, record

ROUNDS = "schedule.rounds=8"


@pytest.fixture
def long(run):
    """The rounds of a run without a rule, and a share of changed predictions that only some of them reach."""
    assert run(*TINY, ROUNDS, "arm=long").status == 0
    rounds = record("long").rounds
    shares = [entry["stop_set"]["changed"] for entry in rounds[1:]]
    return rounds, sorted(shares)[2]


def fires_at(rounds, threshold):
    """The round that the rule stops after, replayed on a record."""
    signals = [StopSetRecord(**entry["stop_set"]) for entry in rounds]
    return first_stop(ClassificationChange(threshold=threshold), signals, 4)


def test_a_run_ends_after_the_round_at_which_its_rule_fires(run, long):
    rounds, threshold = long
    stop = fires_at(rounds, threshold)
    assert stop is not None
    assert stop < len(rounds) - 1
    words = (*TINY, ROUNDS, "stopping=classification_change", f"stopping.threshold={threshold}", "arm=short")
    done = run(*words)
    assert done.status == 0, done.err
    stopped = record("short").rounds
    assert [entry["accuracy"] for entry in stopped] == [entry["accuracy"] for entry in rounds[: stop + 1]]
    assert [entry["acquired"] for entry in stopped] == [*(entry["acquired"] for entry in rounds[:stop]), None]
    assert [entry.get("stopped_by") for entry in stopped] == [None] * stop + ["classification_change"]
    assert "stopped by classification_change" in done.out
    assert "already complete" in run(*words).out


def test_a_resumed_run_stops_where_an_unbroken_one_does(run, long):
    words = (*TINY, ROUNDS, "stopping=classification_change", f"stopping.threshold={long[1]}", "arm=a")
    assert run(*words).status == 0
    whole, file = record("a").stable, record("a").folder / "rounds.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:1]))
    (record("a").folder / "status.json").write_text('{"status": "running"}\n')
    assert run(*words).status == 0
    assert record("a").stable == whole


def test_more_rounds_do_not_go_beyond_the_round_at_which_a_rule_stopped(run, long):
    words = (*TINY, "stopping=classification_change", f"stopping.threshold={long[1]}", "arm=a")
    assert run(*words, ROUNDS).status == 0
    before = record("a").rounds
    assert run(*words, "schedule.rounds=12").status == 0
    assert record("a").rounds == before


def test_a_rule_that_never_fires_says_so(run):
    done = run(*TINY, "schedule.rounds=3", "stopping=overall_uncertainty", "stopping.threshold=1e-9", "arm=a")
    assert done.status == 0
    assert "and stopping=overall_uncertainty did not stop it before" in done.out
    assert "stopped_by" not in record("a").rounds[-1]


def test_the_first_of_several_rules_stops_and_is_named(run):
    done = run(*TINY, ROUNDS, "stopping=[classification_change,overall_uncertainty]", "arm=a")
    assert done.status == 0
    identity = record("a").header["identity"]
    assert identity["stopping.rules"] == ["classification_change", "overall_uncertainty"]
    assert record("a").header["choices"]["stopping"] == "any_of"


def test_a_record_of_before_there_were_rules_is_one_without_a_rule(run):
    assert run(*TINY, "schedule.rounds=2", "arm=a").status == 0
    header = record("a").header
    assert "evaluation.stop_set" not in header["identity"]
    assert not any(key.startswith("stopping") for key in header["identity"])
    done = run(*TINY, "schedule.rounds=2", "arm=a", "stopping=classification_change")
    assert done.status == 2
    assert "stopping (here classification_change, there none)" in done.err


def test_the_size_of_the_stop_set_is_part_of_a_run_that_it_stops(run):
    words = (*TINY, "schedule.rounds=2", "arm=a", "stopping=classification_change")
    assert run(*words, "evaluation.stop_set=20").status == 0
    done = run(*words, "evaluation.stop_set=30")
    assert done.status == 2
    assert "evaluation.stop_set (here 30, there 20)" in done.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("stopping=classification_change", "evaluation.stop_set=0"), "set evaluation.stop_set=1000, or stopping=none"),
        (("stopping=[kappa]",), "stopping.rules is 'kappa'; choose one of stabilizing_predictions"),
        (("stopping=any_of", "stopping.rules=[]"), "or choose stopping=none"),
        (("stopping=kappa",), "stopping is 'kappa'; choose one of"),
        (
            ("stopping=classification_change", "stopping.threshold=2"),
            "stopping.threshold is 2.0; it must be at least 0",
        ),
    ],
    ids=["no stop set", "a list with a name unknown", "an empty list", "a name unknown", "a threshold out of range"],
)
def test_what_cannot_stop_a_run_is_refused_in_one_line(run, words, reason):
    done = run(*TINY, *words)
    assert done.status == 2
    assert reason in done.err
    assert done.err.strip().count("\n") == 0
