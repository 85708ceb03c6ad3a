"""One side of a row: a process that sets up, then does its work once each time it is told to.

It runs in the interpreter of whoever it stands for, so it needs the standard library and NumPy only. The process that
holds the race writes `run` or `save FILE` to its standard input, a line each, and reads one JSON object for each.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Work = Callable[[], Mapping[str, Any]]
"""Does the work once and returns its outputs: arrays and numbers by name; `seconds` replaces the clock's."""

Task = Callable[[Path, dict[str, Any]], Work]
"""Folder of the data and the row's settings to the work: what happens here is not timed."""


def serve(tasks: Mapping[str, Task]) -> None:
    """Set up the task named on the command line and answer until the input ends."""
    import numpy as np

    name, folder = sys.argv[1], Path(sys.argv[2])
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes to the log

    def reply(**answer: Any) -> None:
        replies.write(json.dumps(answer) + "\n")

    work = tasks[name](folder, json.loads((folder / "settings.json").read_text()))
    outputs: Mapping[str, Any] = {}
    reply(ready=True)
    for line in sys.stdin:
        command, _, file = line.strip().partition(" ")
        if command == "run":
            start = time.perf_counter()
            outputs = work()
            reply(seconds=float(outputs.get("seconds", time.perf_counter() - start)))
        else:
            arrays: dict[str, Any] = {key: np.asarray(value) for key, value in outputs.items()}
            np.savez(file, **arrays)
            reply(saved=True)
