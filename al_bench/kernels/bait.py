"""BAIT: the batch whose Fisher information about the last layer best covers that of the whole pool.

The Fisher information of row x about the last layer's weights is I(x) = V Vᵀ, V = L ⊗ h [C·D, C − 1] (`fisher`).
With M = λ I + w Σ_labelled I(x) and F the pool's mean of I(x), the batch S of B rows is to minimise

    tr (M + v Σ_{x ∈ S} I(x))⁻¹ F,

where w = 1 / (L + B) and v = B / (L + B) as published, or w = v = 1 where all information is summed.

Forward: rows are added one by one, each time the one that lowers the trace most, up to a multiple of the batch.
Backward: rows are removed again, each time the one that raises it least. Both are exact, and no N × C·D tensor exists:

- With P = M⁻¹ and Q = P F P, row x lowers the trace by tr (I + J)⁻¹ R, J = Vᵀ P V, R = Vᵀ Q V [C − 1, C − 1]: only
  these are kept of each row. They start as sums of quadratic forms hᵀ P_cc' h of blocks.
- A pick changes P by −U Uᵀ and Q by −U Zᵀ − Z Uᵀ with U = P V (I + J)^(−1/2), Z = P F U − U (Uᵀ F U) / 2, and so J
  and R by products of Vᵀ U and Vᵀ Z: one matrix product with the features [N, D], O(N D C²) a pick.
- Backward works on the picks' own matrix E = (I + Wᵀ P W)⁻¹, W all their V side by side and P before the first:
  its blocks are I − Vᵀ M⁻¹ V, which subtraction would lose where a pick is all that is known of a direction.

Letters: N rows, C classes, D features, L labelled, k = C − 1, G groups, E numbers of weights in a group. Everything is
computed in float64 and in units of λ = 1; F is scaled to trace 1, which changes no choice.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from al_bench.errors import ScoreError
from al_bench.kernels.fisher import FISHERS, FisherRows
from al_bench.kernels.select import check_batch, tie_keys

WEIGHTINGS = ("paper", "sum")

_TIE = 1e-9
"""Changes of the trace that differ by less than this share of themselves count as equal."""

_RECOMPUTE = 1e-2
"""Once the gains have fallen to this share of what they were, all matrices are computed anew."""


def select_bait(
    log_probs_nc: Tensor,
    features_nd: Tensor,
    labelled_log_probs_lc: Tensor,
    labelled_features_ld: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    regulariser: float = 1.0,
    oversample: float = 2.0,
    fisher: str = "full",
    labelled_weighting: str = "paper",
    chunk: int = 1024,
    picked: Callable[[], object] | None = None,
) -> Tensor:
    """A batch by forward and backward greedy search for argmin_S tr (λ I + w Σ_labelled I(x) + v Σ_S I(x))⁻¹ F.

    Of several rows that change the trace equally (to 1e-9 of the change) the one with the lowest of N random keys
    is picked, and the one with the highest key is removed.

    Args:
        log_probs_nc: [N, C] log-probabilities of the candidates' predictions, nats.
        features_nd: [N, D] inputs of the last layer; with a column of ones the bias is part of the layer.
        labelled_log_probs_lc: [L, C] the same of the labelled points; L may be 0.
        labelled_features_ld: [L, D] the same.
        batch: B, 0 ≤ B ≤ N.
        generator: source of the keys.
        regulariser: λ > 0, in units of the squared features.
        oversample: ≥ 1; ⌈oversample · B⌉ rows are picked, N at most, and all but B are removed.
        fisher: "full", or "block_diagonal": the information between different classes' weights is left out, so that
            there are C matrices of D² in place of one of (C D)². For many classes, where the full matrix does not fit
            into memory; the batch is another one.
        labelled_weighting: "paper": w = 1 / (L + B) and v = B / (L + B), so that the labelled points together weigh as
            their share of all L + B points says, and each pick as much as B labelled points; "sum": w = v = 1, so that
            a labelled point counts like a pick, and λ is L + B times as weak. Without labelled points both are one.
        chunk: rows per block.
        picked: called after each pick of the forward search, for a progress bar.

    Returns:
        [B] int64 rows in the order picked. Memory: four float64 matrices of (C D)² and two of N (C − 1)².
        Cost: O(N (C D)²) at the start, O(N D C²) a pick. The picks' own matrices are (oversample · B (C − 1))².

    Raises:
        ValueError: the batch is negative or larger than N, the shapes do not match, or an option is out of range.
        ScoreError: an input is not finite, or the features are too large or too small for λ in float64.

    Source: Ash et al. 2021, algorithm 1, with the weights of the authors' code. Departure: F is of the candidates alone
    (there of all points).
    """
    rows_count = len(log_probs_nc)
    check_batch(batch, rows_count)
    shapes = [list(t.shape) for t in (log_probs_nc, features_nd, labelled_log_probs_lc, labelled_features_ld)]
    widths = [shape[1:] for shape in shapes]
    heights = [shape[0] for shape in shapes]
    if log_probs_nc.ndim != 2 or features_nd.ndim != 2 or widths[:2] != widths[2:] or heights[::2] != heights[1::2]:
        raise ValueError(f"inputs of shapes {shapes}; [N, C], [N, D], [L, C] and [L, D] are needed")
    if not 0 < regulariser < math.inf or not 1 <= oversample < math.inf or fisher not in FISHERS:
        given = f"regulariser {regulariser}, oversample {oversample}, fisher {fisher!r}"
        raise ValueError(f"{given}; above 0, at least 1 and one of {', '.join(FISHERS)} are needed")
    if labelled_weighting not in WEIGHTINGS:
        raise ValueError(f"labelled_weighting {labelled_weighting!r}; one of {', '.join(WEIGHTINGS)} is needed")
    keys_n = tie_keys(rows_count, generator)
    if batch == 0:
        return torch.empty(0, dtype=torch.int64, device=features_nd.device)
    # A weight of the information is a regulariser divided by it: all is in units of λ = 1.
    known, unit = len(labelled_features_ld) + batch, regulariser
    of_pick, of_labelled = (unit * known / batch, unit * known) if labelled_weighting == "paper" else (unit, unit)
    pool = FisherRows(log_probs_nc, features_nd, of_pick, fisher, chunk, "candidate")
    labelled = FisherRows(labelled_log_probs_lc, labelled_features_ld, of_labelled, fisher, chunk, "labelled")
    information_gee = pool.information()
    information_gee /= information_gee.diagonal(dim1=1, dim2=2).sum().clamp_min(1e-300)
    inverse_gee = _inverse(labelled)
    keys_n = keys_n.to(features_nd.device)
    picks, vectors_gem = _forward(
        pool, labelled, inverse_gee, information_gee, min(rows_count, math.ceil(oversample * batch)), keys_n, picked
    )
    remaining = _backward(vectors_gem, inverse_gee, information_gee, keys_n[picks], batch)
    return torch.tensor(picks, dtype=torch.int64, device=features_nd.device)[remaining]


def _inverse(labelled: FisherRows, *vectors_gem: Tensor) -> Tensor:
    """(1 + Σ_labelled I(x) / λ + V Vᵀ)⁻¹ [G, E, E]."""
    precision_gee = labelled.information()
    precision_gee.diagonal(dim1=1, dim2=2).add_(1.0)
    for some_gem in vectors_gem:
        precision_gee += some_gem @ some_gem.mT
    return torch.cholesky_inverse(_cholesky(precision_gee))


def _forward(
    pool: FisherRows,
    labelled: FisherRows,
    inverse_gee: Tensor,
    information_gee: Tensor,
    picks: int,
    keys_n: Tensor,
    picked: Callable[[], object] | None,
) -> tuple[list[int], Tensor]:
    """Rows in the order picked, and their V side by side [G, E, picks · k].

    Updates subtract, and leave the rounding error of the larger numbers before them: once the gains have fallen to a
    hundredth of what they were, all matrices are computed anew.
    """

    def fresh() -> tuple[Tensor, Tensor]:
        inner_ngkk = pool.quadratic(inverse_gee)
        inner_ngkk.diagonal(dim1=2, dim2=3).add_(1.0)  # I + J
        return inner_ngkk, pool.quadratic(inverse_gee @ information_gee @ inverse_gee)

    inner_ngkk, outer_ngkk = fresh()
    since, before = 0, 0.0  # the number of picks that the inverse contains, and the gain of the first pick after them
    free_n = torch.ones(len(keys_n), dtype=torch.bool, device=keys_n.device)
    (groups, classes, width), size = pool.factors_ngck.shape[1:], pool.features_nd.shape[1]
    vectors_gem = inverse_gee.new_empty(*inverse_gee.shape[:2], picks * width)
    updates_gem = torch.empty_like(vectors_gem)
    rows: list[int] = []
    while True:
        gains_n = _gains(inner_ngkk, outer_ngkk, free_n, pool.chunk)
        if gains_n.max() < _RECOMPUTE * before:
            since = len(rows)
            inverse_gee = _inverse(labelled, vectors_gem[:, :, : since * width])
            inner_ngkk, outer_ngkk = fresh()
            gains_n = _gains(inner_ngkk, outer_ngkk, free_n, pool.chunk)
        highest = gains_n.max()
        if len(rows) == since:
            before = float(highest)
        equal = (gains_n >= highest - _TIE * highest.abs()).nonzero()[:, 0]
        row = int(equal[keys_n[equal].argmin()])
        columns = slice(len(rows) * width, (len(rows) + 1) * width)
        done_gem = updates_gem[:, :, since * width : columns.start]
        rows.append(row)
        free_n[row] = False
        if picked is not None:
            picked()
        vectors_gek = vectors_gem[:, :, columns] = pool.vectors(row)
        if len(rows) == picks:
            return rows, vectors_gem

        def apply(right_gek: Tensor, done_gem: Tensor = done_gem, inverse_gee: Tensor = inverse_gee) -> Tensor:
            return inverse_gee @ right_gek - done_gem @ (done_gem.mT @ right_gek)

        u_gek, z_gek = _low_rank(apply(vectors_gek), inner_ngkk[row], information_gee, apply)
        updates_gem[:, :, columns] = u_gek
        both_gcdk = torch.cat([u_gek, z_gek], dim=2).view(groups, classes, size, 2 * width) / pool.unit
        both_dm = both_gcdk.permute(2, 0, 1, 3).flatten(1)
        start = 0
        for factors_ngck, part_nd in pool.parts():
            projected = (part_nd.double() @ both_dm).view(len(part_nd), groups, classes, 2 * width)
            a_ngkk, b_ngkk = (factors_ngck.mT @ projected).split(width, dim=3)
            cross_ngkk = a_ngkk @ b_ngkk.mT
            inner_ngkk[start : start + len(part_nd)] -= a_ngkk @ a_ngkk.mT
            outer_ngkk[start : start + len(part_nd)] -= cross_ngkk + cross_ngkk.mT
            start += len(part_nd)


def _backward(
    vectors_gem: Tensor, inverse_gee: Tensor, information_gee: Tensor, keys_s: Tensor, batch: int
) -> list[int]:
    """Positions of the `batch` picks that remain, in their order."""
    remaining = list(range(len(keys_s)))
    if len(remaining) == batch:
        return remaining
    width = vectors_gem.shape[2] // len(keys_s)
    inverse_gem = inverse_gee @ vectors_gem
    gram_gmm = inverse_gem.mT @ information_gee @ inverse_gem
    own_gmm = vectors_gem.mT @ inverse_gem
    own_gmm.diagonal(dim1=1, dim2=2).add_(1.0)
    own_gmm = torch.cholesky_inverse(_cholesky(own_gmm))  # E
    outer_gmm = own_gmm @ gram_gmm @ own_gmm
    while len(remaining) > batch:
        losses = _trace(_blocks(own_gmm, width)[remaining], _blocks(outer_gmm, width)[remaining])
        lowest = losses.min()
        equal = (losses <= lowest + _TIE * lowest.abs()).nonzero()[:, 0].tolist()
        removed = max((remaining[position] for position in equal), key=lambda s: float(keys_s[s]))
        remaining.remove(removed)
        columns = slice(removed * width, (removed + 1) * width)
        u_gmk, z_gmk = _low_rank(own_gmm[:, :, columns], own_gmm[:, columns, columns], gram_gmm, own_gmm.matmul)
        own_gmm = own_gmm - u_gmk @ u_gmk.mT
        cross_gmm = u_gmk @ z_gmk.mT
        outer_gmm = outer_gmm - cross_gmm - cross_gmm.mT
    return remaining


def _low_rank(
    directions: Tensor, inner: Tensor, information: Tensor, apply: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """U and Z with P' = P − U Uᵀ and P' F P' = P F P − U Zᵀ − Z Uᵀ; `directions` is P V, `apply` multiplies by P."""
    u = torch.linalg.solve_triangular(_cholesky(inner).mT, directions, upper=True, left=False)
    information_u = information @ u
    return u, apply(information_u) - u @ (u.mT @ information_u) / 2


def _gains(inner_ngkk: Tensor, outer_ngkk: Tensor, free_n: Tensor, chunk: int) -> Tensor:
    """[N] how much each row would lower the trace; −inf for a row that was picked."""
    parts = zip(inner_ngkk.split(chunk), outer_ngkk.split(chunk), strict=True)
    return torch.where(free_n, torch.cat([_trace(*part) for part in parts]), -torch.inf)


def _trace(inner_ngkk: Tensor, outer_ngkk: Tensor) -> Tensor:
    """tr K⁻¹ R [N], summed over the groups."""
    lower_ngkk = _cholesky(inner_ngkk)
    if lower_ngkk.shape[-1] == 1:  # 0.5 s a pick less for 50,000 rows of 100 classes
        return (outer_ngkk / lower_ngkk.square()).sum((1, 2, 3))
    return torch.cholesky_solve(outer_ngkk, lower_ngkk).diagonal(dim1=2, dim2=3).sum((1, 2))


def _cholesky(matrices: Tensor) -> Tensor:
    lower, fault = (matrices.sqrt(), ~(matrices > 0)) if matrices.shape[-1] == 1 else torch.linalg.cholesky_ex(matrices)
    if fault.any():
        raise ScoreError("the Fisher information is singular to rounding; scale the features or the regulariser")
    return lower


def _blocks(matrix_gmm: Tensor, width: int) -> Tensor:
    """[picks, G, k, k] on the diagonal."""
    groups, size = matrix_gmm.shape[:2]
    picks = size // width
    return matrix_gmm.view(groups, picks, width, picks, width).diagonal(dim1=1, dim2=3).permute(3, 0, 1, 2)
