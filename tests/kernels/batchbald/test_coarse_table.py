"""Coarse tables: upper bounds of every gain, whatever the posteriors, and close where lines are alike."""

from __future__ import annotations

import pytest
import torch

from al_bench.kernels.batchbald.coarse_table import coarse_tables
from al_bench.kernels.batchbald.label_table import LabelTable
from tests.kernels.instances import mc_log_probs, seeded

KINDS = ("mild", "sharp", "extreme", "certain", "agreeing")


def exact(probs_bkc: torch.Tensor) -> LabelTable:
    table = LabelTable.start(probs_bkc)
    for probs_kc in probs_bkc:
        table = table.enumerated(probs_kc)
    return table


def table_of(kind: str, seed: int, dtype: torch.dtype, sampled: bool) -> LabelTable:
    probs = mc_log_probs(seed, 4, 6, 4, dtype, kind).exp()
    return LabelTable.sample(probs, 600, seeded(seed)) if sampled else exact(probs)


@pytest.mark.parametrize("sampled", [False, True], ids=["exact", "sampled"])
@pytest.mark.parametrize(
    ("dtype", "rounding"), [(torch.float64, 1e-12), (torch.float32, 2e-6)], ids=["float64", "float32"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_gains_of_a_coarse_table_are_bounds(kind: str, dtype: torch.dtype, rounding: float, sampled: bool) -> None:
    for seed in range(20):
        table = table_of(kind, seed, dtype, sampled)
        candidates = mc_log_probs(seed + 100, 50, 6, 4, dtype, KINDS[seed % 5]).exp()
        gains = table.gains(candidates)
        above = torch.full_like(gains, torch.inf)
        for coarse in coarse_tables(table, (1, 2, 5, 12, 40)):
            bounds = coarse.gains(candidates)
            assert (bounds >= gains - rounding).all(), f"seed {seed}"
            assert (bounds <= above + rounding).all(), f"seed {seed}"  # more lines, a closer bound
            above = bounds


def test_lines_are_means_of_groups_of_lines() -> None:
    table = table_of("mild", 0, torch.float64, False)
    coarse = coarse_tables(table, (1, 10, 50))
    assert [len(part.weight_m) for part in coarse] == [1, 10, 50]
    for part in coarse:
        assert part.weight_m.sum().item() == pytest.approx(1)
        torch.testing.assert_close(part.weight_m @ part.posterior_mk, table.weight_m @ table.posterior_mk)
        torch.testing.assert_close(part.posterior_mk.sum(-1), torch.ones(len(part.weight_m), dtype=torch.float64))
        assert not part.sampled


def test_a_coarse_table_of_few_distinct_lines_is_the_table() -> None:
    """Eight posteriors, each in 25 lines: eight groups lose nothing."""
    posterior = torch.rand(8, 5, generator=seeded(0), dtype=torch.float64)
    posterior /= posterior.sum(-1, keepdim=True)
    weight = torch.rand(200, generator=seeded(1), dtype=torch.float64)
    table = LabelTable(weight / weight.sum(), posterior.repeat(25, 1))
    candidates = mc_log_probs(2, 30, 5, 3, torch.float64, "mild").exp()
    [coarse] = coarse_tables(table, (100,))
    assert len(coarse.weight_m) == 8
    torch.testing.assert_close(coarse.gains(candidates), table.gains(candidates), atol=1e-12, rtol=0)


def test_small_tables_have_none() -> None:
    table = table_of("mild", 0, torch.float64, False)
    assert len(table.weight_m) == 256
    assert coarse_tables(table, (129, 200)) == []
    assert len(coarse_tables(table, (128, 200))) == 1


def test_lines_of_next_to_no_weight_do_no_harm() -> None:
    table = table_of("mild", 0, torch.float32, False)
    weight = table.weight_m.clone()
    weight[::2] = 1e-42
    table = LabelTable(weight / weight.sum(), table.posterior_mk)
    candidates = mc_log_probs(2, 30, 6, 4, torch.float32, "mild").exp()
    for coarse in coarse_tables(table, (8, 64)):
        assert (coarse.gains(candidates) >= table.gains(candidates) - 2e-6).all()
