"""What the engines have in common: pieces of a round's work in, their results in the order of the pieces out.

The borders of the pieces are given. No engine draws them anew, and each piece is computed by one thread wherever it
falls to: what comes out is the same, bit for bit, whoever computes it and however many there are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import torch

from al_bench.errors import BenchError

T = TypeVar("T")

TOGETHER, SHARES = 8, 16
"""A worker gets up to so many pieces at a time, and fewer where they are less than so many such parts a worker."""


class WorkerError(BenchError):
    """A worker ended by itself; the run fails, and the same command goes on."""


class ScoringEngine(ABC):
    """Computes the pieces of each round's work.

    Its workers, where they live longer than a round, begin with a `with` statement and end with it.
    """

    sends = True
    """Whether results come from other processes, so that what is left out of them is not sent."""

    @abstractmethod
    def map(self, work: Callable[[slice], T], pieces: Sequence[slice]) -> Generator[T, None, None]:
        """What `work` gives for each piece, in the order of the pieces.

        Args:
            work: Its results are tensors, None, or tuples and dictionaries of them. It runs in the workers as it is
                here and now, with everything that it refers to.
            pieces: What it is called with. A worker does a part of them, in their order.

        Raises:
            WorkerError: A worker was ended from outside, for good.
            BaseException: What `work` raises.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def in_parts(pieces: Sequence[slice], workers: int) -> list[Sequence[slice]]:
    """The pieces in their order, some together: what a worker is given at a time.

    Args:
        pieces: All of them.
        workers: Those that share them.
    """
    together = max(1, min(TOGETHER, len(pieces) // (SHARES * workers)))
    return [pieces[start : start + together] for start in range(0, len(pieces), together)]


def as_arrays(value: Any) -> Any:
    """Tensors of the CPU as NumPy arrays, which go to another process by value: torch would share files of memory."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy() if value.device.type == "cpu" else value
    if isinstance(value, tuple):
        return tuple(map(as_arrays, value))
    if isinstance(value, dict):
        return {key: as_arrays(part) for key, part in value.items()}
    return value


def as_tensors(value: Any) -> Any:
    """What `as_arrays` had been given."""
    if isinstance(value, tuple):
        return tuple(map(as_tensors, value))
    if isinstance(value, dict):
        return {key: as_tensors(part) for key, part in value.items()}
    if hasattr(value, "__array_interface__"):  # Ray's are read-only views of its store
        return torch.from_numpy(value if value.flags.writeable else value.copy())
    return value
