"""Sweeps on a real Slurm of one node and a real Ray cluster, with kills in the middle: `scripts/check --services`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from scripts import engines


@pytest.mark.service
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("name", ["slurm", "ray"])
def test_a_sweep_is_resumed_after_a_killed_run_and_a_lost_connection(name):
    if name not in (there := engines.engines()):
        needs = {"slurm": "slurmctld, slurmd, slurm-client, munge and submitit", "ray": "pip install ray"}
        pytest.skip(f"no {name}: {needs[name]}")
    running, version = there[name]
    with tempfile.TemporaryDirectory(prefix="al-") as short:  # the paths of Ray's sockets
        folder = Path(short)
        reference, seconds = engines.local(folder / "local")
        with running(folder / "cluster") as environment:
            row, pages = engines.try_engine(name, version(environment), environment, folder / name, reference, seconds)
    said = "\n".join(pages)
    assert row.equal == row.runs == 4, said
    assert row.killed in ("failed", "missing"), said
    assert row.resumed, said
    assert row.submitted_again == 0 or "already at work" in said, said
    assert row.reattached, said
