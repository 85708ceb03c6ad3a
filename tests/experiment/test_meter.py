"""Seconds and peak memory of a stage: its own, not the process's."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from al_bench.experiment.meter import Meter


def test_seconds_are_those_of_the_body():
    meter, began = Meter(), time.perf_counter()
    with meter.stage("a"):
        time.sleep(0.05)
    between = time.perf_counter()
    with meter.stage("b"):
        pass
    assert 0.05 <= meter.seconds["a"] <= between - began
    assert 0 < meter.seconds["b"] <= time.perf_counter() - between


def test_a_peak_within_the_stage_is_seen_and_is_not_of_the_next_stage():
    meter, size = Meter(interval=0.002), 200_000_000
    with meter.stage("before"):
        time.sleep(0.01)
    with meter.stage("high"):
        block = np.ones(size, dtype=np.uint8)  # written, so resident
        time.sleep(0.1)
        del block
    with meter.stage("after"):
        time.sleep(0.01)
    assert meter.peak_memory_bytes["high"] > meter.peak_memory_bytes["before"] + 0.9 * size
    assert meter.peak_memory_bytes["after"] < meter.peak_memory_bytes["high"] - 0.9 * size


def test_an_error_passes_through_and_leaves_no_thread():
    meter, threads = Meter(), threading.active_count()
    with pytest.raises(RuntimeError, match="inside"), meter.stage("a"):
        raise RuntimeError("inside")
    assert threading.active_count() == threads
