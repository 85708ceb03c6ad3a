"""The learner of `model=linear`: networks of one linear layer, each the solution for its sample of the labelled points.

Letters: n rows, L labelled points, C classes, D features, M members.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from al_bench.data.sparse import SparseRows
from al_bench.evidence import Product
from al_bench.learners.class_weights import class_weights
from al_bench.learners.fit import Fit
from al_bench.learners.linear import Scaling
from al_bench.learners.linear_network import LinearNetwork, joint_log_probs
from al_bench.learners.matrices import Matrix, input_matrix
from al_bench.learners.member import split
from al_bench.learners.mixture import Mixture
from al_bench.learners.row_memory import RowMemory
from al_bench.learners.softmax_regression import solve
from al_bench.learners.torch_learner import TorchLearner

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset, Inputs
    from al_bench.learners.posterior import Sampler
    from al_bench.rng import Streams

CHUNK_NUMBERS, LEAST_CHUNK, LARGEST_CHUNK = 2**22, 512, 16_384
"""Numbers that the products of a chunk may have in each row-wise matrix, 16 MiB in float32, and limits of its rows."""
CONTIGUOUS = 1.25
"""Rows that lie within so many times their number are computed as one slice, which copies nothing."""

ABSENT = 1e4
"""What is taken from the bias of such a class where the layer is read by itself."""


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
    takes_single_draw_as_given: ClassVar[bool] = True
    _memory: RowMemory = field(default_factory=RowMemory, init=False, repr=False)

    def __post_init__(self) -> None:
        widest = max(math.prod(self.dataset.shape), self.functions * self.dataset.classes)
        self.chunk = min(max(CHUNK_NUMBERS // widest, LEAST_CHUNK), LARGEST_CHUNK)

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
        return joint_log_probs(self._linear)

    @property
    def _linear(self) -> list[LinearNetwork]:
        return [network for network in self.networks if isinstance(network, LinearNetwork)]

    def predict(self, inputs: Tensor) -> Tensor:
        """[n, C] log of the mean prediction of the members, nats."""
        return _mean(joint_log_probs(self._linear)(inputs))

    def features(self, inputs: Tensor, source: str) -> Tensor:
        """[n, D] the scaled inputs for `penultimate`; else as for networks."""
        return self._linear[0].scaled(inputs) if source == "penultimate" else super().features(inputs, source)

    def point_products(self, wanted: frozenset[Product], source: str) -> Callable[[Tensor], dict[Product, Tensor]]:
        """All products wanted, from one matrix product of all members."""
        if source in self._linear[0]._modules:
            return super().point_products(wanted, source)
        log_probs = joint_log_probs(self._linear)

        def products(inputs: Tensor) -> dict[Product, Tensor]:
            values = {}
            if Product.point_log_probs in wanted:
                values[Product.point_log_probs] = _mean(log_probs(inputs))
            if Product.features in wanted:
                values[Product.features] = self.features(inputs, source)
            return values

        return products

    def frozen_features(self, indices: Tensor, source: str) -> Tensor | None:
        """[n, D] features of dataset indices, gathered at once into memory that is used again."""
        inputs = self.dataset.inputs
        if source not in ("penultimate", "input") or not self._is_plain or not isinstance(inputs, Tensor):
            return None
        rows = inputs.flatten(1)
        values = torch.index_select(rows, 0, indices, out=self._memory.rows(len(indices), rows.shape[1]))
        if source == "penultimate":
            network = self._linear[0]
            if network.shift.any():
                values -= network.shift
            values *= network.scale
        return values

    @property
    def _is_plain(self) -> bool:
        """Whether the inputs are in memory as the networks see them."""
        data = self.dataset
        plain = isinstance(data.inputs, Tensor) and data.inputs.dtype == torch.float32 and data.mean is data.std is None
        return plain and data.inputs.device.type == "cpu"

    def chunks(self, sampler: Sampler, inputs: Inputs, indices: Tensor | None = None) -> Iterator[tuple[slice, Tensor]]:
        """As of any learner; rows that lie close together are computed as a slice, without a copy of their inputs."""
        if indices is None or inputs is not self.dataset.inputs or not self._is_plain:
            yield from super().chunks(sampler, inputs, indices)
            return
        assert isinstance(inputs, Tensor)
        with torch.inference_mode():
            for rows in split(len(indices), self.chunk):
                near = slice_around(indices[rows])
                if near is None:
                    yield rows, sampler(inputs[indices[rows]])
                else:
                    yield rows, sampler(inputs[near])[indices[rows] - near.start]

    def products_at(
        self, products: Callable[[Tensor], dict[Product, Tensor]], indices: Tensor
    ) -> dict[Product, Tensor]:
        """As of any learner; log-probabilities of rows that lie close together are computed as a slice."""
        near = slice_around(indices) if self._is_plain else None
        if near is None:
            return super().products_at(products, indices)
        values = products(self.dataset.numbers(near))
        return {name: value[indices - near.start] for name, value in values.items()}


def slice_around(indices: Tensor) -> slice | None:
    """The rows from the lowest of the indices [n] to the highest, unless these are many more than n."""
    if not len(indices):
        return None
    first, end = int(indices.min()), int(indices.max()) + 1
    return slice(first, end) if end - first <= CONTIGUOUS * len(indices) else None


def _mean(log_probs: Tensor) -> Tensor:
    """[n, C] the log of the mean over M of log-probabilities [n, M, C]."""
    members = log_probs.shape[1]
    return log_probs[:, 0] if members == 1 else log_probs.logsumexp(1) - math.log(members)


_MOMENTS: weakref.WeakKeyDictionary[Dataset, dict[Scaling, tuple[Tensor, Tensor]]] = weakref.WeakKeyDictionary()
"""What was computed for data sets that are still in memory: the runs of a study share theirs."""


def moments(dataset: Dataset, scaling: Scaling) -> tuple[Tensor, Tensor]:
    """What is subtracted from the features and what multiplies the difference, [D] or [1] float32 each.

    They are computed from the whole training part in float64, by chunks, once a data set; no label is read.
    """
    known = _MOMENTS.setdefault(dataset, {})
    if scaling not in known:
        known[scaling] = _moments(dataset, scaling)
    return known[scaling]


def _moments(dataset: Dataset, scaling: Scaling) -> tuple[Tensor, Tensor]:
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
