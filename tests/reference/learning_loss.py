"""Literal twins of the loss-prediction losses and of a training step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def ranking_loss(predicted: list[float], true: list[float], margin: float) -> float:
    """Mean over the pairs (first, last), (second, last but one), … that have two members."""
    terms = []
    first, last = 0, len(true) - 1
    while first < last:
        if true[first] > true[last]:
            terms.append(max(0.0, -(predicted[first] - predicted[last]) + margin))
        elif true[first] < true[last]:
            terms.append(max(0.0, (predicted[first] - predicted[last]) + margin))
        else:
            terms.append(margin)
        first, last = first + 1, last - 1
    return sum(terms) / len(terms) if terms else 0.0


def mse_loss(predicted: list[float], true: list[float]) -> float:
    return sum((p - t) ** 2 for p, t in zip(predicted, true, strict=True)) / len(true) if true else 0.0


def loss_module(
    weights: list[tuple[Tensor, Tensor]], output: tuple[Tensor, Tensor], activations: list[Tensor]
) -> Tensor:
    """Global average pool, linear, ReLU, for each activation of one point; then one linear unit on all of them."""
    hidden: list[float] = []
    for (weight, bias), activation in zip(weights, activations, strict=True):
        pooled = [float(channel.mean()) for channel in activation]
        for unit in range(len(bias)):
            value = sum(float(w) * p for w, p in zip(weight[unit], pooled, strict=True)) + float(bias[unit])
            hidden.append(max(value, 0.0))
    return torch.tensor(sum(float(w) * h for w, h in zip(output[0][0], hidden, strict=True)) + float(output[1][0]))


def train(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    steps: Iterable[tuple[Tensor, Tensor]],
    loss: Callable[[nn.Module, Tensor, Tensor], Tensor],
) -> None:
    """Gradient descent on `loss(network, x, y)` over given mini-batches."""
    network.train()
    for x, y in steps:
        optimiser.zero_grad()
        loss(network, x, y).backward()
        optimiser.step()
    network.eval()
