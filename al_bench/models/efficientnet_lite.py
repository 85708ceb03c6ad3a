"""EfficientNet-Lite0 without its classifier: a frozen network of features."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

# (expansion, channels, blocks, stride of the first, kernel)
STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
STEM, HEAD = 32, 1280
EPSILON = 1e-3
"""Of the batch normalisations, as in TensorFlow."""


class SamePadConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow pads "same": at a stride of 2 one row and column more at the end."""

    def forward(self, input: Tensor) -> Tensor:
        pads: list[int] = []
        for size, kernel, stride in zip(input.shape[:-3:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(functional.pad(input, pads))


class MobileBlock(nn.Module):
    """An inverted residual block: expand, filter by channel, project; added to its input where the shapes agree.

    Args:
        inputs, outputs: Channels.
        expansion: Channels within, as a multiple of `inputs`.
        kernel, stride: Of the filter.
    """

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        within = inputs * expansion
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv = nn.Conv2d(inputs, within, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(within, eps=EPSILON)
        self._depthwise_conv = SamePadConv2d(within, within, kernel, stride, groups=within, bias=False)
        self._bn1 = nn.BatchNorm2d(within, eps=EPSILON)
        self._project_conv = nn.Conv2d(within, outputs, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(outputs, eps=EPSILON)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, inputs: Tensor) -> Tensor:
        out = functional.relu6(self._bn0(self._expand_conv(inputs))) if self.expands else inputs
        out = functional.relu6(self._bn1(self._depthwise_conv(out)))
        out = self._bn2(self._project_conv(out))
        return inputs + out if self.adds else out


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 up to the mean over positions: [n, 3, H, W] → [n, 1280].

    The names of the parameters are those of the published PyTorch weights.

    Source:
        Tan and Le 2019 (1905.11946) without squeeze-and-excitation, with ReLU6 (the "lite" variants, 2020).
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SamePadConv2d(3, STEM, 3, 2, bias=False)
        self._bn0 = nn.BatchNorm2d(STEM, eps=EPSILON)
        blocks, channels = [], STEM
        for expansion, outputs, count, stride, kernel in STAGES:
            for block in range(count):
                blocks.append(MobileBlock(channels, outputs, expansion, kernel, stride if block == 0 else 1))
                channels = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(channels, HEAD, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(HEAD, eps=EPSILON)

    def forward(self, images: Tensor) -> Tensor:
        out = functional.relu6(self._bn0(self._conv_stem(images)))
        for block in self._blocks:
            out = block(out)
        out = functional.relu6(self._bn1(self._conv_head(out)))
        return torch.flatten(out.mean((2, 3)), 1)
