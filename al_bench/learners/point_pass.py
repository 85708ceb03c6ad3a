"""One pass with dropout off: the point prediction, and the features of a layer on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from al_bench.errors import InputError
from al_bench.evidence import Product
from al_bench.learners.pass_rows import passes

if TYPE_CHECKING:
    from al_bench.learners.auxiliary import Auxiliary

POINT_PRODUCTS = frozenset({Product.point_log_probs, Product.features, Product.predicted_loss})


class PointPass:
    """The products of a pass with dropout off.

    Args:
        networks: The members; predictions are averaged over them, features are the first one's.
        wanted: The products to compute, of `POINT_PRODUCTS`.
        source: Of the features: penultimate (the input of the last linear layer), input, the name of a layer (its
            output, averaged over positions where it is spatial), or a file, whose rows the caller puts in place of the
            inputs that are given here.
        auxiliaries: A loss-prediction module a member, or none.

    Raises:
        InputError: features are wanted, and the first network has no layer of that name.
    """

    def __init__(
        self,
        networks: Sequence[nn.Module],
        wanted: frozenset[Product],
        source: str,
        auxiliaries: Sequence[Auxiliary] = (),
    ) -> None:
        self.networks, self.wanted, self.source, self.auxiliaries = networks, wanted, source, auxiliaries
        self._layer = feature_layer(networks[0], source) if Product.features in wanted else None

    def __call__(self, inputs: Tensor) -> dict[Product, Tensor]:
        """The products of prepared inputs [n, *shape]."""
        parts = [self._part(part) for part in passes(inputs)]
        return {name: torch.cat([part[name] for part in parts]) for name in self.wanted}

    def _part(self, inputs: Tensor) -> dict[Product, Tensor]:
        products: dict[Product, Tensor] = {}
        if self.wanted - {Product.predicted_loss}:
            captured: list[Tensor] = []
            with _capturing(self._layer, self.source, captured):
                log_probs = [self._log_probs(self.networks[0], inputs)]
            log_probs += [self._log_probs(network, inputs) for network in self.networks[1:]]
            products[Product.point_log_probs] = torch.stack(log_probs).logsumexp(0) - math.log(len(log_probs))
            features = captured[0] if captured else inputs
            if features.ndim == 4 and captured:
                features = features.mean((2, 3))
            products[Product.features] = features.flatten(1)
        if Product.predicted_loss in self.wanted:
            pairs = zip(self.auxiliaries, self.networks, strict=True)
            predictions = [auxiliary.predict(network, inputs) for auxiliary, network in pairs]
            products[Product.predicted_loss] = torch.stack(predictions).mean(0)
        return products

    @staticmethod
    def _log_probs(network: nn.Module, inputs: Tensor) -> Tensor:
        """[n, C] log of the prediction, nats."""
        network.eval()
        return network(inputs).float().log_softmax(1)


@contextmanager
def _capturing(layer: nn.Module | None, source: str, captured: list[Tensor]) -> Iterator[None]:
    """Inside, a forward pass appends the input (penultimate) or the output of the layer."""
    if layer is None:
        yield
        return
    if source == "penultimate":
        handle = layer.register_forward_pre_hook(lambda _layer, given: captured.append(given[0]))
    else:
        handle = layer.register_forward_hook(lambda _layer, _given, output: captured.append(output))
    try:
        yield
    finally:
        handle.remove()


def feature_layer(network: nn.Module, source: str) -> nn.Module | None:
    """The layer whose input (penultimate) or output the features are; None for the inputs or a file.

    Raises:
        InputError: the network has no such layer.
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
