"""BatchBALD: the batch whose labels together tell most about the weights, built greedily.

a(S) = I[y_S; w] = H[y_S] − E_w H[y_S | w] is estimated from K draws: w is one of K networks with equal
probability, labels are independent given w (Kirsch et al. 2019, sec. 3). By the chain rule, the gain of
row x after the rows S is

    a(S ∪ x) − a(S) = E_{y_S} H[y_x | y_S] − 1/K Σ_k H[p(y_x | k)],
    p(y_x | y_S) = Σ_k p(k | y_S) p(y_x | k).

The configurations of the labels y_S and their posteriors p(k | y_S) are a `LabelTable`.

Departures from the paper's Monte Carlo estimator, none of which changes its expectation:
- The conditional entropy is averaged, in place of joint entropies subtracted: no product of many probabilities
  underflows, and the paper's sampled −log p(y_S), the same for all candidates, adds no noise.
- The sampled table is extended by one label a pick, not drawn anew; equal configurations share a line.
- Each draw k generates the same number of configurations. Once the labels identify the draw, gains are
  therefore exactly 0 and not noise.
- Lazy greedy: gains only shrink as S grows (a is submodular), so the last known gain bounds the next, BALD the
  first, and most rows are never evaluated again. The batch is that of the full evaluation while the table is
  exact. A sampled gain may exceed its bound by sampling error, so rows are evaluated down to three standard
  errors below the best gain; what may be missed is of that size.
- Of a large pool the draws of the rows of highest BALD are enough as long as no row left out has a BALD that reaches
  the gain picked; `capped_at` says up to which pick that holds.
- Screening: before a row's gain is computed, cheaper upper bounds of it may exclude the row: coarse tables, whose
  bounds are strict (`coarse_table`), and where there are many samples a tenth of them, by which a row is excluded only
  if it is three standard errors below the best row (`lazy_gains`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from al_bench.kernels.batchbald.label_table import LabelTable
from al_bench.kernels.batchbald.lazy_gains import COARSE_SIZES, FEWEST_SAMPLES, top_gain
from al_bench.kernels.scores import bald, check_scores
from al_bench.kernels.select import check_batch, tie_keys

_TIE = {torch.float32: 2e-6, torch.float64: 1e-12}
"""Gains closer than this, in nats, count as equal: a matrix product rounds by position and block."""

SATURATION = 1e-5
"""Nats: a gain below this is no more than the rounding of a float32 sum, and says nothing about its row."""


@dataclass(frozen=True, eq=False)
class BatchBaldBatch:
    """A batch and how it came about.

    Args:
        rows: [B] int64, in the order picked.
        gains: [B] float64, nats that each row added when picked (an estimate from `sampled_from` on); 0 for rows
            chosen at random after saturation.
        standard_errors: [B] float64, the sampling error of each gain; 0 where it is exact.
        joint_information: [B] float64, nats of the batch up to each pick: the running sum of the gains, at most log K
            (sampled gains are a little too large, as each is the largest of many).
        sampled_from: the first pick that used sampled configurations, None if all were exact.
        saturated_at: the first pick that was chosen at random, None if there was none.
        capped_at: the first pick that a row without draws might have changed; None if the batch is that of the whole
            pool (from `sampled_from` on up to sampling error, like lazy evaluation).
        evaluations: the number of gains computed; the BALD of each row and the bounds are not counted.
    """

    rows: Tensor
    gains: Tensor
    standard_errors: Tensor
    joint_information: Tensor
    sampled_from: int | None
    saturated_at: int | None
    capped_at: int | None
    evaluations: int


def select_batchbald(
    mc_log_probs_nkc: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    exact_cap: int = 40_000,
    samples: int = 10_000,
    saturation_tol: float = SATURATION,
    chunk: int = 16,
    picked: Callable[[], object] | None = None,
    bald_p: Tensor | None = None,
    candidates_n: Tensor | None = None,
    coarse_sizes: Sequence[int] = COARSE_SIZES,
    fewest_samples: int = FEWEST_SAMPLES,
) -> BatchBaldBatch:
    """argmax_x I[y_S, y_x; w] − I[y_S; w], again and again: the greedy batch S by joint information, in nats.

    N random keys are drawn from the generator at the start; among rows whose gains are equal (to rounding) the
    one with the lowest key is picked. K draws hold at most log K nats: when no row adds `saturation_tol`, the draws
    cannot distinguish the remaining rows, and the rest of the batch is chosen at random, by the same keys. (Chosen in
    the order of BALD it would be copies of the first pick, where the pool has any.)

    The N rows may be a part `candidates_n` of a pool of P rows: those of highest BALD, among equals those of lowest
    key. P keys are then drawn, so that a row's key and the labels sampled are as with the whole pool. BALD bounds the
    gains of the P − N rows left out. While their BALD is below the gain picked, by the margin of lazy evaluation, the
    picks are those of the whole pool. Rows chosen at random after saturation are chosen from the N.

    Args:
        mc_log_probs_nkc: [N, K, C] log-probabilities of K draws shared by all rows, float32 or float64.
        batch: B, 0 ≤ B ≤ N.
        generator: source of the keys and of the sampled labels.
        exact_cap: all C^i configurations of i chosen rows are enumerated while they are at most this many.
        samples: M, sampled configurations after that, rounded up to a multiple of K.
        saturation_tol: nats; 0 never stops.
        chunk: candidates per matrix product.
        picked: called after each pick, for a progress bar.
        bald_p: [P] BALD of the whole pool in nats, where the rows are a part of it.
        candidates_n: [N] int64 that part: rows of the pool, ascending.
        coarse_sizes: lines of the coarse tables that bound gains, ascending; may be empty.
        fewest_samples: a tenth of the samples bounds gains where it has at least this many.

    Returns:
        The batch; its rows are positions in the N. Memory: max(exact_cap, M) × K for the table and about 8 times that
        while coarse tables are made, besides the argument.

    Raises:
        ValueError: the batch is negative or larger than N, or the log-probabilities are in half precision, or one of
            `bald_p` and `candidates_n` is missing.
        ScoreError: the BALD of a row (of the pool, where it is given) is NaN or out of range.

    Source: Kirsch, van Amersfoort & Gal 2019, sec. 3 and algorithm 1.
    """
    rows_count, _, classes = mc_log_probs_nkc.shape
    check_batch(batch, rows_count)
    if mc_log_probs_nkc.dtype not in _TIE:
        raise ValueError(f"log-probabilities in {mc_log_probs_nkc.dtype}; float32 or float64 is needed")
    if (bald_p is None) is not (candidates_n is None):
        raise ValueError(
            "bald_p and candidates_n are given together: the BALD of the pool, and the rows of it that have draws"
        )
    tie = _TIE[mc_log_probs_nkc.dtype]
    bald_p = (bald(mc_log_probs_nkc) if bald_p is None else bald_p.to(mc_log_probs_nkc.device)).double()
    check_scores(bald_p, 0.0, math.log(min(mc_log_probs_nkc.shape[1:])), "BALD")
    keys_n = tie_keys(len(bald_p), generator).to(mc_log_probs_nkc.device)
    bald_n, left_out = bald_p, -math.inf
    if candidates_n is not None and rows_count < len(bald_p):
        candidates_n = candidates_n.to(bald_p.device)
        bald_n, keys_n = bald_p[candidates_n], keys_n[candidates_n]
        left_out = bald_p.index_fill(0, candidates_n, -math.inf).max().item()
    free_n = torch.ones_like(bald_n, dtype=torch.bool)
    bound_n = bald_n.clone()
    table = LabelTable.start(mc_log_probs_nkc)
    rows: list[int] = []
    gains: list[float] = []
    errors: list[float] = []
    sampled_from = saturated_at = capped_at = None
    evaluations = 0
    for pick in range(batch):
        if pick == 0:
            best, error, evaluated_n = bald_n.max().item(), 0.0, free_n
        else:
            top = top_gain(
                mc_log_probs_nkc,
                table,
                bound_n,
                free_n,
                tie=tie,
                chunk=chunk,
                coarse_sizes=coarse_sizes,
                fewest_samples=fewest_samples,
            )
            best, error, evaluated_n = top.gain, top.error, top.evaluated_n
            evaluations += top.evaluations
        saturated = best < saturation_tol
        # After saturation any row of the pool might have been chosen.
        least = -math.inf if saturated else best - 2 * tie - 3 * error
        if capped_at is None and left_out > -math.inf and left_out >= least:
            capped_at = pick
        if saturated:
            saturated_at = pick
            break
        tied = (evaluated_n & (bound_n >= best - tie)).nonzero()[:, 0]
        row = int(tied[keys_n[tied].argmin()])
        probs_kc = mc_log_probs_nkc[row].exp()
        rows.append(row)
        gains.append(bound_n[row].item())
        errors.append(table.standard_error(probs_kc) if table.sampled else 0.0)
        free_n[row] = False
        if picked is not None:
            picked()
        if pick + 1 == batch:
            break
        if not table.sampled and len(table.weight_m) * classes <= exact_cap:
            table = table.enumerated(probs_kc)
        elif table.sampled:
            table = table.extended(probs_kc, generator)
        else:
            sampled_from = pick + 1
            table = LabelTable.sample(mc_log_probs_nkc[rows].exp(), samples, generator)
    filled = batch - len(rows)
    if filled:
        free = free_n.nonzero()[:, 0]
        rows += free[keys_n[free].argsort()][:filled].tolist()
    gain_b = torch.tensor(gains + [0.0] * filled, dtype=torch.float64)
    return BatchBaldBatch(
        rows=torch.tensor(rows, dtype=torch.int64, device=mc_log_probs_nkc.device),
        gains=gain_b,
        standard_errors=torch.tensor(errors + [0.0] * filled, dtype=torch.float64),
        joint_information=gain_b.cumsum(0).clamp_(max=math.log(mc_log_probs_nkc.shape[1])),
        sampled_from=sampled_from,
        saturated_at=saturated_at,
        capped_at=capped_at,
        evaluations=evaluations,
    )
