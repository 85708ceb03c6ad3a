"""Commands that only answer take less than a second of the processor, and import little.

The time is the child's own, user and system, so that other work on the machine matters little; of several tries the
best counts, and the first that is quick enough ends them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BUDGET = 1.0
"""Seconds of the processor: it takes 0.04 to 0.35 s, and `status` 0.7 s, on a busy machine."""
TRIES = 8

CODE = """
import atexit, sys
known = {*sys.stdlib_module_names, *sys.modules}
def libraries():
    names = {name.partition(".")[0] for name in sys.modules} - known - {"al_bench"}
    print(*sorted(name for name in names if not name.startswith("_")), file=sys.stderr)
atexit.register(libraries)
from al_bench.cli import main as cli
sys.argv = ["al-bench", *sys.argv[1:]]
sys.exit(cli.main())
"""

RECORDS = {"click", "msgspec", "typing_extensions"}
COMPOSING = {"antlr4", "hydra", "omegaconf", "yaml", "numpy", "cython_runtime", "psutil", "filelock"}
"""What reads records, and what composes configurations; torch, scipy, pandas and scikit-learn belong to neither."""

ALWAYS = {"lazy_loader"}
"""Imported by `import al_bench`."""

IMPORTED: dict[tuple[str, ...], set[str]] = {
    ("--help",): set(),
    ("--version",): set(),
    ("list",): RECORDS,
    ("list", "strategies"): {"click"},
    ("list", "metrics"): RECORDS,
    ("status", "results"): RECORDS | COMPOSING,
    ("status", "--help"): {"click"},
    ("clean", "--help"): {"click"},
    ("new", "--help"): {"click"},
    ("new", "strategy", "bald"): {"click"},
    ("new", "strategy", "my_score"): {"click", "jinja2", "markupsafe"},
    ("guide",): {"click"},
}
"""Words to the libraries that may be imported for them."""


def answer(words: tuple[str, ...], folder: Path) -> tuple[float, set[str]]:
    """Seconds of the processor that a command takes, and the libraries that it imports."""
    folder.mkdir()
    with (folder / "err").open("w+") as err:
        child = subprocess.Popen(
            [sys.executable, "-c", CODE, *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=err
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        lines = (folder / "err").read_text().splitlines()
    assert child.returncode in (0, 2), lines
    return used.ru_utime + used.ru_stime, set(lines[-1].split())


@pytest.mark.parametrize("words", IMPORTED, ids=" ".join)
def test_an_answer_takes_less_than_a_second_of_the_processor_and_imports_little(tmp_path, words):
    taken = []
    for attempt in range(TRIES):
        seconds, libraries = answer(words, tmp_path / str(attempt))
        assert libraries <= IMPORTED[words] | ALWAYS
        taken.append(seconds)
        if seconds < BUDGET:
            return
    pytest.fail(f"al-bench {' '.join(words)} takes {min(taken):.2f} s of the processor, the best of {TRIES}")


@pytest.mark.slow
def test_help_of_run_does_not_copy_all_schemas_for_each_group(tmp_path):
    best = min(answer(("run", "--help"), tmp_path / str(attempt))[0] for attempt in range(2))
    assert best < 4 * BUDGET, f"{best:.2f} s, where it takes 1.7 s on a busy machine and took 8 s with the copies"
