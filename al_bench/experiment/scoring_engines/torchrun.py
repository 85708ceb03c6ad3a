"""`engine=torchrun`: pieces of a round's work in the processes that torchrun starts, by torch.distributed over gloo.

Rank 0 does the run, prints and records. The other ranks, its helpers, wait for the work of a round, compute every so
many of its parts and send back what came out; rank 0 does its own share and puts all in order. A helper sends a part
when rank 0 asks for it, so that nothing piles up. Helpers leave signals to rank 0 and end with it. On GPUs each rank
computes on its own (`cuda:LOCAL_RANK`), and what they tell each other goes by the CPU.
"""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import psutil
import torch
from torch import Tensor, distributed

from al_bench.errors import Terminated
from al_bench.experiment.process import end_with_parent, keep_freed_memory, set_threads
from al_bench.experiment.scoring_engines.engine import ScoringEngine, WorkerError, as_arrays, as_tensors, in_parts
from al_bench.experiment.scoring_engines.parcel import Parcel, pack, unpack

T = TypeVar("T")

PATIENCE = timedelta(days=365)
"""Of helpers, while rank 0 trains. A process that ends, or a machine that closes its connections, is seen at once."""

INTERRUPTING = (signal.SIGINT, signal.SIGTERM)


class TorchrunRanks(ScoringEngine):
    """The ranks of torchrun, seen from rank 0."""

    def __init__(self) -> None:
        self._processes: list[tuple[str, int]] = []
        self._parent = os.getppid()

    def __enter__(self) -> Self:
        end_with_parent(signal.SIGTERM)
        self._processes = _join()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Torchrun ends all ranks by SIGTERM where one has ended by itself: that is no interruption.

        Raises:
            WorkerError: in place of that.
        """
        if isinstance(error, KeyboardInterrupt) and not self._torchrun_ended and (lost := self._lost()):
            raise _ended(lost) from None

    def map(self, work: Callable[[slice], T], pieces: Sequence[slice]) -> Generator[T, None, None]:
        ranks = distributed.get_world_size()
        parts = in_parts(pieces, ranks)
        with self._talking():
            _broadcast(pack(work), parts)
        for number, part in enumerate(parts):
            rank = number % ranks
            if rank == 0:
                yield from map(work, part)
                continue
            with self._talking():
                parcel = _receive(rank)
            results = unpack(parcel)
            if isinstance(results, BaseException):
                raise results
            yield from map(as_tensors, results)

    @contextmanager
    def _talking(self) -> Iterator[None]:
        """Inside, a connection that breaks means a rank that has ended."""
        try:
            yield
        except RuntimeError as error:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # which torchrun sends to the ranks that are left
            if self._torchrun_ended:
                raise Terminated from error
            raise _ended(self._lost() or ["another rank"]) from error

    @property
    def _torchrun_ended(self) -> bool:
        """Whether torchrun is no more, with which all ranks end; its threads end one after the other."""
        time.sleep(0.5)
        return os.getppid() != self._parent

    def _lost(self) -> list[str]:
        """The ranks of this machine that are no more."""
        here = self._processes[0][0] if self._processes else ""
        return [
            f"rank {rank}"
            for rank, (host, process) in enumerate(self._processes)
            if host == here and not _is_alive(process)
        ]


def _ended(ranks: Sequence[str]) -> WorkerError:
    return WorkerError(
        f"{' and '.join(ranks)} of torchrun was ended from outside, as a system does that is short of memory; the same "
        "command goes on after the last round on record"
    )


def _is_alive(process: int) -> bool:
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def serve() -> int:
    """What a helper does until rank 0 has ended; returns its exit status."""
    end_with_parent(signal.SIGKILL)
    for number in INTERRUPTING:
        signal.signal(number, signal.SIG_DFL)  # rank 0 may refuse the run, and never come
    set_threads(1)
    keep_freed_memory()
    _join()
    for number in INTERRUPTING:
        signal.signal(number, signal.SIG_IGN)
    rank, ranks = distributed.get_rank(), distributed.get_world_size()
    try:
        while (given := _broadcast(None)) is not None:
            parcel, parts = given
            for results in _compute(parcel, parts[rank::ranks]):
                _send(pack(results))
            del parcel, given  # before the next one comes
    except RuntimeError:  # rank 0 has ended, and its exit status says how
        return 0
    distributed.destroy_process_group()
    return 0


def dismiss() -> None:
    """End the helpers, where rank 0 has nothing more to do."""
    if not distributed.is_initialized():  # it had nothing to do
        _join()
    _broadcast(Parcel(b"", ()))
    distributed.destroy_process_group()


def _join() -> list[tuple[str, int]]:
    """Meet the other ranks.

    Returns:
        Of each its machine and the number of its process.
    """
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
    distributed.init_process_group("gloo", timeout=PATIENCE)
    processes: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(processes, (os.uname().nodename, os.getpid()))
    return processes


def _compute(parcel: Parcel, parts: Sequence[Sequence[slice]]) -> Iterator[list[Any] | BaseException]:
    """The results of each part; in place of the first that cannot be computed, what was raised, and nothing more."""
    try:
        work = unpack(parcel)
        for part in parts:
            yield [as_arrays(work(piece)) for piece in part]
    except Exception as error:
        yield error


def _broadcast(parcel: Parcel | None, parts: Sequence[Any] = ()) -> tuple[Parcel, Sequence[Any]] | None:
    """From rank 0 to all others a parcel with the parts that it is for.

    Args:
        parcel: What rank 0 sends, an empty one where all is done; None: receive it.
        parts: With it.

    Returns:
        What was sent; None where all is done.
    """
    tensors = [] if parcel is None else _tensors(parcel)
    head = [([len(tensor) for tensor in tensors], list(parts))]
    distributed.broadcast_object_list(head, src=0)
    sizes, parts = head[0]
    tensors = tensors or [torch.empty(size, dtype=torch.uint8) for size in sizes]
    for tensor in tensors:
        if len(tensor):
            distributed.broadcast(tensor, src=0)
    parcel = _parcel(tensors)
    return (parcel, parts) if parcel.content else None


def _send(parcel: Parcel) -> None:
    """To rank 0."""
    tensors = _tensors(parcel)
    distributed.send_object_list([[len(tensor) for tensor in tensors]], dst=0)
    for tensor in tensors:
        distributed.send(tensor, dst=0)


def _receive(rank: int) -> Parcel:
    sizes: list[Any] = [None]
    distributed.recv_object_list(sizes, src=rank)
    tensors = [torch.empty(size, dtype=torch.uint8) for size in sizes[0]]
    for tensor in tensors:
        distributed.recv(tensor, src=rank)
    return _parcel(tensors)


def _tensors(parcel: Parcel) -> list[Tensor]:
    """What is sent of a parcel; nothing is written to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return [torch.from_numpy(part) for part in (np.frombuffer(parcel.content, np.uint8), *parcel.large)]


def _parcel(tensors: Sequence[Tensor]) -> Parcel:
    content, *large = [tensor.numpy() for tensor in tensors]
    return Parcel(content.tobytes(), large)
