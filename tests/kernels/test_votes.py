"""Committee scores on hand-worked votes and against their twins."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from al_bench import kernels
from tests.kernels.instances import instances, mc_log_probs
from tests.reference import committee as twin


def voters(*classes: int) -> Tensor:
    """One row [1, M, 3] whose members vote for these classes with probability 0.8."""
    probs = torch.full((1, len(classes), 3), 0.1)
    probs[0, torch.arange(len(classes)), list(classes)] = 0.8
    return probs.log()


def test_hand_worked_hard_votes() -> None:
    four_to_one, split, all_three = voters(0, 0, 0, 0, 1), voters(0, 0, 1, 1), voters(0, 1, 2)
    assert kernels.vote_entropy(four_to_one).item() == pytest.approx(0.500402, abs=1e-6)
    assert kernels.vote_entropy(split).item() == pytest.approx(math.log(2))
    assert kernels.vote_entropy(all_three).item() == pytest.approx(math.log(3))
    assert kernels.vote_entropy(voters(2, 2)).item() == 0
    assert kernels.vote_margin(four_to_one).item() == pytest.approx(0.4)
    assert kernels.vote_margin(split).item() == pytest.approx(1.0)
    assert kernels.vote_margin(voters(1, 1, 1)).item() == 0


def test_hand_worked_soft_votes() -> None:
    """Votes (0.8, 0.1, 0.1) and (0.1, 0.8, 0.1): the consensus is (0.45, 0.45, 0.1)."""
    members = voters(0, 1)
    assert kernels.vote_entropy(members, soft=True).item() == pytest.approx(0.948916, abs=1e-6)
    assert kernels.vote_margin(members, soft=True).item() == pytest.approx(1.0)
    kl = 0.8 * math.log(0.8 / 0.45) + 0.1 * math.log(0.1 / 0.45)
    assert kernels.consensus_kl(members).item() == pytest.approx(kl)
    assert kernels.consensus_kl(voters(1, 1)).item() == pytest.approx(0.0, abs=1e-6)


def test_equal_the_twins() -> None:
    for members in instances():
        probs = members.exp().tolist()
        tolerance = 3e-6 if members.dtype == torch.float32 else 1e-12
        for soft in (False, True):
            expected = [twin.vote_entropy(row, soft) for row in probs]
            assert kernels.vote_entropy(members, soft).tolist() == pytest.approx(expected, abs=tolerance)
            expected = [twin.vote_margin(row, soft) for row in probs]
            assert kernels.vote_margin(members, soft).tolist() == pytest.approx(expected, abs=tolerance)
        expected = [twin.consensus_kl(row) for row in probs]
        assert kernels.consensus_kl(members).tolist() == pytest.approx(expected, abs=tolerance)


def test_a_nan_reaches_the_score_of_its_row_only() -> None:
    members = mc_log_probs(0, 5, 4, 3, torch.float32, "mild")
    members[3, 0, 2] = math.nan
    for scores in (
        kernels.vote_entropy(members),
        kernels.vote_entropy(members, soft=True),
        kernels.vote_margin(members),
        kernels.consensus_kl(members),
    ):
        assert scores.isnan().nonzero().tolist() == [[3]]
