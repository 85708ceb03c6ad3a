"""How well a score ranks the rows of a class above all others: the areas under the ROC and precision-recall curves."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def one_against_rest(scores_nc: Tensor, labels_n: Tensor) -> tuple[Tensor, Tensor]:
    """AUROC and average precision of every class against all others, from one sort a class.

    With P the rows of a class, s their scores in its column, and n₊ + n₋ = N:

        AUROC = (Σ_{i∈P} r_i − n₊(n₊ + 1)/2) / (n₊ n₋),    AP = 1/n₊ Σ_{i∈P} #{j∈P: s_j ≥ s_i} / #{j: s_j ≥ s_i}

    where r_i is the rank of s_i among all N, equal scores having the mean of their ranks (mid-ranks): the chance that a
    row of the class is scored higher than another, ties counted as a half. AP is the sum of precisions weighted by the
    steps of recall, without interpolation, equal scores being one step.

    Args:
        scores_nc: [N, C] any score that rises with the probability of the class, such as its logarithm.
        labels_n: [N] true classes.

    Returns:
        AUROC [C] and AP [C], float64, on the CPU. AUROC is NaN for a class that has no rows or all of them, AP for one
        that has none.

    Raises:
        ValueError: the shapes differ, or a score is NaN.

    Source: Hanley & McNeil 1982 (AUROC is the statistic of Wilcoxon, Mann and Whitney); Hand & Till 2001 for several
    classes; AP as in TREC, scikit-learn's average_precision_score. NumPy sorts the values of a column (without their
    places) twenty to thirty times as fast as torch does, hence its use here.
    """
    if scores_nc.ndim != 2 or labels_n.shape != scores_nc.shape[:1]:
        raise ValueError(
            f"scores and labels of shapes {list(scores_nc.shape)} and {list(labels_n.shape)}: not [N, C] and [N]"
        )
    scores_cn = np.ascontiguousarray(scores_nc.detach().cpu().numpy().T)
    labels = labels_n.cpu().numpy()
    if np.isnan(scores_cn).any():
        raise ValueError("a score is NaN")
    classes, rows = scores_cn.shape
    auroc_c, precision_c = np.full(classes, np.nan), np.full(classes, np.nan)
    by_class = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=classes))
    for label, column in enumerate(scores_cn):
        own = np.sort(column[by_class[ends[label - 1] if label else 0 : ends[label]]])
        positives, negatives = len(own), rows - len(own)
        if not positives:
            continue
        ordered = np.sort(column)
        below = np.searchsorted(ordered, own, side="left")  # rows with a lower score
        through = np.searchsorted(ordered, own, side="right")
        own_below = np.searchsorted(own, own, side="left")
        precision_c[label] = ((positives - own_below) / (rows - below)).mean()
        if negatives:
            ranks = (below + through + 1) / 2
            auroc_c[label] = (ranks.sum() - positives * (positives + 1) / 2) / (positives * negatives)
    return torch.from_numpy(auroc_c), torch.from_numpy(precision_c)
