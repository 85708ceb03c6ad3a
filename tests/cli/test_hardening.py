"""Configurations that were taken otherwise than they were written, or ended in a traceback."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import torch

from al_bench.data.labels import canonical
from tests.conftest import TINY, record

MIXED = "+posterior.vary={model.dropout_dense:[0.0,0.5,0.5]}"


def test_members_without_dropout_weigh_as_much_as_those_with(run, monkeypatch):
    """K = members × draws whatever the members are, so that cutting K into members cuts where they meet."""
    from al_bench.strategies.committee import QbcVoteEntropy

    seen = []
    monkeypatch.setattr(QbcVoteEntropy, "score", lambda self, given: seen.append(given) or torch.zeros(given.rows))
    words = ["strategy=qbc_vote_entropy", "posterior=mc_dropout_ensemble", "posterior.members=3", MIXED]
    done = run(*TINY, *words, "arm=mixed")
    assert done.status == 0, done.err
    assert record("mixed").header["functions"] == 3 * 4
    assert seen[0].member_log_probs.shape[1] == 3


@pytest.mark.parametrize(
    ("varied", "status", "said"),
    [
        ("{training.optimiser:[adam,sgd]}", 0, ""),
        ("{training.lr:[abc]}", 2, "posterior.vary.training.lr: "),
        ("{training.optimiser:[best]}", 2, "posterior.vary.training.optimiser: "),
    ],
)
def test_what_members_vary_has_its_keys_type(run, varied, status, said):
    done = run(*TINY, "posterior=ensemble", "posterior.members=2", f"+posterior.vary={varied}", "arm=varied")
    assert done.status == status, done.err
    assert said in done.err
    assert len(done.err.splitlines()) <= 1


def test_a_stop_that_members_vary_is_heeded(run):
    words = ["posterior=ensemble", "posterior.members=2", "+posterior.vary={training.stop:[epochs,steps]}"]
    assert run(*TINY, *words, "training.epochs=2", "arm=varied").status == 0
    first, second = record("varied").rounds[0]["fit"]
    assert first["epochs"] == 2
    assert second["steps"] == 8


def test_a_component_given_by_its_class_has_typed_keys(run, tmp_path):
    (tmp_path / "conf" / "training").mkdir(parents=True)
    text = "_target_: al_bench.learners.training:Training\nstop: early\nepochs: 7\n"
    (tmp_path / "conf" / "training" / "mine.yaml").write_text(text)
    done = run("--config-dir", str(tmp_path / "conf"), "training=mine")
    assert done.status == 2
    assert "training.stop is early and validation is 0" in done.err


def test_the_whole_pool_is_the_same_run_under_any_strategy(run):
    words = [word for word in TINY if "strategy" not in word]
    assert run(*words, "reference=full", "strategy=bald", "arm=full").status == 0
    done = run(*words, "reference=full", "strategy=random", "arm=full")
    assert done.status == 0, done.err
    assert "already complete" in done.out


@pytest.mark.parametrize("word", ["strategy=null", "model=", "training=null"])
def test_a_component_that_names_none_is_one_line(run, word):
    done = run(word)
    assert done.status == 2
    assert done.err.splitlines() == [f"al-bench run: {word!r} names none; choose one, see al-bench list"]


def test_results_in_a_file_are_one_line(run, tmp_path):
    (tmp_path / "file").write_text("")
    done = run("-m", *TINY, "results=file", "seed=0,1")
    assert done.status in (1, 2)
    assert "Traceback" not in done.err


def test_an_arm_that_plots_do_not_see_is_refused(run):
    done = run("arm=.hidden")
    assert done.status == 2
    assert "arm is '.hidden'; it names a folder" in done.err


def test_a_tilde_is_the_home_folder(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert run(*TINY, "results='~/runs'", "schedule.rounds=1").status == 0
    assert list((tmp_path / "home" / "runs").rglob("rounds.jsonl"))


def test_long_whole_numbers_are_labels_of_their_own():
    assert [canonical(2**53 + step) for step in range(3)] == [
        "9007199254740992",
        "9007199254740993",
        "9007199254740994",
    ]
    assert [canonical(text) for text in ("007", "+7", "7.0", np.float64(7), "1_0")] == ["7", "7", "7", "7", "1_0"]


def test_a_price_is_no_class(run, tmp_path):
    rows = [f"{place % 7},{place % 3},{place % 40 / 10 + 0.05}" for place in range(120)]
    (tmp_path / "own.csv").write_text("\n".join(["a,b,price", *rows]) + "\n")
    done = run("dataset=csv", "dataset.path=own.csv")
    assert done.status == 2
    assert "0.05 is no class label; name the column of the labels with dataset.label" in done.err


def test_digits_without_a_test_part_are_refused(run):
    done = run("dataset=digits", "dataset.test_fraction=0.0001")
    assert done.status == 2
    assert "leave none for the test part" in done.err


def test_features_of_another_file_are_refused_when_a_run_goes_on_or_is_complete(run, tmp_path):
    words = [*TINY, "strategy=coreset_greedy", "strategy.features=emb.npy", "arm=own"]
    fault = "the file of strategy.features is not the one that the run began with"
    np.save(tmp_path / "emb.npy", np.random.default_rng(0).normal(size=(500, 4)))
    done = run(*words)
    assert done.status == 0, done.err
    np.save(tmp_path / "emb.npy", np.random.default_rng(1).normal(size=(500, 4)))
    done = run(*words)
    assert done.status == 2
    assert fault in done.err
    folder = record("own").folder
    lines = (folder / "rounds.jsonl").read_text().splitlines(keepends=True)
    (folder / "rounds.jsonl").write_text("".join(lines[:2]))
    (folder / "status.json").write_text(json.dumps({"status": "interrupted"}))
    done = run(*words)
    assert done.status == 2
    assert fault in done.err


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


@pytest.mark.parametrize("place", ["taken", "taken/runs", "/proc/nope"])
def test_a_place_where_no_record_can_be_is_bad_input(run, tmp_path, place):
    (tmp_path / "taken").write_text("a file")
    done = run(*TINY, f"results={place}")
    assert done.status == 2
    assert done.err.startswith("al-bench run: results: ")
    assert done.err.endswith("choose another place with results=…\n")
    assert len(done.err.splitlines()) == 1


def table(path, value):
    rows = [f"{row % 7},{row % 5},{row % 2}" for row in range(60)]
    path.write_text("\n".join(["a,b,y", f"{value},1,1", *rows]) + "\n")


def test_a_complete_run_whose_file_was_changed_is_not_called_complete(run, tmp_path):
    words = ["dataset=csv", "dataset.path=mine.csv", "initial.kind=random", "arm=own"]
    table(tmp_path / "mine.csv", 1)
    assert run(*TINY, *words).status == 0
    os.utime(tmp_path / "mine.csv")  # written again, the same
    assert "already complete" in run(*TINY, *words).out
    table(tmp_path / "mine.csv", 2)
    done = run(*TINY, *words)
    assert done.status == 2
    assert "the data are not those that the run began with" in done.err
    (tmp_path / "mine.csv").unlink()
    assert "already complete" in run(*TINY, *words).out


def test_a_changed_folder_of_arrays_is_other_data_and_a_broken_link_in_it_is_not(run, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    generator = np.random.default_rng(0)
    np.save(folder / "x.npy", generator.random((60, 4), np.float32))
    np.save(folder / "y.npy", np.arange(60) % 2)
    words = ["dataset=npz", "dataset.path=own", "arm=own"]
    assert run(*TINY, *words).status == 0
    (folder / ".#x.npy").symlink_to("nowhere")
    assert "already complete" in run(*TINY, *words).out
    before = (folder / "x.npy").stat()
    np.save(folder / "x.npy", generator.random((60, 4), np.float32))
    os.utime(folder / "x.npy", (before.st_atime, before.st_mtime))  # as cp -p does
    done = run(*TINY, *words)
    assert done.status == 2
    assert "the data are not those that the run began with" in done.err


def test_a_key_misspelt_is_looked_for_among_those_of_the_options_chosen(run):
    done = run(*TINY, "strategy=badge", "strategy.featurs=input")
    assert done.status == 2
    assert "there is no key 'strategy.featurs'; did you mean strategy.features or " in done.err
    done = run("-m", *TINY, "strategy=random,badge", "strategy.featurs=input")
    assert "did you mean strategy.features or " in done.err
