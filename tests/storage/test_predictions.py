"""The predictions of a run on disk: read as they were written, and damage is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from al_bench.storage.predictions import NAME, StoredPredictions
from al_bench.storage.rounds import DamagedRecordError

LABELS = np.array([0, 2, 1, 2])


def log_probs(round_: int, dtype: type = np.float32) -> np.ndarray:
    return np.log(np.random.default_rng(round_).dirichlet(np.ones(3), len(LABELS))).astype(dtype)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rounds 0 and 2 of a run."""
    file = StoredPredictions(tmp_path, "start")
    for round_ in (0, 2):
        file.append(round_, log_probs(round_), LABELS)
    return tmp_path


def test_what_is_read_is_what_was_written_bit_for_bit(folder):
    file = StoredPredictions(folder, "start")
    assert file.rounds == [0, 2]
    assert file.labels().tolist() == LABELS.tolist()
    for round_ in (0, 2):
        assert file.log_probs(round_).dtype == np.float32
        assert np.array_equal(file.log_probs(round_), log_probs(round_))


def test_64_bits_stay_64_bits(tmp_path):
    StoredPredictions(tmp_path, "start").append(0, log_probs(0, np.float64), LABELS)
    assert np.array_equal(StoredPredictions(tmp_path, "start").log_probs(0), log_probs(0, np.float64))


def test_a_round_that_is_run_again_takes_the_place_of_its_former_self(folder):
    StoredPredictions(folder, "start").append(2, log_probs(7), LABELS)
    file = StoredPredictions(folder, "start")
    assert file.rounds == [0, 2]
    assert np.array_equal(file.log_probs(2), log_probs(7))


@pytest.mark.parametrize("cut", [1, 20, 48, 60, 130])
def test_a_block_that_a_crash_cut_off_is_left_out_and_overwritten(folder, cut):
    whole = (folder / NAME).read_bytes()
    (folder / NAME).write_bytes(whole[:-cut])
    file = StoredPredictions(folder, "start")
    assert file.rounds == [0]
    file.append(2, log_probs(2), LABELS)
    assert (folder / NAME).read_bytes() == whole


def test_a_changed_byte_is_seen(folder):
    content = bytearray((folder / NAME).read_bytes())
    content[-1] ^= 1
    (folder / NAME).write_bytes(bytes(content))
    file = StoredPredictions(folder, "start")
    file.log_probs(0)
    with pytest.raises(DamagedRecordError, match=r"round 2 of predictions\.bin do not fit their digest"):
        file.log_probs(2)


def test_those_of_another_run_are_refused(folder):
    with pytest.raises(DamagedRecordError, match=r"the classes of predictions\.bin do not fit their digest"):
        StoredPredictions(folder, "another").labels()


@pytest.mark.parametrize(
    "line",
    [
        b"no json\n",
        b'{"round":0,"dtype":"|O","shape":[4],"digest":""}\n',
        b'{"round":0,"dtype":"<f4","shape":[-4],"digest":""}\n',
        b'{"round":0,"dtype":"<f4","shape":[true],"digest":""}\n',
        b'{"round":0,"dtype":"<f4","shape":"abc","digest":""}\n',
        b'{"round":0,"dtype":"<f4","shape":[],"digest":""}\n',
        b"[" * 900 + b"\n",
        b"x" * 2000,
    ],
    ids=["a text", "objects", "a negative length", "a truth value", "a text for a shape", "no shape", "deep", "long"],
)
def test_anything_else_is_refused_without_being_run(tmp_path, line):
    (tmp_path / NAME).write_bytes(line)
    with pytest.raises(DamagedRecordError, match="holds what is no block of an array"):
        StoredPredictions(tmp_path, "start")


def test_lengths_that_the_file_does_not_have_are_not_allocated(tmp_path):
    (tmp_path / NAME).write_bytes(b'{"round":0,"dtype":"<f8","shape":[1000000000,1000000000],"digest":""}\n')
    assert StoredPredictions(tmp_path, "start").rounds == []
