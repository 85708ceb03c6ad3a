"""Call a command in a child of this process, with limits of time and memory, its output in files."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECONDS, SECONDS_ON_THE_CLOCK = 20, 120
"""The most that a command may take that was not asked for more: of a processor, and where it waits or shares one."""
PATIENCE = 4
"""Seconds of a processor after which a command that was asked for much is interrupted."""
SECONDS_TO_STOP = 8
"""The most that a command may take to end after an interrupt, of a processor."""
GIBIBYTE = 2**30
MOST_MEMORY, MOST_ADDRESSES = 3 * GIBIBYTE, 12 * GIBIBYTE
"""Bytes above those of the parent: in memory, where the child is killed, and of addresses, where it gets no more."""
POLL = 0.01


@dataclass(frozen=True)
class Call:
    """A command to call.

    Args:
        argv: The words after `al-bench`.
        folder: The current folder of the child.
        environment: Variables set in the child beside those of the parent.
        stdout: Where its standard output goes; None: a file beside the folder.
        encoding: Of its standard output.
        asks_for_work: A value asks for more than a moment's work, so that the command is interrupted after `PATIENCE`.
    """

    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stdout: Path | None = None
    encoding: str = "utf-8"
    asks_for_work: bool = False


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Args:
        status: Its exit status; minus the signal that ended it.
        seconds: How long it took on the clock.
        memory: The most bytes of memory that it held above its parent's.
        parsed: The option parser and Hydra's grammar took its words.
        out, err: What it wrote.
        late: It was interrupted, as it took longer than it may.
        greedy: It was killed, as it took more memory than it may.
    """

    status: int
    seconds: float
    memory: int
    parsed: bool
    out: str
    err: str
    late: bool = False
    greedy: bool = False


def call(wanted: Call, main: Callable[[], int], parsed: Callable[[Sequence[str]], bool] = lambda argv: True) -> Ended:
    """Call a command in a child in a process group of its own, and wait for its end.

    Args:
        wanted: The command.
        main: What the command's entry point calls, with the words in sys.argv.
        parsed: Whether a parser takes the words; called in the child.
    """
    outputs = {name: wanted.folder.with_name(f"{wanted.folder.name}.{name}") for name in ("stdout", "stderr", "parsed")}
    for path in outputs.values():
        path.unlink(missing_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    before = _resident(os.getpid())
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        _be_the_command(wanted, outputs, main, parsed)
    limit = PATIENCE if wanted.asks_for_work else SECONDS
    status, memory, late, greedy, interrupted, spent = None, 0, False, False, 0.0, 0.0
    while status is None:
        memory = max(memory, _resident(child) - before)
        if memory > MOST_MEMORY and not greedy:
            greedy = True
            _signal(child, signal.SIGKILL)
        now = time.monotonic()
        if not late and (_processor_seconds(child) > limit or now - begin > SECONDS_ON_THE_CLOCK):
            late, interrupted, spent = True, now, _processor_seconds(child)
            _signal(child, signal.SIGINT)
        if late and (_processor_seconds(child) - spent > SECONDS_TO_STOP or now - interrupted > SECONDS_ON_THE_CLOCK):
            _signal(child, signal.SIGKILL)
        done, code = os.waitpid(child, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(code)
        else:
            time.sleep(POLL)
    seconds = time.monotonic() - begin
    _signal(child, signal.SIGKILL)  # what it has left behind
    out, err = (_text(outputs[name]) for name in ("stdout", "stderr"))
    return Ended(status, seconds, memory, outputs["parsed"].exists(), out, err, late, greedy)


def _be_the_command(
    wanted: Call, outputs: Mapping[str, Path], main: Callable[[], int], parsed: Callable[[Sequence[str]], bool]
) -> None:
    """What the child does; it never returns."""
    status = 70
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        addresses = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (addresses + MOST_ADDRESSES,) * 2)
        os.chdir(wanted.folder)
        os.environ.update(wanted.environment)
        for number, path, errors in (
            (1, wanted.stdout or outputs["stdout"], "strict"),
            (2, outputs["stderr"], "backslashreplace"),
        ):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            raw = os.fdopen(number, "wb", closefd=False)
            setattr(
                sys,
                "stdout" if number == 1 else "stderr",
                io.TextIOWrapper(raw, encoding=wanted.encoding if number == 1 else "utf-8", errors=errors),
            )
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        logging.getLogger().handlers.clear()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            is_parsed = parsed(wanted.argv)
        if is_parsed:
            outputs["parsed"].touch()
        sys.argv = ["al-bench", *wanted.argv]
        status = main()
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(status)


def _signal(child: int, number: signal.Signals) -> None:
    """Send a signal to the process group of a child, if there is any of it left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, number)


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def _processor_seconds(pid: int) -> float:
    """Seconds of a processor that a process has used; 0 where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _text(path: Path) -> str:
    """What was written to a file, if there is one."""
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
