"""What is said of a run before it starts: keys that say nothing beside others."""

from __future__ import annotations

import pytest

from tests.conftest import TINY


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("schedule.candidates=5000",), "schedule.candidates is 5,000 and "),
        (
            ("reference=full", "schedule.batch=7", "initial.size=4"),
            "reference=full trains once on the whole pool, without schedule.batch=7 initial.size=4",
        ),
    ],
    ids=["more candidates than points", "a run on the whole pool"],
)
def test_a_key_that_changes_nothing_is_a_remark(run, words, line):
    done = run(*TINY, *words)
    assert done.status == 0, done.err
    assert f"al-bench: {line}" in done.err


def test_nothing_is_said_of_keys_that_count(run):
    assert "candidates" not in run(*TINY, "schedule.candidates=12").err
    assert "whole pool" not in run(*TINY, "reference=full").err
