"""Weights on disk: what was saved is loaded, and a damaged file is refused before anything is loaded."""

from __future__ import annotations

import random

import pytest
import torch

from al_bench.errors import InputError
from al_bench.storage.weights import read_weights, write_weights

STATES = [{"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2)}, {}]


def equal(one, other) -> bool:
    return all(
        a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
        for a, b in zip(one, other, strict=True)
    )


def test_what_was_saved_is_loaded(tmp_path):
    write_weights(tmp_path / "weights-0.pt", STATES)
    assert equal(read_weights(tmp_path / "weights-0.pt", torch.device("cpu")), STATES)
    assert [path.name for path in tmp_path.iterdir()] == ["weights-0.pt"]


def test_files_of_versions_without_a_digest_are_loaded(tmp_path):
    torch.save(STATES, tmp_path / "weights-0.pt")
    assert equal(read_weights(tmp_path / "weights-0.pt", torch.device("cpu")), STATES)


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match=r"weights-3\.pt is missing: under training.warm_start .* to start over"):
        read_weights(tmp_path / "weights-3.pt", torch.device("cpu"))


def test_flipped_bits_and_cuts_are_refused(tmp_path):
    path, generator = tmp_path / "weights-0.pt", random.Random(0)
    write_weights(path, STATES)
    whole = path.read_bytes()
    for _ in range(250):
        damaged = bytearray(whole)
        damaged[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="is damaged"):
            read_weights(path, torch.device("cpu"))
    for size in (0, 1, 20, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match="is damaged"):
            read_weights(path, torch.device("cpu"))
