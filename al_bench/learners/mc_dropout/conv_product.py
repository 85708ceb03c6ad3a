"""A convolution behind a channel-wise dropout for all draws at once: one matrix product of masks and channel responses.

The convolution is linear in its input channels, so with the mask m_k of draw k

    conv(x ⊙ m_k)_o = b_o + Σ_c m_kc r_co,   r_co = the response of output o to channel c alone.

The responses are computed once for all draws; a draw then costs C_in products an output, and not C_in k² as a pass of
its own: for 5 × 5 kernels and half the channels left at both ends 6 times fewer. The same function up to rounding.
Letters: n rows, K draws, i input and o output channels, q positions of the output.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from al_bench.learners.mc_dropout.stages import Stage

ROWS, OUTPUTS = 16, 16
"""Rows and output channels at a time: the responses (2 MB for 32 channels and 64 positions) stay in cache."""

RESULT_BYTES = 2**25
"""The most bytes of one block's result, which decides how many rows are a block."""

GAIN = 1.5
"""How many times fewer multiplications than thinned passes it must need to be used."""


class ChannelProduct:
    """The first layer that can be thinned, a convolution, and the layers up to the second one, for all draws.

    Args:
        first: The convolution's stage.
        second: The next stage; what lies before its layer is run here, except for a flattening.
        mask_ki: [K, i] bool, the channels that each draw leaves.
        scale: 1 / (1 − p).
    """

    def __init__(self, first: Stage, second: Stage, mask_ki: Tensor, scale: float) -> None:
        assert isinstance(first.layer, nn.Conv2d)
        self.layer = first.layer
        self._spatial = [*first.after, *(module for module in second.before if not isinstance(module, nn.Flatten))]
        weight = self.layer.weight.detach()
        self._weight_iop = weight.transpose(0, 1).flatten(2).contiguous()
        bias = self.layer.bias
        self._bias_o = weight.new_zeros(len(weight)) if bias is None else bias.detach()
        ones = weight.new_ones(len(mask_ki), 1)
        self._scaled_ki = torch.cat([mask_ki.to(weight.dtype) * scale, ones], dim=1)  # the last column adds the bias
        self._rows = 0

    @staticmethod
    def pays(tail: list[Stage], mask_ki: Tensor, mask_ko: Tensor | None) -> bool:
        """Whether the first stage is such a convolution, and all draws at once need fewer products than thinned passes.

        Args:
            tail: All stages.
            mask_ki: [K, i] bool, the mask of the first stage.
            mask_ko: [K, o] bool, the mask of the second stage, flattened; None where there is no second.
        """
        layer = tail[0].layer
        if mask_ko is None or not isinstance(layer, nn.Conv2d) or layer.weight.device.type != "cpu":
            return False
        if not tail[0].drops_outputs or isinstance(layer.padding, str) or layer.dilation != (1, 1):
            return False
        taps = layer.weight[0, 0].numel()
        thinned = taps * float(mask_ki.double().mean() * mask_ko.double().mean())
        return thinned > GAIN * (1 + taps / len(mask_ki))

    def rows(self, features: Tensor) -> int:
        """Rows a block, for features [n, i, h, w]; computed once, from the result for one row."""
        if not self._rows:
            result = self(features[:1])
            self._rows = max(1, min(64, RESULT_BYTES // (result.numel() * result.element_size())))
        return self._rows

    def __call__(self, features: Tensor) -> Tensor:
        """[K, o, h', w', n] from features [n, i, h, w]: rows last, as the product that follows reads them."""
        return torch.cat([self._block(part) for part in features.split(ROWS)], dim=-1)

    def _block(self, features: Tensor) -> Tensor:
        assert not isinstance(self.layer.padding, str)
        up, left = self.layer.padding
        padded = functional.pad(features, (left, left, up, up)) if up or left else features
        windows = padded.permute(1, 2, 3, 0).contiguous()  # [i, h, w, n]
        for axis, (size, step) in enumerate(zip(self.layer.kernel_size, self.layer.stride, strict=True), start=1):
            windows = windows.unfold(axis, size, step)
        channels, height, width, rows = windows.shape[:4]
        windows_ipq = windows.permute(0, 4, 5, 1, 2, 3).reshape(channels, -1, height * width * rows)
        parts = []
        for weight_iop, bias_o in zip(self._weight_iop.split(OUTPUTS, dim=1), self._bias_o.split(OUTPUTS), strict=True):
            responses = windows_ipq.new_empty(channels + 1, len(bias_o), windows_ipq.shape[2])
            torch.bmm(weight_iop, windows_ipq, out=responses[:-1])
            responses[-1] = bias_o[:, None]
            result = (self._scaled_ki @ responses.flatten(1)).view(-1, height, width, rows)
            images = result.permute(0, 3, 1, 2)  # channels-last, with rows as channels
            for module in self._spatial:
                images = module(images)
            rows_last = images.permute(0, 2, 3, 1)
            parts.append(rows_last.reshape(len(self._scaled_ki), len(bias_o), *rows_last.shape[1:]))
        return torch.cat(parts, dim=1)
