"""Variance components against the definition, and their intervals against planted variances."""

from __future__ import annotations

import numpy as np
import pytest

from al_bench.analysis.statistics.components import components, is_balanced
from tests.reference.variance_components import variances

DESIGNS = {"3 x 3": (3, 3), "2 x 5": (2, 5), "3 x 3 x 2": (3, 3, 2), "one way": (4,)}


def design(sizes: tuple[int, ...], repeats: int = 1) -> dict[str, np.ndarray]:
    grid = np.indices(sizes).reshape(len(sizes), -1).repeat(repeats, axis=1)
    return {f"factor {number}": levels for number, levels in enumerate(grid)}


def draw(factors: dict[str, np.ndarray], spreads: list[float], rest: float, generator) -> np.ndarray:
    values = rest * generator.standard_normal(len(next(iter(factors.values()))))
    for levels, spread in zip(factors.values(), spreads, strict=True):
        values = values + spread * generator.standard_normal(levels.max() + 1)[levels]
    return values


@pytest.mark.parametrize("sizes", DESIGNS.values(), ids=DESIGNS)
@pytest.mark.parametrize("repeats", [2, 3])
def test_variances_are_those_of_the_definition(sizes, repeats):
    factors = design(sizes, repeats)
    for seed in range(20):
        values = draw(factors, [1.0, 0.0, 2.0][: len(sizes)], 0.5, np.random.default_rng(seed))
        expected = variances(values.tolist(), {name: levels.tolist() for name, levels in factors.items()})
        found = components(values, factors)
        assert {name: part.variance for name, part in found.items()} == pytest.approx(expected)
        assert all(part.low <= part.variance + 1e-12 for part in found.values())
        assert all(part.variance <= part.high + 1e-12 for part in found.values())


@pytest.mark.parametrize("spreads", [(1.0, 1.0), (0.0, 1.0), (0.2, 3.0)], ids=["alike", "one is nothing", "unlike"])
@pytest.mark.parametrize("sizes", [(5, 5), (3, 3)], ids=["5 x 5", "3 x 3"])
def test_intervals_cover_planted_variances(sizes, spreads):
    factors, generator, draws = design(sizes), np.random.default_rng(0), 1500
    covered = np.zeros(3)
    for _ in range(draws):
        found = components(draw(factors, list(spreads), 0.5, generator), factors)
        truth = (*(spread**2 for spread in spreads), 0.25)
        covered += [part.low <= true <= part.high for part, true in zip(found.values(), truth, strict=True)]
    assert (covered / draws > 0.935).all(), covered / draws
    assert abs(covered[2] / draws - 0.95) < 0.02


def test_a_design_is_balanced_where_every_combination_is_as_frequent():
    assert is_balanced(design((3, 2)))
    assert is_balanced(design((3, 2), 2))
    uneven = {name: levels[:-1] for name, levels in design((3, 2)).items()}
    assert not is_balanced(uneven)
    doubled = {name: np.append(levels, levels[0]) for name, levels in design((3, 2)).items()}
    assert not is_balanced(doubled)


def test_without_a_degree_of_freedom_for_the_rest_there_is_nothing():
    assert components(np.array([1.0, 2.0]), {"a": np.array([0, 1])}) == {}
