"""A pretrained body begins with its weights whatever happened to it; its new last layer comes from the seed."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from al_bench.models.image_input import ImageInput
from al_bench.models.pretrained import PretrainedBody, classifier
from al_bench.models.reset import reset


def body() -> PretrainedBody:
    torch.manual_seed(3)
    return PretrainedBody(nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 5)), ["3.bias"])


def spoil(network: nn.Module) -> None:
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.add_(1)


def test_after_training_the_pretrained_weights_are_back_and_the_rest_is_of_the_seed():
    pretrained = body()
    network = classifier(pretrained, 5, 3, 0.5)
    reset(network, 7)
    first = copy.deepcopy(network.state_dict())
    for name, tensor in pretrained.network.state_dict().items():
        assert torch.equal(first[f"body.network.{name}"], tensor) == (name != "3.bias")
    spoil(network)
    reset(network, 7)
    assert all(torch.equal(first[name], tensor) for name, tensor in network.state_dict().items())
    reset(network, 8)
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(first[name], tensor)}
    assert changed == {"body.network.3.bias", "output.weight", "output.bias"}


@pytest.mark.parametrize("batch_statistics", [False, True], ids=["of the pretraining", "of the batch"])
def test_the_statistics_of_batch_norm_in_training(batch_statistics):
    norm = nn.BatchNorm1d(4)
    norm.running_mean.fill_(2.0)
    pretrained = PretrainedBody(nn.Sequential(norm, nn.Dropout(0.5)), batch_statistics=batch_statistics).train()
    assert pretrained.network[1].training
    rows = torch.randn(64, 4)
    seen = pretrained.network[0](rows)
    expected = rows - rows.mean(0) if batch_statistics else rows - 2
    assert torch.allclose(seen.detach().mean(0), expected.mean(0), atol=1e-4)
    assert torch.equal(norm.running_mean, torch.full((4,), 2.0)) != batch_statistics


def test_members_have_weights_of_their_own_and_share_what_they_begin_with():
    pretrained = body()
    networks = [classifier(pretrained, 5, 3, 0.0) for _ in range(2)]
    spoil(networks[0])
    assert not torch.equal(networks[0].body.network[0].weight, networks[1].body.network[0].weight)
    assert networks[0].body._start is pretrained._start is networks[1].body._start


def test_grey_images_of_any_size_become_what_the_network_expects():
    images = torch.rand(2, 1, 9, 7)
    seen = ImageInput(16, (0.5, 0.4, 0.3), (0.2, 0.2, 0.1))(images)
    assert seen.shape == (2, 3, 16, 16)
    back = seen * torch.tensor([0.2, 0.2, 0.1])[:, None, None] + torch.tensor([0.5, 0.4, 0.3])[:, None, None]
    assert torch.allclose(back[:, 0], back[:, 2], atol=1e-6)
    expected = nn.functional.interpolate(images, (16, 16), mode="bicubic", antialias=True).clamp(0, 1)
    assert torch.allclose(back[:, :1], expected, atol=1e-6)
