"""The values that a hyper-parameter may take in a search: a choice or a range, read from what a configuration says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from al_bench.errors import InputError

DIGITS = 4
"""Significant digits of a value that is drawn from a range, so that it can be read and typed."""
FORMS = "a list of values, {low: 0.1, high: 10, log: true}, or {factor: 10}"


@dataclass(frozen=True)
class Choice:
    """One of some values, which have no order.

    Args:
        values: At least one.
    """

    values: tuple[Any, ...]

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values that stand for all in checks."""
        return self.values

    def holds(self, value: Any) -> bool:
        """Whether a value is one of these."""
        return value in self.values


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, both included.

    Args:
        low, high: low < high.
        log: Whether its logarithm is drawn uniformly; low is then above 0.
        whole: Whether it is a whole number.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values that stand for all in checks."""
        return self.low, self.high

    def holds(self, value: Any) -> bool:
        """Whether a value is a number of the range."""
        return _is_number(value) and self.low <= value <= self.high and (isinstance(value, int) or not self.whole)

    def rounded(self, value: float) -> float:
        """A number of the range as it is used: of few digits, within the ends."""
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)


Dimension = Choice | Range


def dimension(key: str, given: Any, configured: Any) -> Dimension:
    """What `tuning.space` says of a key.

    Args:
        key: Of the learner, such as model.C.
        given: A list, or a mapping with low, high and perhaps log, or with factor.
        configured: The key's value; its type decides whether a range is of whole numbers.

    Raises:
        InputError: it is none of these, or its ends are in the wrong order.
    """
    name = f"tuning.space.{key}"
    if isinstance(given, Sequence) and not isinstance(given, str):
        if not given:
            raise InputError(f"{name} lists no values; give {FORMS}")
        return Choice(tuple(given))
    if isinstance(given, Mapping) and set(given) == {"factor"}:
        return _around(name, given["factor"], configured)
    if not isinstance(given, Mapping) or not {"low", "high"} <= set(given) <= {"low", "high", "log"}:
        raise InputError(f"{name} is {given!r}; give {FORMS}")
    low, high, log = given["low"], given["high"], given.get("log", False)
    if not _is_number(low) or not _is_number(high) or not low < high or not isinstance(log, bool):
        raise InputError(f"{name} is {given!r}; low and high must be numbers, low below high, and log true or false")
    if log and low <= 0:
        raise InputError(f"{name} is {given!r}; on a logarithmic scale low must be above 0")
    fraction = isinstance(configured, float) or isinstance(low, float) or isinstance(high, float)
    return Range(low, high, log, whole=not fraction)


def _around(name: str, factor: Any, configured: Any) -> Range:
    """From the configured value divided by a factor to the value times it."""
    if not _is_number(factor) or not factor > 1:
        raise InputError(f"{name} has the factor {factor!r}; it must be a number above 1")
    if not _is_number(configured) or not configured > 0:
        raise InputError(
            f"{name} has a factor, and the configured value is {configured!r}, no number above 0; give low and high"
        )
    if isinstance(configured, int):
        low, high = max(1, round(configured / factor)), round(configured * factor)
        if low == high:
            raise InputError(f"{name} has the factor {factor!r}, which leaves {low} alone; give a larger one")
        return Range(low, high, log=True, whole=True)
    return Range(configured / factor, configured * factor, log=True)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e100
