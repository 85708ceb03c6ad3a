"""All draws of a last layer in one product: the logits of masked passes, and only where that layer is all there is."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from al_bench.learners.mc_dropout.head_product import HeadProduct
from al_bench.learners.mc_dropout.masks import MaskSet
from al_bench.learners.mc_dropout.stages import stages
from al_bench.learners.mc_dropout.thinned import ThinnedSampler
from al_bench.models.dropout import Dropout
from tests.reference.masked_pass import masked_log_probs

HEADS = {
    "dense": (lambda p: [nn.Linear(6, 20), nn.ReLU(), Dropout(p), nn.Linear(20, 4)], (6,)),
    "activation between": (lambda p: [nn.Linear(6, 20), Dropout(p), nn.ReLU(), nn.Linear(20, 4, bias=False)], (6,)),
    "channels": (
        lambda p: [nn.Conv2d(1, 5, 3), Dropout(p, channelwise=True), nn.Flatten(), nn.Linear(80, 4)],
        (1, 6, 6),
    ),
}


def built(name: str, p: float = 0.5, draws: int = 30) -> tuple[nn.Sequential, torch.Tensor, MaskSet]:
    layers, shape = HEADS[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(*layers(p)).eval()
    inputs = torch.randn(9, *shape, generator=torch.Generator().manual_seed(1))
    return network, inputs, MaskSet(network, inputs[:1], draws, torch.Generator().manual_seed(2))


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("p", [0.2, 0.9])
def test_the_draws_of_masked_passes(name: str, p: float) -> None:
    network, inputs, masks = built(name, p)
    sampler = ThinnedSampler(network, masks)
    assert sampler.method == "head_product"
    with torch.inference_mode():
        expected = masked_log_probs(network, inputs, masks)
    torch.testing.assert_close(sampler(inputs).double(), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(sampler(inputs[:2]), sampler(inputs)[:2], rtol=1e-6, atol=1e-6)


def test_a_mask_that_leaves_nothing_leaves_the_bias() -> None:
    network, inputs, masks = built("dense", draws=2)
    masks.binary["2"][1] = False
    drawn = ThinnedSampler(network, masks)(inputs)[:, 1]
    torch.testing.assert_close(drawn, network[3].bias.detach().log_softmax(0).expand(9, 4))


def test_where_it_fits() -> None:
    network, _, masks = built("dense")
    tail = list(network[2:])
    found = stages(tail, masks, {network[2]: "2"})
    weight_bytes = 4 * 20 * 4
    assert HeadProduct.fits(found, 30, 30 * weight_bytes)
    assert not HeadProduct.fits(found, 30, 30 * weight_bytes - 1)
    after = stages([*tail, nn.Sigmoid()], masks, {network[2]: "2"})
    assert not HeadProduct.fits(after, 30, 1 << 20)
    assert not HeadProduct.fits([*found, *found], 30, 1 << 20)
    assert ThinnedSampler(network, masks, weight_bytes=0).method == "thinned"
