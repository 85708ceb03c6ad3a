"""CAL against every distance and every divergence: ties, certain predictions and extreme scales among them."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench import kernels
from al_bench.errors import ScoreError
from tests.kernels.instances import DTYPES, mc_log_probs, seeded
from tests.reference import cal as twin


@pytest.mark.parametrize("kind", ["mild", "sharp", "certain"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_equals_the_definition(dtype: torch.dtype, kind: str) -> None:
    for seed in range(40):
        rows_count, labelled_count, classes, dimensions = 5 + seed % 12, 1 + seed % 9, 2 + seed % 4, 1 + seed % 4
        features = torch.randn(rows_count, dimensions, generator=seeded(seed), dtype=dtype)
        labelled = torch.randn(labelled_count, dimensions, generator=seeded(seed + 1), dtype=dtype)
        if seed % 3 == 0:  # lattices: equal distances
            features, labelled = features.round(), labelled.round()
        factor = {1: 1e30, 2: 1e-30}.get(seed % 5, 1.0)
        features, labelled = features * factor, labelled * factor
        log_probs = mc_log_probs(seed, rows_count, 1, classes, dtype, kind)[:, 0]
        of_labelled = mc_log_probs(seed + 50, labelled_count, 1, classes, dtype, kind)[:, 0]
        neighbours = 1 + seed % 4
        scores = kernels.contrastive_scores(features, log_probs, labelled, of_labelled, neighbours=neighbours)
        expected = twin.contrastive_scores(
            features.tolist(), log_probs.tolist(), labelled.tolist(), of_labelled.tolist(), neighbours
        )
        assert scores.tolist() == pytest.approx(expected, rel=1e-5, abs=1e-5), f"seed {seed}"
        blocks = kernels.contrastive_scores(
            features, log_probs, labelled, of_labelled, neighbours=neighbours, block_elements=7
        )
        assert torch.allclose(scores, blocks), f"seed {seed}"


def test_hand_worked() -> None:
    """Two labelled points of opposite prediction on a line; the rows predict as the first does."""
    labelled, of_labelled = torch.tensor([[0.0], [10.0]]), torch.tensor([[0.9, 0.1], [0.1, 0.9]]).log()
    features, log_probs = torch.tensor([[1.0], [9.0]]), torch.tensor([[0.9, 0.1], [0.9, 0.1]]).log()
    scores = kernels.contrastive_scores(features, log_probs, labelled, of_labelled, neighbours=1)
    apart = 0.8 * math.log(9)
    assert scores.tolist() == pytest.approx([0, apart], abs=1e-6)
    scores = kernels.contrastive_scores(features, log_probs, labelled, of_labelled, neighbours=5)
    assert scores.tolist() == pytest.approx([apart / 2] * 2, abs=1e-6)


def test_faults_are_refused() -> None:
    features, log_probs = torch.zeros(3, 2), torch.full((3, 2), math.log(0.5))
    with pytest.raises(ValueError, match="10 neighbours among 0 labelled points"):
        kernels.contrastive_scores(features, log_probs, features[:0], log_probs[:0])
    with pytest.raises(ValueError, match="3 and 3 rows of features, 2 and 3 predictions"):
        kernels.contrastive_scores(features, log_probs[:2], features, log_probs)
    bad = log_probs.clone()
    bad[1] = math.nan
    with pytest.raises(ScoreError, match="the prediction of row 1 is NaN"):
        kernels.contrastive_scores(features, bad, features, log_probs)
    with pytest.raises(ScoreError, match="the prediction of labelled row 1 is NaN"):
        kernels.contrastive_scores(features, log_probs, features, bad)
