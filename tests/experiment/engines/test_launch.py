"""Sweeps on an engine that a test moves by hand: what is submitted, what is waited for, what is said."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from al_bench.cli import status
from al_bench.experiment.engines import by_name, launch
from al_bench.experiment.engines.launch import shared_words
from al_bench.experiment.engines.task import RUNNING, WAITING, EngineSilentError, Resources, Task
from al_bench.experiment.engines.worker import Worker
from al_bench.storage.arrays import SubmittedArray, read_arrays, write_array
from tests.conftest import TINY, TINY_ARM, record

ON_ENGINE = (
    "hydra/launcher=slurm",
    "hydra.launcher.timeout_min=7",
    "hydra.launcher.mem_mb=900",
    "hydra.launcher.poll_s=0",
)
SWEEPS = Path("results/runs/.sweeps")


class Hand:
    """An engine that does what the test says.

    Args:
        keys: Of the launcher.
    """

    name = "slurm"
    where = ""
    submitted: list[tuple[list[Task], Resources]] = []  # noqa: RUF012
    looks: list[dict[tuple[str, int], str] | BaseException] = []  # noqa: RUF012
    """What it answers, one look after the other; nothing is at work afterwards."""
    works = False

    def __init__(self, keys: object = None) -> None:
        self.keys = keys

    def submit(self, tasks: Sequence[Task], sweep_folder: Path, resources: Resources) -> list[tuple[str, int]]:
        Hand.submitted.append((list(tasks), resources))
        (sweep_folder / "log").mkdir(parents=True, exist_ok=True)
        for number, task in enumerate(tasks):
            log = self.log(sweep_folder, "11", number, len(tasks))
            if Hand.works:
                Worker({}, os.getcwd())(list(task.words), str(task.folder), str(task.outcome), str(log))
            else:
                log.write_text("starting\nslurmstepd: error: Detected 1 oom_kill event\n")
        return [("11", len(tasks))]

    def at_work(self, arrays: Sequence[tuple[Path, SubmittedArray]]) -> dict[tuple[str, int], str]:
        look = Hand.looks.pop(0) if Hand.looks else {}
        if isinstance(look, BaseException):
            raise look
        return look

    def why_waiting(self) -> str:
        return "Resources"

    def farewell(self, jobs: Sequence[str]) -> str:
        return f"the jobs go on; scancel {' '.join(jobs)} ends them"

    def log(self, sweep_folder: Path, job: str, number: int, of: int) -> Path:
        return sweep_folder / "log" / f"{job}_{number}.out"


@pytest.fixture(autouse=True)
def hand(monkeypatch):
    """The engine in the place of Slurm."""
    Hand.submitted, Hand.looks, Hand.works = [], [], False
    monkeypatch.setitem(by_name.TYPES, "slurm", Hand)
    monkeypatch.setattr(launch, "GRACE_S", 0.0)
    return Hand


def test_a_run_on_an_engine_has_the_record_of_any_other_and_is_done_once(run, hand):
    hand.works = True
    done = run("-m", *TINY, "seed=0", *ON_ENGINE)
    assert done.status == 0
    assert f"complete  results/runs/smoke/synthetic/bald,{TINY_ARM}/seed-0  14 labels, accuracy " in done.out
    assert "1 complete, 0 failed, 0 missing" in done.out
    assert done.err == (
        "al-bench: slurm job 11: 1 run submitted, 64 at a time at most; each asks for 1 core, 7 min, 900 MB\n"
        "al-bench: slurm: 1 of 1 ended\n"
    )
    here = record()
    assert run("-m", *TINY, "seed=0", "results=elsewhere").status == 0
    there = Path("elsewhere", *here.folder.parts[2:])
    assert (here.folder / "curve.csv").read_bytes() == (there / "curve.csv").read_bytes()
    assert [*here.header["command"], "results=elsewhere"] == json.loads((there / "header.json").read_text())["command"]
    again = run("-m", *TINY, "seed=0", *ON_ENGINE)
    assert again.status == 0
    assert "already complete, 14 labels" in again.out
    assert len(hand.submitted) == 1
    assert again.err == ""


def test_a_worker_that_died_leaves_a_missing_run_and_its_last_line(run, hand):
    done = run("-m", *TINY, "seed=0,1", *ON_ENGINE)
    assert done.status == 1
    (log, _) = sorted(SWEEPS.glob("*/log/*.out"))
    missing = f"no result: the worker died or never started ({log}: slurmstepd: error: Detected 1 oom_kill event)"
    assert f"seed-0  {missing}; run the command again\n" in done.out
    assert "0 complete, 0 failed, 2 missing" in done.out
    tasks, resources = hand.submitted[0]
    assert resources == Resources(7, 900, 1, 0)
    assert tasks[1].words == ("hydra/launcher=basic", *TINY, "seed=1")


def test_a_run_that_fails_says_why(run, hand):
    hand.works = True
    done = run("-m", "dataset=npz", "dataset.path=none.npz", "seed=0", *ON_ENGINE)
    assert done.status == 2
    assert "failed    results/runs/default/npz/bald,path=none.npz/seed-0  dataset.path: there is no" in done.out


def test_progress_is_said_where_it_changes(run, hand):
    both = {("11", 0): RUNNING, ("11", 1): WAITING}
    silent = EngineSilentError("squeue does not answer: timed out")
    hand.looks = [{}, both, both, silent, {("11", 1): RUNNING}, {}]
    done = run("-m", *TINY, "seed=0,1", *ON_ENGINE)
    assert done.err.splitlines()[1:] == [
        "al-bench: slurm: 0 of 2 ended, 1 running, 1 waiting (Resources)",
        "al-bench: squeue does not answer: timed out; looking again",
        "al-bench: slurm: 1 of 2 ended, 1 running",
        "al-bench: slurm: 2 of 2 ended",
    ]


def test_an_interrupted_command_leaves_the_runs_and_the_same_one_waits_for_them(run, hand, capsys):
    hand.looks = [{}, {("11", 0): RUNNING}, KeyboardInterrupt()]
    done = run("-m", *TINY, "seed=0,1", *ON_ENGINE)
    assert done.status == 130
    assert done.err.endswith(
        "al-bench run: interrupted; the jobs go on; scancel 11 ends them; the same command reports and completes\n"
    )
    ((_, array),) = read_arrays(Path("results/runs"))
    assert array.runs == [f"smoke/synthetic/bald,{TINY_ARM}/seed-{seed}" for seed in (0, 1)]
    hand.looks = [{("11", 0): RUNNING}, {("11", 0): RUNNING}, {}]
    done = run("-m", *TINY, "seed=0,1", *ON_ENGINE)
    assert done.err.splitlines()[0] == "al-bench: 1 run already at work in slurm job 11; not submitted again"
    assert [task.folder.name for task in hand.submitted[1][0]] == ["seed-1"]


def test_status_knows_what_the_engine_has_at_work(run, hand, capsys):
    hand.looks = [{}, KeyboardInterrupt()]
    run("-m", *TINY, "seed=0,1", *ON_ENGINE)
    Path("results/runs/smoke").mkdir()
    hand.looks = [{("11", 0): RUNNING, ("11", 1): WAITING}]
    capsys.readouterr()
    assert status.main(["results/runs/smoke"]) == 0
    assert "2 runs: 1 running, 1 waiting" in capsys.readouterr().out
    hand.looks = [EngineSilentError("squeue does not answer: timed out")]
    assert status.main(["results/runs/smoke"]) == 1
    shown = capsys.readouterr()
    assert "2 runs: 2 missing" in shown.out
    assert "squeue does not answer" in shown.err


def test_status_of_a_study_whose_runs_are_all_pending_says_so(run, hand, capsys):
    run("-m", *TINY, "seed=0,1", "study=later", *ON_ENGINE)
    study = Path("results/runs/later")
    assert not study.exists()
    hand.looks = [{("11", 0): "waiting", ("11", 1): "waiting"}]
    capsys.readouterr()
    assert status.main([str(study)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{study}: 2 runs: 2 waiting; time left not known yet",
        "pending      2 runs in slurm job 11",
    ]
    assert status.main([str(study)]) == 2, "they have ended, and there is nothing"
    assert "does not exist" in capsys.readouterr().err
    assert status.main(["results/runs/other"]) == 2


def test_a_damaged_list_of_an_array_is_left_out(tmp_path):
    folder = tmp_path / ".sweeps" / "now"
    folder.mkdir(parents=True)
    write_array(folder, SubmittedArray("slurm", "3", ["a"], ["outcome-0.json"]))
    write_array(folder, SubmittedArray("slurm", "4", ["a", "b"], ["outcome-0.json"]))
    (folder / "array-5.json").write_text('{"engine": 3}')
    assert [array.job for _, array in read_arrays(tmp_path)] == ["3"]


def test_a_single_run_is_not_handed_over(run):
    done = run(*TINY, "hydra/launcher=slurm")
    assert done.status == 2
    assert done.err == "al-bench run: hydra/launcher=slurm hands over sweeps: type al-bench run -m and the same words\n"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("array_parallelism=0", "hydra.launcher.array_parallelism is 0; it must be 1 or more"),
        ("memory_factor=0.5", "hydra.launcher.memory_factor is 0.5; it must be 1 or more"),
        ("mem_mb=much", "hydra.launcher.mem_mb is 'much'; it must be an integer"),
    ],
    ids=["none at a time", "less than the estimate", "a word"],
)
def test_a_number_of_the_launcher_that_means_nothing_is_refused(run, hand, word, message):
    done = run("-m", *TINY, "seed=0", "hydra/launcher=slurm", f"hydra.launcher.{word}")
    assert done.status == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not hand.submitted


def test_an_unknown_key_of_the_launcher_names_the_nearest(run):
    done = run("-m", *TINY, "seed=0", "hydra/launcher=slurm", "hydra.launcher.time_min=3")
    assert done.status == 2
    assert "did you mean hydra.launcher.timeout_min" in done.err


def test_what_runs_need_beside_their_overrides():
    words = [
        "--config-dir",
        "own",
        "-m",
        "hydra.searchpath=[a]",
        "hydra/launcher=slurm",
        "hydra.launcher.cpus=2",
        "seed=1",
    ]
    assert shared_words(words) == [
        "hydra/launcher=basic",
        "--config-dir",
        str(Path("own").absolute()),
        "hydra.searchpath=[a]",
    ]


@pytest.mark.parametrize(
    ("words", "written"),
    [
        (["strategy=bold"], {"status": "failed", "bad_input": True}),
        (["--version"], {"status": "complete", "bad_input": False}),
    ],
    ids=["refused", "done"],
)
def test_a_worker_says_how_its_run_ended(tmp_path, words, written, capfd):
    Worker({}, str(tmp_path))(words, "folder", str(tmp_path / "deep" / "outcome.json"))
    said = json.loads((tmp_path / "deep" / "outcome.json").read_text())
    assert said["folder"] == "folder"
    assert {key: said[key] for key in written} == written
    assert f"does {' '.join(words)}" in capfd.readouterr().out


def test_a_worker_that_its_engine_ends_says_so(tmp_path, monkeypatch):
    def ends(self, words, output):
        raise RuntimeError("Job not requeued because: timed-out too many times.")

    monkeypatch.setattr(Worker, "_run", ends)
    with pytest.raises(RuntimeError):
        Worker({}, str(tmp_path))(["seed=1"], "folder", str(tmp_path / "outcome.json"))
    note = "Job not requeued because: timed-out too many times. The same command goes on."
    assert json.loads((tmp_path / "outcome.json").read_text())["note"] == note


@pytest.mark.skipif(sys.platform != "linux", reason="a process ends with its parent on Linux alone")
def test_a_run_ends_with_its_worker(tmp_path):
    import subprocess
    import time

    import psutil

    script = (
        "from al_bench.experiment.engines.worker import Worker\n"
        f"Worker({{}}, {str(tmp_path)!r})(['dataset=digits', 'schedule.rounds=2000'], 'folder', 'outcome.json')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.DEVNULL) as worker:
        end = time.monotonic() + 60
        while not (children := psutil.Process(worker.pid).children()) and time.monotonic() < end:
            time.sleep(0.05)
        while not psutil.pid_exists(children[0].pid) or "al_bench" not in children[0].cmdline():
            time.sleep(0.05)
        worker.kill()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive
