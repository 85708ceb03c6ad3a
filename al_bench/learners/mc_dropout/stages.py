"""Which layers of a network can be thinned to the units that a shared dropout mask leaves, found from its structure.

With one mask m for all rows, x ↦ W f(x ⊙ m / (1 − p)) + b needs only the columns of W whose inputs m does not zero,
provided that f acts on each unit (or channel) separately, maps 0 to 0 and commutes with a positive factor:
f(s x ⊙ m) = s f(x) ⊙ m for s > 0. Then the factor 1 / (1 − p) moves into W, and the rows of W whose outputs the next
mask zeroes need not be computed either.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn

from al_bench.learners.mc_dropout.masks import MaskSet
from al_bench.models.dropout import Dropout

Layer = nn.Linear | nn.Conv2d

# f(s x) = s f(x) for s > 0 and f(0) = 0, on each element separately.
POINTWISE_HOMOGENEOUS = (nn.Identity, nn.ReLU, nn.LeakyReLU)
# The same, on each channel separately.
CHANNELWISE_HOMOGENEOUS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
# On each element separately, whatever the value at 0.
POINTWISE = (*POINTWISE_HOMOGENEOUS, nn.ELU, nn.GELU, nn.SELU, nn.Sigmoid, nn.SiLU, nn.Softplus, nn.Tanh)
TORCH_DROPOUT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


@dataclass(frozen=True)
class Stage:
    """One layer fed by an active dropout.

    Args:
        dropout: The dropout's name in the MaskSet.
        before: What lies between the dropout and the layer; it may run before the mask is applied.
        layer: The linear layer or convolution whose inputs the mask thins.
        fan: Consecutive inputs of `layer` that belong to one entry of the mask: h·w where a channel-wise mask
            meets a flattening, otherwise 1.
        after: What lies between the layer and the next active dropout, or the end.
        drops_outputs: Whether the next stage's mask thins this layer's outputs as well.
    """

    dropout: str
    before: tuple[nn.Module, ...]
    layer: Layer
    fan: int
    after: tuple[nn.Module, ...]
    drops_outputs: bool


def flat_children(network: nn.Module) -> list[nn.Module] | None:
    """The modules of a Sequential in calling order, those of nested Sequentials in their place; None for any other."""
    if not _is_plain_sequential(network):
        return None
    children: list[nn.Module] = []
    # Not children(), which lists a module once however often it is called.
    for child in network._modules.values():
        if child is None:
            continue
        inner = flat_children(child)
        children.extend([child] if inner is None else inner)
    return children


def stages(children: list[nn.Module], masks: MaskSet, names: dict[nn.Module, str]) -> list[Stage] | None:
    """The tail of a network as stages that can be thinned.

    Args:
        children: The modules from the first active dropout on.
        masks: Whose shapes the layers must fit.
        names: The MaskSet's name of every active dropout in the network.

    Returns:
        At least one stage; None where the structure is another, so that only whole passes are correct.
    """
    starts = [position for position, child in enumerate(children) if child in names]
    tail: list[Stage] = []
    for start, end in zip(starts, [*starts[1:], len(children)], strict=True):
        segment = children[start + 1 : end]
        position = next((i for i, child in enumerate(segment) if type(child) in (nn.Linear, nn.Conv2d)), None)
        if position is None or any(_contains_dropout(child, names) for child in segment):
            return None
        layer, name = segment[position], names[children[start]]
        assert isinstance(layer, Layer)
        fan = _fan(children[start], masks.shapes[name], segment[:position], layer)
        if fan is None or _hooked(layer) or any(_hooked(child) for child in segment[:position]):
            return None
        after = segment[position + 1 :]
        drops = end < len(children) and _outputs_fit(layer, after, children[end], masks.shapes[names[children[end]]])
        tail.append(Stage(name, tuple(segment[:position]), layer, fan, tuple(after), drops))
    return tail or None


def _is_plain_sequential(module: nn.Module) -> bool:
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward and not _hooked(module)


def _hooked(module: nn.Module) -> bool:
    # A hook may change what the layer computes, as weight normalisation in its older form does.
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _contains_dropout(module: nn.Module, names: dict[nn.Module, str]) -> bool:
    return any(inner in names for inner in module.modules())


def _idle(module: nn.Module) -> bool:
    # A dropout that does nothing in evaluation: p is 0, or torch's own layer was not replaced.
    return isinstance(module, Dropout) or type(module) in TORCH_DROPOUT


def _flattens(module: nn.Module) -> bool:
    return type(module) is nn.Flatten and module.start_dim == 1 and module.end_dim == -1


def _fan(dropout: nn.Module, shape: tuple[int, ...], before: list[nn.Module], layer: Layer) -> int | None:
    """Inputs of `layer` for each entry of the mask, or None where the mask does not reach them separately."""
    assert isinstance(dropout, Dropout)
    by_channel = dropout.channelwise and len(shape) > 1
    flat = len(shape) == 1
    for module in before:
        if _flattens(module):
            flat = True
        elif type(module) in CHANNELWISE_HOMOGENEOUS:
            if not by_channel or flat or getattr(module, "return_indices", False):
                return None
        elif type(module) not in POINTWISE_HOMOGENEOUS and not _idle(module):
            return None
    if isinstance(layer, nn.Conv2d):
        plain = layer.groups == 1 and layer.padding_mode == "zeros"
        return 1 if plain and by_channel and not flat and shape[0] == layer.in_channels else None
    entries = shape[0] if by_channel else math.prod(shape)
    return layer.in_features // entries if flat and layer.in_features % entries == 0 else None


def _outputs_fit(layer: Layer, after: list[nn.Module], dropout: nn.Module, shape: tuple[int, ...]) -> bool:
    """Whether each output unit or channel of `layer` is multiplied by one entry of the next mask."""
    assert isinstance(dropout, Dropout)
    if isinstance(layer, nn.Linear):
        return shape == (layer.out_features,) and all(_idle(m) or type(m) in POINTWISE for m in after)
    return (
        dropout.channelwise
        and len(shape) == 3
        and shape[0] == layer.out_channels
        and all(_idle(m) or type(m) in (*POINTWISE, *CHANNELWISE_HOMOGENEOUS) for m in after)
    )
