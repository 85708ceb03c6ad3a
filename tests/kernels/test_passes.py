"""Kernels that read a pool in passes against those that hold it: the same picks, and how often they read it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from al_bench import kernels
from al_bench.errors import ScoreError
from tests.kernels.instances import DTYPES, mc_log_probs, seeded

CHUNK = 7
"""Rows of a chunk of a pass: no divisor of the pools' sizes."""


class Pool:
    """Rows that are given chunk by chunk, and a count of the passes over them."""

    def __init__(self, features: Tensor, log_probs: Tensor | None = None) -> None:
        self.features, self.log_probs, self.passes = features, log_probs, 0

    def _chunks(self) -> list[slice]:
        return [slice(start, start + CHUNK) for start in range(0, len(self.features), CHUNK)]

    def highest(self, score, count: int, keys: Tensor) -> kernels.HeldRows:
        self.passes += 1
        scores = torch.cat([score(self.features[rows]) for rows in self._chunks()])
        assert scores.dtype == torch.float32
        order = sorted(range(len(scores)), key=lambda row: (-float(scores[row]), float(keys[row])))
        rows = torch.tensor(sorted(order[:count]))
        return kernels.HeldRows(scores, rows, self.features[rows])

    def scores(self, score) -> Tensor:
        self.passes += 1
        return torch.cat([score(self.log_probs[rows], self.features[rows]) for rows in self._chunks()])

    def at(self, row: int) -> tuple[Tensor, Tensor]:
        return self.log_probs[row], self.features[row]


def clouds(seed: int, rows: int, dtype: torch.dtype) -> Tensor:
    """Features of several kinds: noise, far from the origin, copies, on a line, all equal, huge."""
    generator = seeded(seed)
    features = torch.randn(rows, 1 + seed % 5, generator=generator, dtype=dtype)
    kind = ("noise", "far", "copies", "line", "equal", "huge")[seed % 6]
    if kind == "far":
        features += 30
    if kind == "copies":
        features = features[torch.randint(rows // 3, (rows,), generator=generator)]
    if kind == "line":
        features = torch.arange(rows, dtype=dtype)[:, None] % 11
    if kind == "equal":
        features = features[:1].repeat(rows, 1)
    if kind == "huge":
        features *= 1e25
    return features


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("held", [1, 3, 10, 60])
def test_k_centre_picks_the_same_rows_whatever_is_held(dtype: torch.dtype, held: int) -> None:
    for seed in range(60):
        features = clouds(seed, 40 + seed % 9, dtype)
        labelled = features[torch.randperm(len(features), generator=seeded(seed))[: seed % 4]]
        batch = 1 + seed % 13
        whole = kernels.select_k_centre(features, labelled, batch, seeded(seed))
        pool = Pool(features)
        chosen = kernels.select_k_centre_in_passes(
            len(features), pool.highest, labelled, batch, seeded(seed), held=held
        )
        assert chosen.rows.tolist() == whole.rows.tolist(), f"seed {seed}"
        torch.testing.assert_close(chosen.radii, whole.radii, rtol=1e-12, atol=0)
        if held >= len(features):
            assert pool.passes == (1 if len(labelled) else 2), "the first centre is known before any distance"
        assert pool.passes <= batch + 2


def test_k_centre_picks_all_rows_of_a_pool() -> None:
    features = clouds(2, 20, torch.float32)
    whole = kernels.select_k_centre(features, features[:2], 20, seeded(0))
    chosen = kernels.select_k_centre_in_passes(20, Pool(features).highest, features[:2], 20, seeded(0), held=4)
    assert chosen.rows.tolist() == whole.rows.tolist()


def test_k_centre_reads_the_pool_again_only_where_a_row_left_out_might_be_the_farthest() -> None:
    """Far rows in all directions, and a crowd in the middle: while far ones are left one pass is enough."""
    generator = seeded(0)
    crowd, far = torch.randn(300, 8, generator=generator), 50 * torch.randn(40, 8, generator=generator)
    features, labelled = torch.cat([crowd, far]), crowd[:5]
    pool = Pool(features)
    few = kernels.select_k_centre_in_passes(340, pool.highest, labelled, 20, seeded(1), held=40)
    assert pool.passes == 1
    assert few.rows.min() >= 300
    many = kernels.select_k_centre_in_passes(340, pool.highest, labelled, 80, seeded(1), held=40)
    assert pool.passes > 2
    assert many.rows.tolist() == kernels.select_k_centre(features, labelled, 80, seeded(1)).rows.tolist()


def test_k_centre_in_passes_refuses_what_is_not_finite() -> None:
    features = torch.randn(30, 3, generator=seeded(0))
    features[11, 1] = torch.nan
    with pytest.raises(ScoreError, match="the distance of row 11 is not finite"):
        kernels.select_k_centre_in_passes(30, Pool(features).highest, features[:2], 3, seeded(0), held=9)
    with pytest.raises(ValueError, match="0 rows held"):
        kernels.select_k_centre_in_passes(30, Pool(features).highest, features[:2], 3, seeded(0), held=0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("first_centre", ["uniform", "largest_norm"])
def test_badge_draws_the_same_rows_as_from_a_pool_that_is_held(dtype: torch.dtype, first_centre: str) -> None:
    for seed in range(60):
        rows, batch = 30 + seed % 5, 1 + seed % 20
        kind = ("mild", "sharp", "certain", "extreme")[seed % 4]
        log_probs = mc_log_probs(seed, rows, 1, 2 + seed % 4, dtype, kind)[:, 0]
        features = torch.randn(rows, 1 + seed % 6, generator=seeded(seed + 50), dtype=dtype)
        if seed % 3 == 0:
            log_probs, features = log_probs[torch.arange(rows) // 2], features[torch.arange(rows) // 2]
        expected = kernels.select_badge(log_probs, features, batch, seeded(seed), first_centre=first_centre)
        pool = Pool(features, log_probs)
        chosen = kernels.select_badge_in_passes(
            rows, pool.scores, pool.at, batch, seeded(seed), first_centre=first_centre
        )
        assert chosen.tolist() == expected.tolist(), f"seed {seed}"
        assert len(set(chosen.tolist())) == batch


def test_badge_reads_the_pool_about_log_of_the_batch_times() -> None:
    rows, batch = 2_000, 64
    log_probs = mc_log_probs(0, rows, 1, 5, torch.float32, "mild")[:, 0]
    features = torch.randn(rows, 6, generator=seeded(1))
    passes = []
    for seed in range(5):
        pool = Pool(features, log_probs)
        kernels.select_badge_in_passes(rows, pool.scores, pool.at, batch, seeded(seed))
        passes.append(pool.passes)
    assert min(passes) >= 6, "1, 2, 4, 8, 16 and 32 centres"
    assert max(passes) <= 10


def test_badge_in_passes_refuses_what_is_not_finite() -> None:
    log_probs = mc_log_probs(0, 20, 1, 3, torch.float32, "mild")[:, 0]
    features = torch.randn(20, 4, generator=seeded(1))
    features[6, 2] = torch.inf
    pool = Pool(features, log_probs)
    with pytest.raises(ScoreError, match="the gradient of row 6 is not finite"):
        kernels.select_badge_in_passes(20, pool.scores, pool.at, 4, seeded(0))
    with pytest.raises(ValueError, match="first_centre is 'mean'"):
        kernels.select_badge_in_passes(20, pool.scores, pool.at, 4, seeded(0), first_centre="mean")
