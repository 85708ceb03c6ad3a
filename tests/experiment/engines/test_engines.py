"""What Slurm and Ray are asked for, and what is said where they are not there; no cluster is needed."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from types import SimpleNamespace

import pytest

from al_bench.config.launcher import SlurmLaunch
from al_bench.errors import InputError
from al_bench.experiment.engines import resources as asked
from al_bench.experiment.engines.ray_cluster import Ray, check_fits
from al_bench.experiment.engines.slurm import Slurm
from al_bench.experiment.engines.task import RUNNING, WAITING, EngineSilentError, Resources
from al_bench.experiment.estimate.curve import Cost
from al_bench.experiment.estimate.quantities import Estimate, Span
from al_bench.storage.arrays import LOG, SubmittedArray
from al_bench.storage.lock import locked
from tests.conftest import TINY


class Keys(dict):
    """Keys of a launcher, read as Hydra's node is."""

    __getattr__ = dict.__getitem__


def keys(**changed) -> Keys:
    """The keys of hydra/launcher=slurm."""
    return Keys(vars(SlurmLaunch()) | changed)


@pytest.mark.parametrize(
    ("launcher", "library", "extra"), [("slurm", "submitit", "slurm"), ("ray", "ray", "ray")], ids=["slurm", "ray"]
)
def test_an_engine_whose_library_is_missing_says_what_to_install(run, monkeypatch, launcher, library, extra):
    monkeypatch.setitem(sys.modules, library, None)
    done = run("-m", *TINY, "seed=0", f"hydra/launcher={launcher}")
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert done.err.endswith(f"pip install 'al-bench[{extra}]'\n")
    assert not Path("results").exists() or not list(Path("results/runs/.sweeps").glob("*"))


def test_a_machine_without_slurm_says_so(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "submitit", types.ModuleType("submitit"))
    monkeypatch.setenv("PATH", "/nowhere")
    done = run("-m", *TINY, "seed=0", "hydra/launcher=slurm")
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert "there is no sbatch on this machine" in done.err


@pytest.fixture
def squeue(monkeypatch, tmp_path):
    """Makes a program `squeue` that prints some lines or fails."""

    def make(text: str, status: int = 0) -> None:
        program = tmp_path / "bin" / "squeue"
        program.parent.mkdir(exist_ok=True)
        where = "" if status == 0 else " >&2"
        program.write_text(f"#!/bin/sh\ncat <<'END'{where}\n{text}\nEND\nexit {status}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    return make


ARRAY = [(Path("results/.sweeps/2026-11-28"), SubmittedArray("slurm", "17", ["a", "b", "c"], ["0", "1", "2"]))]


def test_squeue_says_what_is_at_work(squeue):
    squeue(
        "17|0|RUNNING|None|al-bench_2026-11-28\n"
        "17|1|PENDING|JobArrayTaskLimit|al-bench_2026-11-28\n"
        "17|2|COMPLETED|None|al-bench_2026-11-28\n"
        "18|0|PENDING|Priority|al-bench_2026-11-28\n"
        "17|3|RUNNING|None|al-bench_2025"  # of a cluster whose numbers began anew
    )
    engine = Slurm()
    assert engine.at_work(ARRAY) == {("17", 0): RUNNING, ("17", 1): WAITING}
    assert engine.why_waiting() == ""
    squeue("17|N/A|PENDING|Resources|al-bench_2026-11-28")  # an array of one job is none
    assert engine.at_work(ARRAY) == {("17", 0): WAITING}
    assert engine.why_waiting() == "Resources"
    assert engine.at_work([]) == {}


def test_a_squeue_that_does_not_answer_is_not_an_empty_one(squeue, monkeypatch):
    squeue("slurm_load_jobs error: Unable to contact slurm controller (connect failure)", status=1)
    with pytest.raises(EngineSilentError, match="squeue does not answer: slurm_load_jobs error: Unable to contact"):
        Slurm().at_work(ARRAY)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EngineSilentError, match="squeue does not answer"):
        Slurm().at_work(ARRAY)


@pytest.fixture
def settings(monkeypatch):
    """Two settings, of which the second takes longer; their estimates are given."""
    estimates = [
        Estimate(Span(Cost(5.0), Cost(600.0)), Cost(10.0), memory_bytes=800e6),
        Estimate(Span(Cost(5.0), Cost(60.0)), Cost(10.0), memory_bytes=1200e6),
    ]
    monkeypatch.setattr(asked, "estimated", lambda settings, first: (estimates, "what former runs took"))
    run = SimpleNamespace(threads=2, workers=1, device="cpu")
    return {("strategy=bald",): (None, run), ("strategy=random",): (None, run)}


JOBS = [["strategy=bald", "seed=0"], ["strategy=bald", "seed=1"], ["strategy=random", "seed=0"]]


def test_time_and_memory_are_the_estimates_times_a_factor(settings):
    got, clause = asked.resources(JOBS, keys(), settings)
    assert got == Resources(minutes=33, megabytes=2000, cpus=2, gpus=0)  # (3 · 610 + 120) / 60; 1.5 · 1200 + 200
    assert clause == (
        "each asks for 2 cores, 33 min, 2,000 MB (3 times 10 min and 1.5 times 1.2 GB, with what former runs took; "
        "hydra.launcher.timeout_min and mem_mb set other numbers)"
    )


def test_a_run_with_workers_asks_for_their_processors(settings):
    settings["strategy=random",][1].workers = 3
    assert asked.resources(JOBS, keys(timeout_min=7, mem_mb=300), settings)[0].cpus == 6


def test_what_is_typed_counts(settings):
    got, clause = asked.resources(JOBS, keys(timeout_min=7, mem_mb=300, cpus=1, gpus=2), settings)
    assert got == Resources(7, 300, 1, 2)
    assert clause == "each asks for 1 core, 2 GPU, 7 min, 300 MB"


def test_a_job_on_cuda_asks_for_a_gpu(settings):
    settings["strategy=random",][1].device = "cuda"
    assert asked.resources(JOBS, keys(timeout_min=7, mem_mb=300), settings)[0].gpus == 1


def test_without_an_estimate_the_clusters_defaults_count(settings, monkeypatch):
    monkeypatch.setattr(asked, "estimated", lambda settings, first: ([], "nothing"))
    got, clause = asked.resources(JOBS, keys(), settings)
    assert (got.minutes, got.megabytes) == (None, None)
    assert clause == "each asks for 2 cores, the cluster's default time, the cluster's default memory"


def test_what_no_machine_of_a_ray_cluster_has_is_refused():
    nodes = [
        {"Alive": True, "Resources": {"CPU": 4.0, "memory": 8e9}},
        {"Alive": False, "Resources": {"CPU": 64.0, "memory": 1e12}},
    ]
    check_fits(Resources(None, 8000, 4, 0), nodes)
    with pytest.raises(InputError, match=r"asks for 9,000 \(mem_mb\).*no more than|has more than 8,000"):
        check_fits(Resources(None, 9000, 4, 0), nodes)
    with pytest.raises(InputError, match=r"1 \(gpus\) and no machine of the Ray cluster has more than 0"):
        check_fits(Resources(None, None, 1, 1), nodes)


def test_a_ray_sweep_is_at_work_while_its_supervisor_holds_it(tmp_path):
    arrays = [(tmp_path, SubmittedArray("ray", "x", ["a", "b", "c"], ["0.json", "1.json", "2.json"]))]
    (tmp_path / LOG).mkdir()
    (tmp_path / "0.json").write_text("{}")
    (tmp_path / LOG / "1.out").write_text("")
    assert Ray().at_work(arrays) == {}
    with locked(tmp_path / LOG, "a test"):
        assert Ray().at_work(arrays) == {("x", 1): RUNNING, ("x", 2): WAITING}
