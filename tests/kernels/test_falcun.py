"""Falcun against loops over rows and draws: certain and equal predictions among them."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench import kernels
from al_bench.errors import ScoreError
from tests.kernels.instances import DTYPES, mc_log_probs, seeded
from tests.reference import falcun as twin


def uniforms(count: int, seed: int) -> list[float]:
    return torch.rand(count, generator=seeded(seed), dtype=torch.float64).tolist()


@pytest.mark.parametrize("kind", ["mild", "sharp", "extreme", "certain"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_equals_the_draws_by_definition(dtype: torch.dtype, kind: str) -> None:
    for seed in range(40):
        rows_count, classes = 5 + seed % 30, 2 + seed % 5
        log_probs = mc_log_probs(seed, rows_count, 1, classes, dtype, kind)[:, 0]
        batch = rows_count if seed % 4 == 0 else 1 + seed % 5
        gamma = [10.0, 0.0, 1.0, 50.0][seed % 4]
        rows = kernels.select_falcun(log_probs, batch, seeded(seed), gamma=gamma)
        probs = log_probs.exp().tolist()
        assert rows.tolist() == twin.select_falcun(probs, batch, gamma, uniforms(batch, seed)), f"seed {seed}"


def test_the_first_pick_is_by_uncertainty_and_the_next_far_from_it() -> None:
    probs = torch.tensor([[0.5, 0.5, 0.0], [0.51, 0.49, 0.0], [0.0, 0.5, 0.5], [0.98, 0.01, 0.01]])
    counts = torch.zeros(4, 4)
    for seed in range(400):
        first, second = kernels.select_falcun(probs.log(), 2, seeded(seed)).tolist()
        counts[first, second] += 1
    assert counts[3].sum() == 0, "the certain row is not the first"
    assert counts[0, 2] > 20 * max(counts[0, 1], 1), "the copy of the first pick is not the second"


def test_gamma_0_is_a_uniform_batch() -> None:
    log_probs = mc_log_probs(3, 6, 1, 3, torch.float64, "sharp")[:, 0]
    counts = torch.zeros(6)
    for seed in range(600):
        counts[kernels.select_falcun(log_probs, 2, seeded(seed), gamma=0)] += 1
    assert ((counts - 200) ** 2 / 200).sum() < 20.5  # 99.9 %, 5 degrees of freedom


def test_faults_are_refused() -> None:
    log_probs = mc_log_probs(0, 4, 1, 3, torch.float32, "mild")[:, 0]
    with pytest.raises(ValueError, match="gamma is -1"):
        kernels.select_falcun(log_probs, 1, seeded(0), gamma=-1)
    with pytest.raises(ValueError, match="a batch of 5 rows"):
        kernels.select_falcun(log_probs, 5, seeded(0))
    log_probs[2, 0] = math.nan
    with pytest.raises(ScoreError, match="row 2"):
        kernels.select_falcun(log_probs, 1, seeded(0))
    assert len(kernels.select_falcun(log_probs[:2], 0, seeded(0))) == 0
