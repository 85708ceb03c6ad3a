"""`al-bench status`: where runs stand, by their records and locks, from another process; and that it writes nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from al_bench.cli import archive, status
from al_bench.storage.lock import is_held, locked
from tests.conftest import TINY, TINY_ARM, record, wait_for_rounds

STUDY = Path("results/runs/smoke")
ARM = f"synthetic/bald,{TINY_ARM}"


def look(capsys, *words) -> tuple[int, str, str]:
    """Exit status and output of the command."""
    capsys.readouterr()
    code = status.main([str(word) for word in words])
    return code, *capsys.readouterr()


def rewrite(folder: Path, **content) -> None:
    """Give a run another status."""
    (folder / "status.json").write_text(json.dumps(content))


def test_a_complete_study_is_one_line(run, capsys):
    run("-m", *TINY, "seed=0,1")
    assert look(capsys, STUDY) == (0, f"{STUDY}: 2 runs: 2 complete\n", "")


def test_all_names_complete_runs(run, capsys):
    run(*TINY)
    assert f"complete     {ARM}/seed-0  3 of 3 rounds, 14 labels\n" in look(capsys, STUDY, "--all")[1]


def test_a_run_that_is_held_is_running(run, capsys):
    run(*TINY, "schedule.rounds=5")
    folder = record().folder
    lines = (folder / "rounds.jsonl").read_text().splitlines(keepends=True)
    (folder / "rounds.jsonl").write_text("".join(lines[:3]))
    rewrite(folder, status="running")
    with locked(folder, "a test"):
        code, out, _ = look(capsys, STUDY)
    assert code == 0
    assert "1 running; time left " in out
    assert f"running      {ARM}/seed-0  in round 3 of 5, 14 labels, since " in out
    assert out.rstrip().endswith("left")


def test_a_run_that_says_running_and_is_not_held_has_stopped(run, capsys):
    run(*TINY)
    folder = record().folder
    lines = (folder / "rounds.jsonl").read_text().splitlines(keepends=True)
    (folder / "rounds.jsonl").write_text("".join(lines[:2]))
    rewrite(folder, status="running")
    code, out, _ = look(capsys, STUDY)
    assert code == 1
    assert f"stopped      {ARM}/seed-0  2 of 3 rounds, 10 labels, last sign " in out
    assert f"\nto go on: al-bench run {' '.join(TINY)}\n" in out
    assert run(*TINY).status == 0  # the command that it names
    assert look(capsys, STUDY)[0] == 0


def test_failed_interrupted_and_damaged_runs_are_named(run, capsys):
    run("-m", *TINY, "seed=0,1,2")
    lines = (record(seed=0).folder / "rounds.jsonl").read_text().splitlines(keepends=True)
    for seed, how in ((0, {"status": "failed", "error": "training diverged"}), (1, {"status": "interrupted"})):
        (record(seed=seed).folder / "rounds.jsonl").write_text("")
        rewrite(record(seed=seed).folder, **how)
    (record(seed=2).folder / "rounds.jsonl").write_text(lines[1])
    code, out, err = look(capsys, STUDY)
    assert (code, err) == (1, "")
    assert "3 runs: 1 interrupted, 1 failed, 1 damaged" in out
    assert f"failed       {ARM}/seed-0  last sign" in out
    assert ": training diverged\n" in out
    assert f"damaged      {ARM}/seed-2  line 1 of rounds.jsonl" in out


def test_a_run_that_a_sweep_was_to_do_is_missing(run, capsys):
    run("-m", *TINY, "seed=0,1")
    for path in record(seed=1).folder.iterdir():
        path.unlink()
    record(seed=1).folder.rmdir()
    code, out, _ = look(capsys, STUDY)
    assert code == 1
    assert "2 runs: 1 complete, 1 missing" in out
    assert out.endswith(f"to go on: al-bench run -m {' '.join(TINY)} seed=0,1\n")
    assert look(capsys, STUDY / ARM / "seed-0")[0] == 0  # of the run alone


def test_an_archive_is_complete(run, capsys):
    run(*TINY)
    archive.main([str(STUDY)])
    code, out, _ = look(capsys, f"{STUDY}.parquet")
    assert (code, out) == (0, f"{STUDY}.parquet: 1 run: 1 complete\n")


def test_json_has_everything_and_is_all_that_is_written(run, capsys, tmp_path):
    run(*TINY)
    files = {path: path.stat().st_mtime_ns for path in Path("results").rglob("*")}
    assert look(capsys, STUDY, "--json", tmp_path / "s.json")[0] == 0
    assert {path: path.stat().st_mtime_ns for path in Path("results").rglob("*")} == files
    whole = json.loads((tmp_path / "s.json").read_text())
    assert whole["counts"]["complete"] == 1
    (only,) = whole["runs"]
    assert only["folder"] == str(record().folder)
    assert (only["state"], only["rounds"], only["planned"], only["labels"]) == ("complete", 3, 3, 14)
    assert only["seconds"] > 0
    assert only["command"] == ""


def test_a_damaged_list_of_a_sweep_is_left_out(run, capsys):
    run("-m", *TINY, "seed=0,1")
    for path in Path("results/runs/.sweeps").glob("*/jobs-*.json"):
        path.write_text('{"command": 3}')
    assert look(capsys, STUDY)[0] == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "does not exist; give a folder that al-bench run wrote"),
        (lambda path: path.mkdir(), "no runs found under"),
        (lambda path: path.write_text("x"), "is a file; give the folder that holds it, or an archive"),
    ],
    ids=["no folder", "no run", "a file"],
)
def test_what_is_no_folder_of_runs_is_refused(tmp_path, capsys, make, message):
    make(tmp_path / "here")
    code, _, err = look(capsys, tmp_path / "here")
    assert code == 2
    assert err.count("\n") == 1
    assert message in err


def test_asking_whether_a_folder_is_held_holds_nothing(tmp_path):
    assert is_held(tmp_path) is False
    assert not list(tmp_path.iterdir())
    with locked(tmp_path, "a test"):
        assert is_held(tmp_path) is True
    assert is_held(tmp_path) is False


@pytest.mark.slow
def test_a_sweep_is_seen_from_another_process_and_after_it_was_killed(command, tmp_path):
    words = ["run", "-m", "debug=smoke", "seed=0,1", "schedule.rounds=100", "strategy=random"]
    process = subprocess.Popen(
        [sys.executable, "-m", "al_bench", *words], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for_rounds(tmp_path, 4)
    seen = command("status", "results/runs")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert seen.returncode == 0, seen.stderr
    assert "2 runs: 1 running, 1 waiting; time left " in seen.stdout
    assert "in round " in seen.stdout
    after = command("status", "results/runs")
    assert after.returncode == 1
    assert "2 runs: 1 stopped, 1 missing" in after.stdout
    assert f"to go on: al-bench {' '.join(words)}" in after.stdout
