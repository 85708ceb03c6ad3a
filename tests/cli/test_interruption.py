"""SIGTERM raises once, is ignored after, and is left as it was found."""

import os
import signal
import threading

import pytest

from al_bench.cli.interruption import heeding_sigterm
from al_bench.errors import Terminated


@pytest.fixture(autouse=True)
def default_sigterm():
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


def test_the_first_raises_and_the_next_does_not():
    cleaned = False

    def receive_two():
        nonlocal cleaned
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned = True

    with heeding_sigterm(), pytest.raises(Terminated):
        receive_two()
    assert cleaned
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_it_is_an_interruption():
    assert issubclass(Terminated, KeyboardInterrupt)


def test_where_it_is_ignored_it_stays_ignored():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with heeding_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_outside_the_main_thread_nothing_changes():
    seen = []

    def enter():
        with heeding_sigterm():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]
