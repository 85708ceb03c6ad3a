"""DropQuery and ALFA-Mix: rows whose prediction changes when the input of the last layer does, one of each cluster.

Letters: N rows, C classes, D features, M draws. A last layer is [C, D + 1]: its weights, and its bias as last column.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from al_bench.errors import ScoreError
from al_bench.kernels.clusters import kmeans_batch
from al_bench.kernels.distances import check_features, safe_scale
from al_bench.kernels.select import check_batch, tie_keys

_CHUNK_ELEMENTS = 2**20
"""Elements of the features that are perturbed together. The masks of dropout depend on it: it is no argument."""


@dataclass(frozen=True, eq=False)
class ChangedBatch:
    """A batch and the rows it was chosen from.

    Args:
        rows: [B] int64.
        candidates: The number of rows whose prediction changed.
        threshold: More draws than this had to disagree; None where nothing was drawn.
    """

    rows: Tensor
    candidates: int
    threshold: int | None = None


def select_dropquery(
    features_nd: Tensor,
    last_layer_ce: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    draws: int = 3,
    dropout: float = 0.75,
    factor: float = 25.0,
    whole_pool: bool = False,
) -> ChangedBatch:
    """One row of each of B clusters of the rows with Σ_m 1[ŷ_m(x) ≠ ŷ(x)] > M/2, ŷ_m with dropout of the features.

    The threshold ⌊M/2⌋ is lowered by one until there are `factor` · B rows, or until it is 0. `cluster_batch` then
    picks the rows. N keys, then for each chunk M masks, are drawn from the generator.

    Args:
        features_nd: [N, D] inputs of the last layer.
        last_layer_ce: [C, D + 1] the last layer.
        batch: B, 0 ≤ B ≤ N.
        generator: Source of the keys, the masks and of K-means' seed.
        draws: M ≥ 1.
        dropout: The share of the features set to 0, at least 0 and below 1; the others are divided by 1 − `dropout`.
        factor: How many rows there should be to choose from, in batches.
        whole_pool: Cluster all rows, as while nothing is labelled; no mask is drawn.

    Returns:
        The batch. Cost: O(M N D C), and K-means on the rows that changed. Memory: a chunk, and K-means' copies.

    Raises:
        ValueError: the batch is negative or larger than N, the shapes do not match, or an argument is out of range.
        ScoreError: a feature or a weight is not finite.

    Source: Gupte, Aklilu, Nirschl & Yeung-Levy 2024 (DropQuery).
    Departures: The nearest row not taken yet stands for each mean.
    """
    _check(features_nd, last_layer_ce, batch)
    if draws < 1 or not 0 <= dropout < 1 or not 1 <= factor < math.inf:
        raise ValueError(f"draws {draws}, dropout {dropout}, factor {factor}; 1, 0 to below 1, and 1 at least")
    keys_n = tie_keys(len(features_nd), generator).cpu()
    if whole_pool:
        every = torch.arange(len(features_nd))
        return ChangedBatch(cluster_batch(features_nd, every, batch, keys_n, generator), len(every))
    counts = [torch.empty(0, dtype=torch.int64)]
    for part_nd in features_nd.split(_rows(features_nd)):
        label_n = _logits(part_nd, last_layer_ce).argmax(1)
        count_n = torch.zeros_like(label_n)
        for _ in range(draws):
            uniform_nd = torch.rand(part_nd.shape, generator=generator, device=generator.device)
            stay_nd = (uniform_nd >= dropout).to(part_nd.device)
            count_n += _logits(part_nd * stay_nd / (1 - dropout), last_layer_ce).argmax(1) != label_n
        counts.append(count_n.cpu())
    count_n = torch.cat(counts)
    threshold, wanted = draws // 2, factor * batch
    while threshold > 0 and int((count_n > threshold).sum()) < wanted:
        threshold -= 1
    candidates = (count_n > threshold).nonzero()[:, 0]
    rows = cluster_batch(features_nd, candidates, batch, keys_n, generator)
    return ChangedBatch(rows, len(candidates), threshold)


def select_alfamix(
    features_nd: Tensor,
    last_layer_ce: Tensor,
    labelled_features_ld: Tensor,
    labelled_labels_l: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    epsilon: float = 0.2,
) -> ChangedBatch:
    """One row of each of B clusters of the rows whose argmax changes at z̃ = α z* + (1 − α) z for a class mean z*.

    α = ε/√D · ‖z* − z‖ ∇ℓ / (‖∇ℓ‖ (z* − z)), coordinate by coordinate, ∇ℓ = Wᵀ(p − onehot(argmax p)) the gradient by z
    of the cross-entropy with the predicted label; α is 0 where z* = z. The z* are the means of the labelled points of
    each class. `cluster_batch` then picks the rows. N keys are drawn from the generator.

    Args:
        features_nd: [N, D] inputs z of the last layer.
        last_layer_ce: [C, D + 1] the last layer, W and b.
        labelled_features_ld: [L, D] those of the labelled points.
        labelled_labels_l: [L] their labels.
        batch: B, 0 ≤ B ≤ N.
        generator: Source of the keys and of K-means' seed.
        epsilon: ε > 0.

    Returns:
        The batch. Cost: O(N C² D), and K-means on the rows that changed. Memory: a chunk, and K-means' copies.

    Raises:
        ValueError: the batch is negative or larger than N, the shapes do not match, or ε is no positive number.
        ScoreError: a feature or a weight is not finite.

    Source: Parvaneh et al. 2022 (ALFA-Mix, its closed form of α).
    Departures: The nearest row not taken yet stands for each mean. The authors' code raises ε until enough rows change;
    here ε stays, as in the paper, and the batch is filled with random rows.
    """
    _check(features_nd, last_layer_ce, batch)
    if not 0 < epsilon < math.inf:
        raise ValueError(f"epsilon is {epsilon}; it must be a number above 0")
    if labelled_features_ld.shape[1:] != features_nd.shape[1:] or labelled_labels_l.shape != (
        len(labelled_features_ld),
    ):
        shapes = f"{list(labelled_features_ld.shape)} and {list(labelled_labels_l.shape)}"
        raise ValueError(f"labelled features and labels of shapes {shapes}; [L, D] and [L] are needed")
    check_features(labelled_features_ld, "labelled ")
    keys_n = tie_keys(len(features_nd), generator).cpu()
    known_ld = labelled_features_ld.to(features_nd)
    labels_l = labelled_labels_l.to(features_nd.device)
    anchors = [known_ld[labels_l == label].mean(0) for label in labels_l.unique()]
    length = epsilon / math.sqrt(max(1, features_nd.shape[1]))
    changed = [torch.empty(0, dtype=torch.bool)]
    for part_nd in features_nd.split(_rows(features_nd)):
        changed.append(_changes(part_nd, last_layer_ce, anchors, length).cpu())
    candidates = torch.cat(changed).nonzero()[:, 0]
    return ChangedBatch(cluster_batch(features_nd, candidates, batch, keys_n, generator), len(candidates))


def cluster_batch(
    features_nd: Tensor, candidates: Tensor, batch: int, keys_n: Tensor, generator: torch.Generator
) -> Tensor:
    """[B] rows: of B clusters of the candidates, on features divided by their norm, the row nearest to each mean.

    With fewer candidates than B all of them, in the order of their keys, and then the other rows of lowest keys.

    Args:
        features_nd: [N, D] features.
        candidates: [n] rows.
        batch: B ≤ N.
        keys_n: [N] random keys.
        generator: Source of what `kmeans_batch` draws.
    """
    if len(candidates) < batch:
        free_n = torch.ones(len(keys_n), dtype=torch.bool)
        free_n[candidates] = False
        others = free_n.nonzero()[:, 0]
        first = candidates[keys_n[candidates].argsort(stable=True)]
        rows = torch.cat([first, others[keys_n[others].argsort(stable=True)][: batch - len(candidates)]])
        return rows.to(features_nd.device)
    chosen_nd = features_nd[candidates.to(features_nd.device)]
    if (scale := safe_scale(chosen_nd)) != 1:
        chosen_nd = chosen_nd / scale
    norms_n = torch.linalg.vector_norm(chosen_nd, dim=1, keepdim=True)
    picked = kmeans_batch(chosen_nd / norms_n.masked_fill(norms_n == 0, 1.0), batch, generator)
    return candidates.to(features_nd.device)[picked]


def _changes(features_nd: Tensor, last_layer_ce: Tensor, anchors: list[Tensor], length: float) -> Tensor:
    """[n] whether some anchor changes the argmax of a row."""
    logits_nc = _logits(features_nd, last_layer_ce)
    label_n = logits_nc.argmax(1)
    error_nc = logits_nc.softmax(1)
    error_nc.scatter_add_(1, label_n[:, None], error_nc.new_full((len(label_n), 1), -1.0))
    gradient_nd = error_nc @ last_layer_ce[:, :-1].to(error_nc.dtype)
    norms_n1 = torch.linalg.vector_norm(gradient_nd, dim=1, keepdim=True)
    direction_nd = gradient_nd / norms_n1.masked_fill(norms_n1 == 0, 1.0)
    changed_n = torch.zeros_like(label_n, dtype=torch.bool)
    for anchor_d in anchors:
        apart_nd = anchor_d - features_nd
        # α (z* − z): the division by z* − z and the product with it cancel, but where it is 0.
        step_nd = length * torch.linalg.vector_norm(apart_nd, dim=1, keepdim=True) * direction_nd
        step_nd.masked_fill_(apart_nd == 0, 0.0)
        changed_n |= _logits(features_nd + step_nd, last_layer_ce).argmax(1) != label_n
    return changed_n


def _logits(features_nd: Tensor, last_layer_ce: Tensor) -> Tensor:
    return torch.addmm(last_layer_ce[:, -1].to(features_nd), features_nd, last_layer_ce[:, :-1].to(features_nd).T)


def _rows(features_nd: Tensor) -> int:
    return max(1, _CHUNK_ELEMENTS // max(1, features_nd.shape[1]))


def _check(features_nd: Tensor, last_layer_ce: Tensor, batch: int) -> None:
    check_features(features_nd)
    check_batch(batch, len(features_nd))
    if last_layer_ce.ndim != 2 or last_layer_ce.shape[1] != features_nd.shape[1] + 1:
        shapes = f"{list(features_nd.shape)} and {list(last_layer_ce.shape)}"
        raise ValueError(f"features and last layer of shapes {shapes}; [N, D] and [C, D + 1] are needed")
    if not last_layer_ce.isfinite().all():
        raise ScoreError("a weight of the last layer is not finite")
