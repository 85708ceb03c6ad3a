"""Log-probabilities made probabilities, fast and to the same bits wherever they stand."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LOG2_E = 1 / math.log(2)
"""Draws are made probabilities as 2^(x · log₂ e): the processor's vectors have a faster exp2 than exp.

10,000 × 100 × 10 float32 on one core of an AMD EPYC (AVX-512), CPU time, exp and exp2: alone 8.6 and 3.0 ms, entropy of
the mean 12.3 and 8.2, BALD 16.1 and 11.8. Rounding x · log₂ e puts p wrong by at most 6e-8 |x| p, which is below 2.3e-8
for every x ≤ 0.
"""

_VECTORS, _SHARE = 64, 1 << 15
"""exp2 takes whole vectors of this many elements, and threads such a share each: what is left over at the end of a
tensor, or of a thread's part of it, would go another way and end in other bits."""

LOG_ZERO = -1e4
"""Stands for log 0: finite, so that 0 · log 0 = 0, and its exponential is exactly 0 even in float64."""


class Probabilities:
    """p and log₂ p of chunk after chunk, in buffers that are used again: fresh ones cost page faults."""

    def __init__(self) -> None:
        self._log2 = self._probs = torch.empty(0)

    def __call__(self, log_probs: Tensor, both: bool = False) -> tuple[Tensor, Tensor]:
        """p, and where `both` log₂ p (`LOG_ZERO` at least); valid until the next call.

        An element's bits do not depend on its place.
        """
        count = log_probs.numel()
        size = -(-count // _VECTORS) * _VECTORS
        if len(self._log2) < size:
            self._log2 = log_probs.new_zeros(size)
            self._probs = torch.empty_like(self._log2) if both else self._log2
        log2_flat, probs_flat = self._log2[:size], self._probs[:size]
        log2_probs = torch.mul(log_probs, LOG2_E, out=log2_flat[:count].view(log_probs.shape))
        if both:
            log2_probs.clamp_(min=LOG_ZERO)
        blocks = _blocks(size, torch.get_num_threads())
        for source, target in zip(log2_flat.split(blocks), probs_flat.split(blocks), strict=True):
            torch.exp2(source, out=target)
        return probs_flat[:count].view(log_probs.shape), log2_probs


def _blocks(size: int, threads: int) -> list[int]:
    """Sizes of parts, the first for torch to give to all threads in equal shares of whole vectors, the others to one.

    It splits a tensor evenly among as many threads as it has shares of 2¹⁵ elements, and leaves less than one whole.
    """
    if threads == 1:
        return [size]
    shared = size // (threads * _VECTORS) * (threads * _VECTORS)
    shared = shared if shared >= threads * _SHARE else 0
    alone, last = divmod(size - shared, _SHARE - _VECTORS)
    return [shared] * (shared > 0) + [_SHARE - _VECTORS] * alone + [last] * (last > 0 or size == 0)
