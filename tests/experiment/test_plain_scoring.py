"""`scoring=plain`: whole passes with the masks of the fast ones, as a sampler, as a learner's choice and as a key."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from al_bench.data.dataset import Dataset
from al_bench.learners.mc_dropout.masks import MaskSet
from al_bench.learners.mc_dropout.plain import PlainSampler
from al_bench.learners.mc_dropout.thinned import ThinnedSampler
from al_bench.learners.mixture import Mixture
from al_bench.learners.torch_learner import TorchLearner
from al_bench.learners.training import Training
from al_bench.models.batchbald_cnn import BatchBaldCnn
from al_bench.models.dropout import Dropout
from al_bench.models.gal2017_cnn import Gal2017Cnn
from al_bench.models.mlp import Mlp
from al_bench.models.reset import seeded
from al_bench.models.resnet import ResNet
from al_bench.rng import Streams
from tests.conftest import TINY, record
from tests.reference.masked_pass import masked_log_probs

MODELS = {
    "gal, element-wise": (Gal2017Cnn(), (1, 28, 28)),
    "gal, channel-wise": (Gal2017Cnn(channelwise=True), (1, 28, 28)),
    "batchbald": (BatchBaldCnn(), (1, 28, 28)),
    "batchbald, three channels": (BatchBaldCnn(dropout_conv=0.3, dropout_dense=0.2), (3, 16, 18)),
    "mlp": (Mlp(), (12,)),
    "mlp on images": (Mlp(hidden=[32]), (1, 6, 6)),
    "resnet": (ResNet(widths=[8, 16], blocks=1, dropout_dense=0.3), (3, 8, 8)),
}


def case(name: str, rows: int = 70, draws: int = 7) -> tuple[nn.Module, torch.Tensor, MaskSet]:
    """A network with some scale to its logits, inputs of more than one pass, and masks."""
    config, shape = MODELS[name]
    with seeded(3):
        network, inputs = config.build(shape, 5), 2 * torch.randn(rows, *shape)
    return network, inputs, MaskSet(network, inputs[:1], draws, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", MODELS)
def test_plain_fast_and_literal_draws_are_one_function(name):
    network, inputs, masks = case(name)
    plain, fast = PlainSampler(network, masks)(inputs), ThinnedSampler(network, masks)(inputs)
    literal = masked_log_probs(network, inputs, masks)
    assert plain.shape == (70, 7, 5)
    assert (plain[:, 1:] - plain[:, :1]).abs().max() > 1e-3, "draws differ"
    assert (plain.exp() - fast.exp()).abs().max() < 1e-6
    assert (plain.exp() - literal.exp()).abs().max() < 1e-6
    likely = literal > -20
    torch.testing.assert_close(plain.double()[likely], literal[likely], rtol=1e-5, atol=1e-5)


def test_every_draw_is_a_whole_pass():
    network, inputs, masks = case("batchbald")
    seen = []
    network.conv1.register_forward_hook(lambda _module, given, _out: seen.append(len(given[0])))
    PlainSampler(network, masks, rows=64)(inputs)
    assert seen == [64, 6] * 7
    assert all(module.mask is None for module in network.modules() if isinstance(module, Dropout))


def test_plain_draws_do_not_depend_on_the_chunk():
    network, inputs, masks = case("gal, element-wise")
    sampler = PlainSampler(network, masks)
    whole = sampler(inputs)
    pieces = torch.cat([PlainSampler(network, masks, rows=9)(part) for part in inputs.split(31)])
    torch.testing.assert_close(pieces, whole, rtol=0, atol=2e-6)
    assert not whole.is_inference()
    assert not whole.requires_grad
    assert sampler(inputs[:0]).shape == (0, 7, 5)


@pytest.mark.parametrize("members", [1, 2])
def test_a_learner_draws_the_same_functions_either_way(members):
    data = Dataset(
        "t", torch.randn(90, 12), torch.arange(90) % 3, torch.randn(4, 12), torch.arange(4) % 3, tuple("abc")
    )
    networks = [Mlp(hidden=[16, 16]).build((12,), 3) for _ in range(members)]
    found = []
    for plain in (False, True):
        learner = TorchLearner(networks, Mixture(members, 5), [Training()] * members, data, plain=plain)
        learner.reset(Streams(0), 0)
        sampler = learner.sampler(Streams(0), "masks", 0)
        found.append(torch.cat([draws for _, draws in learner.chunks(sampler, data.inputs)]))
    assert found[0].shape == (90, 5 * members, 3)
    assert (found[0].exp() - found[1].exp()).abs().max() < 1e-6


def test_the_key_changes_no_pick_and_names_the_arm(run):
    for scoring in ("fast", "plain"):
        assert run(*TINY, "strategy=bald", f"scoring={scoring}").status == 0
    fast, plain = (record(f"bald,posterior.draws=4,scoring={scoring},steps=8") for scoring in ("fast", "plain"))
    assert plain.header["identity"]["scoring"] == "plain"
    for one, other in zip(fast.stable, plain.stable, strict=True):
        assert one["acquired"] == other["acquired"]
        assert one["nll"] == pytest.approx(other["nll"], abs=1e-6)
        if one["scores"]:
            assert one["scores"] == pytest.approx(other["scores"], abs=1e-6)


def test_the_key_reaches_the_sampler(run, monkeypatch):
    def refuse(*_given, **_named):
        raise AssertionError("a thinned pass")

    monkeypatch.setattr("al_bench.learners.mc_dropout.thinned.ThinnedSampler", refuse)
    assert run(*TINY, "scoring=plain", "arm=a").status == 0
    assert run(*TINY, "scoring=fast", "arm=b").status == 1


def test_another_scoring_in_one_folder_is_refused(run):
    assert run(*TINY, "arm=a", "scoring=fast").status == 0
    done = run(*TINY, "arm=a", "scoring=plain")
    assert done.status == 2
    assert "scoring" in done.err


def test_a_scoring_that_there_is_not(run):
    done = run(*TINY, "scoring=slow")
    assert done.status == 2
    assert "scoring" in done.err
    assert "fast" in done.err
