"""Folders held for one process: on file systems that lock, that cannot, and whose locks hold on one machine alone."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from al_bench.errors import InputError
from al_bench.storage import holder, lock
from al_bench.storage.cache import Cache
from al_bench.storage.features import FeatureStore
from al_bench.storage.lock import is_held, locked

SHIM = """
import errno, fcntl, platform, sys
from al_bench.storage import holder
holder.BEAT, holder.STALE, holder.SETTLE = 0.2, {stale}, 0.1
platform.node = lambda: {host!r}
real = fcntl.flock
def flock(handle, operation):
    if {how!r} == "fails":
        raise OSError(errno.ENOLCK, "No locks available")
    if {how!r} == "own":  # each machine has locks of its own, as with local_lock=flock: nobody else sees them
        return None
    return real(handle, operation)
fcntl.flock = flock
"""
"""A machine of another name, whose file system locks as `how` says: works, fails (ENOLCK), own."""
HOLD = """
import sys, time
from pathlib import Path
from al_bench.errors import InputError
from al_bench.storage.lock import locked
try:
    with locked(Path(sys.argv[1]), "another process is running this") as hold:
        print("held", hold.remark, flush=True)
        sys.stdin.readline()
except InputError as error:
    print(error, flush=True)
    sys.exit(2)
"""


@pytest.fixture
def machine() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """From a folder, a host's name and how its file system locks to a process that wants to hold the folder."""
    with ExitStack() as stack:

        def start(folder: Path, host: str, how: str = "works", stale: float = 2.0) -> subprocess.Popen[str]:
            words = [sys.executable, "-c", SHIM.format(host=host, how=how, stale=stale) + HOLD, str(folder)]
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


def end(process: subprocess.Popen[str], kill: bool = False) -> None:
    """Let a process release what it holds, or kill it."""
    assert process.stdin is not None
    if kill:
        process.kill()
    process.stdin.close()
    process.wait(20)


def said(process: subprocess.Popen[str]) -> str:
    """The next line of a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def quick(monkeypatch):
    """Signs of life so often that a test need not wait for them."""
    for name, value in (("BEAT", 0.2), ("STALE", 2.0), ("SETTLE", 0.1)):
        monkeypatch.setattr(holder, name, value)


@pytest.fixture
def no_locks(monkeypatch):
    """A file system that cannot lock."""

    def fail(handle: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)


def test_a_folder_is_held_once_and_is_free_again(tmp_path):
    with locked(tmp_path, "a test is here") as hold:
        assert hold.remark == ""
        assert is_held(tmp_path) is True
        with (
            pytest.raises(InputError, match="a test is here; wait for it or stop it"),
            locked(tmp_path, "a test is here"),
        ):
            pass
    assert is_held(tmp_path) is False
    assert sorted(os.listdir(tmp_path)) == [lock.LOCK]


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_where_nothing_can_be_locked_the_note_holds(tmp_path, quick, monkeypatch, error):
    def fail(handle: object, operation: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", fail)
    with locked(tmp_path, "a test is here") as hold:
        assert hold.remark == (
            f"the file system of {tmp_path} cannot lock ({os.strerror(error)}); a note holds it instead"
        )
        assert is_held(tmp_path) is True
        with pytest.raises(InputError, match="a test is here; wait"), locked(tmp_path, "a test is here"):
            pass
    assert is_held(tmp_path) in (False, None)
    with locked(tmp_path, "a test is here"):
        pass


@pytest.mark.parametrize("how", ["works", "fails", "own"])
def test_two_machines_do_not_hold_one_folder(tmp_path, machine, quick, how):
    first = machine(tmp_path, "node1", how)
    assert said(first).startswith("held")
    second = machine(tmp_path, "node2", how)
    assert said(second).startswith(f"{tmp_path}: another process is running this on node1")
    assert second.wait(20) == 2
    end(first)
    third = machine(tmp_path, "node2", how)
    assert said(third).startswith("held")
    end(third)


@pytest.mark.parametrize("how", ["works", "fails", "own"])
def test_a_machine_that_died_holds_nothing_after_a_while(tmp_path, machine, quick, how):
    first = machine(tmp_path, "node1", how)
    assert said(first).startswith("held")
    end(first, kill=True)
    began = time.monotonic()
    second = machine(tmp_path, "node2", how)
    assert said(second).startswith("held")
    assert time.monotonic() - began >= 2.0  # it watched the note for STALE seconds
    end(second)


@pytest.mark.parametrize("how", ["works", "fails"])
def test_a_process_that_died_here_holds_nothing_at_once(tmp_path, machine, quick, how):
    first = machine(tmp_path, "node1", how)
    assert said(first).startswith("held")
    end(first, kill=True)
    again = machine(tmp_path, "node1", how, stale=200.0)
    began = time.monotonic()
    assert said(again).startswith("held")
    assert time.monotonic() - began < 100
    end(again)


def test_of_many_machines_that_come_at_once_one_holds(tmp_path, machine, quick):
    first = machine(tmp_path, "node0", "fails")  # leaves a dead note, which all find
    said(first)
    end(first, kill=True)
    several = [machine(tmp_path, f"node{number}", "fails") for number in range(1, 5)]
    lines = [said(process) for process in several]
    assert sum(line.startswith("held") for line in lines) == 1, lines
    for process in several:
        end(process)


def test_a_holder_sees_that_another_machine_has_taken_over(tmp_path, quick):
    with locked(tmp_path, "a test is here") as hold:
        hold.check()
        note = json.loads((tmp_path / holder.NAME).read_text())
        (tmp_path / holder.NAME).write_text(json.dumps(note | {"host": "node7", "mark": "another"}))
        with pytest.raises(InputError, match="a process on node7 has taken this over"):
            hold.check()
    assert (tmp_path / holder.NAME).exists()  # it is the other's


def test_a_look_from_another_machine_sees_the_holder(tmp_path, machine, quick):
    other = machine(tmp_path, "node1", "own")
    said(other)
    assert is_held(tmp_path) is True
    end(other, kill=True)
    time.sleep(2.5)
    assert is_held(tmp_path) is False


def test_a_damaged_note_is_a_dead_holders(tmp_path, quick):
    (tmp_path / holder.NAME).write_text("{")
    with locked(tmp_path, "a test is here"):
        assert is_held(tmp_path) is True
    assert sorted(os.listdir(tmp_path)) == [lock.LOCK]


def test_a_cache_that_cannot_be_locked_only_costs_time(tmp_path, no_locks, caplog):
    began = time.monotonic()
    cache = Cache(tmp_path)
    with cache.hold("first_round", "a"):
        cache.store("first_round", "a", [1, 2])
    assert cache.load("first_round", "a") == [1, 2]
    assert time.monotonic() - began < 30
    assert "the cache cannot be locked, which only costs time: No locks available" in caplog.text


@pytest.mark.parametrize("how", ["fails", "own"])
def test_one_machine_at_a_time_appends_features(tmp_path, machine, quick, how):
    other = machine(tmp_path, "node1", how)  # whatever it holds the folder for
    assert said(other).startswith("held")
    with pytest.raises(OSError, match="another run computes features in it on node1"), FeatureStore(tmp_path).hold():
        pass
    end(other)
    with FeatureStore(tmp_path).hold():
        assert (tmp_path / holder.NAME).exists()
    assert not (tmp_path / holder.NAME).exists()


def test_features_are_stored_where_nothing_can_be_locked(tmp_path, quick, no_locks):
    with FeatureStore(tmp_path).hold():
        assert (tmp_path / holder.NAME).exists()
