"""Progress bars for work inside a round: silent for five seconds, then with the time left, and only on a terminal."""

from __future__ import annotations

from tqdm import tqdm

DELAY = 5.0
"""Seconds before a bar shows."""


def bar(what: str, total: int, unit: str) -> tqdm:
    """A bar for `total` units of work, to be used in a with statement.

    It vanishes when it is done, and lies below the bar of the rounds.
    """
    return tqdm(total=total, desc=what, unit=unit, delay=DELAY, leave=False, disable=None, position=1)
