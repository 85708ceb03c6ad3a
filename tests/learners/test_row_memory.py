"""Memory that is used again: never while somebody still looks at it."""

from __future__ import annotations

import torch

from al_bench.learners.row_memory import RowMemory


def test_memory_that_nobody_refers_to_is_used_again():
    memory = RowMemory()
    first = memory.rows(100, 7).data_ptr()
    assert memory.rows(90, 7).data_ptr() == first
    assert memory.rows(90, 7).shape == (90, 7)


def test_rows_that_are_still_referred_to_keep_their_values():
    memory = RowMemory()
    kept = memory.rows(20, 3)
    kept[:] = torch.arange(60.0).reshape(20, 3)
    part = kept[4:6]
    del kept
    memory.rows(20, 3).zero_()
    assert part.tolist() == [[12.0, 13.0, 14.0], [15.0, 16.0, 17.0]]
