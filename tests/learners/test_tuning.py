"""The config group `tuning` and the values that a search may try."""

from __future__ import annotations

import pytest

from al_bench.errors import InputError
from al_bench.learners import tuning
from al_bench.learners.search_space import Choice, Range, dimension
from al_bench.learners.tuning import NoTuning, TuneAtStart, TuneEveryRound


def test_a_list_is_a_choice_and_a_mapping_a_range_whose_numbers_are_whole_where_the_key_is():
    assert dimension("model.max_depth", [None, 4], None) == Choice((None, 4))
    assert dimension("model.C", {"low": 1, "high": 10}, 100.0) == Range(1, 10)
    assert dimension("training.steps", {"low": 1, "high": 10, "log": True}, 300) == Range(1, 10, True, True)
    assert dimension("model.max_features", {"low": 0.1, "high": 1}, "sqrt") == Range(0.1, 1)


def test_a_factor_is_a_range_around_the_configured_value():
    assert dimension("training.lr", {"factor": 10}, 0.1) == Range(0.01, 1.0, log=True)
    assert dimension("training.steps", {"factor": 3}, 300) == Range(100, 900, log=True, whole=True)
    assert dimension("training.epochs", {"factor": 3}, 1) == Range(1, 3, log=True, whole=True)


FAULTS = {
    "no values": ([], 1.0, r"tuning\.space\.model\.C lists no values; give a list of values, \{low"),
    "a number": (3, 1.0, r"is 3; give a list of values"),
    "a text": ("abc", 1.0, r"is 'abc'; give a list of values"),
    "one end": ({"low": 1}, 1.0, "give a list of values"),
    "another key": ({"low": 1, "high": 2, "step": 1}, 1.0, "give a list of values"),
    "ends in the wrong order": ({"low": 2, "high": 1}, 1.0, "low below high"),
    "ends that are texts": ({"low": "a", "high": "b"}, 1.0, "must be numbers"),
    "log of zero": ({"low": 0, "high": 1, "log": True}, 1.0, "low must be above 0"),
    "log is no boolean": ({"low": 1, "high": 2, "log": 3}, 1.0, "log true or false"),
    "NaN": ({"low": float("nan"), "high": 2}, 1.0, "must be numbers"),
    "a factor of 1": ({"factor": 1}, 1.0, "a number above 1"),
    "a factor of nothing": ({"factor": 10}, 0.0, "the configured value is 0.0"),
    "a factor of a text": ({"factor": 10}, "7/N", "the configured value is '7/N'"),
    "a factor that leaves one value": ({"factor": 1.1}, 1, "leaves 1 alone"),
}


@pytest.mark.parametrize(("given", "configured", "message"), FAULTS.values(), ids=FAULTS)
def test_what_is_no_choice_and_no_range_is_refused_by_name(given, configured, message):
    with pytest.raises(InputError, match=message):
        dimension("model.C", given, configured)


def test_numbers_of_a_range_have_few_digits_and_stay_within_its_ends():
    wide = Range(0.00012345678, 1.0)
    assert wide.rounded(0.123456) == 0.1235
    assert Range(0.000123449, 1.0).rounded(0.000123449) == 0.000123449
    assert [wide.holds(value) for value in (0.5, 2.0, "a", True, None)] == [True, False, False, False, False]
    assert Range(1, 9, whole=True).holds(3)
    assert not Range(1, 9, whole=True).holds(3.5)
    assert Choice((None, 4)).holds(None)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"trials": 1}, "tuning.trials is 1; it must be at least 2"),
        ({"folds": 1}, "tuning.folds is 1; it must be at least 2"),
        ({"space": 3}, "tuning.space is 3; it must be keys with values"),
    ],
    ids=str,
)
def test_keys_out_of_range_are_refused(keys, message):
    with pytest.raises(InputError, match=message):
        TuneAtStart(**keys)


def test_without_optuna_what_tunes_says_what_to_install_and_never_needs_nothing(monkeypatch):
    NoTuning().check_installed()
    TuneEveryRound().check_installed()
    monkeypatch.setattr(tuning.importlib.util, "find_spec", lambda name: None)
    NoTuning().check_installed()
    with pytest.raises(
        InputError, match=r"tuning needs Optuna: pip install 'al-bench\[tuning\]', or type tuning=never"
    ):
        TuneEveryRound().check_installed()
