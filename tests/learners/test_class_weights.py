"""`training.class_weights`: the written loss of a network, balanced counts, names that there are."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from al_bench.errors import InputError
from al_bench.learners.class_weights import check_class_names, class_weights
from al_bench.learners.fit import fit
from al_bench.learners.training import Stop, Training
from tests.conftest import TINY, record

NAMES = ("ham", "spam", "news")


def test_balanced_weights_make_every_class_that_has_labels_weigh_the_same():
    labels = torch.tensor([0, 0, 0, 0, 0, 0, 2, 2])
    weights = class_weights("balanced", labels, NAMES)
    torch.testing.assert_close(weights, torch.tensor([8 / (2 * 6), 1.0, 8 / (2 * 2)]))
    assert weights is not None
    assert weights[labels].mean() == pytest.approx(1)
    assert class_weights("none", labels, NAMES) is None
    assert class_weights({"spam": 5}, labels, NAMES).tolist() == [1, 5, 1]


def test_one_step_follows_the_gradient_of_the_weighted_mean_loss():
    torch.manual_seed(0)
    inputs, labels, weights = torch.randn(6, 4), torch.tensor([0, 1, 2, 0, 1, 0]), torch.tensor([0.5, 2.0, 3.0])
    network = nn.Linear(4, 3)
    literal = copy.deepcopy(network)
    losses = nn.functional.cross_entropy(literal(inputs), labels, reduction="none")
    loss = sum(weights[label] * each for label, each in zip(labels, losses, strict=True)) / 6
    loss.backward()
    config = Training(optimiser="sgd", lr=0.1, momentum=0.0, stop=Stop.steps, steps=1, batch_size=6)
    config.optimiser = type(Training().optimiser).sgd
    generators = [torch.Generator().manual_seed(0) for _ in range(2)]
    done = fit(network, config, inputs, labels, lambda x: x, lambda: 0.0, *generators, class_weights=weights)
    torch.testing.assert_close(network.weight, literal.weight - 0.1 * literal.weight.grad)
    assert done.loss == pytest.approx(loss.item())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("much", "training.class_weights is 'much'; it must be none, balanced, or weights above 0 by class name"),
        ("3", "training.class_weights is 3; it must be"),
        ("{class0: -1}", "training.class_weights.class0 is -1; it must be a finite number above 0"),
        ("{clas0: 2}", "training.class_weights names 'clas0', which is no class; classes: "),
    ],
    ids=["a word", "a number", "a negative weight", "no class"],
)
@pytest.mark.parametrize("model", ["mlp", "linear", "random_forest"])
def test_a_wrong_value_is_refused_by_every_learner(run, model, value, message):
    done = run("debug=smoke", f"model={model}", f"training.class_weights={value}")
    lines = [line for line in done.err.splitlines() if " implies " not in line]
    assert (done.status, len(lines)) == (2, 1)
    assert lines[0].startswith(f"al-bench run: {message}")


@pytest.mark.parametrize("model", ["mlp", "linear", "random_forest"])
def test_weights_change_the_run_and_its_name(run, model):
    words = [*TINY[:1], *(TINY[1:2] if model == "mlp" else ()), "initial.kind=random", f"model={model}"]
    arms = {}
    for value in ("none", "balanced"):
        done = run(
            *words, f"training.class_weights={value}", "strategy=random", "posterior=deterministic", f"arm={value}"
        )
        assert done.status == 0, done.err
        arms[value] = record(value).rounds
    assert [entry["acquired"] for entry in arms["none"]] == [entry["acquired"] for entry in arms["balanced"]]
    assert [entry["nll"] for entry in arms["none"]] != [entry["nll"] for entry in arms["balanced"]]
    done = run(*words, "training.class_weights=balanced", "posterior=deterministic", "strategy=random")
    assert "class_weights=balanced" in done.out


def test_names_are_texts_whatever_yaml_reads_them_as():
    check_class_names({1: 2.0}, ("0", "1"))
    with pytest.raises(InputError, match="names '2', which is no class; classes: 0, 1"):
        check_class_names({2: 2.0}, ("0", "1"))
