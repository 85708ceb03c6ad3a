"""Types the commands of a page in a folder that has the studies of al-bench's results, and nothing else."""

from __future__ import annotations

import importlib
import io
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from al_bench.cli.main import dispatch
from al_bench.experiment import sweep
from tests.conftest import REPOSITORY, without_estimates
from tests.guide.pages import Block

SHIMS = {
    "al-bench": 'exec "{python}" -m al_bench "$@"',
    "python": 'exec "{python}" "$@"',
    "pip": 'shift; exec "{python}" -m pip install --quiet --no-deps --no-build-isolation --no-index '
    '--disable-pip-version-check --target "{site}" "$@"',
}
"""Commands of the pages: this environment's Python, and a pip that installs into a folder of the test's own."""


class Shell:
    """The reader's shell.

    Args:
        folder: The current folder, empty.
        monkeypatch: pytest's.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "here"
        self.site = folder / "site"
        shims = folder / "bin"
        for path in (self.folder, self.site, shims):
            path.mkdir()
        for name, text in SHIMS.items():
            (shims / name).write_text(f"#!/bin/sh\n{text.format(python=sys.executable, site=self.site)}\n")
            (shims / name).chmod(0o755)
        runs = self.folder / "results" / "runs"
        runs.mkdir(parents=True)
        for study in (REPOSITORY / "results" / "runs").iterdir():
            if not study.name.startswith("."):
                (runs / study.name).symlink_to(study)
        monkeypatch.chdir(self.folder)
        monkeypatch.setenv("PATH", str(shims), prepend=os.pathsep)
        path = os.pathsep.join(map(str, (self.site, REPOSITORY)))
        monkeypatch.setenv("PYTHONPATH", path)
        for name, value in (("COLUMNS", "120"), ("NO_COLOR", "1"), ("PYTHONWARNINGS", ""), ("HYDRA_FULL_ERROR", "0")):
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["al-bench"])
        monkeypatch.setattr(sys, "path", [str(self.site), *sys.path])

    def write(self, block: Block) -> None:
        """Write the file that a block is."""
        assert block.file is not None
        path = self.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)

    def run(self, command: str) -> tuple[int, str]:
        """Type a command in a shell; returns its exit status and all that it prints, but for estimates of time."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        return done.returncode, without_estimates(done.stdout)

    def run_here(self, command: str) -> tuple[int, str]:
        """The same in this process where the command is al-bench's own, which saves its start-up."""
        words = shlex.split(command)
        if words[0] != "al-bench" or any(word in ("|", ">", "&&", "-m") for word in words):
            return self.run(command)
        sweep.RESULTS.clear()
        importlib.invalidate_caches()
        printed = io.StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            try:
                status = dispatch(words[1:])
            except SystemExit as leaving:
                status = int(str(leaving.code or 0))
        return status, without_estimates(printed.getvalue())


@contextmanager
def forgetting_modules_of(folder: Path) -> Iterator[None]:
    """Forget the modules that were imported from a folder, so that another page's of the same name are read."""
    before = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
