"""Progress bars of work inside a round: shown after five seconds, with the time left, and only on a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

DELAY = 5.0
"""Seconds before a bar is shown."""


def bar(what: str, total: int, unit: str) -> tqdm:
    """A progress bar, for a with statement. It is drawn below the bar of the rounds and disappears at the end.

    Args:
        what: The work, as its label.
        total: The number of units of work.
        unit: The name of a unit.
    """
    return tqdm(total=total, desc=what, unit=unit, delay=DELAY, leave=False, disable=None, position=1)


@contextmanager
def waiting(what: str, before: float | None, tick: float = 1.0) -> Iterator[None]:
    """A clock during work whose progress is not known, such as a library's K-means.

    Args:
        what: The work, as its label.
        before: Seconds that the same work took last time, as an estimate; None: not known.
        tick: Seconds between two updates.
    """
    if not sys.stderr.isatty():
        yield
        return
    estimate = "" if before is None else f" of about {before:.0f}"
    shape = f"{{desc}}: {{n:.0f}}{estimate} s"
    with tqdm(desc=what, bar_format=shape, delay=DELAY, leave=False, position=2) as clock:
        done = threading.Event()

        def run() -> None:
            while not done.wait(tick):
                clock.update(tick)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
