"""Random and extreme instances for the kernel tests."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

DTYPES = (torch.float32, torch.float64)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def mc_log_probs(seed: int, rows: int, draws: int, classes: int, dtype: torch.dtype, kind: str) -> Tensor:
    """[N, K, C] normalised log-probabilities.

    Kinds: `mild` and `sharp` logits, `extreme` logits of ±1e4, `certain` rows with p exactly 0 and 1,
    `agreeing` draws that are all the same.
    """
    generator = seeded(seed)
    logits = torch.randn(rows, draws, classes, generator=generator, dtype=torch.float64)
    if kind == "agreeing":
        logits = logits[:, :1].expand(-1, draws, -1)
    if kind == "certain":
        log_probs = torch.full_like(logits, -math.inf)
        log_probs.scatter_(2, logits.argmax(2, keepdim=True), 0.0)
        return log_probs.to(dtype)
    scale = {"mild": 1.0, "sharp": 8.0, "extreme": 0.0, "agreeing": 3.0}[kind]
    logits = logits.sign() * 1e4 if kind == "extreme" else logits * scale
    return logits.to(dtype).log_softmax(-1)


def instances(count: int = 24) -> Iterator[Tensor]:
    """Several hundred instances over kinds, dtypes and sizes, one draw and two classes among them."""
    for seed in range(count):
        generator = seeded(1_000 + seed)
        draws = 1 if seed % 4 == 0 else int(torch.randint(2, 9, (), generator=generator))
        classes = int(torch.randint(2, 8, (), generator=generator))
        for kind in ("mild", "sharp", "extreme", "certain", "agreeing"):
            for dtype in DTYPES:
                yield mc_log_probs(seed, 5, draws, classes, dtype, kind)
