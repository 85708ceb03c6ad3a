"""Dropout with an explicit generator, torch's layers replaced, and seeded weights."""

from __future__ import annotations

import copy
from dataclasses import is_dataclass

import pytest
import torch
import torchvision
from torch import nn

from al_bench.errors import InputError
from al_bench.models.batchbald_cnn import BatchBaldCnn
from al_bench.models.dropout import Dropout, replace_torch_dropout, set_generator
from al_bench.models.gal2017_cnn import Gal2017Cnn
from al_bench.models.mlp import Mlp
from al_bench.models.reset import reset, seeded
from al_bench.models.resnet import ResNet


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("channelwise", [False, True], ids=["elementwise", "channelwise"])
def test_training_masks_are_fresh_scaled_and_from_the_generator(channelwise):
    layer = Dropout(0.25, channelwise)
    inputs = torch.ones(400, 8, 3, 3)
    layer.generator = generator()
    state = torch.get_rng_state()
    first, second = layer(inputs), layer(inputs)
    assert torch.equal(state, torch.get_rng_state()), "the global generator is untouched"
    assert first.unique().tolist() == pytest.approx([0, 4 / 3])
    assert first.mean() == pytest.approx(1, abs=0.03)
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1]), "every row has its own mask"
    whole = (first == first[:, :, :1, :1]).all()
    assert whole == channelwise
    layer.generator = generator()
    assert torch.equal(layer(inputs), first)


def test_evaluation_is_the_identity_or_the_mask():
    layer = Dropout(0.5).eval()
    inputs = torch.randn(5, 4, generator=generator())
    assert layer(inputs) is inputs
    layer.mask = torch.tensor([2.0, 0, 0, 2])
    assert torch.equal(layer(inputs), inputs * torch.tensor([2.0, 0, 0, 2]))


def test_draw_has_the_mask_shape_and_mean_one():
    element = Dropout(0.25).draw((32, 11, 11), generator())
    channel = Dropout(0.25, channelwise=True).draw((3200, 11, 11), generator())
    assert element.shape == (32, 11, 11)
    assert channel.shape == (3200, 1, 1)
    for mask in (element, channel):
        assert mask.unique().tolist() == pytest.approx([0, 4 / 3])
        assert mask.mean() == pytest.approx(1, abs=0.05)


def test_zero_p_draws_nothing():
    layer = Dropout(0.0)
    layer.generator = generator()
    before = layer.generator.get_state()
    inputs = torch.ones(3, 2)
    assert layer(inputs) is inputs
    assert torch.equal(before, layer.generator.get_state())


def test_a_copy_has_no_stream_of_its_original():
    layer = Dropout(0.5)
    layer.generator = generator()
    layer.mask = torch.ones(3)
    twin = copy.deepcopy(layer)
    assert (twin.p, twin.generator, twin.mask) == (0.5, None, None)
    assert layer.generator is not None


def test_torchs_dropout_is_replaced_at_every_depth():
    shared = nn.Dropout(0.1)
    inner = nn.ModuleDict({"drop": nn.Dropout2d(0.2), "same": shared})
    network = nn.Sequential(nn.Linear(2, 2), shared, nn.ModuleList([inner, nn.Dropout1d(0.3).eval()]))
    assert replace_torch_dropout(network) is network
    layers = {name: module for name, module in network.named_modules() if isinstance(module, Dropout)}
    assert {name: (layer.p, layer.channelwise) for name, layer in layers.items()} == {
        "1": (0.1, False),
        "2.0.drop": (0.2, True),
        "2.1": (0.3, True),
    }
    assert inner["same"] is network[1], "a shared layer stays shared"
    assert layers["1"].training
    assert not layers["2.1"].training
    assert not any(isinstance(module, nn.Dropout) for module in network.modules())
    set_generator(network, stream := generator())
    assert all(layer.generator is stream for layer in layers.values())


def test_torchs_dropout_is_replaced_in_a_torchvision_network():
    network = torchvision.models.resnet18(num_classes=10)
    network.fc = nn.Sequential(nn.Dropout(0.5), nn.Linear(512, 10))
    replace_torch_dropout(network)
    assert isinstance(network.fc[0], Dropout)
    inputs = torch.randn(2, 3, 32, 32, generator=generator())
    set_generator(network, generator(1))
    first = network(inputs)
    set_generator(network, generator(1))
    assert torch.equal(first, network(inputs))


@pytest.mark.parametrize(
    "layer", [nn.AlphaDropout(0.1), nn.FeatureAlphaDropout(0.1)], ids=lambda layer: type(layer).__name__
)
def test_other_kinds_of_dropout_are_refused(layer):
    with pytest.raises(InputError, match=rf"network\.0 is a {type(layer).__name__}"):
        replace_torch_dropout(nn.Sequential(layer))


MODELS = [
    (Mlp(), (20,)),
    (Gal2017Cnn(), (1, 12, 12)),
    (BatchBaldCnn(), (1, 16, 16)),
    # Not narrower: oneDNN's backward of a strided 1x1 convolution with 4 channels, channels last, corrupts memory.
    (ResNet(widths=[16, 32], blocks=2, dropout_dense=0.2), (3, 8, 8)),
]


@pytest.mark.parametrize(
    ("model", "shape"), MODELS, ids=lambda value: type(value).__name__ if is_dataclass(value) else None
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_reset_is_a_fresh_build_bit_for_bit(model, shape, dtype):
    with seeded(3):
        fresh = model.build(shape, 4).to(dtype)
    with seeded(99):
        used = model.build(shape, 4).to(dtype=dtype)
    if len(shape) == 3:
        used = used.to(memory_format=torch.channels_last)
    used(torch.randn(6, *shape, dtype=dtype)).sum().backward()  # moves BatchNorm's statistics
    storage = [parameter.data_ptr() for parameter in used.parameters()]
    state = torch.get_rng_state()
    reset(used, 3)
    assert torch.equal(state, torch.get_rng_state()), "the global generator is untouched"
    assert storage == [parameter.data_ptr() for parameter in used.parameters()]
    assert all(parameter.grad is None for parameter in used.parameters())
    assert used.state_dict().keys() == fresh.state_dict().keys()
    for key, value in fresh.state_dict().items():
        assert torch.equal(value, used.state_dict()[key]), key
    reset(used, 4)
    assert not torch.equal(used.output.weight, fresh.output.weight)


def test_reset_names_what_it_cannot_initialise():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(2))

    network = nn.Sequential(nn.Linear(2, 2), Scale())
    before = network[0].weight.clone()
    with pytest.raises(InputError, match=r"layer 1 \(Scale\) holds parameters and has no reset_parameters"):
        reset(network, 0)
    assert torch.equal(before, network[0].weight)
