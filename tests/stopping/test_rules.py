"""The stopping rules against twins written from the papers, which read the predicted classes themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from al_bench.config.registry import COMPONENTS
from al_bench.errors import InputError
from al_bench.records import StopSetRecord
from al_bench.stopping.rule import first_stop
from al_bench.stopping.rules import RULES, ClassificationChange, OverallUncertainty, StabilizingPredictions

CLASSES = 4


def kappa_twin(first, second):
    """Cohen 1960, from the table of counts."""
    table = np.zeros((CLASSES, CLASSES))
    for a, b in zip(first, second, strict=True):
        table[a, b] += 1
    table /= table.sum()
    observed, chance = np.trace(table), float(table.sum(1) @ table.sum(0))
    return 1.0 if chance == 1 else (observed - chance) / (1 - chance)


@pytest.fixture(params=range(6), ids=lambda seed: f"seed {seed}")
def run(request):
    """Probabilities [rounds, points, classes] of a model that settles, and the signals that a run records of them."""
    rng = np.random.default_rng(request.param)
    truth = rng.normal(size=(200, CLASSES)) * 3
    logits = [truth * min(1, t / 6) + rng.normal(size=truth.shape) * 2 / (1 + t) ** 2 for t in range(14)]
    logits[-2:] = [logits[-3]] * 2
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    predicted = probabilities.argmax(-1)
    entropies = -(probabilities * np.log(probabilities)).sum(-1).mean(-1)
    signals = [StopSetRecord(points=200, entropy=entropies[0])]
    for t in range(1, 14):
        kappa = kappa_twin(predicted[t - 1], predicted[t])
        changed = float((predicted[t] != predicted[t - 1]).mean())
        signals.append(StopSetRecord(points=200, entropy=entropies[t], kappa=kappa, changed=changed))
    return probabilities, signals


@pytest.mark.parametrize("threshold", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("window", [1, 3])
def test_stabilizing_predictions_is_the_mean_of_the_last_kappas(run, threshold, window):
    probabilities, signals = run
    predicted = probabilities.argmax(-1)
    expected = None
    for t in range(window, 14):
        kappas = [kappa_twin(predicted[s - 1], predicted[s]) for s in range(t - window + 1, t + 1)]
        if np.mean(kappas) >= threshold:
            expected = t
            break
    assert first_stop(StabilizingPredictions(threshold, window), signals, CLASSES) == expected


@pytest.mark.parametrize("threshold", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("window", [1, 2])
def test_classification_change_looks_at_the_predictions_that_moved(run, threshold, window):
    probabilities, signals = run
    predicted = probabilities.argmax(-1)
    expected = None
    for t in range(window, 14):
        moved = [sum(predicted[s] != predicted[s - 1]) / 200 for s in range(t - window + 1, t + 1)]
        if all(share <= threshold for share in moved):
            expected = t
            break
    assert expected is not None, "the last rounds predict the same, so each of these rules fires"
    assert first_stop(ClassificationChange(threshold, window), signals, CLASSES) == expected


@pytest.mark.parametrize("threshold", [0.05, 0.2, 0.5])
def test_overall_uncertainty_is_the_mean_entropy_over_its_largest_value(run, threshold):
    probabilities, signals = run
    expected = None
    for t in range(14):
        mean = sum(-float(np.sum(p * np.log(p))) for p in probabilities[t]) / 200
        if mean / math.log(CLASSES) < threshold:
            expected = t
            break
    assert first_stop(OverallUncertainty(threshold), signals, CLASSES) == expected


def test_a_round_without_signals_does_not_count_as_agreement():
    agreed = StopSetRecord(points=10, entropy=0.0, kappa=1.0, changed=0.0)
    lost = StopSetRecord(points=10, entropy=0.0)
    assert first_stop(StabilizingPredictions(), [lost, agreed, agreed, lost, agreed, agreed], 2) is None
    assert first_stop(ClassificationChange(window=2), [lost, agreed, None, agreed, lost], 2) is None
    assert first_stop(OverallUncertainty(), [None, None], 2) is None
    assert first_stop(StabilizingPredictions(), [lost, agreed, agreed, agreed], 2) == 3


def test_one_class_has_no_entropy_to_fall():
    assert first_stop(OverallUncertainty(), [StopSetRecord(points=10, entropy=0.0)], 1) is None


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        (lambda: StabilizingPredictions(threshold=0), "stopping.threshold"),
        (lambda: StabilizingPredictions(window=0), "stopping.window"),
        (lambda: ClassificationChange(threshold=1.5), "stopping.threshold"),
        (lambda: ClassificationChange(window=0), "stopping.window"),
        (lambda: OverallUncertainty(threshold=0), "stopping.threshold"),
    ],
    ids=["kappa of 0", "no window", "more than all change", "no round", "entropy of 0"],
)
def test_a_value_that_means_nothing_is_refused_by_its_key(rule, key):
    with pytest.raises(InputError, match=key):
        rule()


def test_every_rule_can_be_chosen_by_its_name():
    chosen = {name: path.partition(":")[2] for name, path in COMPONENTS["stopping"].items()}
    assert chosen == {name: rule.__name__ for name, rule in RULES.items()} | {"none": "GoOn", "any_of": "AnyOf"}
