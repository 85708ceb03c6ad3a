"""How far two classifications of the same rows agree. Letters: N rows, C classes."""

from __future__ import annotations

import torch
from torch import Tensor


def cohens_kappa(first_n: Tensor, second_n: Tensor) -> float:
    """κ = (p_o − p_e) / (1 − p_e), at most 1, which is agreement on every row; 0 is what chance gives.

    p_o is the share of rows on which both agree, p_e = Σ_c p_c q_c with the share of the rows that each gives to the
    class c. Where both give all rows to one and the same class p_e is 1 and the fraction 0 / 0: κ is 1 then, as they
    agree wholly. Computed in integers, with one division at the end.

    Args:
        first_n: [N] classes from 0, int64.
        second_n: [N] classes of the same rows.

    Returns:
        Between −1 and 1.

    Raises:
        ValueError: the shapes differ, or there is no row.

    Source: Cohen 1960; as agreement of successive models on a stop set: Bloodgood & Vijay-Shanker 2009.
    """
    if first_n.shape != second_n.shape or first_n.ndim != 1 or not len(first_n):
        raise ValueError(f"two vectors [N] with N above 0 are needed, not {[*first_n.shape]} and {[*second_n.shape]}")
    rows, classes = len(first_n), 1 + int(torch.maximum(first_n, second_n).max())
    agreed = int((first_n == second_n).sum())
    by_chance = int((torch.bincount(first_n, minlength=classes) * torch.bincount(second_n, minlength=classes)).sum())
    if by_chance == rows**2:
        return 1.0
    return (rows * agreed - by_chance) / (rows**2 - by_chance)
