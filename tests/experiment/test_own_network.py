"""A user's own network that cannot be trained, or gives no logits, is refused when it is built, with what to write."""

from __future__ import annotations

import pytest

from tests.config.own import OwnFolder
from tests.conftest import TINY, record, written

NET = '''
from dataclasses import dataclass
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.hidden = nn.Linear(16, 8)
        self.output = nn.Linear(8, classes)
        INIT

    def forward(self, x):
        x = F.relu(self.hidden(x))
        y = self.output(x)
        return RESULT


@dataclass
class Mine:
    """A network."""

    def build(self, shape, classes):
        network = Net(classes)
        BUILD
        return network
'''

REFUSED = {
    "probabilities": (
        "",
        "y.softmax(1)",
        "",
        "gives probabilities (each row sums to 1); return logits, without a soft",
    ),
    "probabilities of a layer": ("self.last = nn.Softmax(dim=1)", "self.last(y)", "", "gives probabilities"),
    "log-probabilities": ("", "F.log_softmax(y, 1)", "", "gives log-probabilities; return logits, without a log_softm"),
    "shares of each class": ("", "torch.sigmoid(y)", "", "the network ends in sigmoid; return logits, without it"),
    "shares of a layer": ("self.last = nn.Sigmoid()", "self.last(y)", "", "the network ends in sigmoid"),
    "a tuple": ("", "(y, x)", "", "gives a tuple for 2 rows; return the logits alone, such as outputs[0]"),
    "a list": ("", "[y]", "", "gives a list for 2 rows; return the logits alone, such as outputs[0]"),
    "a dict": (
        "",
        "{'loss': x, 'logits': y}",
        "",
        "gives a dict for 2 rows; return the logits alone, such as outputs['",
    ),
    "an object": (
        "",
        "SimpleNamespace(logits=y)",
        "",
        "gives a SimpleNamespace for 2 rows; return the logits alone: out",
    ),
    "nothing": ("", "None", "", "gives a NoneType for 2 rows; return a tensor of one logit for each class"),
    "one output": ("", "y[:, :1]", "", "gives [2, 1] of float32 for 2 rows; synthetic has 4 classes"),
    "a flat output": ("", "y[:, 0]", "", "gives [2] of float32 for 2 rows; synthetic has 4 classes"),
    "classes": ("", "y.argmax(1)", "", "gives [2] of int64 for 2 rows"),
    "whole numbers": ("", "y.round().long()", "", "return floating-point numbers, before any argmax or rounding"),
    "a tuple in training alone": (
        "",
        "(y, x) if self.training else y",
        "",
        "gives a tuple for 2 rows in training mode",
    ),
    "a squeezed row": ("", "y.squeeze()", "", "gives [4] of float32 for 1 row"),
    "double weights": (
        "",
        "y",
        "network.double()",
        "the weights float64: give float32 weights, as network.float() does",
    ),
    "half weights": ("", "y", "network.half()", "the weights float16: give float32 weights, as network.float() does"),
    "weights without values": ("", "y", "network.to('meta')", "is on the device meta, without values"),
    "a constant elsewhere": ("self.shift = torch.zeros(4, device='meta')", "y + self.shift", "", "meta"),
    "a division by 0": ("", "y / 0", "", "gives NaN or infinite numbers for 2 rows that are finite"),
    "a logarithm of 0": ("", "y + torch.log(x * 0).sum()", "", "gives NaN or infinite numbers"),
    "NaN in training alone": (
        "",
        "y / (0 if self.training else 1)",
        "",
        "NaN or infinite numbers for 2 rows in training",
    ),
    "no gradient": ("", "y.detach()", "", "no gradient reaches the weights of the network"),
    "no gradient within": ("", "torch.tensor(y.tolist())", "", "no gradient reaches the weights of the network"),
    "frozen weights": ("", "y", "network.requires_grad_(False)", "has no weights that can be trained"),
    "a lazy layer": ("self.last = nn.LazyLinear(4)", "self.last(x)", "", "the layer last has no size yet; give it"),
    "dropout in evaluation": (
        "",
        "self.output(F.dropout(x, 0.5))",
        "",
        "are random (torch.nn.functional.dropout); write",
    ),
    "noise in evaluation": ("", "y + 0.01 * torch.randn_like(y)", "", "the outputs of the network are random; write"),
    "masks in evaluation": (
        "",
        "self.output(x * torch.bernoulli(x * 0 + 0.5))",
        "",
        "are random; write dropout as a layer",
    ),
    "a softmax over the rows": ("", "F.log_softmax(y, 0)", "", "the outputs of a row change with the rows beside it"),
    "statistics of the batch": (
        "self.norm = nn.BatchNorm1d(4, track_running_stats=False)",
        "self.norm(y)",
        "",
        "two rows pass: a batch may have one row, so do not squeeze it, nor take statistics of the batch",
    ),
    "attention over the batch": (
        "",
        "self.output((x @ x.T).softmax(1) @ x)",
        "",
        "the outputs of a row change with the rows beside it",
    ),
    "an instance of one value": (
        "self.norm = nn.InstanceNorm1d(8)",
        "self.output(self.norm(x[:, :, None])[:, :, 0])",
        "",
        "Expected more than 1 spatial element when training",
    ),
    "weights that cannot be drawn anew": (
        "self.scale = nn.Parameter(torch.ones(4))",
        "y * self.scale",
        "",
        "holds parameters and has no reset_parameters",
    ),
}


@pytest.fixture
def tried(run, tmp_path, monkeypatch):
    """A function that writes a network from its parts and runs it."""
    own = OwnFolder(tmp_path, monkeypatch)

    def call(init: str, result: str, build: str, *words: str):
        source = NET.replace("INIT", init or "pass").replace("RESULT", result).replace("BUILD", build)
        own.write(source, model__mine="_target_: MODULE.Mine\n")
        done = run("--config-dir", "own", *TINY, "posterior.draws=0", "strategy=entropy", "model=mine", "arm=a", *words)
        return done.status, done.err

    return call


@pytest.mark.parametrize("case", REFUSED)
def test_what_gives_no_logits_or_cannot_be_trained_is_refused(tried, case):
    *parts, message = REFUSED[case]
    before = [name for name in written() if name.startswith("results")]
    status, line = tried(*parts)
    assert (status, line.count("\n")) == (2, 1), line
    assert message in line
    assert [name for name in written() if name.startswith("results")] == before


ACCEPTED = {
    "logits": ("", "y", ""),
    "logits of 0": ("", "y * 0", ""),
    "positive logits": ("", "F.relu(y)", ""),
    "bounded logits": ("", "torch.tanh(y)", ""),
    "batch norm": ("self.norm = nn.BatchNorm1d(8)", "self.output(self.norm(x))", ""),
    "group norm": ("self.norm = nn.GroupNorm(2, 8)", "self.output(self.norm(x))", ""),
    "layer norm": ("self.norm = nn.LayerNorm(8)", "self.output(self.norm(x))", ""),
    "some frozen weights": ("", "y", "network.hidden.requires_grad_(False)"),
    "double outputs": ("", "y.double()", ""),
    "noise in training": ("", "y + 0.01 * torch.randn_like(y) * self.training", ""),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_logits_of_every_kind_are_taken(tried, case):
    status, line = tried(*ACCEPTED[case])
    assert status == 0, line
    assert len(record("a").rounds) == 3


def test_trying_a_network_changes_no_result(tried, monkeypatch):
    """The weights that a layer has from its construction alone, of the second member, are those of before the check."""
    from al_bench.experiment import own_network
    from al_bench.experiment.setup import set_up  # noqa: F401  (imported before the check is taken away)

    init = "self.dropped = nn.Dropout(0.5)"
    words = ("posterior=ensemble", "posterior.members=2")
    assert tried(init, "self.dropped(y)", "", *words)[0] == 0
    checked = record("a").stable
    monkeypatch.setattr(own_network.Trial, "run", lambda self, network: None)
    assert tried(init, "self.dropped(y)", "", *words, "arm=b")[0] == 0
    assert record("b").stable == checked


@pytest.mark.parametrize("group", ["BatchNorm1d(8)", "InstanceNorm1d(4, affine=True)"])
def test_a_network_in_evaluation_is_tried_with_the_weights_of_a_run(tried, group):
    """`reset_parameters` gives values that construction left out, so that nothing is refused for memory never set."""
    init = (
        "self.hidden.weight = nn.Parameter(torch.full((8, 16), float('nan')))"
        if group.startswith("Batch")
        else "self.output.bias = nn.Parameter(torch.full((4,), float('inf')))"
    )
    status, line = tried(init, "y", "")
    assert status == 0, line
