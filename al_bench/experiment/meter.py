"""Seconds and peak memory of the stages of a round."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psutil


class Meter:
    """Measures the named stages of one round after another.

    Args:
        device: Its type: cpu or cuda.
        previous: What the round before took, stage to seconds, to tell how long a stage may take.
        interval: Seconds between two readings of the memory.

    Attributes:
        seconds: Stage to wall-clock seconds.
        peak_memory_bytes: Stage to the highest memory seen, in bytes: the process's resident memory, sampled
            every 10 ms (a per-stage peak, not the process's all-time mark), or on CUDA the allocator's peak.
    """

    def __init__(
        self, device: str = "cpu", previous: Mapping[str, float] | None = None, interval: float = 0.01
    ) -> None:
        self.device = device
        self.interval = interval
        self.previous: dict[str, float] = {}
        self.seconds: dict[str, float] = dict(previous or {})
        self.peak_memory_bytes: dict[str, int] = {}

    def start_round(self) -> None:
        """Begin a new round: what was measured so far is that of the round before."""
        self.previous, self.seconds, self.peak_memory_bytes = self.seconds, {}, {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the body of a with statement as `name`."""
        began = time.perf_counter()
        with self._cuda_peak(name) if self.device == "cuda" else self._resident_peak(name):
            yield
        self.seconds[name] = time.perf_counter() - began

    @contextmanager
    def _resident_peak(self, name: str) -> Iterator[None]:
        process, done = psutil.Process(), threading.Event()
        peak = process.memory_info().rss

        def sample() -> None:
            nonlocal peak
            while not done.wait(self.interval):
                peak = max(peak, process.memory_info().rss)

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self.peak_memory_bytes[name] = max(peak, process.memory_info().rss)

    @contextmanager
    def _cuda_peak(self, name: str) -> Iterator[None]:
        import torch

        torch.cuda.reset_peak_memory_stats()
        yield
        torch.cuda.synchronize()
        self.peak_memory_bytes[name] = torch.cuda.max_memory_allocated()
