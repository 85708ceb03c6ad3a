"""Which engine is refused, in one line that says what to type; and that no name or identity depends on it."""

from __future__ import annotations

import importlib.util
import os

import pytest

from al_bench.config.compose import compose, register
from al_bench.errors import InputError
from al_bench.experiment.scoring_engines import by_name, ranks
from al_bench.experiment.scoring_engines.local import LocalProcesses
from tests.conftest import TINY, record

UNDER = {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"}
RAY = importlib.util.find_spec("ray") is not None


def made(*words: str, device: str = "cpu"):
    register()
    return by_name.make_scoring_engine(compose(list(words)).build(), device)


@pytest.mark.parametrize(
    ("words", "device", "said"),
    [
        (("engine=ray", "threads=2"), "cpu", "engine is ray and threads is 2: .*set threads=1, or engine=local"),
        (("engine=torchrun", "threads=2"), "cpu", "engine is torchrun and threads is 2"),
        (("engine=torchrun", "workers=2"), "cpu", "workers is 2, and with engine=torchrun its --nproc_per_node says"),
        (("engine=torchrun",), "cpu", "engine is torchrun, which did not start this command; type torchrun --sta"),
        (("engine=local", "workers=2", "threads=2"), "cpu", "workers is 2 and threads is 2"),
    ],
)
def test_an_engine_that_cannot_be_is_refused(words, device, said):
    with pytest.raises(InputError, match=said):
        made(*words, device=device)


def test_ray_on_a_gpu_is_refused():
    with pytest.raises(InputError, match="engine is ray and the run is on cuda: its actors use CPUs; set device=cpu"):
        made("engine=ray", device="cuda")


@pytest.mark.skipif(RAY, reason="Ray is installed")
def test_without_ray_one_is_told_what_to_install(run):
    done = run(*TINY, "engine=ray")
    assert done.status == 2
    assert done.err == "al-bench run: engine=ray needs Ray: pip install 'al-bench[ray]'\n"


def test_what_is_said_to_be_typed_is_the_same_command(run):
    done = run(*TINY, "engine=torchrun", "study=a b")
    assert done.status == 2
    assert done.err.endswith(
        "type torchrun --standalone --nproc_per_node 2 -m al_bench run debug=smoke training.steps=8 posterior.draws=4 "
        "engine=torchrun 'study=a b'\n"
    )


def test_ranks_that_would_all_do_the_run_are_refused(monkeypatch):
    for name, value in UNDER.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match="torchrun started 2 processes for one run, of which engine=local uses one"):
        made()
    assert not ranks.is_helper()
    monkeypatch.setenv("RANK", "1")
    assert ranks.is_helper()
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert not ranks.is_helper()
    assert isinstance(made(), LocalProcesses), "of one process nothing is said"


def test_other_launchers_variables_are_no_torchrun(monkeypatch):
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.setenv(name, "2")
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    assert not ranks.is_helper()


def test_an_engine_is_no_part_of_an_arm_or_of_a_runs_identity(run):
    assert run(*TINY, "engine=local").status == 0
    assert record().folder.exists()
    assert "engine" not in record().header["identity"]


def test_a_wrong_engine_is_told_the_right_ones(run):
    done = run(*TINY, "engine=dask")
    assert done.status == 2
    assert "local" in done.err
    assert "torchrun" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("hydra/launcher=ray", "engine=ray"),
            "hydra/launcher=ray hands over whole runs, and engine=ray the pool of one",
        ),
        (("engine=torchrun",), "engine=torchrun is for a single run"),
    ],
)
def test_a_sweep_of_an_engine_without_a_meaning_is_refused(run, words, said):
    if words[0] == "hydra/launcher=ray" and not RAY:
        pytest.skip("Ray is not installed, which is said before")
    done = run("-m", *TINY, "seed=0,1", *words)
    assert done.status == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert not os.path.exists("results/runs/smoke")
