"""Dropout whose randomness is explicit, and whose mask can be held fixed to make one function of the network.

torch's own dropout draws from the global generator and cannot hold a mask fixed. Here training draws a fresh mask for
every row from `generator`, and evaluation multiplies by `mask`, where it is set: it is the same for all rows, and the
network is then one draw from the dropout posterior.

Source: Gal and Ghahramani 2016, Dropout as a Bayesian Approximation (1506.02142), section 3.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from al_bench import checks
from al_bench.errors import InputError


class Dropout(nn.Module):
    """x ⊙ m / (1 − p), m ~ Bernoulli(1 − p): a fresh m per row in training, a fixed one or none in testing.

    Args:
        p: The probability of a zero, 0 <= p < 1; 0 makes the module inactive.
        channelwise: True draws one variable a channel (dimension 1 of [n, C, ...]), False one an element.

    Attributes:
        generator: Where training draws from, on the device of the inputs; None is torch's global generator.
        mask: What evaluation multiplies by, already scaled by 1 / (1 − p), of the shape that `draw` returns
            and so broadcast over the rows; None leaves the inputs as they are. Not part of the state dict.
        reached: Whether a forward pass in evaluation calls the layer (see `mc_dropout.masks.mark_reached`); a mask of
            one that is not called changes nothing.

    Raises:
        InputError: p is outside [0, 1).
    """

    def __init__(self, p: float = 0.5, channelwise: bool = False) -> None:
        super().__init__()
        checks.fraction("p of a dropout layer", p, one=False)
        self.p = p
        self.channelwise = channelwise
        self.generator: torch.Generator | None = None
        self.mask: Tensor | None = None
        self.reached = True

    def forward(self, inputs: Tensor) -> Tensor:
        """[n, *feature_shape] to the same shape."""
        if not self.training:
            return inputs if self.mask is None else inputs * self.mask
        if self.p == 0:
            return inputs
        if self.channelwise:
            fresh = inputs.new_empty(inputs.shape[:2] + (1,) * (inputs.ndim - 2))  # [n, C, 1, 1]
        else:
            fresh = torch.empty_like(inputs)
        fresh.bernoulli_(1 - self.p, generator=self.generator).div_(1 - self.p)
        return inputs * fresh

    def binary_mask(self, feature_shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """m ~ Bernoulli(1 − p) of one posterior draw, as bool on the generator's device: True where a feature stays.

        Args:
            feature_shape: The shape of one row of the inputs.
            generator: Where the draw comes from.

        Returns:
            [*feature_shape], or [C, 1, ...] where the module is channel-wise.
        """
        if self.channelwise:
            feature_shape = (feature_shape[0],) + (1,) * (len(feature_shape) - 1)
        empty = torch.empty(feature_shape, dtype=torch.float32, device=generator.device)
        return empty.bernoulli_(1 - self.p, generator=generator).bool()

    def draw(self, feature_shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """The mask m / (1 − p) of one posterior draw, as float32; arguments and shape as for `binary_mask`."""
        return self.binary_mask(feature_shape, generator).float() / (1 - self.p)

    def extra_repr(self) -> str:
        """What `print(network)` shows of this layer."""
        return f"p={self.p}, channelwise={self.channelwise}"

    def __getstate__(self) -> dict[str, Any]:
        """The module without its generator and mask: a copy must not share a stream with its original."""
        return {**super().__getstate__(), "generator": None, "mask": None}


def replace_torch_dropout(network: nn.Module) -> nn.Module:
    """Replace torch's dropout layers inside a network by `Dropout`, in place and at every depth.

    Dropout becomes element-wise, Dropout1d, Dropout2d and Dropout3d become channel-wise. A layer registered
    under several names stays one layer.

    Args:
        network: Any module; itself a dropout layer, it is replaced too.

    Returns:
        The same network, or its replacement.

    Raises:
        InputError: a dropout layer of another kind, such as AlphaDropout, whose mask is not a product.
    """
    return _replaced(network, "network", {})


def _replaced(module: nn.Module, name: str, done: dict[int, nn.Module]) -> nn.Module:
    if id(module) in done:
        return done[id(module)]
    new = module
    if isinstance(module, _DropoutNd):
        if type(module) not in (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d):
            raise InputError(
                f"the model's layer {name} is a {type(module).__name__}, which cannot be held fixed between "
                "rows; use torch.nn.Dropout, Dropout1d, Dropout2d or Dropout3d"
            )
        new = Dropout(module.p, channelwise=type(module) is not nn.Dropout).train(module.training)
    done[id(module)] = new
    for key, child in list(module._modules.items()):
        if child is not None:
            replacement = _replaced(child, f"{name}.{key}", done)
            if replacement is not child:
                setattr(module, key, replacement)
    return new


def set_generator(network: nn.Module, generator: torch.Generator | None) -> None:
    """Make every `Dropout` of the network draw its training masks from `generator`."""
    for module in network.modules():
        if isinstance(module, Dropout):
            module.generator = generator
