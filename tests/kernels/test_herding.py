"""Herding by lazy greedy and blocks against every kernel value of every pair: copies, weights, extreme scales."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from al_bench import kernels
from al_bench.errors import ScoreError
from al_bench.kernels.calibration import TEMPERATURES
from tests.kernels.instances import DTYPES, seeded
from tests.reference import herding as twin


def keys_of(rows: int, seed: int) -> list[float]:
    return torch.rand(rows, generator=seeded(seed), dtype=torch.float64).tolist()


def instance(seed: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor, float]:
    """Features, labelled features, weights and a radius: copies, zeros, far groups and extreme scales among them."""
    size, dimensions, labelled_count = 10 + seed % 23, 1 + seed % 5, [0, 1, 6][seed % 3]
    features = torch.randn(size, dimensions, generator=seeded(seed), dtype=dtype)
    labelled = torch.randn(labelled_count, dimensions, generator=seeded(seed + 1), dtype=dtype)
    weights = torch.rand(size, generator=seeded(seed + 2), dtype=torch.float64)
    if seed % 4 == 0:
        features, labelled = features.round(), labelled.round()
    if seed % 5 == 0:
        weights = weights.round()
    factor = {1: 1e30, 2: 1e-30}.get(seed % 7, 1.0)
    return features * factor, labelled * factor, weights, [1.0, 0.3, 0.05, 2.0, 0.001][seed % 5]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_equals_the_dense_greedy(dtype: torch.dtype) -> None:
    for seed in range(120):
        features, labelled, weights, radius = instance(seed, dtype)
        batch = len(features) if seed % 6 == 0 else 1 + seed % 9
        result = kernels.select_herding(
            features, labelled, batch, seeded(seed), radius=radius, weights_n=weights if seed % 2 else None
        )
        used = weights.tolist() if seed % 2 else [1.0] * len(features)
        keys = keys_of(len(features), seed)
        rows, gains = twin.select_herding(features.tolist(), labelled.tolist(), used, batch, radius, keys)
        assert result.rows.tolist() == rows, f"seed {seed}"
        assert result.gains.tolist() == pytest.approx([gain / len(features) for gain in gains], abs=1e-9), f"{seed}"


def test_the_size_of_the_blocks_changes_nothing() -> None:
    features, labelled = torch.randn(700, 6, generator=seeded(0)), torch.randn(40, 6, generator=seeded(1))
    weights = torch.rand(700, generator=seeded(2))
    whole = kernels.select_herding(features, labelled, 60, seeded(3), radius=0.6, weights_n=weights)
    blocks = kernels.select_herding(
        features, labelled, 60, seeded(3), radius=0.6, weights_n=weights, block_elements=1_000
    )
    assert blocks.rows.tolist() == whole.rows.tolist()
    rows, _ = twin.select_herding(
        features.tolist(), labelled.tolist(), weights.double().tolist(), 6, 0.6, keys_of(700, 3)
    )
    assert whole.rows[:6].tolist() == rows


def test_laziness_evaluates_a_fraction_of_what_the_dense_greedy_does() -> None:
    centres = torch.randn(30, 16, generator=seeded(0))
    features = centres[torch.arange(2_000) % 30] + 0.5 * torch.randn(2_000, 16, generator=seeded(1))
    result = kernels.select_herding(features, features[:0], 50, seeded(2), radius=0.5)
    assert result.evaluations < 0.2 * 50 * 2_000
    assert result.gains.tolist() == sorted(result.gains.tolist(), reverse=True)  # submodular


def test_a_subset_of_targets_is_the_greedy_of_that_subset() -> None:
    features = torch.randn(300, 4, generator=seeded(0))
    result = kernels.select_herding(features, features[:0], 20, seeded(1), radius=0.5, max_targets=100)
    generator = seeded(1)
    keys = torch.rand(300, generator=generator, dtype=torch.float64).tolist()
    chosen = set(torch.randperm(300, generator=generator)[:100].tolist())
    weights = [float(n in chosen) for n in range(300)]
    rows, gains = twin.select_herding(features.tolist(), [], weights, 20, 0.5, keys)
    assert result.targets == 100
    assert result.rows.tolist() == rows
    assert result.gains.tolist() == pytest.approx([gain / 100 for gain in gains])
    assert result.coverage == pytest.approx(sum(gains) / 100)


def test_hand_worked_on_a_circle() -> None:
    """Three directions, in a group of three, one of two and one alone: they are taken in the order of their sizes."""
    angles = torch.tensor([0.0, 0.01, -0.01, 2.0, 2.01, 4.0])
    features = torch.stack([angles.cos(), angles.sin()], 1) * torch.tensor([[1.0], [5.0], [0.1], [1], [1], [9]])
    rows = kernels.select_herding(features, features[:0], 3, seeded(0), radius=0.1).rows.tolist()
    assert rows[0] == 0
    assert rows[1] in (3, 4)
    assert rows[2] == 5
    # The group of three is labelled already: the pair comes first.
    assert kernels.select_herding(features, 7 * features[:1], 1, seeded(0), radius=0.1).rows.item() in (3, 4)
    # Uncertainty outweighs the number.
    weights = torch.tensor([0.1, 0.1, 0.1, 0.1, 0.1, 1.0])
    assert kernels.select_herding(features, features[:0], 1, seeded(0), radius=0.1, weights_n=weights).rows.item() == 5


def test_what_is_covered_at_once_is_filled_uniformly() -> None:
    counts = torch.zeros(7)
    for seed in range(300):
        counts[kernels.select_herding(torch.ones(7, 2), torch.empty(0, 2), 3, seeded(seed)).rows] += 1
    assert ((counts - 900 / 7) ** 2 / (900 / 7)).sum() < 22.46  # 99.9 %, 6 degrees of freedom


def test_the_radius_is_the_least_distance_of_labelled_points_that_differ() -> None:
    for seed in range(40):
        labelled = torch.randn(2 + seed % 9, 1 + seed % 6, generator=seeded(seed)) * [1.0, 1e30, 1e-30][seed % 3]
        if seed % 4 == 0:
            labelled = torch.cat([labelled, 3 * labelled[:1]])  # a copy, once the norm is taken out
        expected, least = twin.least_distance(labelled.tolist()), kernels.least_distance(labelled, 20)
        assert (expected is None) == (least is None), f"seed {seed}"
        if least is not None:
            assert least == pytest.approx(expected, rel=1e-6), f"seed {seed}"
    assert kernels.least_distance(torch.ones(4, 3)) is None
    assert kernels.least_distance(torch.ones(0, 3)) is None


def test_the_temperature_is_that_of_least_calibration_error() -> None:
    for seed in range(25):
        count, classes = 5 + 7 * (seed % 6), 2 + seed % 4
        logits = torch.randn(count, classes, generator=seeded(seed), dtype=torch.float64) * (1 + seed % 5)
        labels = (logits + 3 * torch.randn(count, classes, generator=seeded(seed + 1), dtype=torch.float64)).argmax(1)
        log_probs = logits.log_softmax(1)
        temperature = kernels.calibrated_temperature(log_probs, labels)
        expected = twin.calibrated_temperature(log_probs.numpy(), labels.numpy(), list(TEMPERATURES), 15)
        assert temperature == expected, f"seed {seed}"
    # Right in half of the cases, at a confidence of 0.98: the calibrated confidence is near a half.
    log_probs = torch.tensor([[2.0, -2.0]] * 100).log_softmax(1)
    assert kernels.calibrated_temperature(log_probs, torch.arange(100) % 2) == TEMPERATURES[-1]
    assert kernels.calibrated_temperature(log_probs[:0], torch.empty(0, dtype=torch.int64)) == 1.0
    assert np.allclose(np.diff(TEMPERATURES), 0.1)


def test_faults_are_refused_and_nothing_is_written() -> None:
    features = torch.randn(9, 2, generator=seeded(0))
    copy = features.clone()
    kernels.select_herding(features, features[:2], 3, seeded(0))
    assert torch.equal(features, copy)
    with pytest.raises(ValueError, match="a batch of 10 rows cannot be chosen from 9 rows"):
        kernels.select_herding(features, features, 10, seeded(0))
    with pytest.raises(ValueError, match="the radius is 0"):
        kernels.select_herding(features, features, 1, seeded(0), radius=0)
    with pytest.raises(ValueError, match="max_targets is 0"):
        kernels.select_herding(features, features, 1, seeded(0), max_targets=0)
    with pytest.raises(ValueError, match=r"weights of shape \[2\]"):
        kernels.select_herding(features, features, 1, seeded(0), weights_n=torch.ones(2))
    with pytest.raises(ScoreError, match="the weight of row 1 is -1"):
        kernels.select_herding(features, features, 1, seeded(0), weights_n=torch.arange(9.0) * -1)
    with pytest.raises(ScoreError, match="held-out prediction of labelled row 1 is NaN"):
        kernels.calibrated_temperature(torch.tensor([[0.0, 0.0], [math.nan, 0.0]]), torch.tensor([0, 1]))
    features[4, 1] = math.inf
    with pytest.raises(ScoreError, match=r"candidate row 4 is not finite"):
        kernels.select_herding(features, features[:2], 1, seeded(0))
    assert len(kernels.select_herding(features[:0], features[:2], 0, seeded(0)).rows) == 0
