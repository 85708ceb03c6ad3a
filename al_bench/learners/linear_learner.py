"""The learner of `model=linear`: networks of one linear layer, each the solution for its sample of the labelled points.

Letters: n rows, L labelled points, C classes, D features, M members.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from al_bench.data.sparse import SparseRows
from al_bench.evidence import Product
from al_bench.learners.class_weights import class_weights
from al_bench.learners.fit import Fit
from al_bench.learners.linear import Scaling
from al_bench.learners.matrices import Matrix, input_matrix
from al_bench.learners.member import split
from al_bench.learners.mixture import Mixture
from al_bench.learners.softmax_regression import solve
from al_bench.learners.torch_learner import TorchLearner

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset
    from al_bench.learners.posterior import Sampler
    from al_bench.rng import Streams

FLOOR = 1e-6
"""The probability of a class without a labelled point."""

ABSENT = 1e4
"""What is taken from the bias of such a class where the layer is read by itself."""


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
        if isinstance(inputs, csr_matrix):  # the shift of sparse rows is 0
            weight = (self.linear.weight.detach() * self.scale).cpu().numpy()
            logits = torch.from_numpy(inputs @ weight.T).to(self.present.device) + self.linear.bias
        else:
            logits = self.linear((inputs.flatten(1) - self.shift) * self.scale)
        return floor_absent(logits, self.present)


def floor_absent(logits: Tensor, present: Tensor) -> Tensor:
    """Log-probabilities [..., C] of logits: softmax over the classes present [C], and `FLOOR` for each other one."""
    absent = int((~present).sum())
    log_probs = logits.masked_fill(~present, -math.inf).log_softmax(-1) + math.log1p(-absent * FLOOR)
    return log_probs.masked_fill(~present, math.log(FLOOR))


@dataclass(eq=False)
class LinearLearner(TorchLearner):
    """Networks of one linear layer, each the solution for its own sample of the labelled points.

    Args:
        C: See `Linear`.
    """

    C: float = field(default=100.0, kw_only=True)
    draws_advice: str = field(default="set posterior=bootstrap or posterior=laplace", kw_only=True)
    members_advice: str = field(default="set posterior=bootstrap", kw_only=True)
    takes_sparse: bool = field(default=False, kw_only=True)

    def reset(self, streams: Streams, round_: int) -> None:
        """Forget what was learnt; nothing is drawn, as there is one solution."""
        for network in self.networks:
            assert isinstance(network, LinearNetwork)
            network.reset_parameters()

    def _train(self, labelled: Tensor, validation: Tensor, streams: Streams, round_: int) -> list[Fit]:
        labels = self.dataset.labels(labelled)
        fits = []
        for member, network in enumerate(self.networks):
            assert isinstance(network, LinearNetwork)
            rows = self.posterior.training_rows(labels, streams.torch("bootstrap", round_, member))
            times = torch.ones(len(labelled)) if rows is None else torch.bincount(rows, minlength=len(labelled))
            indices, times = labelled[times > 0], times[times > 0].double()  # a point drawn twice weighs as much as two
            matrix = input_matrix(self.dataset, indices, network.shift, network.scale)
            fits.append(self._solve(network, matrix, self.dataset.labels(indices), times))
        return fits

    def _solve(self, network: LinearNetwork, matrix: Matrix, labels: Tensor, times: Tensor) -> Fit:
        present, encoded = labels.cpu().unique(return_inverse=True)
        drawn = labels.repeat_interleave(times.long().to(labels.device))
        weights = class_weights(self.training[0].class_weights, drawn, self.dataset.class_names)
        point_weights = times.numpy() if weights is None else (times * weights[labels].double().cpu()).numpy()
        solution = solve(matrix, encoded.numpy(), len(present), self.C, point_weights)
        weight = torch.zeros_like(network.linear.weight)
        bias, mask = torch.zeros_like(network.linear.bias), torch.zeros_like(network.present)
        present = present.to(weight.device)
        weight[present] = torch.from_numpy(solution.weight).to(weight)
        bias[present] = torch.from_numpy(solution.bias).to(bias)
        mask[present] = True
        network.set(weight, bias, mask)
        steps = solution.steps
        return Fit(steps, steps, solution.loss, solution.accuracy, None, solution.converged)

    @property
    def provides(self) -> frozenset[Product]:  # type: ignore[override]
        """All products of networks, without the last layer where its inputs are sparse and no features."""
        sparse = isinstance(self.dataset.inputs, SparseRows)
        return super().provides - (frozenset({Product.last_layer}) if sparse else frozenset())

    def _shown(self, bias: Tensor) -> Tensor:
        network = self.networks[0]
        assert isinstance(network, LinearNetwork)
        return bias.masked_fill(~network.present, -ABSENT)

    def sampler(self, streams: Streams, stream: str, round_: int, draws: int | None = None) -> Sampler:
        """The members of a mixture, which have no dropout; else the posterior's functions, as of networks."""
        if not isinstance(self.posterior, Mixture):
            return super().sampler(streams, stream, round_, draws)
        return lambda inputs: torch.stack([network(inputs) for network in self.networks], 1)


def moments(dataset: Dataset, scaling: Scaling) -> tuple[Tensor, Tensor]:
    """What is subtracted from the features and what multiplies the difference, [D] or [1] float32 each.

    They are computed from the whole training part in float64, by chunks; no label is read.
    """
    if scaling is Scaling.none:
        return torch.zeros(1), torch.ones(1)
    if isinstance(dataset.inputs, SparseRows):
        mean_square = float(dataset.inputs.csr.power(2).sum()) / dataset.size
        return torch.zeros(1), torch.tensor([mean_square**-0.5 if mean_square > 0 else 1.0])
    sums = squares = torch.zeros(math.prod(dataset.shape), dtype=torch.float64)
    for rows in split(dataset.size, 4096):
        part = dataset.prepare(dataset.inputs[rows]).flatten(1).double().cpu()
        sums, squares = sums + part.sum(0), squares + part.square().sum(0)
    if scaling is Scaling.norm:
        mean_square = float(squares.sum()) / dataset.size
        return torch.zeros(1), torch.tensor([mean_square**-0.5 if mean_square > 0 else 1.0])
    mean = sums / dataset.size
    deviation = (squares / dataset.size - mean.square()).clamp_min(0).sqrt()
    deviation[deviation <= 1e-7 * mean.abs() + 1e-30] = 1.0  # constant columns
    return mean.float(), (1 / deviation).float()
