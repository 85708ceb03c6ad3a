"""Scoring in several processes: what one process computes, bit for bit, and no process that stays behind."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from al_bench.config.compose import compose, register
from al_bench.errors import InputError
from al_bench.experiment.acquire import acquire
from al_bench.experiment.loop import train
from al_bench.experiment.meter import Meter
from al_bench.experiment.process import set_threads
from al_bench.experiment.scoring_engines import engine, local
from al_bench.experiment.scoring_engines.engine import WorkerError
from al_bench.experiment.scoring_engines.local import check_workers, map_in_order
from al_bench.experiment.setup import set_up
from al_bench.records import MEASURED
from tests.conftest import TINY, record

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked, on Linux alone")

ROWS, FEATURES, CHUNK = 260, 6, 16
LABELS = np.arange(ROWS) % 3
TABLE = np.random.default_rng(0).normal(0, 1.2, (ROWS, FEATURES)).astype(np.float32) + 2 * np.eye(3, FEATURES)[LABELS]
LEARNERS = {
    "mc_dropout": ("model=mlp", "posterior=mc_dropout", "posterior.draws=6"),
    "deterministic": ("model=mlp", "posterior=deterministic"),
    "ensemble": ("model=mlp", "posterior=ensemble", "posterior.members=3"),
    "mc_dropout_ensemble": ("model=mlp", "posterior=mc_dropout_ensemble", "posterior.members=2", "posterior.draws=4"),
    "laplace": ("model=mlp", "posterior=laplace", "posterior.draws=6"),
    "linear": ("model=linear", "posterior=laplace", "posterior.draws=6"),
    "linear_bootstrap": ("model=linear", "posterior=bootstrap", "posterior.members=3"),
    "trees": ("model=random_forest", "posterior=trees"),
    "boosting": ("model=hist_gradient_boosting", "posterior=bootstrap", "posterior.members=2"),
}
OF_DRAWS = ("bald", "power_bald", "softmax_bald", "softrank_bald", "mean_std", "epig", "variation_ratio")
STRATEGIES = (
    *OF_DRAWS,
    *("entropy", "margin", "least_confidence", "random", "learning_loss", "qbc_vote_entropy", "qbc_consensus_kl"),
    *("qbc_vote_margin", "oracle_loss", "class_balance", "svm_margin", "badge", "coreset_greedy", "batchbald", "bait"),
    *("falcun", "tcm", "clue", "random_stratified"),
)
FITTING = {
    "qbc_vote_entropy": "ensemble",
    "qbc_consensus_kl": "ensemble",
    "qbc_vote_margin": "ensemble",
    "entropy": "mc_dropout",
}
MORE = {"batchbald": ("strategy.candidates_max=40",)}


def shards(folder: Path, cuts: list[int]) -> str:
    """The pool, cut before some rows."""
    folder.mkdir(exist_ok=True)
    for number, (x, y) in enumerate(zip(np.split(TABLE, cuts), np.split(LABELS, cuts), strict=True)):
        np.save(folder / f"x-{number:05d}.npy", x)
        np.save(folder / f"y-{number:05d}.npy", y)
    return str(folder)


def first_round(folder: str, strategy: str, learner: str, count: int) -> dict[str, Any]:
    """What the first round acquires, with all that it was selected from."""
    words = [
        *("dataset=npz", f"dataset.path={folder}", f"strategy={strategy}", *LEARNERS[learner], *MORE.get(strategy, ())),
        *("initial.size=8", "schedule.batch=5", "schedule.rounds=2"),
        *(("training.stop=steps", "training.steps=4") if "model=mlp" in LEARNERS[learner] else ()),
        *(f"workers={count}", "device=cpu", "cache=off"),
    ]
    register()
    set_threads(1)
    made = set_up(compose(words).build(), strategy, chunk=CHUNK)
    train(made, made.start, 0)
    done = acquire(made, made.start, Meter())
    scored = done.scored
    parts = {"scores": scored} if isinstance(scored, torch.Tensor) else {**scored.products, **scored.reduced}
    if not isinstance(scored, torch.Tensor) and scored.screen is not None:
        parts |= {"screen": scored.screen.scores, "kept": scored.screen.candidates}
    return {
        "indices": done.indices.tolist(),
        "scores": None if done.selection.scores is None else done.selection.scores.tolist(),
        "notes": done.selection.notes,
        "noise": None if done.noise is None else (done.noise.batch_change, done.noise.highest.tolist()),
        "parts": {str(name): part.clone() for name, part in parts.items()},
    }


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one["parts"].keys() == other["parts"].keys()
    for name, part in one["parts"].items():
        assert part.dtype == other["parts"][name].dtype
        assert part.numpy().tobytes() == other["parts"][name].numpy().tobytes(), name
    for name in ("indices", "scores", "notes", "noise"):
        assert json.dumps(one[name], default=str) == json.dumps(other[name], default=str), name


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    return shards(tmp_path_factory.mktemp("pool"), [])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_gets_the_same_bits_from_two_workers(strategy: str, whole: str) -> None:
    learner = FITTING.get(strategy, "mc_dropout")
    assert_same(first_round(whole, strategy, learner, 1), first_round(whole, strategy, learner, 2))


@pytest.mark.parametrize("learner", LEARNERS)
def test_every_posterior_gives_the_same_bits_in_two_workers(learner: str, whole: str) -> None:
    strategy = "entropy" if learner in ("deterministic", "boosting") else "bald"
    assert_same(first_round(whole, strategy, learner, 1), first_round(whole, strategy, learner, 2))


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(OF_DRAWS),
    st.sampled_from(["mc_dropout", "ensemble", "linear_bootstrap"]),
    st.sampled_from([1, 2, 3]),
    st.sets(st.integers(1, ROWS - 1), max_size=9),
)
def test_neither_workers_nor_shards_change_a_pick(
    whole: str, strategy: str, learner: str, count: int, cuts: set[int]
) -> None:
    with TemporaryDirectory() as path:
        many = first_round(shards(Path(path) / "many", sorted(cuts)), strategy, learner, count)
    assert_same(first_round(whole, strategy, learner, 1), many)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 70), st.integers(1, 4))
def test_results_come_in_order(count: int, processes: int) -> None:
    def work(piece: slice) -> tuple[torch.Tensor, dict[str, torch.Tensor], None]:
        return torch.arange(piece.start, piece.stop), {"a": torch.ones(2, 0)}, None

    pieces = [slice(start, start + start % 3) for start in range(count)]
    found = list(map_in_order(work, pieces, processes))
    assert [value.tolist() for value, _, _ in found] == [list(range(p.start, p.stop)) for p in pieces]
    assert all(parts["a"].shape == (2, 0) and nothing is None for _, parts, nothing in found)
    assert multiprocessing.active_children() == []


PIECES = [slice(number, number + 1) for number in range(200)]


def test_what_is_raised_in_a_worker_is_raised_here() -> None:
    def work(piece: slice) -> torch.Tensor:
        if piece.start == 90:
            raise InputError("the message")
        return torch.zeros(1)

    with pytest.raises(InputError, match=r"^the message$"):
        list(map_in_order(work, PIECES, 2))
    assert multiprocessing.active_children() == []


def test_a_worker_that_is_killed_fails_the_round_in_one_line() -> None:
    def work(piece: slice) -> torch.Tensor:
        if piece.start == 90:
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.zeros(1)

    with pytest.raises(WorkerError, match=r"^one of 3 workers was ended from outside.* and workers=1 takes"):
        list(map_in_order(work, PIECES, 3))
    assert multiprocessing.active_children() == []


def test_what_is_left_in_the_middle_leaves_no_process() -> None:
    def work(piece: slice) -> torch.Tensor:
        time.sleep(0.02)
        return torch.zeros(1)

    with contextlib.closing(map_in_order(work, PIECES, 2)) as results:
        next(results)
        assert len(multiprocessing.active_children()) == 2
    assert multiprocessing.active_children() == []


def test_work_is_handed_over_once_and_not_piece_by_piece() -> None:
    class Large:
        def __reduce__(self) -> Any:
            raise AssertionError("the model was sent")

    held, begun = Large(), os.getpid()

    def work(piece: slice) -> torch.Tensor:
        assert held is not None
        return torch.tensor([os.getpid()])

    found = {int(pid) for pid in map_in_order(work, PIECES, 2)}
    assert begun not in found
    assert 1 <= len(found) <= 2


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parent that is slow to take results is not flooded with them."""
    begun = multiprocessing.get_context("fork").Value("i", 0)

    def work(piece: slice) -> torch.Tensor:
        with begun.get_lock():
            begun.value += 1
        return torch.zeros(1)

    with contextlib.closing(map_in_order(work, [slice(0, 1)] * 10_000, 2)) as results:
        next(results)
        time.sleep(0.5)
        assert begun.value <= engine.TOGETHER * (local.AHEAD * 2 + 2)


@pytest.mark.parametrize(
    ("count", "threads", "device", "said"),
    [
        (2, 2, "cpu", "workers is 2 and threads is 2: a worker computes with one thread"),
        (2, 1, "cuda", "workers is 2 and the run is on cuda, which one process uses; set workers=1"),
    ],
)
def test_workers_that_would_compute_something_else_are_refused(count, threads, device, said) -> None:
    with pytest.raises(InputError) as caught:
        check_workers(count, threads, device)
    assert str(caught.value).startswith(said)
    check_workers(1, threads, device)


def test_a_system_without_a_safe_fork_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local.sys, "platform", "darwin")
    with pytest.raises(InputError, match=r"workers is 2, and this system \(darwin\) has no safe fork; set workers=1"):
        check_workers(2, 1, "cpu")


def test_more_workers_than_cores_are_said_and_a_number_that_is_none_is_refused(run) -> None:
    local.warn_of_workers.cache_clear()
    many = local.cores() + 1
    done = run(*TINY, f"workers={many}")
    assert done.status == 0
    assert f"workers is {many} and this process may use {many - 1} cores: the same results, no sooner" in done.err
    for wrong in (0, 1025):
        done = run(*TINY, f"workers={wrong}")
        assert done.status == 2
        assert f"workers is {wrong}" in done.err


def test_workers_are_no_part_of_an_arm_or_of_a_runs_identity(run) -> None:
    assert run(*TINY, "workers=2", "schedule.rounds=2").status == 0
    first = record()
    assert "workers" not in first.header["identity"]
    assert run(*TINY, "workers=1").status == 0, "the same folder, and a longer run goes on"
    assert len(record().rounds) == 3
    assert run(*TINY, "workers=3", "study=other").status == 0
    assert record(study="other").stable == record().stable


def test_a_sweep_of_processes_may_have_workers_and_says_where_they_are_too_many(command) -> None:
    many = local.cores() + 1
    words = (*TINY, f"workers={many}", "seed=0,1", "hydra/launcher=joblib")
    done = command("run", "-m", *words, "hydra.launcher.n_jobs=2")
    assert done.returncode == 0, done.stderr
    line = (
        f"al-bench: 2 runs at a time with workers={many} are {2 * many} processes, and this process may use {many - 1} "
    )
    assert done.stderr.count(line) == 1
    done = command("run", "-m", *words, "hydra.launcher.n_jobs=1", "study=other")
    assert "runs at a time" not in done.stderr


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A run that scores a while in two workers."""
    if not (folder / "pool").exists():
        (folder / "pool").mkdir()
        np.save(folder / "pool" / "x-00000.npy", np.tile(TABLE, (40, 1)))
        np.save(folder / "pool" / "y.npy", np.tile(LABELS, 40))
    command = [
        *(sys.executable, "-m", "al_bench", "run", "dataset=npz", "dataset.path=pool", "strategy=bald", "workers=2"),
        *("posterior.draws=300", "training.steps=4", "schedule.rounds=4", "schedule.batch=5", "training.stop=steps"),
        *("evaluation.draws=2", "arm=a", "evaluation.stop_set=0", "cache=off", *words),
    ]
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        start_new_session=True,
    )


def wait_for_workers(process: subprocess.Popen[str], limit: float = 120.0) -> list[psutil.Process]:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if len(children := psutil.Process(process.pid).children()) == 2:
            return children
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    raise AssertionError("no workers")


def all_ended(processes: list[psutil.Process], limit: float = 10.0) -> bool:
    return not psutil.wait_procs(processes, timeout=limit)[1]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["Ctrl-C", "SIGTERM", "SIGKILL", "a worker killed"])
def test_a_run_that_ends_in_the_middle_leaves_no_process_and_goes_on(
    tmp_path: Path, way: str, command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    process = started(tmp_path)
    try:
        children = wait_for_workers(process)
    except AssertionError:
        process.kill()
        raise
    if way == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to every process of the command
    elif way == "a worker killed":
        children[0].kill()
    else:
        process.send_signal(signal.SIGTERM if way == "SIGTERM" else signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert all_ended(children)
    assert "Traceback" not in err + out
    status = {"Ctrl-C": 130, "SIGTERM": 130, "SIGKILL": -signal.SIGKILL, "a worker killed": 1}[way]
    assert process.returncode == status, err
    folder = tmp_path / "results" / "runs" / "default" / "npz" / "a" / "seed-0"
    if way == "a worker killed":
        said = [line for line in err.splitlines() if "ended from outside" in line]
        assert len(said) == 1, err
        assert json.loads((folder / "status.json").read_text())["status"] == "failed"
    again = started(tmp_path)
    out, err = again.communicate(timeout=240)
    assert again.returncode == 0, err
    other = started(tmp_path, "workers=1", "study=unbroken")
    out, err = other.communicate(timeout=240)
    assert other.returncode == 0, err
    runs = tmp_path / "results" / "runs"
    records = [(runs / study / "npz/a/seed-0/rounds.jsonl").read_text() for study in ("default", "unbroken")]
    lines = [[json.loads(line) for line in text.splitlines()] for text in records]
    for entry in [*lines[0], *lines[1]]:
        for name in (*MEASURED, "digest"):
            entry.pop(name, None)
    assert lines[0] == lines[1]
