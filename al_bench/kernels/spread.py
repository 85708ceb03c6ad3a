"""Batches spread over classes, or over clusters of the features.

Letters: N rows, C classes, B batch, k clusters.
"""

from __future__ import annotations

import heapq

import torch
from torch import Tensor

from al_bench.kernels.clusters import k_means
from al_bench.kernels.distances import check_features
from al_bench.kernels.select import check_batch, tie_keys


def balanced_classes(labelled_c: Tensor, available_c: Tensor, batch: int, generator: torch.Generator) -> Tensor:
    """argmin_c (labels + picks of c) over the classes with rows left, B times: the batch that evens out the classes.

    C keys are drawn from the generator; of classes that have equally many the one of lowest key comes first.

    Args:
        labelled_c: [C] labels of each class.
        available_c: [C] rows predicted to be of each class.
        batch: B, at most the sum of the rows.
        generator: Source of the keys.

    Returns:
        [B] int64 the class of each pick. Cost: O(B log C).

    Raises:
        ValueError: the batch is negative or larger than the number of rows, or the shapes differ.

    Source: Schröder et al. 2023, small-text, whose ClassBalancer evens out labels and predicted classes.
    Departures: One label after another, where that allots shares.
    """
    if labelled_c.shape != available_c.shape or labelled_c.ndim != 1:
        raise ValueError(f"counts of shapes {list(labelled_c.shape)} and {list(available_c.shape)}; [C] are needed")
    check_batch(batch, int(available_c.sum()))
    keys = tie_keys(len(labelled_c), generator).tolist()
    left = available_c.tolist()
    queue = [(have, keys[c], c) for c, have in enumerate(labelled_c.tolist()) if left[c]]
    heapq.heapify(queue)
    classes: list[int] = []
    while len(classes) < batch:
        have, key, chosen = heapq.heappop(queue)
        classes.append(chosen)
        left[chosen] -= 1
        if left[chosen]:
            heapq.heappush(queue, (have + 1, key, chosen))
    return torch.tensor(classes, dtype=torch.int64)


def stratified_batch(
    features_nd: Tensor, batch: int, generator: torch.Generator, *, clusters: int, threads: int = 1
) -> Tensor:
    """B rows, every row with probability B / N, of which each cluster of K-means gets its share B N_k / N, rounded.

    The rows are put into a random order within clusters in random order, and every (N / B)-th is taken from a random
    start (systematic sampling): a cluster gets ⌊B N_k / N⌋ or ⌈B N_k / N⌉ rows. N keys, k keys, the start and K-means'
    seed are drawn from the generator.

    Args:
        features_nd: [N, D] features.
        batch: B, 0 ≤ B ≤ N.
        generator: Source of the random numbers.
        clusters: k, the largest number of clusters.
        threads: Of K-means.

    Returns:
        [B] int64 rows. Cost: O(N D k) an iteration of K-means. Memory: a few copies of the features.

    Raises:
        ValueError: the batch is negative or larger than N, the shape is not [N, D], or `clusters` is below 1.
        ScoreError: a feature is not finite.

    Source: Madow & Madow 1944 (systematic sampling); Lloyd 1982 (K-means).
    """
    check_features(features_nd)
    rows_count = len(features_nd)
    check_batch(batch, rows_count)
    if clusters < 1:
        raise ValueError(f"{clusters} clusters; there must be at least one")
    keys_n, keys_k = tie_keys(rows_count, generator).cpu(), tie_keys(clusters, generator).cpu()
    start = float(tie_keys(1, generator))
    if batch == 0:
        return torch.empty(0, dtype=torch.int64, device=features_nd.device)
    assignments_n = k_means(features_nd, clusters, generator, threads=threads)
    order = keys_n.argsort(stable=True)
    order = order[keys_k[assignments_n[order]].argsort(stable=True)]
    steps = (start + torch.arange(batch, dtype=torch.float64)) * rows_count / batch
    return order[steps.floor().long().clamp_(max=rows_count - 1)].to(features_nd.device)
