"""The predictions for the stop set on disk: read as they were written, small, and bound to their run and set."""

from __future__ import annotations

import numpy as np
import pytest

from al_bench.storage.rounds import DamagedRecordError
from al_bench.storage.stop_set import NAME, StoredStopSet

INDICES = np.array([3, 70_000, 70_001])


@pytest.mark.parametrize("classes", [[0, 9, 2], [0, 255, 1], [256, 0, 4], [70_000, 0, 1], [0, 0, 0]])
def test_what_is_read_is_what_was_written(tmp_path, classes):
    StoredStopSet(tmp_path, "start", INDICES).append(4, np.array(classes))
    found = StoredStopSet(tmp_path, "start", INDICES)
    assert found.classes(4).tolist() == classes
    assert found.classes(4).dtype == np.int64
    assert found.classes(3) is None


def test_a_round_of_a_thousand_points_takes_about_a_kilobyte(tmp_path):
    stored = StoredStopSet(tmp_path, "start", np.arange(1000))
    stored.append(0, np.arange(1000) % 10)
    first = (tmp_path / NAME).stat().st_size
    stored.append(1, np.arange(1000) % 10)
    assert (tmp_path / NAME).stat().st_size - first < 1150


def test_a_file_of_another_stop_set_begins_anew(tmp_path):
    StoredStopSet(tmp_path, "start", INDICES).append(0, np.array([0, 1, 2]))
    other = StoredStopSet(tmp_path, "start", INDICES[:2])
    assert other.classes(0) is None
    other.append(1, np.array([1, 1]))
    assert StoredStopSet(tmp_path, "start", INDICES[:2]).classes(1).tolist() == [1, 1]


def test_that_of_another_run_is_refused(tmp_path):
    StoredStopSet(tmp_path, "start", INDICES).append(0, np.array([0, 1, 2]))
    with pytest.raises(DamagedRecordError, match=r"the indices of stop_set\.bin do not fit their digest"):
        StoredStopSet(tmp_path, "another", INDICES)


def test_a_changed_byte_is_seen_and_one_cut_off_leaves_the_round_out(tmp_path):
    stored = StoredStopSet(tmp_path, "start", INDICES)
    stored.append(0, np.array([0, 1, 2]))
    stored.append(1, np.array([1, 1, 2]))
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(whole[:-1] + b"\x07")
    with pytest.raises(DamagedRecordError, match=r"round 1 of stop_set\.bin do not fit their digest"):
        StoredStopSet(tmp_path, "start", INDICES).classes(1)
    (tmp_path / NAME).write_bytes(whole[:-1])
    cut = StoredStopSet(tmp_path, "start", INDICES)
    assert cut.classes(1) is None
    cut.append(1, np.array([1, 1, 2]))
    assert (tmp_path / NAME).read_bytes() == whole
