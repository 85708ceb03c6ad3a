"""`al-bench run` from the command to the record: what it writes, what it promises, what repeats."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import torch

from al_bench.experiment import loop, setup
from tests.conftest import TINY, TINY_ARM, record


@pytest.mark.slow
def test_the_default_run_gives_the_curve_promised(run):
    done = run()
    assert done.status == 0
    assert "results/runs/default/digits/bald/seed-0: 210 labels, accuracy 0.9" in done.out
    assert "next: al-bench plot results/runs/default --out curves.png" in done.out
    assert done.err == ""  # no progress bar where the output is no terminal
    written = record("bald", study="default", dataset="digits")
    curve = [(entry["labelled"], entry["accuracy"]) for entry in written.rounds]
    assert [labels for labels, _ in curve] == list(range(20, 220, 10))
    assert curve[0][1] < 0.75
    assert curve[-1][1] > 0.9
    assert written.status == "complete"


def test_the_folder_holds_what_it_says(run):
    assert run(*TINY).status == 0
    written = record()
    assert sorted(path.name for path in written.folder.iterdir() if path.name != ".lock") == [
        "config.yaml",
        "curve.csv",
        "header.json",
        "rounds.jsonl",
        "run.log",
        "status.json",
        "stop_set.bin",
    ]
    header = written.header
    assert {
        key: header[key]
        for key in ("schema", "study", "dataset", "arm", "seed", "strategy", "classes", "pool", "validation", "test")
    } == {
        "schema": 1,
        "study": "smoke",
        "dataset": "synthetic",
        "arm": f"bald,{TINY_ARM}",
        "seed": 0,
        "strategy": "bald",
        "classes": 4,
        "pool": 500,
        "validation": 0,
        "test": 200,
    }
    assert header["command"] == list(TINY)
    assert len(header["initial"]) == 6
    assert len(header["fingerprint"]) == 16
    assert header["threads"] == 1
    assert torch.__version__.startswith(header["versions"]["torch"])
    assert {"commit", "dirty", "host", "platform", "started", "device", "identity"} <= set(header)
    assert "round 2: 14 labels" in (written.folder / "run.log").read_text()


def test_a_round_says_all_that_was_asked(run):
    run(*TINY)
    rounds = record().rounds
    assert [entry["round"] for entry in rounds] == [0, 1, 2]
    labelled = set(record().header["initial"])
    for entry in rounds:
        assert entry["schema"] == 1
        assert entry["labelled"] == len(labelled) == sum(entry["class_counts"])
        assert 0 <= entry["accuracy"] <= 1
        assert entry["nll"] > 0
        assert 0 <= entry["ece"] <= 1
        assert entry["fit"][0]["steps"] == 8
        stages = {"train", "evaluate", "metrics", "stop_set"} | ({"score", "select"} if entry["acquired"] else set())
        assert set(entry["seconds"]) == set(entry["peak_memory_bytes"]) == stages
        assert all(value >= 0 for value in entry["seconds"].values())
        assert all(value > 10_000_000 for value in entry["peak_memory_bytes"].values())
        if entry["round"] == 2:
            assert entry["acquired"] is entry["scores"] is entry["acquired_labels"] is entry["candidates"] is None
            continue
        assert entry["candidates"] == 500 - len(labelled)
        assert len(entry["acquired"]) == len(entry["scores"]) == len(entry["acquired_labels"]) == 4
        assert entry["scores"] == sorted(entry["scores"], reverse=True)
        assert not labelled & set(entry["acquired"])
        labelled |= set(entry["acquired"])


def test_the_true_labels_recorded_are_those_of_the_points(run):
    from al_bench.data.synthetic import Synthetic

    run(*TINY)
    labels = Synthetic().load().hidden_labels
    for entry in record().rounds[:-1]:
        assert entry["acquired_labels"] == labels[entry["acquired"]].tolist()
    start = record().header["initial"]
    assert record().rounds[0]["class_counts"] == torch.bincount(labels[start], minlength=4).tolist()


def test_curve_csv_is_the_rounds(run):
    run(*TINY, "evaluation.every=2", "schedule.rounds=4")
    written = record(f"bald,every=2,{TINY_ARM.split(',')[0]},steps=8")
    with open(written.folder / "curve.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, entry in zip(rows, written.rounds, strict=True):
        assert int(row["round"]) == entry["round"]
        assert int(row["labelled"]) == entry["labelled"]
        for key in ("accuracy", "nll", "ece"):
            assert row[key] == ("" if entry[key] is None else str(entry[key]))
    assert [entry["accuracy"] is None for entry in written.rounds] == [False, True, False, False]


def test_typing_the_command_again_says_it_is_complete_and_changes_nothing(run):
    run(*TINY)
    files = {path: path.read_bytes() for path in record().folder.iterdir()}
    done = run(*TINY)
    assert done.status == 0
    assert "already complete, 14 labels" in done.out
    assert {path: path.read_bytes() for path in record().folder.iterdir()} == files


def test_another_configuration_in_the_same_folder_is_refused_by_key(run):
    run(*TINY, "arm=mine")
    before = (record("mine").folder / "rounds.jsonl").read_bytes()
    done = run(*TINY, "arm=mine", "schedule.batch=5", "training.lr=0.01")
    assert done.status == 2
    assert "schedule.batch (here 5, there 4), training.lr (here 0.01, there 0.001) differ;" in done.err
    assert "arm=" in done.err
    assert (record("mine").folder / "rounds.jsonl").read_bytes() == before


def test_another_device_name_or_place_is_the_same_run(run):
    run(*TINY)
    assert "already complete" in run(*TINY, "device=cpu").out


def test_reference_full_trains_once_on_the_whole_pool(run):
    assert run(*TINY, "reference=full", "validation=20", "strategy=entropy").status == 0
    written = record(f"full,{TINY_ARM},validation=20")
    (entry,) = written.rounds
    assert entry["labelled"] == 480
    assert entry["acquired"] is None
    assert written.header["reference"] == "full"
    assert written.header["initial"] is None


def test_a_reference_needs_nothing_of_a_strategy(run):
    assert run(*TINY, "reference=full", "posterior=deterministic", "posterior.draws=0").status == 0


def test_a_cold_start_acquires_its_first_batch_from_an_untrained_network(run):
    assert run(*TINY, "initial.size=0").status == 0
    rounds = record(f"bald,{TINY_ARM.split(',')[0]},size=0,steps=8").rounds
    assert [entry["labelled"] for entry in rounds] == [0, 4, 8]
    assert rounds[0]["fit"] == []
    assert rounds[0]["class_counts"] == [0, 0, 0, 0]
    assert rounds[0]["accuracy"] < 0.6
    assert rounds[1]["fit"][0]["steps"] == 8


def test_stop_at_accuracy_ends_with_the_first_round_that_reaches_it(run):
    run(*TINY, "schedule.rounds=8", "arm=long")
    curve = [entry["accuracy"] for entry in record("long").rounds]
    target = sorted(curve)[4]
    first = next(round_ for round_, accuracy in enumerate(curve) if accuracy >= target)
    assert run(*TINY, "schedule.rounds=8", f"schedule.stop_at_accuracy={target}", "arm=short").status == 0
    rounds = record("short").rounds
    assert len(rounds) == first + 1
    assert rounds[-1]["acquired"] is None
    assert record("short").status == "complete"
    assert "already complete" in run(*TINY, "schedule.rounds=8", f"schedule.stop_at_accuracy={target}", "arm=short").out


def test_a_candidate_limit_is_kept_to_and_recorded(run):
    run(*TINY, "schedule.candidates=30", "arm=a")
    assert [entry["candidates"] for entry in record("a").rounds] == [30, 30, None]
    run(*TINY, "schedule.candidates=100000", "arm=b")
    assert [entry["candidates"] for entry in record("b").rounds] == [494, 490, None]


@pytest.mark.parametrize(
    ("overrides", "labels"),
    [
        (("schedule.rounds=null", "schedule.budget=15"), [6, 10, 14, 15]),
        (("schedule.rounds=2", "schedule.budget=15"), [6, 10]),
        (("schedule.rounds=3", "schedule.budget=7"), [6, 7]),
        (("schedule.rounds=null", "schedule.budget=6"), [6]),
        (("schedule.rounds=1",), [6]),
        (("dataset.points=20", "schedule.rounds=null", "schedule.budget=20", "schedule.batch=5"), [6, 11, 16, 20]),
        (("dataset.points=20", "schedule.rounds=null", "schedule.batch=14"), [6, 20]),
    ],
    ids=[
        "a last batch cut to the budget",
        "rounds end first",
        "the budget ends first",
        "no label to buy",
        "one round",
        "the whole pool in batches",
        "a last batch of all that is left",
    ],
)
def test_labels_of_every_round(run, overrides, labels):
    """Budgets that the batch does not divide, and pools that are used up to the last point."""
    assert run(*TINY, *overrides, "arm=a").status == 0
    assert [entry["labelled"] for entry in record("a").rounds] == labels


def test_a_pool_used_up_exactly_has_labelled_every_point(run):
    run(*TINY, "dataset.points=20", "schedule.rounds=null", "schedule.budget=20", "arm=a")
    written = record("a")
    acquired = [index for entry in written.rounds for index in entry["acquired"] or []]
    assert sorted(written.header["initial"] + acquired) == list(range(20))


def test_indices_given_are_the_initial_set_and_never_validation(run):
    assert run(*TINY, "initial.indices=[7,3,499]", "validation=490", "schedule.rounds=1", "arm=a").status == 0
    assert record("a").header["initial"] == [7, 3, 499]
    assert record("a").rounds[0]["labelled"] == 3


TRAININGS = {
    "warm start": (("training.warm_start=true",), {}),
    "early stopping": (("training.stop=early", "training.epochs=6", "validation=40"), {"stopped": None}),
    "until fitted": (("training=until_fitted", "training.stop=fitted", "training.lr=0.01"), {"stopped": True}),
    "epochs": (("training.stop=epochs", "training.epochs=3", "training.batch_size=4"), {"epochs": 3}),
    "epoch samples": (
        ("training.stop=epochs", "training.epochs=2", "training.epoch_samples=100", "training.batch_size=10"),
        {"steps": 20, "epochs": 2},
    ),
    "bf16": (("training.precision=bf16",), {"steps": 8}),
    "adamw, step schedule, warm-up": (
        ("training.optimiser=adamw", "training.schedule=step", "training.warmup=0.2", "training.weight_decay=1/N"),
        {"steps": 8},
    ),
    "decay of one layer": (("+training.layer_weight_decay.dense1=7/N",), {"steps": 8}),
    "an ensemble": (("posterior=ensemble", "posterior.members=2", "posterior.draws=0"), {"steps": 8}),
    "an ensemble with dropout": (("posterior=mc_dropout_ensemble", "posterior.members=2"), {"steps": 8}),
    "no dropout in the test": (("evaluation.draws=0",), {"steps": 8}),
    "sgd on images": (
        (
            "training=sgd_cosine",
            "training.stop=epochs",
            "training.epochs=2",
            "training.lr=0.01",
            "model=resnet_small",
            "model.widths=[4,8]",
            "dataset.shape=[3,8,8]",
            "dataset.points=60",
            "dataset.test_points=20",
        ),
        {"epochs": 2, "stopped": True},
    ),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_every_way_of_training_completes_and_repeats(run, name):
    overrides, expected = TRAININGS[name]
    for arm in ("a", "b"):
        unread = "training.steps" if any("stop=" in word for word in overrides) else "nothing"
        done = run(*(word for word in TINY if not word.startswith(unread)), *overrides, f"arm={arm}")
        assert done.status == 0, done.err
    assert record("a").stable == record("b").stable
    rounds = record("a").rounds
    assert len(rounds) == 3
    for entry in rounds:
        for fit in entry["fit"]:
            assert {key: fit[key] for key in expected if expected[key] is not None} == {
                key: value for key, value in expected.items() if value is not None
            }
            assert (fit["validation_accuracy"] is not None) == (name == "early stopping")
    assert len(rounds[0]["fit"]) == (2 if "ensemble" in name else 1)
    weights = sorted(path.name for path in record("a").folder.glob("weights-*.pt"))
    assert weights == (["weights-1.pt", "weights-2.pt"] if name == "warm start" else [])


def test_warm_start_goes_on_from_the_weights(run):
    run(*TINY, "arm=cold")
    run(*TINY, "training.warm_start=true", "arm=warm")
    cold, warm = record("cold").stable, record("warm").stable
    assert cold[0] == warm[0]
    assert warm[2]["fit"][0]["loss"] < cold[2]["fit"][0]["loss"]


def test_a_run_that_fails_says_so_and_is_tried_again(run, monkeypatch):
    played = loop.predict_test

    def break_down(*arguments):
        raise RuntimeError("the disk\nis on fire")

    monkeypatch.setattr(loop, "predict_test", break_down)
    done = run(*TINY)
    assert done.status == 1
    assert done.err == f"al-bench run: RuntimeError: the disk is on fire (see {record().folder}/run.log)\n"
    status = json.loads((record().folder / "status.json").read_text())
    assert status["status"] == "failed"
    assert "break_down" in status["traceback"]
    assert "break_down" in (record().folder / "run.log").read_text()
    monkeypatch.setattr(loop, "predict_test", played)
    assert run(*TINY).status == 0
    assert record().status == "complete"


def test_a_diverging_training_is_a_failed_run_with_advice(run):
    done = run(*TINY, "training.lr=1e30", "arm=a")
    assert done.status == 1
    assert "training diverged" in done.err
    assert "lower training.lr (it is 1e+30)" in done.err
    assert record("a").status == "failed"


# Determinism


def test_the_same_command_in_two_folders_writes_the_same_rounds(run, tmp_path, monkeypatch):
    run(*TINY)
    first = record().stable
    (tmp_path / "else where").mkdir()
    monkeypatch.chdir(tmp_path / "else where")
    torch.manual_seed(123)  # the state of the global generator has no influence
    torch.rand(7)
    run(*TINY)
    assert record().stable == first
    assert run(*TINY, "seed=1").status == 0
    assert record(seed=1).stable != first


def test_strategies_of_one_seed_share_initial_set_and_first_network(run):
    for strategy in ("random", "bald", "entropy", "margin"):
        run(*TINY, f"strategy={strategy}")
    records = [record(f"{strategy},{TINY_ARM}") for strategy in ("random", "bald", "entropy", "margin")]
    assert len({tuple(entry.header["initial"]) for entry in records}) == 1
    for key in ("accuracy", "nll", "ece", "class_counts"):
        assert len({str(entry.rounds[0][key]) for entry in records}) == 1, key
    assert len({tuple(entry.rounds[0]["acquired"]) for entry in records}) == 4


def test_a_run_leaves_the_global_generators_alone(run):
    import random

    import numpy as np

    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    run(*TINY)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    assert random.getstate() == before[2]


def test_the_result_does_not_depend_on_the_chunk(run, monkeypatch):
    run(*TINY, "arm=a")
    monkeypatch.setattr(setup, "set_up", partial(setup.set_up, chunk=37))
    run(*TINY, "arm=b")
    for whole, chunked in zip(record("a").stable, record("b").stable, strict=True):
        assert whole["acquired"] == chunked["acquired"]
        assert whole["accuracy"] == chunked["accuracy"]
        assert whole["nll"] == pytest.approx(chunked["nll"], abs=1e-6)
        if whole["scores"]:
            assert whole["scores"] == pytest.approx(chunked["scores"], abs=1e-6)


# Sweeps


def test_a_sweep_ends_with_a_table_and_status_0(run):
    done = run("-m", *TINY, "strategy=random,bald", "seed=0,1")
    assert done.status == 0
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["complete"] * 4
    assert lines[4] == "4 complete, 0 failed, 0 missing"
    assert lines[5] == "next: al-bench plot results/runs/smoke --out curves.png"
    again = run("-m", *TINY, "strategy=random,bald", "seed=0,1")
    assert again.out.count("already complete") == 4


def test_the_sweep_flag_may_come_after_the_overrides(run):
    assert "2 complete" in run(*TINY, "-m", "seed=0,1").out


def test_a_sweep_whose_options_do_not_go_together_is_refused_before_its_first_run(run):
    done = run("-m", "model=random_forest", "strategy=margin,badge", "seed=0,1", "schedule.rounds=1")
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines()[-1] == (
        "al-bench run: strategy=badge reads the features of a layer (penultimate), and model=random_forest has no "
        "layers: set strategy.features=input, or a file x.npy"
    )
    assert not list(Path("results").rglob("header.json"))


def test_a_key_of_all_swept_options_may_be_one_that_the_default_option_lacks(run):
    words = ["strategy=coreset_greedy,kmeans", "strategy.features=input", "schedule.rounds=1"]
    done = run("-m", *TINY, *words)
    assert done.status == 0, done.err
    assert "2 complete, 0 failed, 0 missing" in done.out
    folders = sorted(path.parent.name for path in Path("results/runs").rglob("seed-0"))
    assert folders == [f"{name},{TINY_ARM},strategy.features=input" for name in ("coreset_greedy", "kmeans")]


@pytest.mark.parametrize("seeds", ["0,abc", "abc,0", "0,1,2.5"])
def test_a_seed_that_is_no_number_is_refused_before_the_first_run(run, seeds):
    done = run("-m", *TINY, "strategy=random,bald", f"seed={seeds}", "arm=null")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("al-bench run: seed is ")
    assert not list(Path("results").rglob("header.json"))


@pytest.mark.parametrize("options", ["kmeans,random", "random,kmeans", "bald,random,kmeans"])
def test_a_key_that_one_swept_option_lacks_is_refused_before_the_first_run(run, options):
    done = run("-m", *TINY, f"strategy={options}", "strategy.features=input")
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "al-bench run: strategy.features is a key of some of the options that are swept, not of all; sweep them apart\n"
    )
    assert not list(Path().rglob("seed-0"))


def test_one_failed_run_does_not_stop_the_others(run):
    done = run("-m", *TINY, "training.lr=1e30,0.001", "seed=0")
    assert done.status == 1
    assert [line.split()[0] for line in done.out.splitlines()[:2]] == ["failed", "complete"]
    assert "1 complete, 1 failed, 0 missing" in done.out
    assert "training diverged" in done.out
    done = run("-m", *TINY, "strategy=bald,random", "posterior.draws=1", "arm=null")
    assert done.status == 1
    assert "strategy bald needs at least 2 distinct posterior draws" in done.out


def test_a_job_that_returned_nothing_is_judged_by_its_folder(run, monkeypatch, capsys):
    words = [*TINY, "strategy=random"]
    assert run(*words, "seed=0").status == 0
    from hydra._internal.core_plugins.basic_launcher import BasicLauncher

    def give_up(*args, **kwargs):
        raise RuntimeError("a worker was killed")

    monkeypatch.setattr(BasicLauncher, "launch", give_up)
    done = run("-m", *words, "seed=0,1")
    assert done.status == 1
    assert "the launcher gave up: RuntimeError: a worker was killed" in done.err
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["complete", "missing"]
    assert [line.split()[1].endswith(f"seed-{seed}") for seed, line in enumerate(lines[:2])] == [True, True]
    assert lines[2] == "1 complete, 0 failed, 1 missing"


def test_a_failure_before_there_is_a_folder_names_no_log(run):
    done = run(*TINY, "results=/dev/null/here")
    assert done.status == 2
    assert "run.log" not in done.err


def test_a_sweep_of_bad_input_alone_has_status_2(run):
    done = run("-m", *TINY, "seed=-1,-2")
    assert done.status == 2
    assert "0 complete, 2 failed, 0 missing" in done.out


@pytest.mark.slow
def test_joblib_and_basic_launchers_write_the_same_rounds(command, tmp_path):
    words = ("-m", *TINY, "strategy=random,bald", "seed=0,1")
    assert command("run", *words, "results=basic").returncode == 0
    done = command("run", *words, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "results=parallel")
    assert done.returncode == 0, done.stderr
    assert "4 complete, 0 failed, 0 missing" in done.stdout
    files = sorted((tmp_path / "basic").rglob("rounds.jsonl"))
    assert len(files) == 4
    for file in files:
        twin = tmp_path / "parallel" / file.relative_to(tmp_path / "basic")
        for line, other in zip(file.read_text().splitlines(), twin.read_text().splitlines(), strict=True):
            basic, parallel = json.loads(line), json.loads(other)
            for volatile in ("seconds", "peak_memory_bytes"):
                del basic[volatile], parallel[volatile]
            assert json.dumps(basic) == json.dumps(parallel)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_worker_leaves_missing_rows_and_the_command_goes_on_where_it_was(command, tmp_path):
    import psutil

    words = ["run", "-m", *TINY[::2], "strategy=bald", "seed=0,1,2", "schedule.rounds=30", "training.steps=60"]
    words += ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "al_bench", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    limit = time.monotonic() + 120
    while not list(tmp_path.rglob("rounds.jsonl")) and time.monotonic() < limit:
        time.sleep(0.05)
    holders = [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if any(".lock" in file.path for file in child.open_files())
    ]
    assert holders, "no worker holds a run's folder"
    os.kill(holders[0].pid, signal.SIGKILL)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 1, err
    assert "missing" in out
    assert "run the command again" in out
    done = command(*words, timeout=500)
    assert done.returncode == 0, done.stderr
    assert "3 complete, 0 failed, 0 missing" in done.stdout
    assert len(list(tmp_path.rglob("rounds.jsonl"))) == 3


# Two at once


def test_a_folder_in_use_is_refused(run):
    from al_bench.storage.run_folder import RunFolder

    run(*TINY, "schedule.rounds=1", "arm=a")
    with RunFolder.hold(record("a").folder):
        (record("a").folder / "status.json").unlink()
        done = run(*TINY, "schedule.rounds=1", "arm=a")
    assert done.status == 2
    assert "another process is running this" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_one_line(run, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    done = run(*TINY, "results=locked/runs")
    assert done.status == 2
    assert "cannot be used: Permission denied" in done.err
    assert len(done.err.splitlines()) == 1


def test_a_full_disk_is_a_failed_run_of_one_line(run, monkeypatch):
    import errno

    from al_bench.storage import run_folder

    def full(path, text):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(run_folder, "write_text", full)
    done = run(*TINY)
    assert done.status == 1
    assert "No space left on device" in done.err
    assert len(done.err.splitlines()) == 1
    monkeypatch.undo()


def test_spaces_and_letters_of_other_languages_in_paths(run, tmp_path, monkeypatch):
    (tmp_path / "mes données").mkdir()
    monkeypatch.chdir(tmp_path / "mes données")
    assert run(*TINY, "results='mes résultats'", "arm='été, 2'").status == 0
    assert (Path("mes résultats") / "smoke" / "synthetic" / "été, 2" / "seed-0" / "rounds.jsonl").exists()


def test_the_whole_pool_is_the_same_run_under_any_strategy(run):
    words = [word for word in TINY if "strategy" not in word]
    assert run(*words, "reference=full", "strategy=bald", "arm=full").status == 0
    done = run(*words, "reference=full", "strategy=random", "arm=full")
    assert done.status == 0, done.err
    assert "already complete" in done.out


def test_a_sweep_whose_results_are_a_file_is_bad_input(run, tmp_path):
    (tmp_path / "file").write_text("")
    done = run("-m", *TINY, "results=file", "seed=0,1")
    assert done.status == 2
    assert done.out == ""
    assert done.err.startswith("al-bench run: Not a directory: file/")
    assert done.err.endswith("; choose another place\n")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("results", ["taken", "taken/runs", "/proc/nope"])
def test_results_where_no_record_can_be_are_bad_input(run, tmp_path, results):
    (tmp_path / "taken").write_text("a file")
    done = run(*TINY, f"results={results}")
    assert done.status == 2
    assert done.err.startswith("al-bench run: results: ")
    assert done.err.endswith("choose another place with results=…\n")
    assert len(done.err.splitlines()) == 1
