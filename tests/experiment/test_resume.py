"""Interrupted at any instant, a run goes on and ends with the record of an unbroken one."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from al_bench.experiment import loop
from tests.conftest import TINY, Record, record, wait_for_rounds

LONG = (*TINY, "schedule.rounds=6")


def stable(folder):
    return Record(folder).stable


@pytest.mark.slow
@pytest.mark.parametrize("warm", [False, True])
def test_a_record_cut_at_any_byte_is_completed_to_the_same_record(run, warm):
    words = (*LONG, f"training.warm_start={str(warm).lower()}", "arm=a")
    run(*words)
    found = record("a")
    whole, curve = found.stable, (found.folder / "curve.csv").read_bytes()
    file = found.folder / "rounds.jsonl"
    content = file.read_bytes()
    lines = content.splitlines(keepends=True)
    generator = random.Random(0)
    # Warm start keeps the weights of the last two rounds, as many as a torn last line needs.
    first = len(b"".join(lines[:-1])) if warm else 0
    cuts = [0, len(content) - 1, *(generator.randrange(first, len(content)) for _ in range(3 if warm else 6))]
    for cut in cuts:
        file.write_bytes(content[:cut])
        (found.folder / "status.json").write_text('{"status": "running"}\n')
        if warm:  # as they were at that instant
            last = content[:cut].count(b"\n") - 1
            for weights in found.folder.glob("weights-*.pt"):
                if int(weights.stem.partition("-")[2]) > last + 1:
                    weights.unlink()
        done = run(*words)
        assert done.status == 0, (cut, done.err)
        assert found.stable == whole, cut
        assert (found.folder / "curve.csv").read_bytes() == curve
        assert found.status == "complete"
        if 0 < content[:cut].count(b"\n") < len(lines):
            assert f"going on after round {content[:cut].count(bytes([10])) - 1}" in done.err


def test_warm_start_without_its_weights_says_so(run):
    words = (*TINY, "training.warm_start=true", "arm=a")
    run(*words)
    folder = record("a").folder
    lines = (folder / "rounds.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "rounds.jsonl").write_bytes(lines[0])
    (folder / "status.json").unlink()
    (folder / "weights-0.pt").unlink(missing_ok=True)
    done = run(*words)
    assert done.status == 2
    assert "weights-0.pt is missing" in done.err
    assert "move the folder away to start over" in done.err


@pytest.mark.parametrize("kind", ["last round", "stopped by accuracy"])
def test_a_run_that_died_before_its_status_was_written_is_complete_and_not_played_again(run, kind):
    words = (*TINY, "arm=a") if kind == "last round" else (*TINY, "arm=a", "schedule.stop_at_accuracy=0.05")
    run(*words)
    found = record("a")
    before = (found.folder / "rounds.jsonl").read_bytes()
    (found.folder / "status.json").write_text('{"status": "running"}\n')
    (found.folder / "curve.csv").unlink()
    assert run(*words).status == 0
    assert (found.folder / "rounds.jsonl").read_bytes() == before
    assert found.status == "complete"
    assert len((found.folder / "curve.csv").read_text().splitlines()) == len(found.rounds) + 1


def test_a_run_that_died_before_its_first_round_starts_over(run):
    run(*TINY)
    whole = record().stable
    for name in ("rounds.jsonl", "curve.csv", "status.json"):
        (record().folder / name).unlink()
    (record().folder / "header.json").write_text("{half a he")
    assert run(*TINY).status == 0
    assert record().stable == whole
    assert record().header["seed"] == 0


def test_damage_in_the_middle_is_refused_and_nothing_is_lost(run):
    run(*LONG)
    file = record("bald,posterior.draws=4,steps=8").folder / "rounds.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    damaged = b"".join([lines[0], lines[1][:50] + b"\n", *lines[2:]])
    file.write_bytes(damaged)
    (file.parent / "status.json").unlink()
    done = run(*LONG)
    assert done.status == 2
    assert "line 2 of rounds.jsonl is not JSON" in done.err
    assert file.read_bytes() == damaged


def test_another_commit_is_no_obstacle(run):
    run(*TINY)
    found = record()
    whole = found.stable
    lines = (found.folder / "rounds.jsonl").read_bytes().splitlines(keepends=True)
    (found.folder / "rounds.jsonl").write_bytes(lines[0])
    (found.folder / "status.json").unlink()
    header = found.header | {"commit": "0" * 40}
    (found.folder / "header.json").write_text(json.dumps(header))
    assert run(*TINY).status == 0
    assert found.stable == whole


def test_other_data_under_the_same_name_are_refused(run, tmp_path):
    def table(shift):
        return "a,b,y\n" + "".join(f"{i},{(i + shift) ** 2 % 17},{i % 2}\n" for i in range(60))

    Path("t.csv").write_text(table(0))
    words = (*TINY, "dataset=csv", "dataset.path=t.csv", "initial.size=4", "arm=a")
    run(*words)
    found = record("a", dataset="csv")
    (found.folder / "status.json").unlink()
    lines = (found.folder / "rounds.jsonl").read_bytes().splitlines(keepends=True)
    (found.folder / "rounds.jsonl").write_bytes(lines[0])
    Path("t.csv").write_text(table(1))
    done = run(*words)
    assert done.status == 2
    assert "the data are not those that the run began with" in done.err


def test_ctrl_c_leaves_an_interrupted_run_that_goes_on(run, monkeypatch):
    run(*LONG, "arm=whole")
    played, calls = loop.predict_test, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return played(*arguments)

    monkeypatch.setattr(loop, "predict_test", interrupted)
    done = run(*LONG, "arm=a")
    assert done.status == 130
    assert "interrupted; the same command goes on from the last recorded round" in done.err
    assert record("a").status == "interrupted"
    assert len(record("a").rounds) == 3
    done = run(*LONG, "arm=a")
    assert done.status == 0
    assert "going on after round 2" in done.err
    assert record("a").stable == record("whole").stable


def test_ctrl_c_in_a_sweep_ends_it(run, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "predict_test", interrupted)
    assert run("-m", *TINY, "seed=0,1").status == 130
    assert not Path("results/runs/smoke/synthetic/bald,posterior.draws=4,steps=8/seed-1").exists()


# True processes


def start(words, folder):
    return subprocess.Popen(
        [sys.executable, "-m", "al_bench", "run", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        # A shell that starts the tests in the background has them ignore SIGINT, and so their children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("warm", [False, True])
def test_killed_at_random_instants_the_record_is_that_of_an_unbroken_run(command, tmp_path, warm):
    words = ["debug=smoke", "schedule.rounds=24", "posterior.draws=20", f"training.warm_start={str(warm).lower()}"]
    unbroken = tmp_path / "unbroken"
    assert command("run", *words, f"results={unbroken}").returncode == 0
    generator, killed = random.Random(7), 0
    place = tmp_path / "broken"
    for rounds in range(1, 24, 3):  # eight kills, each a random while after a round came on record
        process = start([*words, f"results={place}"], tmp_path)
        wait_for_rounds(place, rounds)
        time.sleep(generator.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
    assert killed == 8
    assert command("run", *words, f"results={place}").returncode == 0
    (one,), (other,) = unbroken.rglob("rounds.jsonl"), place.rglob("rounds.jsonl")
    assert stable(other.parent) == stable(one.parent)
    assert Record(other.parent).status == "complete"
    assert (other.parent / "curve.csv").read_bytes() == (one.parent / "curve.csv").read_bytes()
    assert not list(place.rglob("*.part")) or warm


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_exits_130_and_the_run_goes_on(command, tmp_path, number):
    words = ["debug=smoke", "schedule.rounds=100", "training.steps=50"]
    process = start(words, tmp_path)
    wait_for_rounds(tmp_path, 2)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    (file,) = tmp_path.rglob("status.json")
    assert json.loads(file.read_text())["status"] == "interrupted"
    done = command("run", *words)
    assert done.returncode == 0
    assert "going on after round" in done.stderr


@pytest.mark.slow
def test_of_two_same_commands_at_once_one_is_refused(command, tmp_path):
    words = ["debug=smoke", "schedule.rounds=60", "training.steps=50"]
    first = start(words, tmp_path)
    wait_for_rounds(tmp_path, 1)
    second = command("run", *words)
    assert second.returncode == 2
    assert "another process is running this" in second.stderr
    first.communicate(timeout=240)
    assert first.returncode == 0
    assert "already complete" in command("run", *words).stdout


def test_outcomes_do_not_leak_from_one_command_to_the_next(run):
    assert run(*TINY, "training.lr=1e30", "arm=a").status == 1
    done = run(*TINY)
    assert (done.status, done.err) == (0, "")
    assert len(done.out.splitlines()) == 2  # its folder, and what to type next


def test_a_resumed_run_that_is_refused_is_not_called_running(run):
    words = [*TINY, "training.warm_start=true", "arm=warm"]
    assert run(*words).status == 0
    folder = record("warm").folder
    lines = (folder / "rounds.jsonl").read_text().splitlines(keepends=True)
    (folder / "rounds.jsonl").write_text("".join(lines[:2]))
    (folder / "status.json").write_text(json.dumps({"status": "interrupted"}))
    for file in folder.glob("weights-*.pt"):
        file.unlink()
    assert run(*words).status == 2
    assert json.loads((folder / "status.json").read_text())["status"] == "failed"
