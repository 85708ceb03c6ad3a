"""A run whose data or files are not those that it began with is refused, complete or not."""

from __future__ import annotations

import json
import os

import numpy as np

from tests.conftest import TINY, record


def write_table(path, value):
    """A CSV file of two classes, whose first feature is `value` in its first row."""
    rows = [f"{row % 7},{row % 5},{row % 2}" for row in range(60)]
    path.write_text("\n".join(["a,b,y", f"{value},1,1", *rows]) + "\n")


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


def test_a_complete_run_whose_file_was_changed_is_not_called_complete(run, tmp_path):
    words = ["dataset=csv", "dataset.path=mine.csv", "initial.kind=random", "arm=own"]
    write_table(tmp_path / "mine.csv", 1)
    assert run(*TINY, *words).status == 0
    os.utime(tmp_path / "mine.csv")  # written again, the same
    assert "already complete" in run(*TINY, *words).out
    write_table(tmp_path / "mine.csv", 2)
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
