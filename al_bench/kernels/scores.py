"""Scores of single rows from log-probabilities: how uncertain the prediction is, and for which reason.

Letters: N rows, K draws of the weights, C classes. Log-probabilities are in nats and may be −inf (p = 0,
whose term p log p is 0). Every score is [N], higher is more informative, in the dtype of its argument (half
precision is first made float32 and normalised again, since its rounding is visible in an entropy).

- A NaN in a row of the argument gives a NaN score; `check_scores` turns it into an error that names the row.
- A score that rounding puts less than `TOLERANCE` outside its range is set to the bound: certain predictions score
  exactly 0, and so tie.
- A row's score depends on that row alone: the same bits at any position, among any rows, for any chunk size.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from al_bench.errors import ScoreError
from al_bench.kernels.probabilities import LOG2_E, LOG_ZERO, Probabilities

TOLERANCE = 1e-4
"""How far rounding may put a score outside its range.

The error of a float32 entropy or BALD of normalised probabilities is about 1e-6 nats, so a hundred times that
is not rounding.
"""

_CHUNK_ELEMENTS = 1 << 19
"""Elements per chunk where no chunk size is given: two float32 buffers (4 MiB) stay in a processor's L3 cache.

10,000 × 100 × 10 float32 on one core of an AMD EPYC (1 MiB of L2): BALD 10.8 ms with such chunks, 14.4 with a quarter
of them.
"""

_FAINT = 1e-30
"""A mean probability below this is computed in log space, row by row, since its terms may underflow.

10,000 × 100 × 10 float32 on one core of an AMD EPYC: 56 ms with all rows in log space, 15 ms with none.
"""


def entropy(log_probs_nc: Tensor) -> Tensor:
    """H[p] = −Σ_c p_c log p_c [N] in nats, between 0 and log C.

    Args:
        log_probs_nc: [N, C] log-probabilities of the prediction, or of the mean prediction, nats.

    Raises:
        ValueError: the shape is not [N, C].

    Source: Shannon 1948; Gal et al. 2017, sec. 4, "Max Entropy".
    """
    log_probs_nc = _checked(log_probs_nc, 2).clamp(min=LOG_ZERO)
    scores_n = (log_probs_nc.exp() * log_probs_nc).sum(-1).neg_()
    return into_range(scores_n, 0.0, math.log(log_probs_nc.shape[1]))


def least_confidence(log_probs_nc: Tensor) -> Tensor:
    """1 − max_c p_c [N], between 0 and 1 − 1/C.

    Args:
        log_probs_nc: [N, C] log-probabilities of the prediction, or of the mean prediction, nats.

    Raises:
        ValueError: the shape is not [N, C].

    Source: Lewis & Gale 1994 (there for two classes).
    """
    log_probs_nc = _checked(log_probs_nc, 2)
    scores_n = log_probs_nc.amax(-1).expm1().neg_()  # 1 − p to full precision where p is nearly 1
    return into_range(scores_n, 0.0, 1 - 1 / log_probs_nc.shape[1])


def margin(log_probs_nc: Tensor) -> Tensor:
    """1 − (p₁ − p₂) [N] of the two largest probabilities, between 0 and 1.

    Args:
        log_probs_nc: [N, C] log-probabilities of the prediction, or of the mean prediction, nats; C ≥ 2.

    Raises:
        ValueError: the shape is not [N, C], or there is one class only.

    Source: Scheffer et al. 2001 (the margin p₁ − p₂); Zhdanov 2019 (1 − margin).
    """
    log_probs_nc = _checked(log_probs_nc, 2)
    if log_probs_nc.shape[1] < 2:
        raise ValueError("the margin needs at least two classes")
    top_n2 = log_probs_nc.topk(2, dim=-1).values
    scores_n = top_n2[:, 1].exp() - top_n2[:, 0].expm1()  # (1 − p₁) + p₂
    return into_range(scores_n, 0.0, 1.0)


def variation_ratio_point(log_probs_nc: Tensor) -> Tensor:
    """1 − max_c p_c [N]: the variation ratio where there are no draws, the same as `least_confidence`.

    Args:
        log_probs_nc: [N, C] log-probabilities of the prediction, nats.

    Raises:
        ValueError: the shape is not [N, C].

    Source: Gal et al. 2017, sec. 4, which writes the variation ratio so.
    """
    return least_confidence(log_probs_nc)


def mean_log_probs(mc_log_probs_nkc: Tensor, chunk: int | None = None) -> Tensor:
    """log 1/K Σ_k p_kc [N, C] in nats, the log of the posterior's mean prediction; in log space where p may underflow.

    Args:
        mc_log_probs_nkc: [N, K, C] log-probabilities of K draws, nats.
        chunk: rows at a time; by default as many as fit in cache. The result does not depend on it.

    Raises:
        ValueError: the shape is not [N, K, C].

    Source: Gal & Ghahramani 2016, the Monte Carlo estimate of the predictive distribution.
    """
    probabilities = Probabilities()
    mean_nc = _by_chunks(lambda log_probs_nkc: probabilities(log_probs_nkc)[0].mean(1), mc_log_probs_nkc, chunk)
    faint = (mean_nc < _FAINT).any(1).nonzero()[:, 0]
    mean_log_nc = mean_nc.log_()
    for rows in faint.split(_rows(mc_log_probs_nkc, chunk)):
        mean_log_nc[rows] = _checked(mc_log_probs_nkc[rows], 3).logsumexp(1) - math.log(mc_log_probs_nkc.shape[1])
    return mean_log_nc


def mc_variation_ratio(mc_log_probs_nkc: Tensor, chunk: int | None = None) -> Tensor:
    """1 − f / K [N], f the number of draws that vote for the modal class; between 0 and 1 − 1/K.

    A draw votes for its most probable class, the lowest of several equally probable.

    Args:
        mc_log_probs_nkc: [N, K, C] log-probabilities of K draws, nats.
        chunk: rows at a time; by default as many as fit in cache. The result does not depend on it.

    Raises:
        ValueError: the shape is not [N, K, C].

    Source: Freeman 1965; Gal et al. 2017, sec. 4.
    Departures: That section writes 1 − max_c p_c of the mean prediction; the votes of the draws are Freeman's.
    """

    def score(log_probs_nkc: Tensor) -> Tensor:
        rows, draws, classes = log_probs_nkc.shape
        highest = log_probs_nkc.max(dim=2)  # [n, K], the first of equal maxima
        ones_nk = torch.ones_like(highest.values)
        votes_nc = log_probs_nkc.new_zeros(rows, classes).scatter_add_(1, highest.indices, ones_nk)
        scores_n = 1 - votes_nc.amax(1) / draws
        return scores_n.masked_fill_(highest.values.isnan().any(1), math.nan)

    return _by_chunks(score, mc_log_probs_nkc, chunk)


def mean_std(mc_log_probs_nkc: Tensor, chunk: int | None = None) -> Tensor:
    """1/C Σ_c σ_c [N] with σ_c = √(E_k[p_kc²] − E_k[p_kc]²), between 0 and √(C − 1) / C.

    The population standard deviation (divided by K) over the draws, computed from the deviations
    p_kc − E_k[p_kc], which does not cancel.

    Args:
        mc_log_probs_nkc: [N, K, C] log-probabilities of K draws, nats.
        chunk: rows at a time; by default as many as fit in cache. The result does not depend on it.

    Raises:
        ValueError: the shape is not [N, K, C].

    Source: Kampffmeyer et al. 2016; Gal et al. 2017, sec. 4, "Mean STD".
    """
    probabilities = Probabilities()

    def score(log_probs_nkc: Tensor) -> Tensor:
        probs_nkc = probabilities(log_probs_nkc)[0]
        probs_nkc -= probs_nkc.mean(1, keepdim=True)
        return probs_nkc.square_().mean(1).sqrt_().mean(-1)

    scores_n = _by_chunks(score, mc_log_probs_nkc, chunk)
    classes = mc_log_probs_nkc.shape[2]
    return into_range(scores_n, 0.0, math.sqrt(classes - 1) / classes)


def bald(mc_log_probs_nkc: Tensor, chunk: int | None = None) -> Tensor:
    """I[y; w] = H[E_k p] − E_k H[p] [N] in nats, between 0 and min(log K, log C).

    The information between a row's label and the weights, estimated from K draws.

    Args:
        mc_log_probs_nkc: [N, K, C] log-probabilities of K draws, nats.
        chunk: rows at a time; by default as many as fit in cache. The result does not depend on it.

    Raises:
        ValueError: the shape is not [N, K, C].
        ScoreError: a score is below −TOLERANCE. −p log p is concave, so that only rounding can make the
            difference negative, and only values far from probabilities, such as logits, are rounded so much.
            On a GPU, where looking at a score waits for all that was asked of it, the score is NaN instead.

    Source: Houlsby et al. 2011, eq. 2; Gal et al. 2017, sec. 4.
    """
    probabilities = Probabilities()

    def means(log_probs_nkc: Tensor) -> Tensor:
        probs_nkc, log2_probs_nkc = probabilities(log_probs_nkc, both=True)
        mean_nc = probs_nkc.mean(1)
        return torch.stack([mean_nc, log2_probs_nkc.mul_(probs_nkc).mean(1)], dim=1)

    mean_nc, plogp_nc = _by_chunks(means, mc_log_probs_nkc, chunk).unbind(1)  # E p and E p log₂ p
    scores_n = (plogp_nc / LOG2_E - mean_nc.xlogy(mean_nc)).sum(-1)
    low = scores_n < -TOLERANCE
    if scores_n.device.type != "cpu":
        scores_n = scores_n.masked_fill(low, math.nan)
    elif low.any():
        row = int(low.nonzero()[0, 0])
        raise ScoreError(
            f"BALD of row {row} is {scores_n[row].item():.6g} nats, and information is never negative: "
            "check that the model returns log-probabilities and not logits"
        )
    return into_range(scores_n, 0.0, math.log(min(mc_log_probs_nkc.shape[1:])))


def check_scores(scores_n: Tensor, low: float, high: float, name: str) -> None:
    """Refuse scores that are not finite, or more than TOLERANCE outside [low, high].

    Args:
        scores_n: [N] scores.
        low: the least possible score, or −inf.
        high: the greatest possible score, or inf.
        name: what to call the score in the message.

    Raises:
        ScoreError: names the first bad row, its value and how many rows are bad.
    """
    good = scores_n.isfinite() & (scores_n >= low - TOLERANCE) & (scores_n <= high + TOLERANCE)
    if good.all():
        return
    bad_rows = (~good).nonzero()[:, 0]
    row = int(bad_rows[0])
    value = scores_n[row].item()
    fault = f"outside [{low:.6g}, {high:.6g}]" if math.isfinite(value) else "not finite"
    raise ScoreError(
        f"{name} of row {row} is {value:.6g}, {fault} ({len(bad_rows)} of {len(scores_n)} rows are bad): "
        "check the model's outputs for NaN, overflow or missing normalisation"
    )


def _checked(log_probs: Tensor, dimensions: int) -> Tensor:
    """Log-probabilities of the right shape; half precision is made float32 and normalised again."""
    if log_probs.ndim != dimensions or 0 in log_probs.shape[1:]:
        letters = "[N, C]" if dimensions == 2 else "[N, K, C]"
        raise ValueError(f"log-probabilities of shape {list(log_probs.shape)}; the shape must be {letters}")
    if log_probs.dtype in (torch.float16, torch.bfloat16):
        return log_probs.float().log_softmax(-1)
    return log_probs


def _by_chunks(reduce: Callable[[Tensor], Tensor], mc_log_probs_nkc: Tensor, chunk: int | None) -> Tensor:
    """`reduce` applied to `chunk` rows at a time."""
    chunks = mc_log_probs_nkc.split(_rows(mc_log_probs_nkc, chunk))
    return torch.cat([reduce(_checked(part_nkc, 3)) for part_nkc in chunks])


def _rows(mc_log_probs_nkc: Tensor, chunk: int | None) -> int:
    """`chunk`, or as many rows as fit in cache."""
    return max(1, _CHUNK_ELEMENTS // max(1, mc_log_probs_nkc[:1].numel())) if chunk is None else chunk


def into_range(scores_n: Tensor, low: float, high: float) -> Tensor:
    """The scores, those less than TOLERANCE outside [low, high] set to the bound; NaN and others are unchanged."""
    rounded_n = scores_n.clamp(low, high)
    return torch.where((scores_n - rounded_n).abs() <= TOLERANCE, rounded_n, scores_n)
