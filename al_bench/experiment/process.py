"""What a run sets or asks of its process as a whole: threads, kernels, the allocator, the device, whom it ends with."""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING

from al_bench.errors import InputError

if TYPE_CHECKING:
    import torch


def set_threads(count: int) -> None:
    """Bind torch, BLAS and OpenMP to `count` threads: results differ bit for bit with their number.

    On a GPU float32 convolutions are computed in float32, too: in TF32, torch's default, log-probabilities of the CNNs
    of MNIST were up to 0.005 nats from the CPU's (H100), and they are 3e-5 without it.
    """
    import threadpoolctl
    import torch

    warn_of_threads(count)

    torch.set_num_threads(count)
    threadpoolctl.threadpool_limits(count)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False


@functools.lru_cache
def warn_of_threads(count: int) -> None:
    """Say on stderr, once a process, that there are more threads than cores: only slower, and no fault of a record."""
    if count > (cores := os.cpu_count() or count):
        line = f"threads is {count} and this machine has {cores} cores: the same results, more slowly"
        print(f"al-bench run: {line}", file=sys.stderr)


def keep_freed_memory() -> None:
    """Raise glibc's mmap threshold so that freed activations are reused, not returned to the operating system.

    glibc maps a block above a threshold from the system and returns it when freed, so that every activation of some
    megabytes is paid for in page faults; a freed block of up to 32 MB raises the threshold to its size. The trunk of a
    small ResNet on 1,000 images, one core of an AMD EPYC: 0.50 s without and 0.36 s with it. Of no effect elsewhere.
    """
    import torch

    torch.empty(2**25 - 2**16, dtype=torch.uint8)


def pick_device(name: str) -> torch.device:
    """The device named: auto takes CUDA where there is any.

    Raises:
        InputError: cuda was asked for and there is none.
    """
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device is cuda and this machine has no CUDA device; set device=cpu or device=auto")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def end_with_parent(number: int) -> None:
    """Have the system send this process a signal when the one that started it ends; of no effect but on Linux."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, number)
