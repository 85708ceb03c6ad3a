"""MC dropout: the log-probabilities of K shared draws, by the fastest passes that the network's structure allows.

What lies before the first active dropout (the trunk) is the same for every draw and runs once. For each draw, what
follows (the tail) runs whole, with the draw's masks set, or thinned to the units that the masks leave (see `stages`);
both are the same function up to rounding. Letters: n rows, K draws, C classes.

Source: Gal, Islam and Ghahramani 2017, Deep Bayesian Active Learning with Image Data (1703.02910), section 3;
one set of masks for all rows as in Kirsch, van Amersfoort and Gal 2019, BatchBALD (1906.08158), section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from al_bench.learners.mc_dropout.conv_product import ChannelProduct
from al_bench.learners.mc_dropout.head_product import HeadProduct
from al_bench.learners.mc_dropout.masks import MaskSet, evaluating
from al_bench.learners.mc_dropout.stages import Stage, flat_children, stages
from al_bench.learners.pass_rows import passes, rows_a_pass

# Rows a matrix product of a thinned linear layer, at least: [64, 2904] times [2904, n] takes 7.0 microseconds a row at
# n = 64 and 6.2 at n = 256 (one core of an AMD EPYC), and for n = 512 the inputs no longer stay in cache.
PRODUCT_ROWS = 256
# Thinned weights stored, in bytes. 100 draws of the Gal et al. CNN are 75 MB: storing 33 of them costs 6 % of the time
# (a chunk of 512 rows, one core) and saves 42 MB.
WEIGHT_BYTES = 2**25
# On a GPU slicing costs kernels and not bytes: all that fit into this are stored.
GPU_WEIGHT_BYTES = 2**29


Method = Literal["whole", "thinned", "head_product", "channel_product"]


@dataclass(frozen=True)
class _Thinned:
    """One layer in one draw: the positions of its inputs (None: all), its weight and its bias."""

    inputs: Tensor | None
    weight: Tensor
    bias: Tensor | None


class ThinnedSampler:
    """K functions of a network, ready to be applied to chunk after chunk of a pool.

    The weights are sliced at construction for as many draws as fit into `weight_bytes`; those of the other draws are
    sliced again for every chunk, so that memory is bounded and large chunks make the slicing cheap. The weights are
    those at construction: after more training, or `reset`, make a new sampler.

    Args:
        network: Any module whose dropout layers are `Dropout`; one that is not a Sequential, or whose structure
            `stages` does not cover, is run whole for every draw.
        masks: The K draws.
        plain: True runs whole passes whatever the structure.
        rows: Rows a pass through the network; None: by the inputs and the device.
        weight_bytes: The most bytes of sliced weights to store; None: by the device.

    Attributes:
        method: How the tail runs: whole and thinned, a pass a draw; head_product and channel_product, where a product
            for all draws at once takes the place of the first layer of thinned passes.
        stored_draws: The draws whose thinned weights are stored.
    """

    def __init__(
        self,
        network: nn.Module,
        masks: MaskSet,
        *,
        plain: bool = False,
        rows: int | None = None,
        weight_bytes: int | None = None,
    ) -> None:
        self._network = network
        self._masks = masks
        self._rows = rows
        if weight_bytes is None:
            on_cpu = all(mask.device.type == "cpu" for mask in masks.binary.values())
            weight_bytes = WEIGHT_BYTES if on_cpu else GPU_WEIGHT_BYTES
        children = flat_children(network) or [network]
        names = {network.get_submodule(name): name for name in masks.shapes}
        first = next(i for i, child in enumerate(children) if any(m in names for m in child.modules()))
        self._trunk, self._tail = children[:first], children[first:]
        self._stages = None if plain or children[first] not in names else stages(self._tail, masks, names)
        self.method: Method = "whole" if self._stages is None else "thinned"
        self._product: ChannelProduct | None = None
        self._head: HeadProduct | None = None
        if self._stages is not None:
            self._trunk = [*self._trunk, *self._stages[0].before]
            if HeadProduct.fits(self._stages, masks.draws, weight_bytes):
                name = self._stages[0].dropout
                self._head = HeadProduct(self._stages[0], masks.binary[name].flatten(1), masks.scales[name])
                self.method = "head_product"
            self._product = self._channel_product(self._stages)
            if self._product is not None:
                self._stages = self._stages[1:]
                self.method = "channel_product"
        self._linear_first = self._stages is not None and isinstance(self._stages[0].layer, nn.Linear)
        self._stored: list[list[_Thinned]] = []
        if self._stages is not None and self._head is None:
            self._store(self._stages, weight_bytes)
        self._trunk_weights = [_channels_last(module) for module in self._trunk]

    @property
    def stored_draws(self) -> int:
        """The draws whose thinned weights are stored: the first so many."""
        return len(self._stored)

    def __call__(self, inputs: Tensor) -> Tensor:
        """The log-probabilities of every draw for one chunk of rows.

        Args:
            inputs: [n, *shape] prepared inputs on the network's device.

        Returns:
            [n, K, C] natural logs, float32 (float64 where the network is).
        """
        with evaluating(self._network):
            if self._head is not None:
                logits = torch.cat([self._head(self._run_trunk(part)) for part in passes(inputs, self._rows)])
            elif self._product is None:
                features = [self._shared(block) for block in inputs.split(self._block(inputs))]
                logits = self._draws(features)
            else:
                logits = self._product_draws(self._product, inputs)
        # Out of inference mode, so that the result is an ordinary tensor.
        return functional.log_softmax(logits.to(torch.promote_types(logits.dtype, torch.float32)), dim=-1)

    def _block(self, inputs: Tensor) -> int:
        """Rows whose shared features are computed together."""
        rows = rows_a_pass(inputs) if self._rows is None else self._rows
        return max(rows, PRODUCT_ROWS) if self._linear_first else rows

    def _draws(self, features: list[Tensor]) -> Tensor:
        """[n, K, C] logits from what all draws of each block of rows share."""
        return torch.stack([self._draw(k, features) for k in range(self._masks.draws)], dim=1)

    def _product_draws(self, product: ChannelProduct, inputs: Tensor) -> Tensor:
        """[n, K, C] logits, the first layer for all draws at once and the others draw by draw, by blocks of rows."""
        parts = []
        for part in passes(inputs, self._rows):
            shared = self._run_trunk(part)
            for block in shared.split(product.rows(shared)):
                draws = product(block)  # [K, o, h, w, n]
                inner = draws.flatten(1, 3) if self._linear_first else draws.permute(0, 4, 1, 2, 3)
                parts.append(torch.stack([self._draw(k, [features]) for k, features in enumerate(inner)], dim=1))
        return torch.cat(parts)

    def _channel_product(self, tail: list[Stage]) -> ChannelProduct | None:
        """The product of masks and channels for the first layer, where it pays."""
        masks = [self._masks.binary[stage.dropout].flatten(1) for stage in tail[:2]]
        if not ChannelProduct.pays(tail, masks[0], masks[1] if len(tail) > 1 else None):
            return None
        return ChannelProduct(tail[0], tail[1], masks[0], self._masks.scales[tail[0].dropout])

    def _shared(self, inputs: Tensor) -> Tensor:
        """The trunk's output for a block of rows; transposed to [D, n] for a thinned linear layer."""
        features = torch.cat([self._run_trunk(part) for part in passes(inputs, self._rows)])
        # A draw picks whole rows of memory from [D, n], a quarter faster in all than columns of [n, D].
        return features.t().contiguous() if self._linear_first else features

    def _run_trunk(self, inputs: Tensor) -> Tensor:
        for module, weights in zip(self._trunk, self._trunk_weights, strict=True):
            inputs = functional_call(module, weights, (inputs,)) if weights else module(inputs)
        return inputs

    def _draw(self, draw: int, features: list[Tensor]) -> Tensor:
        """[n, C] logits of one draw."""
        if self._stages is None:
            with self._masks.use(self._network, draw):
                return torch.cat([_run(self._tail, part) for part in features])
        layers = self._stored[draw] if draw < len(self._stored) else self._thin(self._stages, draw)
        return torch.cat([_run_thinned(self._stages, layers, part) for part in features])

    @torch.inference_mode()
    def _store(self, tail: list[Stage], weight_bytes: int) -> None:
        for draw in range(self._masks.draws):
            layers = self._thin(tail, draw)
            weight_bytes -= sum(layer.weight.nbytes for layer in layers)
            if weight_bytes < 0:
                return
            self._stored.append(layers)

    def _thin(self, tail: list[Stage], draw: int) -> list[_Thinned]:
        layers: list[_Thinned] = []
        for stage, previous, following in zip(tail, [None, *tail], [*tail[1:], None], strict=False):
            units, scale = self._units(stage.dropout, draw)
            if stage.fan > 1:
                columns = torch.arange(stage.fan, device=units.device)
                units = (units[:, None] * stage.fan + columns).flatten()
            weight, bias = stage.layer.weight, stage.layer.bias
            if stage.drops_outputs and following is not None:
                outputs, _ = self._units(following.dropout, draw)
                weight = weight.index_select(0, outputs)
                bias = None if bias is None else bias.index_select(0, outputs)
            weight = weight.index_select(1, units) * scale
            if _is_slow(weight):
                weight = weight.contiguous(memory_format=torch.channels_last)
            thinned_before = previous is not None and previous.drops_outputs
            layers.append(_Thinned(None if thinned_before else units, weight, bias))
        return layers

    def _units(self, name: str, draw: int) -> tuple[Tensor, float]:
        """The positions that a mask leaves, and its factor; where it leaves none, the first position and factor 0."""
        units = self._masks.units(name, draw)
        return (units, self._masks.scales[name]) if len(units) else (units.new_zeros(1), 0.0)


def sample_log_probs(network: nn.Module, inputs: Tensor, masks: MaskSet, *, plain: bool = False) -> Tensor:
    """The log-probabilities of K draws for one chunk of rows; for many chunks, make one `ThinnedSampler`.

    Args:
        network: Its dropout layers are `Dropout`.
        inputs: [n, *shape] prepared inputs on the network's device.
        masks: The K draws.
        plain: True runs whole passes, even where thinned ones are possible.

    Returns:
        [n, K, C] natural logs.
    """
    return ThinnedSampler(network, masks, plain=plain)(inputs)


def _is_slow(weight: Tensor) -> bool:
    """Whether a convolution runs faster with this weight in channels-last layout: on the CPU, 1.3 to 2.5 times."""
    return weight.ndim == 4 and weight.device.type == "cpu"


def _channels_last(module: nn.Module) -> dict[str, Tensor]:
    """Channels-last copies of a module's convolution weights where that is faster, by parameter name.

    Copies, so that the layout in training stays as it is: the backward pass of a strided 1×1 convolution with 3 or 4
    channels corrupts memory in channels-last layout (torch 2.14.1 on the CPU).
    """
    return {
        name: weight.detach().contiguous(memory_format=torch.channels_last)
        for name, weight in module.named_parameters()
        if _is_slow(weight)
    }


def _run(modules: Sequence[nn.Module], inputs: Tensor) -> Tensor:
    for module in modules:
        inputs = module(inputs)
    return inputs


def _run_thinned(tail: list[Stage], layers: list[_Thinned], features: Tensor) -> Tensor:
    """[n, C] logits from the trunk's output; `features` is [D, n] where the first layer is linear."""
    for position, (stage, thinned) in enumerate(zip(tail, layers, strict=True)):
        first = position == 0
        if not first:
            features = _run(stage.before, features)
        transposed = first and isinstance(stage.layer, nn.Linear)
        if thinned.inputs is not None:
            features = features.index_select(0 if transposed else 1, thinned.inputs)
        if transposed:
            features = thinned.weight @ features  # [units, n]
            if thinned.bias is not None:
                features = features + thinned.bias[:, None]
            features = features.t()
        elif isinstance(stage.layer, nn.Conv2d):
            at = stage.layer
            features = functional.conv2d(features, thinned.weight, thinned.bias, at.stride, at.padding, at.dilation)
        else:
            features = functional.linear(features, thinned.weight, thinned.bias)
        features = _run(stage.after, features)
    return features
