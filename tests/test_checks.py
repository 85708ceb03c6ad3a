"""Every range check of a key gives a sentence of one form, and NaN passes none."""

from __future__ import annotations

import math

import pytest

from al_bench import checks
from al_bench.errors import InputError

PASSES = {
    "at_least": lambda: checks.at_least("a.b", 1, 1),
    "at_least an infinite value": lambda: checks.at_least("a.b", math.inf, 0),
    "above": lambda: checks.above("a.b", 1e-9, 0, finite=True),
    "fraction with both ends, 0": lambda: checks.fraction("a.b", 0),
    "fraction with both ends, 1": lambda: checks.fraction("a.b", 1.0),
    "fraction without an end": lambda: checks.fraction("a.b", 0.5, zero=False, one=False),
    "one_of": lambda: checks.one_of("a.b", "x", ("x", "y")),
    "sizes": lambda: checks.sizes("a.b", [3, 1]),
    "no sizes": lambda: checks.sizes("a.b", [], least=0),
}

FAILS = {
    "at least 1": lambda: checks.at_least("a.b", 0, 1),
    "at least 1 and finite: so": lambda: checks.at_least("a.b", math.inf, 1, ": so", finite=True),
    "at least 1 (nats)": lambda: checks.at_least("a.b", math.nan, 1, " (nats)"),
    "above 0": lambda: checks.above("a.b", 0, 0),
    "above 0 seconds": lambda: checks.above("a.b", math.nan, 0, " seconds"),
    "above 0 and finite, or null": lambda: checks.above("a.b", math.inf, 0, ", or null", finite=True),
    "at least 0 and at most 1": lambda: checks.fraction("a.b", 1.01),
    "above 0 and at most 1": lambda: checks.fraction("a.b", 0, zero=False),
    "at least 0 and below 1": lambda: checks.fraction("a.b", 1, one=False),
    "above 0 and below 1": lambda: checks.fraction("a.b", math.nan, zero=False, one=False),
    "a list of at least 1 whole numbers above 0": lambda: checks.sizes("a.b", []),
    "a list of at least 0 whole numbers above 0": lambda: checks.sizes("a.b", [2, 0], least=0),
}


@pytest.mark.parametrize("case", PASSES)
def test_a_value_in_its_range_passes(case):
    PASSES[case]()


@pytest.mark.parametrize("rule", FAILS)
def test_a_value_out_of_its_range_is_named_with_the_rule(rule):
    with pytest.raises(InputError) as refused:
        FAILS[rule]()
    key, _, sentence = str(refused.value).partition(" is ")
    value, _, said = sentence.partition("; it must be ")
    assert key == "a.b"
    assert value
    assert said == rule


def test_a_string_is_shown_in_quotes():
    with pytest.raises(InputError, match=r"^device is ''; choose one of cpu, cuda$"):
        checks.one_of("device", "", ("cpu", "cuda"))
