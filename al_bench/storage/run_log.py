"""run.log: the log of a run. What cannot be written is lost without a word: the record does not depend on it."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from pathlib import Path

from al_bench.storage.rounds import DamagedRecordError


class RunLog(logging.FileHandler):
    """Appends the log to run.log in a run's folder.

    Raises:
        DamagedRecordError: There is a named pipe, which would block, or a folder in the place of the file.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "run.log"
        with contextlib.suppress(OSError):  # no such file yet, or whatever opening it says better
            mode = os.stat(path).st_mode
            if stat.S_ISFIFO(mode) or stat.S_ISDIR(mode):
                raise DamagedRecordError(folder, "run.log is no regular file")
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def handleError(self, record: logging.LogRecord) -> None:
        """Print nothing: how the run ended says that the disk is full."""

    def close(self) -> None:
        """Close the file, whatever is left of the log written or not."""
        with contextlib.suppress(OSError):
            super().close()
