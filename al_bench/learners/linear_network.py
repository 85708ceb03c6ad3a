"""A linear layer on shifted, scaled inputs, and the predictions of several of them from one matrix product.

Letters: n rows, C classes, D features, M members.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

if TYPE_CHECKING:
    from al_bench.learners.posterior import Sampler

FLOOR = 1e-6
"""The probability of a class without a labelled point."""
LARGEST_FOLDED = 4.0
"""Of a column's shift in units of its deviation, where it is folded into the bias: that costs two bits of float32."""


class LinearNetwork(nn.Module):
    """Inputs [n, *shape], or sparse rows [n, D], to log-probabilities [n, C]: a linear layer on shifted, scaled inputs.

    Args:
        features: D.
        classes: C.
        shift, scale: [D] or [1] float32: the layer sees (x − shift) · scale.
        precision: 1 / C, the weight of ½ ‖W‖² beside the summed cross-entropy.
    """

    shift: Tensor
    scale: Tensor
    present: Tensor

    def __init__(self, features: int, classes: int, shift: Tensor, scale: Tensor, precision: float = 1.0) -> None:
        super().__init__()
        self.precision = precision
        self.linear = nn.Linear(features, classes)
        self.register_buffer("shift", shift)
        self.register_buffer("scale", scale)
        self.register_buffer("present", torch.ones(classes, dtype=torch.bool))
        self.set(torch.zeros(classes, features), torch.zeros(classes), torch.ones(classes, dtype=torch.bool))

    @torch.no_grad()
    def set(self, weight: Tensor, bias: Tensor, present: Tensor) -> None:
        """Take over W [C, D] and b [C], and which classes have a labelled point, [C]."""
        self.linear.weight.copy_(weight)
        self.linear.bias.copy_(bias)
        self.present.copy_(present)

    def reset_parameters(self) -> None:
        """Forget what was learnt: every class is equally likely."""
        present = torch.ones_like(self.present)
        self.set(torch.zeros_like(self.linear.weight), torch.zeros_like(self.linear.bias), present)

    def forward(self, inputs: Tensor | csr_matrix) -> Tensor:
        if isinstance(inputs, csr_matrix):
            return joint_log_probs([self])(inputs)[:, 0]
        return floor_absent(self.linear(self.scaled(inputs)), self.present)

    def scaled(self, inputs: Tensor) -> Tensor:
        """[n, D] what the layer sees of inputs [n, *shape]."""
        return (inputs.flatten(1) - self.shift) * self.scale

    @property
    def folds(self) -> bool:
        """Whether shift and scale can be part of the weights: not where the shift would cancel most of a product."""
        return bool(((self.shift * self.scale).abs() <= LARGEST_FOLDED).all())


def floor_absent(logits: Tensor, present: Tensor) -> Tensor:
    """Log-probabilities [..., C] of logits: softmax over the classes present [..., C], `FLOOR` for each other one."""
    if present.all():
        return logits.log_softmax(-1)
    log_rest = (-FLOOR * (~present).sum(-1, keepdim=True, dtype=torch.float64)).log1p().to(logits.dtype)
    log_probs = logits.masked_fill(~present, -math.inf).log_softmax(-1) + log_rest
    return log_probs.masked_fill(~present, math.log(FLOOR))


def joint_log_probs(networks: Sequence[LinearNetwork]) -> Sampler:
    """Inputs [n, *shape], or sparse rows [n, D], to the log-probabilities [n, M, C] of M networks, from one product.

    Shift and scale are part of the weights, so that no copy of the inputs is made.
    """
    first = networks[0]
    weights = torch.cat([network.linear.weight.detach() for network in networks])
    bias = torch.cat([network.linear.bias.detach() for network in networks])
    present = torch.stack([network.present for network in networks])
    folded = (weights.double() * first.scale.double()).float()
    folds = first.folds
    if folds and first.shift.any():
        bias = (bias.double() - (weights.double() * first.scale.double() * first.shift.double()).sum(1)).float()

    def log_probs(inputs: Tensor | csr_matrix) -> Tensor:
        if isinstance(inputs, csr_matrix):  # the shift of sparse rows is 0
            logits = torch.from_numpy(inputs @ folded.cpu().numpy().T).to(present.device) + bias
        elif folds:
            logits = nn.functional.linear(inputs.flatten(1), folded, bias)
        else:
            logits = nn.functional.linear(first.scaled(inputs), weights, bias)
        return floor_absent(logits.unflatten(1, present.shape), present)

    return log_probs
