"""Runs of one process share what they read: the very data set where nothing changed, and never one that did."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from al_bench.data.arrays import NpzDataset
from al_bench.data.encoders.encoder import NoEncoder
from al_bench.data.encoders.file import FileEncoder
from al_bench.data.synthetic import Synthetic
from al_bench.experiment.shared_data import encode_shared, load_shared
from tests.conftest import record

CPU = torch.device("cpu")


def write(path: Path, value: float) -> None:
    labels = np.arange(40) % 2
    np.savez(path, x=np.full((40, 3), value) + labels[:, None] + np.arange(120).reshape(40, 3) % 7, y=labels)


def configuration(dataset: Any, encoder: Any = None, rows: tuple[int, ...] = (), validation: Any = 0) -> Any:
    """The keys of a run that decide what it reads."""
    initial = SimpleNamespace(rows=list(rows))
    return SimpleNamespace(
        dataset=dataset, encoder=encoder or NoEncoder(), initial=initial, validation=validation, cache=None
    )


def test_the_next_run_gets_the_same_data_set_and_its_features(tmp_path):
    write(tmp_path / "a.npz", 0.0)
    np.save(tmp_path / "f.npy", np.arange(80.0).reshape(40, 2))
    read = [load_shared(configuration(NpzDataset(path=str(tmp_path / "a.npz")))) for _ in range(2)]
    assert read[0] is read[1]
    files = [FileEncoder(path=str(tmp_path / "f.npy")) for _ in range(2)]
    encoded = [encode_shared(configuration(None, encoder), read[0], CPU) for encoder in files]
    assert encoded[0] is encoded[1]
    np.save(tmp_path / "f.npy", 2 * np.arange(80.0).reshape(40, 2))
    again = encode_shared(configuration(None, files[0]), read[0], CPU)
    assert not torch.equal(again.inputs, encoded[0].inputs)


@pytest.mark.parametrize("change", ["file", "time alone", "key", "initial rows"])
def test_what_changed_is_read_anew(tmp_path, change):
    path = tmp_path / "a.npz"
    write(path, 0.0)
    first = load_shared(configuration(NpzDataset(path=str(path))))
    dataset, rows = NpzDataset(path=str(path)), ()
    if change == "file":
        stamp = path.stat().st_mtime_ns
        write(tmp_path / "b.npz", 5.0)
        (tmp_path / "b.npz").replace(path)
        os.utime(path, ns=(stamp, stamp))
    elif change == "time alone":
        os.utime(path, ns=(1, 1))
    elif change == "key":
        dataset = NpzDataset(path=str(path), standardise=False)
    else:
        rows = (3, 4)
    second = load_shared(configuration(dataset, rows=rows))
    assert second is not first
    if change == "key":
        assert not torch.equal(first.inputs, second.inputs)


def test_data_that_no_file_describes_are_the_same_whenever_their_keys_are():
    one, same, other = (load_shared(configuration(Synthetic(data_seed=seed))) for seed in (1, 1, 2))
    assert one is same
    assert not torch.equal(same.inputs, other.inputs)


def test_a_folder_of_arrays_is_read_again_where_one_of_them_was_written(tmp_path):
    np.save(tmp_path / "x-00000.npy", np.arange(60.0).reshape(20, 3))
    np.save(tmp_path / "x-00001.npy", np.arange(60.0).reshape(20, 3))
    np.save(tmp_path / "y.npy", np.arange(40) % 2)
    one, same = (load_shared(configuration(NpzDataset(path=str(tmp_path)))) for _ in range(2))
    assert one is same
    np.save(tmp_path / "x-00001.npy", np.arange(60.0, 120.0).reshape(20, 3))
    other = load_shared(configuration(NpzDataset(path=str(tmp_path))))
    assert other is not one
    assert other.fingerprint() != one.fingerprint()
    np.save(tmp_path / "x-00002.npy", np.arange(6.0).reshape(2, 3))
    np.save(tmp_path / "y.npy", np.arange(42) % 2)
    longer = load_shared(configuration(NpzDataset(path=str(tmp_path))))
    assert longer.size + len(longer.test_labels) == 42


def test_runs_of_a_sweep_record_what_each_records_alone(run, tmp_path):
    write(tmp_path / "a.npz", 0.0)
    words = ["debug=smoke", "dataset=npz", "dataset.path=a.npz", "model=linear", "initial.size=4", "cache=null"]
    swept = run("-m", *words, "strategy=margin", "seed=0,1", "arm=swept")
    assert swept.status == 0, swept.err
    write(tmp_path / "c.npz", 3.0)
    between = run(*words[:2], "dataset.path=c.npz", *words[3:], "strategy=margin", "seed=1", "arm=between")
    assert between.status == 0, between.err
    alone = run(*words, "strategy=margin", "seed=1", "arm=alone")
    assert alone.status == 0, alone.err
    assert (
        record("swept", seed=1, dataset="npz").rounds[-1]["acquired"]
        == record("alone", seed=1, dataset="npz").rounds[-1]["acquired"]
    )
    assert record("swept", seed=1, dataset="npz").stable == record("alone", seed=1, dataset="npz").stable
