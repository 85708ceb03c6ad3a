"""Literal twin of BAIT: dense Fisher information of every row, one inverse for every row at every step."""

from __future__ import annotations

import numpy as np


def information(log_probs: list[float], features: list[float], block_diagonal: bool = False) -> np.ndarray:
    """(diag(p) − p pᵀ) ⊗ h hᵀ, of which only the classes' own blocks where asked."""
    p, h = np.exp(np.array(log_probs)), np.array(features)
    logits = np.diag(p) - np.outer(p, p)
    return np.kron(np.diag(np.diag(logits)) if block_diagonal else logits, np.outer(h, h))


def trace(precision: np.ndarray, pool: np.ndarray) -> float:
    return float(np.trace(np.linalg.inv(precision) @ pool))


def select_bait(
    candidates: list[np.ndarray],
    labelled: list[np.ndarray],
    batch: int,
    picks: int,
    regulariser: float,
    keys: list[float],
    weighting: str = "paper",
    tie: float = 1e-7,
) -> tuple[list[int], bool]:
    """Rows in the order picked, and whether every choice was clear: no other row within `tie` that is no copy.

    As published, the labelled points' mean information weighs L / (L + B), and that of a pick B / (L + B).
    """
    pool = sum(candidates) / len(candidates)
    precision, known = regulariser * np.eye(len(pool)), sum(labelled, np.zeros_like(pool))
    if weighting == "paper" and labelled:
        share = len(labelled) / (len(labelled) + batch)
        precision = precision + share * known / len(labelled)
        candidates = [batch / (len(labelled) + batch) * candidate for candidate in candidates]
    else:
        precision = precision + known
    rows: list[int] = []
    clear = True

    def equals(changes: dict[int, float], best: float) -> list[int]:
        nonlocal clear
        near = [n for n, change in changes.items() if abs(change - best) <= tie * abs(best)]
        clear &= all(np.array_equal(candidates[n], candidates[near[0]]) for n in near)
        return near

    for _ in range(picks):
        before = trace(precision, pool)
        free = [n for n in range(len(candidates)) if n not in rows]
        gains = {n: before - trace(precision + candidates[n], pool) for n in free}
        rows.append(min(equals(gains, max(gains.values())), key=lambda n: keys[n]))
        precision = precision + candidates[rows[-1]]
    while len(rows) > batch:
        before = trace(precision, pool)
        losses = {n: trace(precision - candidates[n], pool) - before for n in rows}
        removed = max(equals(losses, min(losses.values())), key=lambda n: keys[n])
        rows.remove(removed)
        precision = precision - candidates[removed]
    return rows, clear
