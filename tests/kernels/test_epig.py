"""EPIG against full enumeration, its relation to BALD, its ranges and errors."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench import kernels
from tests.kernels.instances import DTYPES, mc_log_probs
from tests.reference import committee as twin


@pytest.mark.parametrize("kind", ["mild", "sharp", "extreme", "certain", "agreeing"])
def test_equals_full_enumeration(kind: str) -> None:
    for seed in range(30):
        draws, classes = 1 + seed % 6, 2 + seed % 4
        for dtype in DTYPES:
            pool = mc_log_probs(seed, 4, draws, classes, dtype, kind)
            target = mc_log_probs(seed + 77, 1 + seed % 5, draws, 2 + seed % 3, dtype, "mild")
            expected = twin.epig(pool.exp().tolist(), target.exp().tolist())
            scores = kernels.expected_predictive_information_gain(pool, target, chunk=[None, 1, 3][seed % 3])
            tolerance = 2e-6 if dtype == torch.float32 else 1e-12
            assert scores.tolist() == pytest.approx(expected, abs=tolerance), f"seed {seed}"


def test_targets_that_identify_the_draw_make_it_bald() -> None:
    """When y* names the draw, what y tells about y* is what it tells about the weights."""
    pool = mc_log_probs(0, 20, 6, 4, torch.float64, "mild")
    target = torch.eye(6, dtype=torch.float64).log()[None]
    scores = kernels.expected_predictive_information_gain(pool, target)
    torch.testing.assert_close(scores, kernels.bald(pool), atol=1e-12, rtol=0)


def test_small_information_survives_float32() -> None:
    base = torch.randn(10, 1, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(10, 40, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    mc = (base + 0.3 * noise).log_softmax(-1)
    exact = kernels.expected_predictive_information_gain(mc, mc[:4])
    assert exact.max() < 0.02
    single = kernels.expected_predictive_information_gain(mc.float(), mc[:4].float())
    torch.testing.assert_close(single.double(), exact, atol=1e-7, rtol=1e-4)


def test_the_default_chunk_changes_rounding_only() -> None:
    pool = mc_log_probs(0, 300, 20, 10, torch.float32, "sharp")
    target = mc_log_probs(1, 50, 20, 10, torch.float32, "sharp")
    default = kernels.expected_predictive_information_gain(pool, target)
    for chunk in (1, 7, 300):
        other = kernels.expected_predictive_information_gain(pool, target, chunk)
        torch.testing.assert_close(other, default, atol=1e-6, rtol=0)
    assert (default >= 0).all()
    assert (default <= math.log(10)).all()


def test_nan_and_no_rows() -> None:
    pool = mc_log_probs(0, 4, 3, 2, torch.float32, "mild")
    target = pool.clone()
    pool[1, 0, 0] = math.nan
    scores = kernels.expected_predictive_information_gain(pool, target, chunk=2)
    assert scores.isnan().nonzero().tolist() == [[1]]
    assert kernels.expected_predictive_information_gain(pool, pool).isnan().all()
    assert kernels.expected_predictive_information_gain(pool[:0], target).shape == (0,)


def test_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="3 and 2 draws"):
        kernels.expected_predictive_information_gain(torch.zeros(1, 3, 2), torch.zeros(1, 2, 2))
    with pytest.raises(ValueError, match="no target row"):
        kernels.expected_predictive_information_gain(torch.zeros(1, 3, 2), torch.zeros(0, 3, 2))
