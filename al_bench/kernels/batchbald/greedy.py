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
- Of a large pool the draws of the rows of highest BALD are enough, while no row left out has a BALD that reaches the
  gain picked; the batch says up to which pick that holds.
- Screening: before its gain is computed, a row meets upper bounds of it that cost less: coarse tables, whose bounds are
  strict (`coarse_table`), and with many samples a tenth of them, by which a row is left out only if it is three
  standard errors below the best row (`lazy_gains`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from al_bench.kernels.batchbald.label_table import LabelTable
from al_bench.kernels.batchbald.lazy_gains import leading_gains
from al_bench.kernels.scores import bald, check_scores
from al_bench.kernels.select import tie_keys

_TIE = {torch.float32: 2e-6, torch.float64: 1e-12}
"""Gains in nats closer than this are equal: a matrix product rounds by position and block."""

SATURATION = 1e-5
"""Nats: a gain below is no more than what rounding leaves of a float32 sum, and says nothing about its row."""


@dataclass(frozen=True, eq=False)
class BatchBaldBatch:
    """A batch and how it came about.

    Args:
        rows: [B] int64, in the order picked.
        gains: [B] float64, nats each row added when picked (an estimate once `sampled_from` is reached); 0 for
            rows drawn by lot after saturation.
        standard_errors: [B] float64, the sampling error of each gain; 0 where it is exact.
        joint_information: [B] float64, nats of the batch up to each pick: the running sum of the gains, log K at most
            (picked as the largest of many, sampled gains are a little too large).
        sampled_from: the first pick that used sampled configurations, None if all were exact.
        saturated_at: the first pick that was drawn by lot, None if there was none.
        capped_at: the first pick that a row without draws may have changed; None: the batch is that of the whole pool
            (from `sampled_from` on up to sampling error, as lazy evaluation is).
        evaluations: gains computed, the BALD of each row and screenings not counted.
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
    kept_n: Tensor | None = None,
) -> BatchBaldBatch:
    """The greedy batch by joint information.

    N random keys are drawn from the generator at the start; among rows whose gains are equal (to rounding) the
    one with the lowest key is picked. K draws hold at most log K nats: when no row adds `saturation_tol` the
    rest of the batch is drawn by lot, by the same keys: the draws cannot tell the rows left apart. (Filled in the order
    of BALD it would be copies of the first pick, where the pool has any.)

    The N rows may be a part of a pool of P, `kept_n`: those of highest BALD, of equals those of lowest key (P are then
    drawn, so that a row's key and the labels sampled are as with the whole pool). BALD bounds the gain of the P − N
    others. While they are below what is picked, by the margin of lazy evaluation, the picks are those of the whole
    pool; rows drawn by lot are drawn from the N.

    Args:
        mc_log_probs_nkc: [N, K, C] log-probabilities of K draws shared by all rows, float32 or float64.
        batch: B, 0 ≤ B ≤ N.
        generator: source of the keys and of the sampled labels.
        exact_cap: all C^i configurations of i chosen rows are enumerated while they are at most this many.
        samples: M, sampled configurations after that, rounded up to a multiple of K.
        saturation_tol: nats; 0 never stops.
        chunk: candidates per matrix product.
        picked: called after each pick, for a progress bar.
        bald_p: [P] BALD of the whole pool, where the rows are a part of it.
        kept_n: [N] which part: rows of the pool, rising.

    Returns:
        The batch, as rows of the N. Memory: max(exact_cap, M) × K for the table and about 8 times that while coarse
        tables are made, besides the argument.

    Raises:
        ValueError: the batch is negative or larger than N, or the log-probabilities are in half precision, or one of
            `bald_p` and `kept_n` is missing.
        ScoreError: the BALD of a row (of the pool, where it is given) is NaN or out of range.

    Source: Kirsch, van Amersfoort & Gal 2019, sec. 3 and algorithm 1.
    """
    rows_count, _, classes = mc_log_probs_nkc.shape
    if not 0 <= batch <= rows_count:
        raise ValueError(f"a batch of {batch} rows cannot be chosen from {rows_count} rows")
    if mc_log_probs_nkc.dtype not in _TIE:
        raise ValueError(f"log-probabilities in {mc_log_probs_nkc.dtype}; float32 or float64 is needed")
    if (bald_p is None) is not (kept_n is None):
        raise ValueError(
            "bald_p and kept_n are given together: the BALD of the pool, and the rows of it that have draws"
        )
    tie = _TIE[mc_log_probs_nkc.dtype]
    bald_p = (bald(mc_log_probs_nkc) if bald_p is None else bald_p.to(mc_log_probs_nkc.device)).double()
    check_scores(bald_p, 0.0, math.log(min(mc_log_probs_nkc.shape[1:])), "BALD")
    keys_n = tie_keys(len(bald_p), generator).to(mc_log_probs_nkc.device)
    bald_n, left_out = bald_p, -math.inf
    if kept_n is not None and rows_count < len(bald_p):
        kept_n = kept_n.to(bald_p.device)
        bald_n, keys_n = bald_p[kept_n], keys_n[kept_n]
        left_out = bald_p.index_fill(0, kept_n, -math.inf).max().item()
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
            leading = leading_gains(mc_log_probs_nkc, table, bound_n, free_n, tie=tie, chunk=chunk)
            best, error, evaluated_n = leading.gain, leading.error, leading.evaluated_n
            evaluations += leading.evaluations
        saturated = best < saturation_tol
        least = -math.inf if saturated else best - 2 * tie - 3 * error  # a lot may fall on any row of the pool
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
