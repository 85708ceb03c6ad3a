"""Thinned draws equal whole passes, both equal the literal ones, and no draw depends on the chunk."""

from __future__ import annotations

import pytest
import torch
import torchvision
from torch import Tensor, nn

from al_bench.learners.mc_dropout.masks import MaskSet
from al_bench.learners.mc_dropout.thinned import ThinnedSampler, sample_log_probs
from al_bench.models.batchbald_cnn import BatchBaldCnn
from al_bench.models.dropout import Dropout, replace_torch_dropout
from al_bench.models.gal2017_cnn import Gal2017Cnn
from al_bench.models.mlp import Mlp
from al_bench.models.reset import seeded
from al_bench.models.resnet import ResNet
from tests.reference.masked_pass import masked_log_probs


class Skip(nn.Module):
    """A user's network that is no Sequential."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(12, 16)
        self.drop = nn.Dropout(0.4)
        self.second = nn.Linear(16, 16)
        self.again = nn.Dropout(0.2)
        self.output = nn.Linear(16, 5)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.drop(self.first(inputs).relu())
        return self.output(self.again(self.second(hidden).tanh() + hidden))


class Encoder(nn.Module):
    """Attention over tokens; in evaluation torch's fused path would skip the dropout inside."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.3, batch_first=True)
        self.output = nn.Linear(8, 5)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.output(self.layer(inputs).mean(dim=1))


def stacked(*modules: nn.Module) -> nn.Module:
    return replace_torch_dropout(nn.Sequential(*modules))


def torchvision_resnet() -> nn.Module:
    network = torchvision.models.resnet18(num_classes=5)
    network.fc = nn.Sequential(nn.Dropout(0.5), nn.Linear(512, 5))
    return replace_torch_dropout(network)


# name: (builds the network, shape of a row, whether it runs thinned)
CASES = {
    "mlp": (lambda: Mlp(hidden=[32, 16, 8]).build((12,), 5), (12,), True),
    "mlp on images": (lambda: Mlp().build((1, 6, 6), 5), (1, 6, 6), True),
    "gal": (lambda: Gal2017Cnn().build((1, 28, 28), 5), (1, 28, 28), True),
    "gal channel-wise": (lambda: Gal2017Cnn(channelwise=True).build((3, 14, 12), 5), (3, 14, 12), True),
    "gal, dense only": (lambda: Gal2017Cnn(dropout_conv=0).build((1, 12, 12), 5), (1, 12, 12), True),
    "gal, conv only": (lambda: Gal2017Cnn(dropout_dense=0).build((1, 12, 12), 5), (1, 12, 12), True),
    "batchbald": (lambda: BatchBaldCnn().build((1, 28, 28), 5), (1, 28, 28), True),
    "batchbald, conv only": (lambda: BatchBaldCnn(dropout_dense=0).build((2, 16, 18), 5), (2, 16, 18), True),
    "convolution after convolution": (
        lambda: stacked(
            nn.Conv2d(2, 8, 3, padding=1),
            nn.Dropout2d(0.3),
            nn.ReLU(),
            nn.Conv2d(8, 12, 5, stride=2, padding=2),
            nn.Tanh(),
            nn.Dropout2d(0.4),
            nn.AvgPool2d(2),
            nn.Conv2d(12, 6, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(6 * 3 * 4, 5),
        ),
        (2, 12, 16),
        True,
    ),
    "resnet": (
        lambda: ResNet(widths=[8, 16], blocks=1, dropout_dense=0.3).build((3, 8, 8), 5),
        (3, 8, 8),
        True,
    ),
    "a user's module": (lambda: replace_torch_dropout(Skip()), (12,), False),
    "a user's transformer": (lambda: replace_torch_dropout(Encoder()), (6, 8), False),
    "torchvision": (torchvision_resnet, (3, 32, 32), False),
    "before BatchNorm": (
        lambda: stacked(nn.Linear(12, 9), nn.Dropout(0.5), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 5)),
        (12,),
        False,
    ),
    "before a sigmoid": (
        lambda: stacked(nn.Linear(12, 9), nn.Dropout(0.5), nn.Sigmoid(), nn.Linear(9, 5)),
        (12,),
        False,
    ),
    "before GELU": (
        lambda: stacked(nn.Linear(12, 9), nn.Dropout(0.5), nn.GELU(), nn.Linear(9, 5)),
        (12,),
        False,
    ),
    "after BatchNorm": (
        lambda: stacked(
            *(nn.Linear(12, 20), nn.Dropout(0.5), nn.ReLU(), nn.Linear(20, 9), nn.BatchNorm1d(9)),
            *(nn.Sigmoid(), nn.Dropout(0.3), nn.Linear(9, 5), nn.LogSoftmax(dim=1)),
        ),
        (12,),
        True,
    ),
    "after a sigmoid": (
        lambda: stacked(
            *(nn.Dropout(0.5), nn.Linear(12, 20, bias=False), nn.Sigmoid(), nn.Dropout(0.5)),
            *(nn.LeakyReLU(0.1), nn.Linear(20, 5)),
        ),
        (12,),
        True,
    ),
    "pixels before a convolution": (
        lambda: stacked(nn.Dropout(0.2), nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(64, 5)),
        (2, 6, 6),
        False,
    ),
    "pixels before a pooling": (
        lambda: stacked(nn.Dropout(0.2), nn.MaxPool2d(3, 1, padding=1), nn.Flatten(), nn.Linear(72, 5)),
        (2, 6, 6),
        False,
    ),
    "a grouped convolution": (
        lambda: stacked(nn.Dropout2d(0.5), nn.Conv2d(4, 4, 3, groups=2), nn.Flatten(), nn.Linear(64, 5)),
        (4, 6, 6),
        False,
    ),
    "a circular convolution": (
        lambda: stacked(
            nn.Dropout2d(0.5), nn.Conv2d(4, 2, 3, padding=1, padding_mode="circular"), nn.Flatten(), nn.Linear(72, 5)
        ),
        (4, 6, 6),
        False,
    ),
    "convolutions with padding, stride and dilation": (
        lambda: stacked(
            *(nn.Dropout2d(0.5), nn.Conv2d(4, 6, 3, padding="same", dilation=2), nn.AvgPool2d(2, padding=1)),
            *(nn.Dropout2d(0.4), nn.ReLU(), nn.Conv2d(6, 8, 3, stride=2, padding=1, bias=False), nn.ReLU()),
            *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(32, 5)),
        ),
        (4, 6, 6),
        True,
    ),
    "Sequentials inside": (
        lambda: stacked(nn.Sequential(nn.Linear(12, 9), nn.Sequential(nn.ReLU(), nn.Dropout(0.5))), nn.Linear(9, 5)),
        (12,),
        True,
    ),
    "a linear layer along the last axis": (
        lambda: stacked(nn.Dropout(0.5), nn.Linear(6, 4), nn.Flatten(), nn.Linear(16, 5)),
        (4, 6),
        False,
    ),
    "two masks in a row": (
        lambda: stacked(nn.Dropout(0.5), nn.ReLU(), nn.Dropout(0.2), nn.Linear(12, 5)),
        (12,),
        False,
    ),
    "dropout inside a block": (
        lambda: stacked(nn.Linear(12, 12), nn.Dropout(0.5), nn.Linear(12, 12), Skip()),
        (12,),
        False,
    ),
    "nearly everything dropped": (
        lambda: stacked(
            *(nn.Dropout2d(0.8), nn.Conv2d(3, 3, 3), nn.ReLU(), nn.Dropout2d(0.8), nn.Conv2d(3, 2, 3)),
            *(nn.Flatten(), nn.Dropout(0.7), nn.Linear(8, 5)),
        ),
        (3, 6, 6),
        True,
    ),
}


def case(name: str, rows: int = 9, draws: int = 6) -> tuple[nn.Module, Tensor, MaskSet]:
    build, shape, _ = CASES[name]
    with seeded(0):
        network = build()
        inputs = torch.randn(rows, *shape)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.running_mean.normal_(std=0.1)
                module.running_var.uniform_(0.5, 2)
                nn.init.normal_(module.bias, std=0.1)
    return network, inputs, MaskSet(network, inputs[:1], draws, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", CASES)
def test_thinned_plain_and_literal_passes_agree(name):
    network, inputs, masks = case(name)
    literal = masked_log_probs(network, inputs, masks).exp()
    assert (literal - literal[:, :1]).abs().max() > 1e-4, "draws differ"
    sampler = ThinnedSampler(network, masks)
    assert (sampler.method != "whole") is CASES[name][2]
    fast, plain = sampler(inputs), sample_log_probs(network, inputs, masks, plain=True)
    assert fast.shape == (9, 6, 5)
    assert fast.dtype == torch.float32
    for drawn in (fast, plain):
        assert (drawn.exp() - literal).abs().max() < 1e-6
    assert network.training
    assert all(module.mask is None for module in network.modules() if isinstance(module, Dropout))


@pytest.mark.parametrize("name", ["mlp", "gal", "batchbald", "resnet", "a user's module"])
@pytest.mark.parametrize("plain", [False, True])
def test_no_draw_depends_on_chunk_row_or_call(name, plain):
    network, inputs, masks = case(name, rows=11)
    sampler = ThinnedSampler(network, masks, plain=plain, rows=4)
    whole = sampler(inputs)
    assert torch.equal(whole, sampler(inputs)), "a second call gives the same"
    pieces = torch.cat([sampler(part) for part in inputs.split(3)])
    torch.testing.assert_close(pieces, whole, rtol=0, atol=2e-6)
    alone = sample_log_probs(network, inputs[7:8], masks, plain=plain)
    torch.testing.assert_close(alone, whole[7:8], rtol=0, atol=2e-6)
    same = sampler(inputs[:1].expand_as(inputs).contiguous())
    torch.testing.assert_close(same, whole[:1].expand_as(whole), rtol=0, atol=2e-6)
    again = MaskSet(network, inputs[3:4], masks.draws, torch.Generator().manual_seed(1))
    assert torch.equal(
        sample_log_probs(network, inputs, again, plain=plain), sample_log_probs(network, inputs, masks, plain=plain)
    )


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(("rows", "passes"), [(64, 1), (4, 3)])
def test_the_trunk_runs_once_for_all_draws(plain, rows, passes):
    network, inputs, masks = case("batchbald")
    calls = []
    network.conv1.register_forward_hook(lambda _module, args, _out: calls.append(len(args[0])))
    ThinnedSampler(network, masks, plain=plain, rows=rows)(inputs)
    assert len(calls) == passes
    assert sum(calls) == len(inputs)


@pytest.mark.parametrize("weight_bytes", [0, 20_000])
def test_bounded_memory_changes_no_result(weight_bytes):
    network, inputs, masks = case("mlp on images")
    full, bounded = ThinnedSampler(network, masks), ThinnedSampler(network, masks, weight_bytes=weight_bytes)
    assert full.stored_draws == masks.draws
    assert bounded.stored_draws < masks.draws
    assert torch.equal(full(inputs), bounded(inputs))


def test_a_hook_on_a_thinned_layer_means_whole_passes():
    network, inputs, masks = case("mlp")
    network.dense2.register_forward_hook(lambda _module, _args, out: out + 1)
    sampler = ThinnedSampler(network, masks)
    assert sampler.method == "whole"
    literal = masked_log_probs(network, inputs, masks).exp()
    assert (sampler(inputs).exp() - literal).abs().max() < 1e-6


@pytest.mark.parametrize("name", ["gal", "batchbald", "resnet"])
def test_channels_last_and_double_precision(name):
    network, inputs, masks = case(name)
    literal = masked_log_probs(network, inputs, masks)
    last = network.to(memory_format=torch.channels_last)
    drawn = sample_log_probs(last, inputs.contiguous(memory_format=torch.channels_last), masks)
    assert (drawn.exp() - literal.exp()).abs().max() < 1e-6
    double = network.double()
    masks = MaskSet(double, inputs[:1].double(), masks.draws, torch.Generator().manual_seed(1))
    drawn = sample_log_probs(double, inputs.double(), masks)
    assert drawn.dtype == torch.float64
    torch.testing.assert_close(drawn, literal, rtol=0, atol=1e-12)


def test_results_are_ordinary_tensors_without_gradients():
    network, inputs, masks = case("mlp")
    drawn = sample_log_probs(network, inputs, masks)
    assert not drawn.is_inference()
    assert not drawn.requires_grad
    assert sample_log_probs(network, inputs[:0], masks).shape == (0, 6, 5)
