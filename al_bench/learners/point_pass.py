"""One pass with dropout off: the point prediction, and the features of a layer on the way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from al_bench.errors import InputError
from al_bench.evidence import Product

if TYPE_CHECKING:
    from al_bench.learners.auxiliary import Auxiliary

ROWS = 64
"""Rows a forward pass: the activations of a small convolutional network stay in cache."""


class PointPass:
    """The products of a pass with dropout off.

    Args:
        networks: The members; predictions are averaged over them, features are the first one's.
        source: penultimate (the input of the last linear layer), input, the name of a layer (its output, averaged
            over positions where it is spatial), or a file (no features are computed here).
        auxiliaries: A loss-prediction module a member, or none.

    Raises:
        InputError: there is no such layer, or the network has no linear layer.
    """

    def __init__(self, networks: Sequence[nn.Module], source: str, auxiliaries: Sequence[Auxiliary] = ()) -> None:
        self.networks, self.source, self.auxiliaries = networks, source, auxiliaries
        self._layer = feature_layer(networks[0], source)

    def __call__(self, inputs: Tensor) -> dict[Product, Tensor]:
        """The products of prepared inputs [n, *shape]."""
        parts = [self._part(inputs[start : start + ROWS]) for start in range(0, len(inputs), ROWS)]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def _part(self, inputs: Tensor) -> dict[Product, Tensor]:
        captured: list[Tensor] = []
        handle = None
        if self._layer is not None and self.source == "penultimate":
            handle = self._layer.register_forward_pre_hook(lambda _layer, given: captured.append(given[0]))
        elif self._layer is not None:
            handle = self._layer.register_forward_hook(lambda _layer, _given, output: captured.append(output))
        log_probs = []
        for member, network in enumerate(self.networks):
            network.eval()
            log_probs.append(network(inputs).float().log_softmax(1))
            if member == 0 and handle is not None:
                handle.remove()
        mean = torch.stack(log_probs).logsumexp(0) - math.log(len(log_probs))
        features = captured[0] if captured else inputs
        if features.ndim == 4 and self._layer is not None:
            features = features.mean((2, 3))
        products = {Product.point_log_probs: mean, Product.features: features.flatten(1)}
        if self.auxiliaries:
            predictions = [
                auxiliary.predict(network, inputs)
                for auxiliary, network in zip(self.auxiliaries, self.networks, strict=True)
            ]
            products[Product.predicted_loss] = torch.stack(predictions).mean(0)
        return products


def feature_layer(network: nn.Module, source: str) -> nn.Module | None:
    """The layer that the features are read from; None for the input or a file.

    Raises:
        InputError: there is no such layer.
    """
    if source == "input" or source.endswith(".npy"):
        return None
    layers = dict(network.named_modules())
    if source == "penultimate":
        linear = [layer for layer in layers.values() if isinstance(layer, nn.Linear)]
        if not linear:
            raise InputError("strategy.features is penultimate and the model has no linear layer; name a layer")
        return linear[-1]
    if source not in layers or not source:
        names = ", ".join(name for name in layers if name)
        raise InputError(
            f"strategy.features is {source!r}; choose penultimate, input, a file x.npy, or one of the model's layers: "
            f"{names}"
        )
    return layers[source]
