"""A short form of scripts/fuzz.py: whatever is typed or read, every command ends in order."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the script forks")
def test_strange_words_and_files_end_no_command_in_disorder():
    command = [sys.executable, str(REPOSITORY / "scripts" / "fuzz.py"), "--cases", "150", "--seed", "5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("150 cases, 0 with a fault")
