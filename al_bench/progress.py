"""Progress bars for work inside a round: silent for five seconds, then with the time left, and only on a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

DELAY = 5.0
"""Seconds before a bar shows."""


def bar(what: str, total: int, unit: str) -> tqdm:
    """A bar for `total` units of work, to be used in a with statement.

    It vanishes when it is done, and lies below the bar of the rounds.
    """
    return tqdm(total=total, desc=what, unit=unit, delay=DELAY, leave=False, disable=None, position=1)


@contextmanager
def waiting(what: str, before: float | None, tick: float = 1.0) -> Iterator[None]:
    """A clock beside work that cannot be counted, such as a library's K-means.

    Args:
        what: The work.
        before: Seconds that the same work took last time, the estimate of how long it takes now; None: not known.
        tick: Seconds between two looks.
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
