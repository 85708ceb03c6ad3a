"""How scores become rows: one rule for the highest scores, for ties and for the size of a batch."""

from __future__ import annotations

import torch
from torch import Tensor

from al_bench.errors import ScoreError


def check_batch(batch: int, rows_count: int) -> None:
    """Refuse a batch that cannot be chosen.

    Args:
        batch: B, how many rows are asked for.
        rows_count: N, how many rows there are.

    Raises:
        ValueError: the batch is negative or larger than N.
    """
    if not 0 <= batch <= rows_count:
        raise ValueError(f"a batch of {batch} rows cannot be chosen from {rows_count} rows")


def tie_keys(count: int, generator: torch.Generator) -> Tensor:
    """[count] float64 random keys by which equal rows are ordered, the lowest first.

    A selection that breaks ties draws them from its generator before anything else, one for every row of the pool: the
    winners of ties then follow from the generator's state alone, before any row is scored.

    Args:
        count: The number of rows.
        generator: Source of the keys, which are on its device.
    """
    return torch.rand(count, generator=generator, dtype=torch.float64, device=generator.device)


def select_top(scores_n: Tensor, batch: int, generator: torch.Generator) -> Tensor:
    """The rows of the B highest scores, highest first; equal scores are in random order.

    Every call draws N random keys from the generator, whether there are ties or not, and orders rows by (−score, key,
    row). The result is a function of the scores and the generator's state alone; it does not depend on chunks, on the
    number of threads, or on the tie order of `torch.topk`, which is arbitrary. Only the rows that reach the B-th
    highest score are sorted. 0 and −0 are equal; infinite scores are ordered like numbers (`scores.check_scores`
    refuses them where they are faults).

    Args:
        scores_n: [N] scores, higher is better.
        batch: B, how many rows, 0 ≤ B ≤ N.
        generator: source of the keys, on its own device.

    Returns:
        [B] int64 rows.

    Raises:
        ValueError: the batch is negative or larger than N, or the scores are not a vector.
        ScoreError: a score is NaN.
    """
    if scores_n.ndim != 1:
        raise ValueError(f"scores of shape {list(scores_n.shape)}; one score a row is needed, shape [N]")
    check_batch(batch, len(scores_n))
    nan_n = scores_n.isnan()
    if nan_n.any():
        row = int(nan_n.nonzero()[0, 0])
        raise ScoreError(f"the score of row {row} is NaN ({int(nan_n.sum())} of {len(scores_n)} rows are)")
    keys_n = tie_keys(len(scores_n), generator)
    if batch == 0:
        return torch.empty(0, dtype=torch.int64, device=scores_n.device)
    scores_n = scores_n + 0.0  # −0 + 0 = 0: a radix sort would put −0 below 0
    threshold = scores_n.topk(batch).values[-1]
    rows = (scores_n >= threshold).nonzero()[:, 0]
    rows = rows[keys_n.to(scores_n.device)[rows].argsort(stable=True)]
    return rows[scores_n[rows].argsort(descending=True, stable=True)][:batch]
