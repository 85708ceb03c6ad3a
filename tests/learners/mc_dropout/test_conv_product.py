"""All draws of a convolution at once equal the convolution of masked inputs, and where they are used."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from al_bench.learners.mc_dropout.conv_product import ROWS, ChannelProduct
from al_bench.learners.mc_dropout.masks import MaskSet
from al_bench.learners.mc_dropout.stages import Stage
from al_bench.learners.mc_dropout.thinned import ThinnedSampler
from al_bench.models.batchbald_cnn import BatchBaldCnn
from al_bench.models.dropout import replace_torch_dropout

HEAD = nn.Linear(1, 1)


def product(layer: nn.Conv2d, keep: torch.Tensor, scale: float) -> ChannelProduct:
    first = Stage("a", (), layer, 1, (nn.Identity(),), True)
    second = Stage("b", (nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()), HEAD, 1, (), False)
    return ChannelProduct(first, second, keep, scale)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, (2, 1)), (2, 1), ((1, 2), 0)])
@pytest.mark.parametrize("rows", [1, ROWS, 2 * ROWS + 3])
def test_equals_the_convolution_of_masked_inputs(bias, stride, padding, rows):
    generator = torch.Generator().manual_seed(rows)
    layer = nn.Conv2d(7, 20, (3, 2), stride=stride, padding=padding, bias=bias).double()
    keep = torch.rand(6, 7, generator=generator) < 0.5
    keep[0] = False
    features = torch.randn(rows, 7, 11, 9, generator=generator, dtype=torch.float64)
    found = product(layer, keep, 2.0)(features)
    for draw, mask in enumerate(keep):
        expected = functional.max_pool2d(layer(features * (2.0 * mask)[:, None, None]), 2).relu()
        torch.testing.assert_close(found[draw].permute(3, 0, 1, 2), expected, rtol=1e-12, atol=1e-12)


def sampler(network: nn.Module, shape: tuple[int, ...], draws: int = 50) -> ThinnedSampler:
    generator = torch.Generator().manual_seed(0)
    row = torch.zeros(1, *shape, dtype=next(network.parameters()).dtype)
    return ThinnedSampler(network, MaskSet(network, row, draws, generator))


def used(network: nn.Module, shape: tuple[int, ...], draws: int = 50) -> bool:
    return sampler(network, shape, draws).method == "channel_product"


def test_used_where_it_saves_products():
    assert used(BatchBaldCnn().build((1, 28, 28), 10), (1, 28, 28))
    assert not used(BatchBaldCnn().build((1, 28, 28), 10), (1, 28, 28), draws=2)  # the responses serve too few draws
    kernel1 = replace_torch_dropout(
        nn.Sequential(nn.Dropout2d(0.5), nn.Conv2d(4, 4, 1), nn.Dropout2d(0.5), nn.Flatten(), nn.Linear(64, 3))
    )
    assert not used(kernel1, (4, 4, 4))
    between = replace_torch_dropout(
        nn.Sequential(
            nn.Dropout2d(0.5), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.Dropout2d(0.5), nn.Flatten(), nn.Linear(16, 3)
        )
    )
    assert not used(between, (4, 4, 4))


def test_rows_do_not_depend_on_their_company():
    network = BatchBaldCnn().build((1, 28, 28), 10).double()
    draw = sampler(network, (1, 28, 28), draws=8)
    inputs = torch.rand(150, 1, 28, 28, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    whole = draw(inputs)
    assert draw.method == "channel_product"
    for rows in (slice(0, 1), slice(60, 70), slice(100, 150)):
        torch.testing.assert_close(draw(inputs[rows]), whole[rows], rtol=1e-10, atol=1e-10)
