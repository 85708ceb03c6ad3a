"""The order of the labelled points, epoch after epoch, and the losses of epochs."""

from __future__ import annotations

from itertools import islice

import pytest
import torch

from al_bench.errors import BenchError
from al_bench.learners.epochs import EpochLosses, batch_count, batches, rows_of_epochs


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 16, 17, 30])
@pytest.mark.parametrize("batch", [1, 2, 4, 8])
def test_an_epoch_covers_each_point_once(size, batch):
    batch = min(batch, size)
    parts = list(batches(size, batch, None, generator()))
    assert sorted(torch.cat(parts).tolist()) == list(range(size))
    assert len(parts) == batch_count(size, batch)
    assert all(len(part) == batch for part in parts[:-1])
    if batch > 1:
        assert len(parts[-1]) > 1  # BatchNorm cannot train on one point
        assert len(parts[-1]) <= batch + 1
    assert torch.cat(parts).tolist() == torch.cat(list(batches(size, batch, None, generator()))).tolist()


def test_a_last_batch_of_one_joins_the_one_before():
    assert [len(part) for part in batches(9, 4, None, generator())] == [4, 5]
    assert [len(part) for part in batches(10, 4, None, generator())] == [4, 4, 2]
    assert [len(part) for part in batches(3, 1, None, generator())] == [1, 1, 1]


def test_a_cycle_repeats_no_point_before_all_have_come():
    order = torch.cat(list(batches(5, 4, 24, generator())))
    assert len(order) == 24
    for start in range(0, 20, 5):
        assert sorted(order[start : start + 5].tolist()) == list(range(5))
    assert len({tuple(order[start : start + 5].tolist()) for start in range(0, 20, 5)}) > 1
    assert [len(part) for part in batches(5, 8, 24, generator())] == [8, 8, 8]  # full, though fewer are labelled


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_epochs_sent_together_have_the_order_of_epochs_sent_one_by_one(at_once):
    order, by_hand = generator(), generator()
    epochs = rows_of_epochs(lambda: batches(11, 4, None, order), at_once, torch.device("cpu"))
    for epoch in islice(epochs, 7):
        expected = list(batches(11, 4, None, by_hand))
        assert [rows.tolist() for rows in epoch] == [rows.tolist() for rows in expected]


@pytest.mark.parametrize("every", [1, 3, 50])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_is_refused_by_its_epoch(every, bad):
    losses = EpochLosses(every, 12, 0.5)

    def all_epochs():
        for loss in [1.0, 0.9, 0.8, 0.7, bad, 0.5, bad]:
            losses.add(torch.tensor(loss))
        losses.check()

    with pytest.raises(
        BenchError, match=rf"is {bad} in epoch 5 with 12 labelled points; lower training.lr \(it is 0.5"
    ):
        all_epochs()


def test_finite_losses_are_read_once():
    losses = EpochLosses(2, 12, 0.5)
    for loss in [1.0, 0.9, 0.8]:
        losses.add(torch.tensor(loss))
    losses.check()
    losses.check()  # nothing is left
