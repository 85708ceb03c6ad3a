"""One set of masks for all rows: shapes, streams, refusals."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from al_bench.errors import InputError
from al_bench.learners.mc_dropout.masks import MaskSet, active_dropout, evaluating
from al_bench.models.batchbald_cnn import BatchBaldCnn
from al_bench.models.dropout import Dropout, replace_torch_dropout
from al_bench.models.mlp import Mlp


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_masks_fit_the_layers():
    network = BatchBaldCnn(dropout_dense=0.2).build((1, 28, 28), 10)
    masks = MaskSet(network, torch.zeros(1, 1, 28, 28), 7, generator())
    assert {name: tuple(keep.shape) for name, keep in masks.binary.items()} == {
        "dropout_conv1": (7, 32, 1, 1),
        "dropout_conv2": (7, 64, 1, 1),
        "dropout_dense": (7, 128),
    }
    assert all(keep.dtype == torch.bool for keep in masks.binary.values())
    assert masks.mask("dropout_dense", 3).unique().tolist() == pytest.approx([0, 1.25])
    assert network.training, "the mode is as before"


def test_the_generator_decides_and_more_draws_begin_with_fewer():
    network = Mlp().build((4,), 3)
    row = torch.zeros(1, 4)
    few, same, many, other = (
        MaskSet(network, row, draws, generator(seed)).binary["dropout1"]
        for draws, seed in ((5, 0), (5, 0), (9, 0), (5, 1))
    )
    assert torch.equal(few, same)
    assert torch.equal(few, many[:5])
    assert not torch.equal(few, other)
    assert not torch.equal(few[0], few[1])


def test_use_sets_and_clears_and_fits_a_copy():
    network = Mlp(hidden=[6]).build((4,), 3).eval()
    masks = MaskSet(network, torch.zeros(1, 4), 2, generator())
    twin = copy.deepcopy(network)
    with masks.use(twin, 1):
        assert torch.equal(twin.dropout1.mask, masks.binary["dropout1"][1] * 2.0)
        assert network.dropout1.mask is None
    assert twin.dropout1.mask is None


def test_active_dropout_is_what_can_draw():
    assert active_dropout(Mlp().build((4,), 3))
    assert not active_dropout(Mlp(dropout_dense=0).build((4,), 3))
    assert not active_dropout(Mlp(hidden=[]).build((4,), 3))


def test_evaluating_restores_every_mode():
    network = nn.Sequential(nn.BatchNorm1d(3), Dropout(0.5)).train()
    network[0].eval()
    with evaluating(network):
        assert not any(module.training for module in network.modules())
        assert torch.is_inference_mode_enabled()
        assert not torch.backends.mha.get_fastpath_enabled()
    assert [module.training for module in network.modules()] == [True, False, True]
    assert torch.backends.mha.get_fastpath_enabled()


class Unused(nn.Module):
    """Has a dropout layer that evaluation never reaches."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(4, 3)
        self.dropout = Dropout(0.5)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.dense(self.dropout(inputs) if self.training else inputs)


def test_refuses_without_reachable_dropout():
    for network in (Mlp(dropout_dense=0).build((4,), 3), Unused()):
        with pytest.raises(InputError, match=r"no active dropout.*model\.dropout_dense=0\.5"):
            MaskSet(network, torch.zeros(1, 4), 5, generator())


def test_refuses_one_layer_in_two_places():
    shared = nn.Dropout(0.5)
    network = replace_torch_dropout(nn.Sequential(nn.Linear(4, 4), shared, nn.Linear(4, 4), shared, nn.Linear(4, 3)))
    with pytest.raises(InputError, match="dropout layer 1 several times"):
        MaskSet(network, torch.zeros(1, 4), 5, generator())
    assert not network[1]._forward_hooks


def test_refuses_zero_draws():
    with pytest.raises(InputError, match=r"posterior\.draws is 0"):
        MaskSet(Mlp().build((4,), 3), torch.zeros(1, 4), 0, generator())
