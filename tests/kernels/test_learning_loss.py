"""The losses of the loss-prediction module: hand-worked, against their twins, and their gradients."""

from __future__ import annotations

import pytest
import torch

from al_bench import kernels
from tests.kernels.instances import DTYPES, seeded
from tests.reference import learning_loss as twin


def test_hand_worked_pairs() -> None:
    """Pairs (0, 3) and (1, 2). True order 2 > 1 is predicted by 0.5: 0.5 short. True order 0 < 5 is wrong by 2: 3."""
    predicted, true = torch.tensor([1.5, 2.0, 0.0, 1.0]), torch.tensor([2.0, 0.0, 5.0, 1.0])
    assert kernels.ranking_loss(predicted, true, 1.0).item() == pytest.approx((0.5 + 3.0) / 2)
    assert kernels.ranking_loss(predicted, true, 0.25).item() == pytest.approx((0.0 + 2.25) / 2)
    assert kernels.mse_loss(predicted, true).item() == pytest.approx((0.25 + 4 + 25 + 0) / 4)


def test_equal_the_twins() -> None:
    for seed in range(400):
        generator = seeded(seed)
        size = int(torch.randint(0, 12, (), generator=generator))
        margin = float(torch.rand((), generator=generator)) * 2
        scale = 10.0 ** int(torch.randint(-3, 4, (), generator=generator))
        for dtype in DTYPES:
            predicted = torch.randn(size, generator=generator, dtype=torch.float64).to(dtype) * scale
            true = torch.rand(size, generator=generator, dtype=torch.float64).to(dtype) * scale
            if seed % 3 == 0:  # equal losses among them
                true = true.div(scale / 2, rounding_mode="floor")
            relative = 1e-5 if dtype == torch.float32 else 1e-12
            for loss, expected in (
                (kernels.ranking_loss(predicted, true, margin), twin.ranking_loss([*predicted], [*true], margin)),
                (kernels.mse_loss(predicted, true), twin.mse_loss([*predicted], [*true])),
            ):
                assert loss.shape == (), f"seed {seed}"
                assert loss.item() == pytest.approx(float(expected), rel=relative, abs=1e-12), f"seed {seed}"


def test_gradients_reach_predictions_only() -> None:
    """Of pairs (0, 4) ordered by less than the margin and (1, 3) by more; 2 is the middle one."""
    predicted = torch.tensor([0.5, 9.0, 7.0, 0.0, 0.0], requires_grad=True)
    true = torch.tensor([2.0, 2.0, 2.0, 1.0, 1.0], requires_grad=True)
    kernels.ranking_loss(predicted, true, 1.0).backward()
    assert predicted.grad is not None
    assert predicted.grad.tolist() == [-0.5, 0.0, 0.0, 0.0, 0.5]
    assert true.grad is None
    kernels.mse_loss(predicted, true).backward()
    assert true.grad is None


def test_ties_cost_the_margin_and_pull_nowhere() -> None:
    predicted = torch.tensor([3.0, 1.0], requires_grad=True)
    loss = kernels.ranking_loss(predicted, torch.tensor([0.7, 0.7]), 1.5)
    loss.backward()
    assert loss.item() == 1.5
    assert predicted.grad is not None
    assert predicted.grad.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("size", [0, 1], ids=["empty", "one point"])
def test_no_pair_no_loss(size: int) -> None:
    predicted = torch.ones(size, requires_grad=True)
    loss = kernels.ranking_loss(predicted, torch.ones(size), 1.0)
    loss.backward()
    assert loss.item() == 0
    assert predicted.grad is not None
    assert predicted.grad.tolist() == [0.0] * size


def test_an_odd_batch_is_the_batch_without_its_middle() -> None:
    predicted, true = torch.randn(2, 7, generator=seeded(0))
    rest = [0, 1, 2, 4, 5, 6]
    assert kernels.ranking_loss(predicted, true, 1.0) == kernels.ranking_loss(predicted[rest], true[rest], 1.0)


def test_ranking_ignores_the_offset_of_predictions_and_the_scale_of_losses() -> None:
    predicted, true = torch.randn(2, 10, generator=seeded(1), dtype=torch.float64)
    expected = kernels.ranking_loss(predicted, true, 1.0)
    torch.testing.assert_close(kernels.ranking_loss(predicted + 5, true * 1e-6, 1.0), expected)


def test_shapes_that_would_broadcast_are_refused() -> None:
    for loss in (lambda p, t: kernels.ranking_loss(p, t, 1.0), kernels.mse_loss):
        with pytest.raises(ValueError, match=r"\[4, 1\].*\[4\].*both must be \[B\]"):
            loss(torch.zeros(4, 1), torch.zeros(4))
        with pytest.raises(ValueError, match=r"both must be \[B\]"):
            loss(torch.zeros(1), torch.zeros(4))
