"""What goes to a process that was not forked: the same results, files by their paths, and nothing written twice."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from al_bench.data.mapped import MappedRows
from al_bench.data.shards import memory_map
from al_bench.errors import InputError
from al_bench.experiment import setup
from al_bench.experiment.scoring_engines import parcel
from al_bench.experiment.scoring_engines.engine import ScoringEngine, as_arrays, as_tensors
from al_bench.experiment.scoring_engines.parcel import Parcel, pack, unpack
from tests.experiment.scoring_engines.test_local import LEARNERS, TABLE, assert_same, first_round, shards


class Packed(ScoringEngine):
    """Does the work in this process, with what was packed and unpacked; nothing large can be written to."""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []

    def map(self, work: Callable[[slice], Any], pieces: Sequence[slice]) -> Generator[Any, None, None]:
        packed = pack(work)
        packed = Parcel(packed.content, [part.copy() for part in packed.large])
        for part in packed.large:
            part.flags.writeable = False
        self.parcels.append(packed)
        other = unpack(packed)
        assert other is not work
        yield from (as_tensors(as_arrays(other(piece))) for piece in pieces)


@pytest.mark.parametrize(
    ("strategy", "learner"),
    [
        *(("bald", learner) for learner in LEARNERS if learner not in ("deterministic", "boosting")),
        *(("entropy", "deterministic"), ("entropy", "boosting"), ("epig", "mc_dropout"), ("badge", "mc_dropout")),
        *(
            ("batchbald", "mc_dropout"),
            ("coreset_greedy", "mc_dropout"),
            ("oracle_loss", "mc_dropout"),
            ("learning_loss", "mc_dropout"),
        ),
    ],
)
def test_what_was_packed_computes_the_same_bits(strategy, learner, tmp_path, monkeypatch):
    monkeypatch.setattr(parcel, "LARGE_BYTES", 256)
    folder, engine = shards(tmp_path / "pool", [100]), Packed()
    one = first_round(folder, strategy, learner, 1)
    monkeypatch.setattr(setup, "make_scoring_engine", lambda config, device: engine)
    assert_same(one, first_round(folder, strategy, learner, 1))
    assert len(engine.parcels) == 1
    assert engine.parcels[0].large


def test_a_large_pool_of_files_goes_by_its_paths(tmp_path, monkeypatch):
    table = np.tile(TABLE, (400, 1))
    np.save(tmp_path / "x-00000.npy", table[:50_000])
    np.save(tmp_path / "x-00001.npy", table[50_000:])
    np.save(tmp_path / "y.npy", np.arange(len(table)) % 3)
    engine = Packed()
    monkeypatch.setattr(setup, "make_scoring_engine", lambda config, device: engine)
    monkeypatch.setattr(parcel, "LARGE_BYTES", 1)
    first_round(str(tmp_path), "margin", "linear_bootstrap", 1)
    sent = [len(part) for part in engine.parcels[0].large]
    assert 0 < max(sent) <= len(table) * 8, "rows and labels, and not the inputs"
    assert len(engine.parcels[0].content) < 100_000


@pytest.mark.parametrize(
    "view", [lambda a: a, lambda a: a[3:], lambda a: a[:, 1:3], lambda a: a.T, lambda a: a[::2], lambda a: a[3:, None]]
)
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "|u1"])
def test_a_view_of_a_mapped_file_is_the_same_view_there(view, dtype, tmp_path):
    np.save(tmp_path / "a.npy", np.arange(40).reshape(10, 4).astype(dtype))
    array = view(np.load(tmp_path / "a.npy", mmap_mode="r"))
    packed = pack(MappedRows("a", array))
    assert not packed.large
    assert b"a.npy" in packed.content
    other = unpack(packed).array
    assert memory_map(other) is not None
    assert (other == array).all()
    assert (other.dtype, other.strides) == (array.dtype, array.strides)


def changed(path: Path) -> None:
    np.save(path, np.zeros((3, 2), np.float32))
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Path.unlink, r"scores a part of the pool of .*, has no .*x-00001\.npy; give the data a path that both see"),
        (changed, r"has another .*x-00001\.npy \(its size or the time of its last change differs\); .* engine=local"),
    ],
)
def test_a_file_that_is_not_there_or_another_is_refused_in_one_line(change, said, tmp_path, monkeypatch):
    from al_bench.data.shards import join_inputs

    files = [tmp_path / "x-00000.npy", tmp_path / "x-00001.npy"]
    for file in files:
        np.save(file, np.ones((3, 2), np.float32))
    monkeypatch.chdir(tmp_path)
    named = join_inputs([(Path(file.name), (3, 2), np.dtype(np.float32)) for file in files])
    packed = pack(named)
    monkeypatch.chdir("/")
    assert unpack(packed).paths == tuple(files), "wherever the worker is"
    change(files[1])
    with pytest.raises(InputError, match=said) as caught:
        unpack(packed)
    assert "\n" not in str(caught.value)


def test_a_function_that_reads_modules_is_sent():
    class Holder:
        classes = 3

    holder = Holder()
    assert unpack(pack(lambda: (torch.ones(holder.classes).sum().item(), os.sep)))() == (3.0, os.sep)


def test_what_is_no_data_set_can_be_written_to_where_it_arrives():
    weight = torch.ones(1024, 1024)
    other = unpack(pack(lambda: weight))()
    other += 1
    assert (weight == 1).all()


def test_memory_formats_arrive_as_they_are():
    """Convolutions take other ways, and round otherwise, by the order of the weights in memory."""
    weight = torch.randn(8, 3, 5, 5).to(memory_format=torch.channels_last)
    other = unpack(pack({"weight": weight, "view": weight[:, 1]}))
    assert other["weight"].stride() == weight.stride()
    assert other["view"].stride() == weight[:, 1].stride()
    assert torch.equal(other["weight"], weight)


def test_results_are_arrays_on_their_way_and_tensors_here():
    value = (torch.arange(3), {"a": torch.ones(2, 0)}, None, 1.5)
    there = pickle.loads(pickle.dumps(as_arrays(value)))
    there[0].flags.writeable = False  # as Ray gives it
    here = as_tensors(there)
    assert torch.equal(here[0], value[0])
    here[0][0] = 9
    assert here[1]["a"].shape == (2, 0)
    assert here[2:] == (None, 1.5)
