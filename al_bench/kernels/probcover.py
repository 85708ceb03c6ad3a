"""ProbCover: rows whose balls of radius δ cover the most rows that are not covered yet.

The graph of all pairs within δ is a sparse matrix (CSR), found by `neighbour_search`. For every row the number of
uncovered rows in its ball is stored; when a row becomes covered, the numbers of its neighbours fall by one, so that a
whole batch reads each edge once: O(E + B N) beside the search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from al_bench.kernels.clusters import k_means
from al_bench.kernels.distances import Points, check_feature_pair, check_features
from al_bench.kernels.neighbour_pairs import (
    MOST_REDUCTIONS,
    REDUCTION,
    NeighbourPairs,
    adjacency,
    pairs_within,
    slices,
)
from al_bench.kernels.neighbour_search import BLOCK, find_pairs
from al_bench.kernels.pool_pairs import PoolPairs, RoundPairs
from al_bench.kernels.select import check_batch, tie_keys


@dataclass(frozen=True, eq=False)
class ProbCoverBatch:
    """A batch and what it covers.

    Args:
        rows: [B] int64, in the order picked.
        gains: [B] int64, the number of candidates that each row covered first.
        covered_before: the number of candidates within δ of a labelled point.
        filled_from: the first pick that covered nothing new, as all candidates were covered; None if there was none.
        delta: the radius used, smaller than the one asked for where there were more than `max_edges` edges.
        edges: the number of pairs of candidates within that radius.
        capped: whether the radius was reduced for the number of edges.
    """

    rows: Tensor
    gains: Tensor
    covered_before: int
    filled_from: int | None
    delta: float
    edges: int
    capped: bool


def select_probcover(
    features_nd: Tensor,
    labelled_features_ld: Tensor,
    batch: int,
    delta: float,
    generator: torch.Generator,
    *,
    max_edges: int = 40_000_000,
    block: tuple[int, int] = BLOCK,
    pool: PoolPairs | None = None,
) -> ProbCoverBatch:
    """argmax_n #{m uncovered: ‖x_m − x_n‖ ≤ δ}, again and again; labelled points cover their balls beforehand.

    N keys are drawn from the generator; of rows that cover equally many the one with the lowest key is picked. Once all
    rows are covered no row covers anything new, and the rest of the batch is uniformly random. A row covers itself.
    Pairs within rounding of δ are measured in float64 by differences.

    Args:
        features_nd: [N, D] features of the candidates.
        labelled_features_ld: [L, D] features of the labelled points; L may be 0.
        batch: B, 0 ≤ B ≤ N.
        delta: δ ≥ 0, in the units of the features.
        generator: source of the keys.
        max_edges: with more pairs within δ the radius is the largest δ × 0.95^i, i ≤ 100, that has at most this
            many, or 0 without any edge where there is no such i (thousands of copies). An edge takes 12 bytes.
        block: rows and columns of a block of distances; the result does not depend on it.
        pool: keeps the pairs from one call to the next where the rows, candidates and labelled points together, are the
            same; the result does not depend on it.

    Returns:
        The batch; `capped` and `delta` say whether the radius was reduced, and to what. Memory: three copies of the
        features at most, two blocks of distances, and the edges.

    Raises:
        ValueError: the batch is negative or larger than N, the shapes do not match, or δ is no number of at least 0.
        ScoreError: a feature is not finite.

    Source: Yehuda et al. 2022, algorithm 1 (ProbCover).
    Departures: The limit on edges, and random rows once all are covered, are not in the paper.
    """
    check_feature_pair(features_nd, labelled_features_ld)
    rows_count = len(features_nd)
    check_batch(batch, rows_count)
    if not 0 <= delta < math.inf:
        raise ValueError(f"delta is {delta}; it must be a number of at least 0")
    keys_n = tie_keys(rows_count, generator).cpu()
    features_md = torch.cat([features_nd, labelled_features_ld.to(features_nd)])
    points = Points(features_md)
    kept = None if pool is None else pool.of(points, features_md, delta, max_edges)
    balls = (
        _searched(points, rows_count, delta, max_edges, block)
        if kept is None
        else _kept(kept, rows_count, delta, max_edges)
    )
    covered_before = int(balls.covered_n.sum())
    graph, count = adjacency(balls.i, balls.j, rows_count), len(balls.i)
    rows, gains = _greedy_cover(graph, balls.covered_n.numpy(), batch, keys_n.argsort(stable=True).numpy())
    return ProbCoverBatch(
        torch.tensor(rows, dtype=torch.int64, device=features_nd.device),
        torch.tensor(gains, dtype=torch.int64),
        covered_before,
        gains.index(0) if 0 in gains else None,
        balls.delta,
        count,
        balls.reductions > 0,
    )


class _Balls(NamedTuple):
    """Pairs of candidates within δ, each once, the candidates within δ of a labelled point [N], and what δ became."""

    i: Tensor
    j: Tensor
    covered_n: Tensor
    delta: float
    reductions: int


def _searched(points: Points, rows_count: int, delta: float, max_edges: int, block: tuple[int, int]) -> _Balls:
    """The balls by a search among all points, the candidates first."""
    edges = NeighbourPairs(points, delta, max_edges)
    find_pairs(points, rows_count, edges, block)
    height, width = block
    covered_n = torch.zeros(rows_count, dtype=torch.bool)
    for rows_part in slices(0, rows_count, height):
        for columns_part in slices(rows_count, len(points), width):
            covered_n[pairs_within(points, rows_part, columns_part, edges.radius)[0]] = True
    i, j, _ = edges.take()
    return _Balls(i, j, covered_n, edges.delta, edges.reductions)


def _kept(pairs: RoundPairs, rows_count: int, delta: float, max_edges: int) -> _Balls:
    """The balls from pairs that are known, of a radius of at least δ."""
    low, high = torch.minimum(pairs.i, pairs.j), torch.maximum(pairs.i, pairs.j)
    candidates, mixed = pairs.among(high < rows_count), pairs.among((low < rows_count) & (high >= rows_count))
    reductions = candidates.reduced(delta, max_edges)
    least = delta * REDUCTION**reductions if reductions <= MOST_REDUCTIONS else -1.0
    candidates, mixed = candidates.among(candidates.within(least)), mixed.among(mixed.within(least))
    covered_n = torch.zeros(rows_count, dtype=torch.bool)
    covered_n[torch.minimum(mixed.i, mixed.j).long()] = True
    return _Balls(candidates.i, candidates.j, covered_n, max(least, 0.0), reductions)


def estimate_delta(
    features_nd: Tensor,
    classes: int,
    generator: torch.Generator,
    *,
    purity: float = 0.95,
    centres: int = 2000,
    threads: int = 1,
    block_elements: int = BLOCK[0] * BLOCK[1],
) -> float:
    """max δ with P(ball of radius δ is pure) ≥ `purity`: in a pure ball all rows have the pseudo-label of the centre.

    Pseudo-labels are the clusters of K-means with C clusters over all rows. A ball is pure while δ is below the
    distance from its centre to the nearest row of another cluster, so that δ is a quantile of those distances (less
    one part in 1e12) and needs no search. The centres are `centres` random rows, but their balls hold rows of the whole
    pool: in a subsample balls would hold fewer rows, and be purer. One cluster (identical rows) gives 0.

    Args:
        features_nd: [N, D] features, N ≥ 1.
        classes: C ≥ 2, how many classes the task has.
        generator: source of N keys, which choose the centres, and of K-means' seed.
        purity: the share, above 0 and at most 1.
        centres: the largest number of balls; all rows where there are fewer.
        threads: of K-means.
        block_elements: elements of a block of distances; the result does not depend on it.

    Returns:
        δ, in the units of the features.

    Raises:
        ValueError: there is no row, C is below 2 or the purity out of range.
        ScoreError: a feature is not finite.

    Source: Yehuda et al. 2022, ball purity and the choice of δ.
    Departures: A quantile of the distances of at most `centres` balls, in place of a search over radii.
    """
    check_features(features_nd)
    if len(features_nd) == 0 or classes < 2 or centres < 1 or not 0 < purity <= 1:
        given = f"{len(features_nd)} rows, {classes} classes, {centres} centres, purity {purity}"
        raise ValueError(f"{given}; at least 1, 2, 1 and a share above 0 and at most 1 are needed")
    rows_count = len(features_nd)
    keys_n = tie_keys(rows_count, generator).cpu()
    labels_n = k_means(features_nd, classes, generator, threads=threads)
    points = Points(features_nd)
    chosen = keys_n.argsort(stable=True)[:centres]
    nearest: list[Tensor] = []
    for part in chosen.split(max(1, block_elements // rows_count)):
        sums = points.norms_n[part, None] + points.norms_n
        squared = torch.addmm(sums, points.quick_nd[part], points.quick_nd.T, alpha=-2)
        squared.masked_fill_(labels_n[part, None] == labels_n, math.inf)
        sums *= points.rounding
        bound = (squared + sums).amin(1, keepdim=True)
        i, j = ((squared - sums <= bound) & bound.isfinite()).nonzero(as_tuple=True)
        exact = torch.full((len(part),), math.inf, dtype=torch.float64)
        nearest.append(exact.scatter_reduce_(0, i, points.exact(part[i], j), "amin"))
    distances = torch.cat(nearest).sort().values
    quantile = distances[min(len(distances) - 1, int((1 - purity) * len(distances) + 1e-9))].item()
    # Below it by more than two ways to round the same distance differ.
    return quantile / points.scale * (1 - 1e-12) if quantile < math.inf else 0.0


def _greedy_cover(graph: Any, covered_n: Any, batch: int, order: Any) -> tuple[list[int], list[int]]:
    """The rows picked, and how many uncovered rows each covers; ties by `order`. `covered_n` is updated in place."""
    import numpy as np

    rows_count = len(order)
    # One number for the degree and the tie order: N times the degree, minus the position in the order.
    priorities = (~covered_n + graph.astype(np.int32, copy=False) @ (~covered_n).astype(np.int32)) * np.int64(
        rows_count
    )
    priorities[order] -= np.arange(rows_count)
    rows: list[int] = []
    gains: list[int] = []
    for _ in range(batch):
        row = int(priorities.argmax())
        ball = np.append(graph.indices[graph.indptr[row] : graph.indptr[row + 1]], row)
        new = ball[~covered_n[ball]]
        rows.append(row)
        gains.append(len(new))
        covered_n[new] = True
        if len(new):
            priorities[new] -= rows_count
            priorities -= rows_count * np.bincount(graph[new].indices, minlength=rows_count)
        priorities[row] = np.iinfo(np.int64).min // 2
    return rows, gains
