"""The memory format of a network's weights: channels-last where its convolutions train faster in it."""

from __future__ import annotations

import torch
from torch import nn


def to_channels_last(network: nn.Module) -> nn.Module:
    """The network with its weights in channels-last format, where its convolutions can be trained so; equal values.

    Activations follow the weights, so inputs need no change. A training step of 64 images, CPU time on one core of an
    AMD EPYC (AVX-512), channels-first and channels-last: BatchBALD CNN 29 and 21 ms in float32, 19 and 14 under bf16
    autocast; EMNIST CNN 65 and 53, 40 and 34; Gal CNN 54 and 51, 30 and 28. On a GPU float32 passes are slower in it:
    10,000 images with 100 draws on an H100, 0.45 and 0.56 s of the BatchBALD CNN, 0.98 and 1.21 s of the Gal CNN; and
    so are steps of a ResNet-18, in float32 and under bf16 autocast (results/gpu.csv).

    Args:
        network: A network on its device. It is left unchanged on a GPU, and where a convolution skips positions (its
            stride is above its kernel's size, as in the shortcuts of a ResNet): the backward pass of strided 1 × 1
            convolutions with 3 or 4 channels corrupts memory in channels-last layout (torch 2.14.1 on the CPU).
    """
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    on_cpu = any(layer.weight.device.type == "cpu" for layer in layers)
    if not on_cpu or any(_skips(layer) for layer in layers):
        return network
    return network.to(memory_format=torch.channels_last)


def _skips(layer: nn.Conv2d) -> bool:
    return any(stride > size for stride, size in zip(layer.stride, layer.kernel_size, strict=True))
