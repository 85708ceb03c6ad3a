"""Channels-last weights: the same function and the same gradients, and nothing where that is not safe."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from al_bench.models.batchbald_cnn import BatchBaldCnn
from al_bench.models.emnist_cnn import EmnistCnn
from al_bench.models.gal2017_cnn import Gal2017Cnn
from al_bench.models.memory_format import to_channels_last
from al_bench.models.mlp import Mlp
from al_bench.models.reset import reset
from al_bench.models.resnet import ResNet
from al_bench.models.vgg import Vgg


def channels_last(weight: torch.Tensor) -> bool:
    return weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()


def name(schema: object) -> str:
    return type(schema).__name__


@pytest.mark.parametrize(
    "schema", [BatchBaldCnn(), Gal2017Cnn(), EmnistCnn(), Vgg(stages=[[8, 8], [8]], dense=[16])], ids=name
)
def test_the_same_function_and_gradients(schema):
    first = schema.build((1, 28, 28), 10).double().eval()  # dropout off: both give the same
    last = to_channels_last(copy.deepcopy(first))
    convolutions = [layer for layer in last.modules() if isinstance(layer, nn.Conv2d)]
    assert all(channels_last(layer.weight) for layer in convolutions[1:])
    inputs = torch.randn(5, 1, 28, 28, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for network in (first, last):
        nn.functional.cross_entropy(network(inputs), torch.arange(5)).backward()
    for weight, other in zip(first.parameters(), last.parameters(), strict=True):
        assert torch.equal(weight, other)
        torch.testing.assert_close(weight.grad, other.grad, rtol=1e-9, atol=1e-12)


def test_a_reset_keeps_the_layout_and_gives_the_same_weights():
    first, last = BatchBaldCnn().build((1, 28, 28), 10), to_channels_last(BatchBaldCnn().build((1, 28, 28), 10))
    for network in (first, last):
        reset(network, 3)
    assert channels_last(last.conv2.weight)
    assert all(torch.equal(*pair) for pair in zip(first.parameters(), last.parameters(), strict=True))


@pytest.mark.parametrize("schema", [ResNet(widths=[4, 8], blocks=1), Mlp()], ids=name)
def test_others_stay_as_they_are(schema):
    network = to_channels_last(schema.build((3, 8, 8), 10))
    assert all(parameter.is_contiguous() for parameter in network.parameters())
