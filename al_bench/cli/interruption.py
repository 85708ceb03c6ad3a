"""SIGTERM, which schedulers and `kill` send, ends a command as Ctrl-C does: with its status written, to go on later."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from al_bench.errors import Terminated


@contextmanager
def heeding_sigterm() -> Iterator[None]:
    """Inside, the first SIGTERM raises `Terminated` and further ones are ignored, so that it can clean up.

    Where SIGTERM is ignored already, as under `trap '' TERM`, and outside the main thread nothing changes.
    """
    before = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated
