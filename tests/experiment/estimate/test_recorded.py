"""What rounds on record say of rounds to come."""

from __future__ import annotations

import msgspec
import pytest

from al_bench.experiment.estimate.recorded import Plan, label_counts, seconds_ahead, trained_here
from al_bench.records import RoundRecord, RunHeader


def rounds(seconds: list[dict[str, float]], batch: int = 10, start: int = 20) -> list[RoundRecord]:
    """Rounds that acquire, with their seconds."""
    return [
        RoundRecord(round=number, labelled=start + number * batch, accuracy=0.5, acquired=[number], seconds=taken)
        for number, taken in enumerate(seconds)
    ]


def header(**identity) -> RunHeader:
    """A header with 20 initial points of a pool of 1,000."""
    keys = {f"schedule.{key}": value for key, value in identity.items()}
    return RunHeader(study="s", dataset="d", arm="a", seed=0, initial=list(range(20)), pool=1000, identity=keys)


def test_a_trend_is_followed():
    taken = rounds([{"train": 1.0 + number} for number in range(4)])  # s = 1 at L = 20, 2 at L = 30, ...
    low, high = seconds_ahead(taken, [60, 70])
    assert low == high == pytest.approx(5 + 6)


def test_rounds_that_get_shorter_are_taken_for_noise():
    taken = rounds([{"train": 3.0}, {"train": 2.0}, {"train": 1.0}])
    assert seconds_ahead(taken, [50, 60]) == (pytest.approx(4.0), pytest.approx(4.0))


def test_from_one_round_the_time_is_a_span_where_something_may_grow():
    taken = rounds([{"train": 2.0, "score": 1.0}])
    assert seconds_ahead(taken, [40]) == (3.0, 5.0)
    assert seconds_ahead(taken, [40], growing=()) == (3.0, 3.0)


def test_nothing_is_said_without_a_round_that_acquires():
    assert seconds_ahead([], [40]) is None
    assert seconds_ahead([msgspec.structs.replace(rounds([{"train": 1.0}])[0], acquired=None)], [40]) is None


def test_a_first_round_from_the_cache_says_nothing():
    taken = rounds([{"train": 0.01}, {"train": 1.0}])
    loaded = msgspec.structs.replace(header(batch=10), first_round={"key": "k", "loaded": True})
    assert [record.round for record in trained_here(loaded, taken)] == [1]
    assert [record.round for record in trained_here(header(batch=10), taken)] == [0, 1]


@pytest.mark.parametrize(
    ("keys", "last", "count"),
    [
        ({"batch": 10, "rounds": 5}, 60, 5),
        ({"batch": 10, "budget": 45}, 45, 4),
        ({"batch": 10}, 210, 20),
        ({"batch": 10, "stop_at_accuracy": 0.9}, 1000, 99),
    ],
    ids=["rounds", "budget", "by default", "until an accuracy"],
)
def test_the_rounds_of_a_run_are_read_from_its_header(keys, last, count):
    plan = Plan.of_record(header(**keys))
    assert (plan.labels[-1], len(plan.labels), plan.may_stop) == (last, count, "stop_at_accuracy" in keys)


def test_a_header_without_its_keys_gives_no_plan():
    assert Plan.of_record(header()) is None
    assert Plan.of_record(header(batch="ten")) is None


def test_label_counts_end_at_the_budget():
    assert label_counts(20, 10, 45) == [20, 30, 40, 45]
    assert label_counts(20, 10, 20) == [20]
