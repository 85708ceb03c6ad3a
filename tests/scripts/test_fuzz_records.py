"""A short form of scripts/fuzz_records.py: whatever is damaged, every command ends in order."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the script forks")
def test_damaged_folders_end_no_command_in_disorder():
    command = [sys.executable, str(REPOSITORY / "scripts" / "fuzz_records.py"), "--cases", "25", "--seed", "5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, env={**os.environ, "MPLBACKEND": "Agg"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("25 cases, 0 with a fault")
