"""The curvature of a softmax layer equals the Hessian by brute force; draws have the covariance that they should."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from al_bench import kernels


def problem(rows: int, size: int, classes: int = 3):
    generator = torch.Generator().manual_seed(rows)
    features = torch.randn(rows, size, generator=generator, dtype=torch.float64)
    weights = torch.randn(classes, size, generator=generator, dtype=torch.float64)
    labels = torch.randint(classes, (rows,), generator=generator)
    return features, weights, labels, torch.rand(rows, generator=generator, dtype=torch.float64) + 0.5


def test_the_hessian_is_that_of_the_summed_cross_entropy():
    features, weights, labels, shares = problem(7, 4)

    def loss(flat: torch.Tensor) -> torch.Tensor:
        losses = nn.functional.cross_entropy(features @ flat.reshape(3, 4).T, labels, reduction="none")
        return (shares * losses).sum()

    literal = torch.autograd.functional.hessian(loss, weights.flatten())
    found = kernels.softmax_hessian(features, (features @ weights.T).log_softmax(1), shares)
    torch.testing.assert_close(found, literal)


@pytest.mark.parametrize("rows", [40, 3], ids=["more points than features", "fewer points than features"])
def test_kronecker_draws_have_the_covariance_of_the_written_product(rows):
    features, weights, _, shares = problem(rows, 5)
    log_probs = (features @ weights.T).log_softmax(1)
    mean = torch.zeros(3, 3, dtype=torch.float64)
    for probs, share in zip(log_probs.exp(), shares, strict=True):
        mean += share * (torch.diag(probs) - torch.outer(probs, probs)) / rows
    second = sum(torch.outer(row, row) for row in features)
    literal = torch.linalg.inv(torch.kron(mean, second) + 0.7 * torch.eye(15, dtype=torch.float64))
    factors = kernels.kronecker_factors(features, log_probs, shares)
    draws = kernels.kronecker_shifts(factors, 0.7, 200_000, torch.Generator().manual_seed(0)).flatten(1)
    torch.testing.assert_close(draws.T @ draws / len(draws), literal, atol=0.02, rtol=0)


def test_exact_draws_have_the_covariance_of_the_inverse():
    features, weights, _, shares = problem(9, 3)
    hessian = kernels.softmax_hessian(features, (features @ weights.T).log_softmax(1), shares)
    factor = kernels.exact_factor(hessian, 0.5)
    draws = kernels.exact_shifts(factor, 200_000, torch.Generator().manual_seed(0))
    literal = torch.linalg.inv(hessian + 0.5 * torch.eye(9, dtype=torch.float64))
    torch.testing.assert_close(draws.T @ draws / len(draws), literal, atol=0.03, rtol=0)
    assert torch.equal(draws, kernels.exact_shifts(factor, 200_000, torch.Generator().manual_seed(0)))
