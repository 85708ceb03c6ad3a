"""Batches by K-means: one row near the mean of each of B clusters.

K-means is scikit-learn's: greedy k-means++ once (`n_init=1`), then Lloyd's iterations, at most 50 of them (on 50,000
rows of 512 rectified features and 100 clusters another 50 lower the inertia by 0.02 %). It runs on the CPU with
`threads` threads, 1 by default, because another number of threads rounds otherwise and may end in other clusters.
Only the assignments of its result are used; means are computed in float64 from the features.

Letters: N rows, D features, B clusters and batch. Cost: O(N D B) an iteration.
"""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from al_bench.kernels.distances import Points, check_features
from al_bench.kernels.row_weights import row_weights
from al_bench.kernels.scores import entropy
from al_bench.kernels.select import check_batch, select_top, tie_keys

_CHUNK_ROWS = 4096

NO_CLUSTER = -1
"""The assignment of a row that belongs to no cluster."""


def kmeans_batch(
    features_nd: Tensor,
    batch: int,
    generator: torch.Generator,
    weights_n: Tensor | None = None,
    *,
    threads: int = 1,
) -> Tensor:
    """argmin_x ‖h(x) − μ_j‖ for the weighted means μ_1 … μ_B of B clusters of K-means: always B different rows.

    N keys and one integer (K-means' seed) are drawn from the generator at the start. A row of weight 0 has no influence
    on the clusters; where all weights are 0 all rows have the same weight. `nearest_to_means` then picks the rows. B =
    N is the whole pool, in the order of the keys.

    Args:
        features_nd: [N, D] features.
        batch: B, 0 ≤ B ≤ N.
        generator: source of the keys and of K-means' seed.
        weights_n: [N] weights in K-means, not negative; None gives all rows the same weight.
        threads: of K-means.

    Returns:
        [B] int64 rows.

    Raises:
        ValueError: the batch is negative or larger than N, or the shapes do not match.
        ScoreError: a feature is not finite, or a weight is not a finite number of at least 0.

    Source: Lloyd 1982 (K-means), Arthur & Vassilvitskii 2007 (its start); one row a cluster as in Zhdanov 2019.
    """
    rows_count = len(features_nd)
    check_features(features_nd)
    check_batch(batch, rows_count)
    weights_n = row_weights(weights_n, rows_count)
    keys_n = tie_keys(rows_count, generator).cpu()
    if batch in (0, rows_count):
        k_means_seed(generator)
        return keys_n.argsort(stable=True)[:batch].to(features_nd.device)
    weights_n = weights_n.cpu().double()
    weights_n = weights_n / weights_n.max() if weights_n.any() else torch.ones_like(weights_n)
    assignments_n = k_means(features_nd, batch, generator, weights_n, threads=threads)
    return nearest_to_means(features_nd, assignments_n, weights_n, batch, keys_n).to(features_nd.device)


def diverse_minibatch(
    informativeness_n: Tensor,
    features_nd: Tensor,
    batch: int,
    beta: float,
    generator: torch.Generator,
    *,
    weighted: bool = True,
    threads: int = 1,
) -> Tensor:
    """argmin_x ‖h(x) − μ_j‖ for the means μ_j of B weighted clusters of the ⌈β B⌉ most informative rows.

    Args:
        informativeness_n: [N] scores of at least 0, higher is more informative (the paper: 1 − (p₁ − p₂)).
        features_nd: [N, D] features.
        batch: B, 0 ≤ B ≤ N.
        beta: β ≥ 1; with β = 1 the batch is the B most informative rows, with β B ≥ N the whole pool is clustered.
        generator: source of the tie keys, then of what `kmeans_batch` draws.
        weighted: whether the informativeness is the rows' weight in K-means (the paper's second variant).
        threads: of K-means.

    Returns:
        [B] int64 rows.

    Raises:
        ValueError: β is below 1 or not finite, or as `kmeans_batch`.
        ScoreError: a score is NaN, or as `kmeans_batch`.

    Source: Zhdanov 2019, K-means on prefiltered rows, and its weighted objective.
    Departures: The nearest row not taken yet stands for each mean, so that the batch has always B rows.
    """
    if not 1 <= beta < math.inf:
        raise ValueError(f"beta is {beta}; it must be a number of at least 1")
    if len(informativeness_n) != len(features_nd):
        raise ValueError(f"{len(informativeness_n)} scores and {len(features_nd)} rows of features")
    check_features(features_nd)  # before the prefilter renumbers the rows
    check_batch(batch, len(features_nd))
    prefiltered = min(len(features_nd), math.ceil(round(beta * batch, 9)))
    rows = select_top(informativeness_n, prefiltered, generator).to(features_nd.device)
    weights = informativeness_n.to(features_nd.device)[rows] if weighted else None
    return rows[kmeans_batch(features_nd[rows], batch, generator, weights, threads=threads)]


def clue(features_nd: Tensor, entropy_n: Tensor, batch: int, generator: torch.Generator, *, threads: int = 1) -> Tensor:
    """argmin_x ‖h(x) − μ_j‖ for the means μ_j of B clusters of the pool, rows weighted by predictive entropy: CLUE.

    Args:
        features_nd: [N, D] features (the paper: of the penultimate layer).
        entropy_n: [N] entropies in nats, at a temperature other than 1 those of `tempered_entropy`.
        batch: B, 0 ≤ B ≤ N.
        generator: source of what `kmeans_batch` draws.
        threads: of K-means.

    Returns:
        [B] int64 rows.

    Raises:
        ValueError, ScoreError: as `kmeans_batch`.

    Source: Prabhu et al. 2021 (uncertainty-weighted K-means, nearest row to each centroid).
    Departures: The nearest row not taken yet stands for each mean.
    """
    return kmeans_batch(features_nd, batch, generator, entropy_n, threads=threads)


def tempered_entropy(log_probs_nc: Tensor, temperature: float = 1.0) -> Tensor:
    """H[softmax(log p / T)] [N] in nats: below T = 1 uncertainty counts more than diversity, above it less.

    log p differs from the logits by a constant, so that the softmax is that of logits / T.

    Args:
        log_probs_nc: [N, C] log-probabilities of the prediction, nats.
        temperature: T > 0.

    Returns:
        [N] nats, between 0 and log C.

    Raises:
        ValueError: the temperature is not a positive number.

    Source: Prabhu et al. 2021 (the temperature of CLUE).
    """
    if not 0 < temperature < math.inf:
        raise ValueError(f"the temperature is {temperature}; it must be a number above 0")
    return entropy(log_probs_nc if temperature == 1 else (log_probs_nc / temperature).log_softmax(-1))


def k_means_seed(generator: torch.Generator) -> int:
    """One integer from the generator, in the range of scikit-learn's seeds."""
    return int(torch.randint(2**31 - 1, (), generator=generator, device=generator.device))


def k_means(
    features_nd: Tensor,
    clusters: int,
    generator: torch.Generator,
    weights_n: Tensor | None = None,
    *,
    max_iter: int = 50,
    threads: int = 1,
    minibatch: int | None = None,
) -> Tensor:
    """argmin over assignments of Σ_x w_x ‖h(x) − μ_c(x)‖², locally: the cluster of every row by scikit-learn's K-means.

    Args:
        features_nd: [N, D] finite features.
        clusters: The largest number of clusters.
        generator: Source of one integer.
        weights_n: [N] weights between 0 and 1, not all 0; None gives all rows the same weight.
        max_iter: The largest number of Lloyd iterations.
        threads: Threads of the OpenMP and BLAS pools while K-means runs.
        minibatch: Rows of a mini-batch, by which means are moved until the inertia no longer falls; None: Lloyd's
            iterations over all rows. Every row gets its nearest mean at the end in both.

    Returns:
        [N] int64 in [0, clusters), `NO_CLUSTER` for rows of weight 0. Clusters may be empty.

    Source: Lloyd 1982; started by greedy k-means++ (Arthur & Vassilvitskii 2007). Mini-batches: Sculley 2010.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    seed = k_means_seed(generator)
    points_nd = Points(features_nd).quick_nd
    used = torch.arange(len(points_nd)) if weights_n is None else weights_n.nonzero()[:, 0]
    points_nd = points_nd if len(used) == len(points_nd) else points_nd[used]
    weights = None if weights_n is None else weights_n[used].to(points_nd.dtype).numpy()
    assignments_n = torch.full((len(features_nd),), NO_CLUSTER, dtype=torch.int64)
    # copy_x: the points are a copy of this function's own, which K-means may move to their mean.
    clusters = min(clusters, len(used))
    if minibatch is None:
        model = KMeans(clusters, n_init=1, max_iter=max_iter, random_state=seed, copy_x=False)
    else:
        model = MiniBatchKMeans(clusters, n_init=1, batch_size=minibatch, random_state=seed)
    with threadpool_limits(threads), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct rows than clusters: clusters stay empty
        model.fit(points_nd.numpy(), sample_weight=weights)
    assignments_n[used] = torch.from_numpy(model.labels_).long()
    return assignments_n


def nearest_to_means(
    features_nd: Tensor, assignments_n: Tensor, weights_n: Tensor, batch: int, keys_n: Tensor, *, chunk: int = 16
) -> Tensor:
    """argmin_x ‖h(x) − μ_j‖ over the rows not taken yet, cluster by cluster; B different rows.

    Clusters are visited in descending order of weight, of equal ones the lower number first. Any row may be taken, also
    one of another cluster. Rows equally near (to 1e-12) are ordered by their keys. For each empty cluster the row with
    the lowest key among those left is taken. Quick distances in the features' dtype find the rows that may be nearest;
    those are measured in float64 by differences.

    Args:
        features_nd: [N, D] finite features.
        assignments_n: [N] int64 clusters, `NO_CLUSTER` for none; at most B different clusters.
        weights_n: [N] float64 weights, positive where there is a cluster.
        batch: B ≤ N.
        keys_n: [N] random keys.
        chunk: Means per matrix product.

    Returns:
        [B] int64 rows, those of the clusters first.
    """
    points = Points(features_nd)
    weights_n = weights_n.masked_fill(assignments_n == NO_CLUSTER, 0.0)
    clusters_n = assignments_n.clamp(min=0)
    sizes_c = torch.zeros(int(clusters_n.max()) + 1, dtype=torch.float64).index_add_(0, clusters_n, weights_n)
    order = sizes_c.argsort(descending=True, stable=True)[: int((sizes_c > 0).sum())]
    # Relative to row 0: exact where all rows are the same, and precise far from the origin.
    means_cd = torch.zeros(len(sizes_c), features_nd.shape[1], dtype=torch.float64)
    for start in range(0, len(points), _CHUNK_ROWS):
        part = slice(start, start + _CHUNK_ROWS)
        means_cd.index_add_(0, clusters_n[part], points.from_first(part) * weights_n[part, None])
    means_cd = means_cd[order] / sizes_c[order, None]
    taken_n = torch.zeros(len(points), dtype=torch.bool)
    rows: list[int] = []
    for part_cd in means_cd.split(chunk):
        quick_cd = (part_cd + points.quick_nd[0].double()).to(points.quick_nd.dtype)
        squared_cn = torch.addmm(points.norms_n, quick_cd, points.quick_nd.T, alpha=-2)  # without the mean's norm
        for mean_d, quick_d, squared_n in zip(part_cd, quick_cd, squared_cn, strict=True):
            squared_n[taken_n] = math.inf
            slack_n = 4 * points.rounding * (points.norms_n + quick_d.square().sum())
            candidates = (squared_n - slack_n <= (squared_n + slack_n).min()).nonzero()[:, 0]
            parts = [points.from_first(part) - mean_d for part in candidates.split(_CHUNK_ROWS)]
            exact = torch.cat([torch.linalg.vector_norm(part, dim=1) for part in parts])
            equal = candidates[exact <= exact.min() + 1e-12 * (exact.min() + mean_d.norm())]
            rows.append(int(equal[keys_n[equal].argmin()]))
            taken_n[rows[-1]] = True
    free = (~taken_n).nonzero()[:, 0]
    filled = free[keys_n[free].argsort(stable=True)][: batch - len(rows)]
    return torch.cat([torch.tensor(rows, dtype=torch.int64), filled])
