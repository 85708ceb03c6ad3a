"""What is wrong with how a command ended."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from fuzzing.child import GIBIBYTE, MOST_MEMORY, SECONDS, SECONDS_TO_STOP, Ended

LONGEST = 2_000
"""Characters of a line of stderr."""
MOST_REMARKS = 12
"""Lines of stderr of a command that refuses its input after it has read several runs."""
SECRET_NAME, SECRET = "AL_BENCH_FUZZ_SECRET", "fd1c7a86-not-to-be-shown"
"""A variable of the environment that no reader may resolve."""
CANARY = "ran"
"""The file that appears where something that a file names was run."""
REMARK = re.compile(
    r"al-bench(?: \w+)?: (?:.*: skipped |.*: there is no arm 'random' to |read |going on after round )"
    r"|al-bench(?: \w+)?: (?:initial\.indices counts |threads is \d+ and )"
    r"|al-bench: [\w=/]+ implies |report:"
)
"""How a line begins that says what a command does, not why it refuses."""
LARGEST_SEARCHED = 20_000_000
"""Bytes of a file that is looked through for the secret."""


def faults_of(ended: Ended, asks_for_work: bool = False, is_own: bool = False) -> Iterator[str]:
    """The faults of a command's end that its status and its output show.

    Args:
        ended: How it ended.
        asks_for_work: It may be interrupted.
        is_own: Code of the case's own was called, which may warn.
    """
    lines = [line for line in ended.err.splitlines() if line.strip()]
    complaints = [line for line in lines if not REMARK.match(line) and (line.startswith("al-bench") or not is_own)]
    if ended.greedy:
        yield f"took more than {MOST_MEMORY / GIBIBYTE:.0f} GiB of memory"
    elif ended.late and not asks_for_work:
        yield f"took more than {SECONDS} s"
    elif ended.late and ended.status not in (0, 1, 2, 130):
        yield f"ended with status {ended.status}, {SECONDS_TO_STOP} s after an interrupt"
    elif ended.status not in (0, 1, 2) and not ended.late:
        yield f"ended with status {ended.status}"
    if "Traceback" in ended.out + ended.err or "--- Logging error ---" in ended.err:
        yield "printed a traceback"
    if not is_own and re.search(r"\w+Warning: ", ended.err):
        yield "printed a warning of a library"
    if ended.status == 2 and len(complaints) > 1:
        yield f"refused its input in {len(complaints)} lines"
    if ended.status != 0 and not ended.late and not lines and not ended.out.strip():
        yield "failed without a word"
    if len(set(lines)) < len(lines):
        yield "said a line twice"
    if len(lines) > MOST_REMARKS and ended.status == 2:
        yield "printed many lines"
    if any(len(line) > LONGEST + 40 for line in lines):
        yield f"printed a line of more than {LONGEST} characters"
    if not all(line.isprintable() for line in lines):
        yield "printed control characters"


def tracebacks(folder: Path, own_files: Iterable[str] = ()) -> Iterator[str]:
    """The logs of runs that failed by an error of al-bench's own; an error of the user's files is none."""
    for log in sorted(folder.rglob("run.log")):
        text = log.read_text(errors="replace") if log.is_file() else ""
        if "Traceback" in text and not any(f'{name}", line' in text for name in own_files):
            yield f"{log.relative_to(folder)} has a traceback: {text.strip().splitlines()[-1][:300]}"


def leaks(folder: Path, ended: Ended) -> Iterator[str]:
    """Where the secret is shown."""
    if SECRET in ended.out + ended.err:
        yield "showed a variable of the environment"
    for path in folder.rglob("*"):
        is_searched = path.is_file() and not path.is_symlink() and path.stat().st_size < LARGEST_SEARCHED
        if is_searched and SECRET.encode() in path.read_bytes():
            yield f"wrote a variable of the environment to {path.relative_to(folder)}"


class Surroundings:
    """The files around the folders of the cases, none of which a command may change.

    Args:
        root: The folder of all that the script writes.
        but: A folder in it, and files that begin with its name, which may change.
    """

    def __init__(self, root: Path, but: Path) -> None:
        self.root, self.but = root, str(but)
        self.before = self._listing()

    def changes(self) -> list[str]:
        """What has changed since the last call, in words."""
        now = self._listing()
        differing = [path for path in sorted(now.keys() | self.before.keys()) if now.get(path) != self.before.get(path)]
        self.before = now
        return [f"changed {path}, outside of its folder" for path in differing]

    def _listing(self) -> dict[str, tuple[int, int]]:
        listing = {}
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if not os.path.join(folder, name).startswith(self.but)]
            for name in (*folders, *files):
                path = os.path.join(folder, name)
                if not path.startswith(self.but):
                    status = os.lstat(path)
                    listing[path] = (status.st_size if name in files else 0, status.st_mtime_ns if name in files else 0)
        return listing
