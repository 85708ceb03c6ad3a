"""The pairs within a radius: exactly those that all distances give, whatever the geometry and the blocks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from al_bench.kernels.distances import Points
from al_bench.kernels.neighbour_pairs import NeighbourPairs
from al_bench.kernels.neighbour_search import find_pairs

GEOMETRIES = {
    "line": lambda g: g.normal(size=(700, 1)),
    "plane": lambda g: g.uniform(size=(900, 2)),
    "groups": lambda g: 5 * g.normal(size=(6, 20))[g.integers(0, 6, 800)] + 0.1 * g.normal(size=(800, 20)),
    "falling variances": lambda g: g.normal(size=(600, 64)) / (1 + np.arange(64)),
    "noise": lambda g: g.normal(size=(500, 128)),
    "more features than rows": lambda g: g.normal(size=(40, 300)),
    "copies": lambda g: g.normal(size=(30, 8))[g.integers(0, 30, 500)],
    "far from zero": lambda g: 1000 + g.normal(size=(600, 5)),
    "a grid": lambda g: np.stack(np.meshgrid(np.arange(25), np.arange(25)), -1).reshape(-1, 2) * 1.0,
    "one row": lambda g: g.normal(size=(1, 4)),
}


def literal(features: np.ndarray, radius: float) -> set[tuple[int, int]]:
    """{(i, j), i < j: ‖x_i − x_j‖ ≤ radius}, from all distances in float64."""
    rows = features.astype(np.float64)
    return {
        (i, j)
        for i in range(len(rows))
        for j in np.flatnonzero(np.sqrt(((rows - rows[i]) ** 2).sum(1)) <= radius).tolist()
        if i < j
    }


def found(features: np.ndarray, radius: float, block: tuple[int, int] = (1024, 4096)) -> list[tuple[int, int]]:
    points = Points(torch.from_numpy(features))
    pairs = NeighbourPairs(points, radius, 10**9)
    find_pairs(points, len(features), pairs, block)
    i, j, _ = pairs.take()
    return [(min(pair), max(pair)) for pair in zip(i.tolist(), j.tolist(), strict=True)]


@pytest.mark.parametrize("share", [0.0, 0.002, 0.05, 0.6])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_the_pairs_are_those_of_all_distances_and_each_once(name, share):
    features = GEOMETRIES[name](np.random.default_rng(3)).astype(np.float32)
    rows = features.astype(np.float64)
    distances = np.sqrt(((rows[:, None] - rows[None, :100]) ** 2).sum(2))
    radius = float(np.quantile(distances, share))
    pairs = found(features, radius)
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == literal(features, radius)


@pytest.mark.parametrize("block", [(1, 1), (7, 300), (256, 256), (5000, 5000)], ids=str)
def test_no_pair_depends_on_the_blocks(block):
    features = GEOMETRIES["falling variances"](np.random.default_rng(0)).astype(np.float32)[:300]
    assert sorted(found(features, 0.9, block)) == sorted(found(features, 0.9))


def test_a_distance_of_exactly_the_radius_is_within():
    features = GEOMETRIES["a grid"](np.random.default_rng(0)).astype(np.float32)
    assert len(found(features, 1.0)) == 2 * 25 * 24
    assert len(found(features, float(np.nextafter(1.0, 0)))) == 0
