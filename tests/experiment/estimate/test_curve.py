"""What seconds at some sizes say of another size."""

from __future__ import annotations

import time

import pytest

from al_bench.experiment.estimate.curve import QUADRATIC, Cost, Curve, extrapolate, measure_growth, rising_sizes
from al_bench.experiment.estimate.quantities import makespan


@pytest.mark.parametrize(
    ("sizes", "values", "size", "expected"),
    [
        ([100, 400], [1.0, 2.5], 1000, 5.5),
        ([100, 400], [1.0, 2.5], 250, 1.75),
        ([100], [1.0], 300, 3.0),
        ([100, 400], [2.0, 1.0], 1000, 1.0),
        ([], [], 10, 0.0),
    ],
    ids=["along a line", "between two", "one in proportion", "never below the last where it falls", "nothing"],
)
def test_a_linear_cost_is_extrapolated(sizes, values, size, expected):
    assert extrapolate(sizes, values, size) == pytest.approx(expected)


def test_a_quadratic_cost_is_extrapolated_as_one_only_where_it_may_be():
    sizes, values = [100, 200], [1.0, 4.0]
    assert extrapolate(sizes, values, 800, QUADRATIC) == pytest.approx(64.0)
    assert extrapolate(sizes, values, 800) == pytest.approx(22.0)


def test_wall_clock_time_follows_processor_time():
    """What else the machine does at one moment is not taken for growth."""
    curve = Curve(sizes=[100, 200], costs=[Cost(1.0, 1.0), Cost(8.0, 2.0)])
    assert curve.at(400) == Cost(pytest.approx(12.0), pytest.approx(4.0))


def test_work_that_only_waits_is_extrapolated_by_the_clock():
    curve = Curve(sizes=[100, 200], costs=[Cost(1.0, 0.0), Cost(2.0, 0.0)])
    assert curve.at(400).wall == pytest.approx(4.0)


def test_sizes_rise_to_the_last():
    assert rising_sizes(1024, 60_000) == [1024, 4096, 16384, 60_000]
    assert rising_sizes(1024, 300) == [300]
    assert rising_sizes(4, 5) == [4, 5]


def test_measuring_ends_before_a_size_that_would_take_too_long():
    measured = []

    def measure(size: int) -> Cost:
        measured.append(size)
        return Cost(size / 100, size / 100)

    curve = measure_growth(measure, [1, 4, 16, 64, 256, 1024], time.perf_counter() + 1.0)
    assert measured == [1, 1, 4, 16, 64]
    assert curve.at(1024).processor == pytest.approx(10.24)


def test_what_the_first_time_costs_more_is_told_apart():
    costs = iter([Cost(2.0, 1.0), Cost(0.5, 0.25), Cost(1.0, 0.5)])
    curve = measure_growth(lambda _: next(costs), [1, 2], time.perf_counter() + 9)
    assert curve.first_time == Cost(1.5, 0.75)
    assert curve.at(4).processor == pytest.approx(1.0)


def test_jobs_go_to_the_worker_that_is_free_first():
    assert makespan([4, 1, 1, 1], 2) == 4
    assert makespan([3, 3, 3], 1) == 9
    assert makespan([], 2) == 0
