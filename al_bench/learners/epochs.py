"""Epoch after epoch of a training: the order of the labelled points, and whether the losses are finite."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from al_bench.errors import BenchError
from al_bench.learners.pass_rows import moved

UNREAD_EPOCHS = 32
"""On a GPU, epochs whose losses are read together, since reading waits for the device, and whose order is sent to it
together."""


def batches(size: int, batch: int, length: int | None, generator: torch.Generator) -> Iterator[Tensor]:
    """Positions of the batches of one epoch.

    Args:
        size: L, the number of labelled points.
        batch: Points a batch, at most L unless `length` is given.
        length: None: one permutation, the last batch smaller (a last batch of one joins the one before it, since
            BatchNorm cannot train on a single point). Else this many draws from a cycle of permutations.
        generator: Of the order, on the CPU.

    Yields:
        [n] positions in the labelled set.
    """
    if length is None:
        order, length = torch.randperm(size, generator=generator), size
    else:
        cycles = [torch.randperm(size, generator=generator) for _ in range(math.ceil(length / size))]
        order = torch.cat(cycles)[:length]
    start = 0
    while start < length:
        end = length if length - start - batch <= (batch > 1) else start + batch
        yield order[start:end]
        start = end


def batch_count(length: int, batch: int) -> int:
    """How many batches `batches` makes of an epoch of `length` points."""
    whole, rest = divmod(length, batch)
    return max(1, whole + (rest > 1))


def rows_of_epochs(
    epoch: Callable[[], Iterator[Tensor]], at_once: int, device: torch.device
) -> Iterator[Sequence[Tensor]]:
    """The batches of epoch after epoch, without end, on the device.

    Args:
        epoch: Draws the batches [n] of the next epoch, on the CPU.
        at_once: How many epochs are drawn, and sent in one transfer; the same order whatever the number.
        device: Where the rows are needed.
    """
    while True:
        drawn = [list(epoch()) for _ in range(at_once)]
        sizes = [len(rows) for of_epoch in drawn for rows in of_epoch]
        sent = iter(moved(torch.cat([rows for of_epoch in drawn for rows in of_epoch]), device).split(sizes))
        yield from ([next(sent) for _ in of_epoch] for of_epoch in drawn)


class EpochLosses:
    """Refuses a training whose loss is not finite.

    Args:
        every: How many epochs' losses are read together.
        size: L, labelled points, for the message.
        lr: `training.lr`, for the message.
    """

    def __init__(self, every: int, size: int, lr: float) -> None:
        self._every, self._size, self._lr = every, size, lr
        self._seen, self._unread = 0, list[Tensor]()

    def add(self, loss: Tensor) -> None:
        """The loss [] of one more epoch; every `every` of them are read."""
        self._unread.append(loss)
        if len(self._unread) == self._every:
            self.check()

    def check(self) -> None:
        """Read the losses that have not been read.

        Raises:
            BenchError: one of them is not finite.
        """
        if not self._unread:
            return
        for epoch, loss in enumerate(torch.stack(self._unread).tolist(), self._seen + 1):
            if not math.isfinite(loss):
                raise BenchError(
                    f"training diverged: the loss is {loss} in epoch {epoch} with {self._size} labelled points; "
                    f"lower training.lr (it is {self._lr})"
                )
        self._seen += len(self._unread)
        self._unread = []
