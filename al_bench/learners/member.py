"""One trained network of a learner, as a posterior sees it.

Letters: n rows, C classes, D features, L labelled points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from al_bench.data.dataset import Dataset
from al_bench.evidence import Product
from al_bench.learners.pass_rows import passes
from al_bench.learners.point_pass import PointPass, feature_layer
from al_bench.learners.posterior import Sampler


def split(count: int, chunk: int) -> Iterator[slice]:
    """Slices that cover range(count), each of `chunk` or fewer."""
    return (slice(start, min(start + chunk, count)) for start in range(0, count, chunk))


@dataclass(frozen=True, eq=False)
class Member:
    """A trained network with the points that it was trained on.

    Args:
        number: m, from 0.
        networks: All M networks; this member's is `network`.
        dataset: Where the labelled points come from.
        indices: [L] dataset indices of the labelled points; None where the network was loaded and not trained here.
        chunk: The most rows that `labelled` gives at a time.
        class_weights: [C] what the loss of a point of each class was multiplied by in training; None: 1.
        plain: The user asks for whole passes, in place of faster ones that are equal up to rounding
            (`scoring=plain`).
    """

    number: int
    networks: Sequence[nn.Module]
    dataset: Dataset
    indices: Tensor | None
    chunk: int = 512
    plain: bool = False
    class_weights: Tensor | None = None

    @property
    def network(self) -> nn.Module:
        """The member's network, in evaluation mode: prepared inputs [n, *shape] to logits [n, C]."""
        return self.networks[self.number]

    @property
    def row(self) -> Tensor:
        """[1, *shape] one prepared input, by which shapes can be found."""
        return self.dataset.prepare(self.dataset.inputs[:1])

    def labelled(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The labelled points by chunks: prepared inputs [n, *shape] and labels [n] int64.

        Raises:
            RuntimeError: the network was not trained in this process, so that they are not known.
        """
        if self.indices is None:
            raise RuntimeError("the labelled points of a network that was loaded are not known")
        for rows in split(len(self.indices), self.chunk):
            indices = self.indices[rows].to(self.dataset.inputs.device)
            yield self.dataset.prepare(self.dataset.inputs[indices]), self.dataset.labels(indices)

    @property
    def last_layer(self) -> nn.Linear:
        """The network's last linear layer, W [C, D] and b [C].

        Raises:
            InputError: the network has no linear layer.
        """
        layer = feature_layer(self.network, "penultimate")
        assert isinstance(layer, nn.Linear)
        return layer

    def features(self, inputs: Tensor) -> Tensor:
        """[n, D] the inputs of the last linear layer, dropout off, without gradients.

        Args:
            inputs: [n, *shape] prepared.
        """
        with torch.inference_mode():
            point_pass = PointPass([self.network], frozenset({Product.features}), "penultimate")
            features = point_pass(inputs)[Product.features]
        return features.clone()  # outside inference mode: an ordinary tensor


def point_sampler(network: nn.Module, times: int = 1) -> Sampler:
    """A network with dropout off as one function, given `times` times over: [n, *shape] to [n, times, C]."""

    def sample(inputs: Tensor) -> Tensor:
        logits = torch.cat([network(part) for part in passes(inputs)])
        return logits.float().log_softmax(1)[:, None].expand(-1, times, -1)

    return sample
