"""A posterior of dropout masks on a model without any is refused where it was asked for and said where it is a default;
what counts is whether evaluation calls a dropout layer, not what the network calls in training."""

from __future__ import annotations

import shlex

import pytest
import torch
from torch import nn

from al_bench.learners.mc_dropout.masks import active_dropout, mark_reached
from al_bench.models.dropout import Dropout, replace_torch_dropout
from al_bench.models.randomness import random_functions
from tests.config.own import OwnFolder
from tests.conftest import record

FAST = ("debug=smoke", "training.steps=2", "schedule.rounds=2", "strategy=entropy", "arm=a")
IMAGES = ("dataset.shape=[3,32,32]", "dataset.points=40", "dataset.test_points=8")

NET = '''
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.MultiheadAttention):
    def reset_parameters(self):
        self._reset_parameters()


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.hidden = nn.Linear(16, 32)
        self.part = PART
        self.output = nn.Linear(32, classes)

    def drop(self, x):
        return DROP

    def forward(self, x):
        return self.output(self.drop(F.relu(self.hidden(x))))


@dataclass
class Mine:
    """A network."""

    def build(self, shape, classes):
        return Net(classes)
'''
NO_PART = "nn.Identity()"
ATTEND = "self.part(x[:, None], x[:, None], x[:, None], need_weights=False)[0][:, 0]"
SDPA = (
    "F.scaled_dot_product_attention(x[:, None], x[:, None], x[:, None], dropout_p=0.5 if self.training else 0.0)[:, 0]"
)

INACTIVE = {
    "functional dropout": (NO_PART, "F.dropout(x, 0.5, self.training)", "calls torch.nn.functional.dropout, whose"),
    "torch's own dropout": (NO_PART, "torch.dropout(x, 0.2, self.training)", "torch.nn.functional.dropout"),
    "alpha dropout": (NO_PART, "F.alpha_dropout(x, 0.1, self.training)", "torch.nn.functional.alpha_dropout"),
    "channel dropout": (
        NO_PART,
        "F.dropout2d(x[:, :, None, None], 0.3, self.training)[:, :, 0, 0]",
        "torch.nn.functional.dropout2d",
    ),
    "dropout of attention": (
        "Attention(32, 2, dropout=0.1, batch_first=True)",
        ATTEND,
        "torch.nn.functional.multi_head_attention_forward",
    ),
    "dropout of a product": (NO_PART, SDPA, "torch.nn.functional.scaled_dot_product_attention"),
    "dropout of an LSTM": (
        "nn.LSTM(32, 32, 2, dropout=0.3, batch_first=True)",
        "self.part(x[:, None])[0][:, 0]",
        "torch.nn.LSTM",
    ),
    "masks of its own": (
        NO_PART,
        "x * torch.bernoulli(torch.full_like(x, 0.7)) if self.training else x",
        "draws random numbers in training outside of torch.nn.Dropout layers",
    ),
    "a share of 0": ("nn.Dropout(0.0)", "self.part(x)", "the dropout layer part of"),
    "a layer that is never called": ("nn.Dropout(0.5)", "x", "never calls its dropout layer part in evaluation"),
    "a layer for training only": (
        "nn.Dropout(0.5)",
        "self.part(x) if self.training else x",
        "never calls its dropout layer part in evaluation",
    ),
    "none": (NO_PART, "x", "has no dropout layer"),
    "functional dropout with 0": (NO_PART, "F.dropout(x, 0.0, self.training)", "has no dropout layer"),
}
ACTIVE = {
    "dropout": ("nn.Dropout(0.5)", "self.part(x)"),
    "dropout of channels": ("nn.Dropout2d(0.5)", "self.part(x[:, :, None, None])[:, :, 0, 0]"),
    "a nested layer": ("nn.Sequential(nn.ReLU(), nn.Sequential(nn.Dropout(0.2)))", "self.part(x)"),
}


@pytest.fixture
def own(run, tmp_path, monkeypatch):
    """A function that writes a network, and runs it with the words given."""
    folder = OwnFolder(tmp_path, monkeypatch)

    def call(part: str, drop: str, *words: str):
        folder.write(NET.replace("PART", part).replace("DROP", drop), model__mine="_target_: MODULE.Mine\n")
        done = run("--config-dir", "own", *FAST, "model=mine", *words)
        return done.status, done.err.replace(folder.module, "MODULE")

    return call


@pytest.mark.parametrize("case", INACTIVE)
def test_draws_that_were_asked_for_and_would_be_equal_are_refused(own, case):
    part, drop, cause = INACTIVE[case]
    status, line = own(part, drop, "posterior=mc_dropout", "posterior.draws=4")
    assert (status, line.count("\n")) == (2, 1), line
    assert line.startswith("al-bench run: posterior=mc_dropout would be one point prediction: ")
    assert cause in line
    assert (
        "type posterior=deterministic posterior.draws=0 in place of posterior=mc_dropout posterior.draws=4, or" in line
    )
    assert "give the model dropout" not in line


@pytest.mark.parametrize("case", ["functional dropout", "a layer that is never called", "none"])
def test_by_default_it_is_said_and_recorded(own, case):
    part, drop, cause = INACTIVE[case]
    status, lines = own(part, drop)
    assert status == 0, lines
    (line,) = lines.splitlines()
    assert line.startswith("al-bench: posterior=mc_dropout is the default, and ")
    assert cause in line
    assert "this run is a point prediction (K = 1 function), as with posterior=deterministic" in line
    assert record("a").header["functions"] == 1
    assert cause in (record("a").folder / "run.log").read_text().replace("own_module", "MODULE")


@pytest.mark.parametrize("case", INACTIVE)
def test_a_strategy_that_needs_draws_says_what_the_network_lacks(own, case):
    part, drop, cause = INACTIVE[case]
    status, line = own(part, drop, "strategy=bald")
    assert status == 2
    assert line.startswith("al-bench run: strategy bald needs at least 2 distinct posterior draws and there is 1: ")
    assert cause in line
    assert line.endswith("or set posterior=ensemble\n")


@pytest.mark.parametrize("case", ACTIVE)
def test_a_network_with_dropout_layers_draws(own, case):
    status, line = own(*ACTIVE[case], "posterior=mc_dropout", "posterior.draws=4")
    assert (status, line) == (0, "")
    assert record("a").header["functions"] == 4


@pytest.mark.parametrize("draws", ["posterior.draws=4", "posterior.draws=0 evaluation.draws=3"])
def test_a_layer_that_is_called_twice_is_refused_before_a_run(own, draws):
    status, line = own("nn.Dropout(0.5)", "self.part(self.part(x))", *draws.split())
    assert (status, line.count("\n")) == (2, 1)
    assert "calls its dropout layer part several times" in line
    assert not record("a").folder.exists()
    assert own("nn.Dropout(0.5)", "self.part(self.part(x))", "posterior.draws=0")[0] == 0, "it is off in evaluation"


def test_a_recurrent_layer_that_is_not_called_drops_nothing():
    class Unused(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused, self.output = nn.GRU(4, 4, 2, dropout=0.5), nn.Linear(4, 2)

        def forward(self, x):
            return self.output(x)

    assert random_functions(Unused(), torch.randn(2, 4, generator=torch.Generator().manual_seed(0))) == ()


def test_dropout_that_cannot_be_held_fixed_is_refused_by_the_name_of_its_layer(own):
    status, line = own("nn.AlphaDropout(0.5)", "self.part(x)", "posterior=mc_dropout")
    assert status == 2
    assert "the model's layer network.part is a AlphaDropout, which cannot be held fixed" in line


def test_dropout_of_which_the_draws_hold_only_a_part_is_said(own):
    status, line = own("nn.Dropout(0.5)", "F.dropout(self.part(x), 0.5, self.training)")
    assert status == 0
    assert line.startswith("al-bench: MODULE.Mine calls torch.nn.functional.dropout, which the draws leave out")
    assert record("a").header["functions"] == 100


WITHOUT = ["resnet18", "resnet18_narrow", "vgg11", "vgg16"]


@pytest.mark.parametrize("model", WITHOUT)
def test_the_models_without_dropout_are_refused_with_a_posterior_of_masks(run, model):
    for posterior, point in (("mc_dropout", "deterministic"), ("mc_dropout_ensemble", "ensemble")):
        done = run(*FAST, *IMAGES, f"model={model}", f"posterior={posterior}")
        assert (done.status, done.err.count("\n")) == (2, 1)
        assert f"type posterior={point} posterior.draws=0 in place of posterior={posterior}, or" in done.err
        assert "model.dropout_dense=0.5\n" in done.err


@pytest.mark.parametrize(
    ("words", "draws"),
    [
        ("model.hidden=[] posterior=mc_dropout posterior.draws=6", 6),
        ("model.dropout_dense=0 posterior=mc_dropout posterior.draws=5 evaluation.draws=3", 5),
        ("model=resnet_small model.dropout_dense=0 dataset.shape=[1,8,8] posterior.draws=3", 3),
        ("model=gal2017_cnn model.dropout_dense=0 model.dropout_conv=0 dataset.shape=[1,8,8] posterior.draws=3", 3),
    ],
    ids=["a logistic regression", "dropout set to 0", "a ResNet", "a CNN"],
)
def test_both_pieces_of_advice_work_as_printed(run, words, draws):
    typed = words.split()
    done = run(*FAST, *typed)
    assert done.status == 2
    advice, remedy = done.err.rstrip().split("type ")[1].split(", or, for draws, set ")
    instead, _, replaced = advice.partition(" in place of ")
    point = [word for word in typed if word not in shlex.split(replaced)]
    assert run(*FAST[:-1], "arm=point", *point, *shlex.split(instead)).status == 0
    assert record("point").header["functions"] == 1
    keys = {word.partition("=")[0] for word in shlex.split(remedy)}
    drawn = [word for word in typed if word.partition("=")[0] not in keys]
    assert run(*FAST[:-1], "arm=drawn", *drawn, *shlex.split(remedy)).status == 0
    assert record("drawn").header["functions"] == draws


FILES = {
    "an option chosen": "defaults:\n  - override /posterior: mc_dropout\n  - override /model: resnet18_narrow\n",
    "draws set": "defaults:\n  - override /model: resnet18_narrow\nposterior:\n  draws: 7\n",
    "members and draws": "defaults:\n  - override /posterior: mc_dropout_ensemble\n"
    "  - override /model: resnet18_narrow\n",
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_asks_for_draws_is_named(run, tmp_path, case):
    file = tmp_path / "own" / "experiment" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("# @package _global_\n# mine\n" + FILES[case])
    words = ("dataset=synthetic", "dataset.shape=[1,8,8]", "initial.size=6", "schedule.rounds=2", "strategy=entropy")
    done = run("--config-dir", "own", "experiment=mine", *words)
    assert done.status == 2
    option = "mc_dropout_ensemble" if case.startswith("members") else "mc_dropout"
    assert f"posterior={option} (chosen in experiment/mine) would be" in done.err


def test_a_record_that_began_goes_on_whatever_is_typed(run):
    words = (*FAST, "model.dropout_dense=0")
    assert run(*words).status == 0
    typed = (*words, "posterior=mc_dropout", "posterior.draws=100", "schedule.rounds=3")
    assert run(*typed).status == 0
    assert len(record("a").rounds) == 3
    assert run(*typed, "arm=b").status == 2


@pytest.mark.parametrize("option", ["ensemble", "mc_dropout_ensemble"])
def test_evaluation_draws_that_change_nothing_are_refused(run, option):
    words = ["posterior.draws=0"] if option != "ensemble" else []
    done = run(*FAST, "model.dropout_dense=0", "posterior=ensemble", *words, "evaluation.draws=9")
    assert done.status == 2
    assert "evaluation.draws=9" in done.err
    assert "the model has no active dropout (model.dropout_dense is 0)" in done.err
    assert run(*FAST, "posterior=ensemble", *words, "evaluation.draws=2").status == 0, "its networks have dropout"


def test_layers_are_reached_if_a_pass_in_evaluation_calls_them():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.output = nn.Dropout(0.5), nn.Dropout(0.5), nn.Linear(4, 2)

        def forward(self, x):
            return self.output(self.first(x))

    network = replace_torch_dropout(Two()).train()
    mark_reached(network, torch.zeros(1, 4))
    layers = [module for module in network.modules() if isinstance(module, Dropout)]
    assert [layer.reached for layer in layers] == [True, False]
    assert network.training, "the mode is as it was"
    assert active_dropout(network)
    layers[0].p = 0.0
    assert not active_dropout(network)


def test_the_random_functions_of_a_network_leave_it_and_the_generator_as_they_are():
    network = replace_torch_dropout(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    state = torch.get_rng_state()
    assert random_functions(network, torch.randn(2, 4, generator=torch.Generator().manual_seed(0))) == ()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert network[2].p == 0.5
