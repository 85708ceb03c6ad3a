"""The study of tuning: what its table says of runs."""

from __future__ import annotations

import pytest

from scripts.tuning_study import cost, gains, points
from tests.conftest import record


def test_what_tuning_adds_is_paired_by_seed():
    untuned = {"random": {0: 0.5, 1: 0.6, 2: 0.7}, "margin": {0: 0.5, 1: 0.5, 2: 0.5}}
    tuned = {"random": {2: 0.71, 1: 0.62, 0: 0.53}, "margin": {0: 0.5, 1: 0.5, 2: 0.5}}
    row = gains(tuned, untuned)
    assert (row["random_gain"], row["random_low"], row["random_high"]) == ("+2.00", "-0.48", "+4.48")
    assert (row["margin_gain"], row["margin_low"], row["margin_high"]) == ("+0.00", "+0.00", "+0.00")
    assert points(-0.01234) == "-1.23"


@pytest.mark.parametrize(("tuning", "tuned"), [("start", 1), ("every_round", 3)])
def test_trials_and_their_seconds_are_those_on_record(run, tuning, tuned):
    words = ("debug=smoke", "model=linear", "posterior=deterministic", "strategy=random", "initial.size=12")
    assert run(*words, f"tuning={tuning}", "tuning.trials=2", "tuning.folds=2", "arm=a").status == 0
    entries = [entry["tuning"] for entry in record("a").rounds]
    told = cost(record("a").folder)
    assert told["tuned"] == tuned
    assert float(told["trials"]) == sum(entry["trials"] for entry in entries)
    assert told["changed"] == sum(entry["chosen"] > 0 for entry in entries if entry["trials"])
    assert float(told["seconds_trials"]) == pytest.approx(
        sum(e["seconds"].get("tune", 0) for e in record("a").rounds), abs=0.06
    )
