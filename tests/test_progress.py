"""The clock beside work that cannot be counted: an estimate from last time, on a terminal only, never an obstacle."""

from __future__ import annotations

import io
import time

import pytest

from al_bench import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def said(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, before: float | None) -> str:
    """What is written to `stream` while some work takes half a second."""
    monkeypatch.setattr(progress, "DELAY", 0.0)
    monkeypatch.setattr("sys.stderr", stream)
    with progress.waiting("selecting", before, tick=0.12):
        time.sleep(0.5)
    return stream.getvalue()


def test_the_time_of_the_last_round_is_the_estimate(monkeypatch):
    assert "selecting: 0 of about 34 s" in said(monkeypatch, Terminal(), 34.2)
    first = said(monkeypatch, Terminal(), None)
    assert "selecting: 0 s" in first
    assert "about" not in first


def test_nothing_is_said_where_nobody_looks(monkeypatch):
    assert said(monkeypatch, io.StringIO(), 34.2) == ""


def test_what_goes_wrong_inside_comes_out(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    with pytest.raises(ValueError, match="inside"), progress.waiting("selecting", None):
        raise ValueError("inside")
