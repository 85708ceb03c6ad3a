"""Every metric against its literal twin, and against scikit-learn's where it has one."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics
import torch

from al_bench.metrics import CLASS_METRICS, METRICS
from al_bench.metrics.measure import measure
from al_bench.metrics.predictions import Predictions
from tests.metrics.instances import KINDS, predictions
from tests.reference import metrics as twin

SEEDS = range(10)
CLASSES = 5
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
@pytest.mark.parametrize("name", ["balanced_accuracy", "macro_f1"])
def test_a_mean_over_classes_equals_its_twin(name, kind):
    for seed in SEEDS:
        log_probs, labels = predictions(seed, kind)
        expected = getattr(twin, name)(log_probs.exp().tolist(), labels.tolist(), CLASSES)
        assert METRICS[name].compute(log_probs, labels) == pytest.approx(expected, abs=1e-12), f"seed {seed}"


@each_kind
@pytest.mark.parametrize("name", ["auroc", "average_precision"])
def test_an_area_equals_its_twin(name, kind):
    for seed in SEEDS:
        log_probs, labels = predictions(seed, kind)
        # The twin compares the log-probabilities: their exponentials may tie where they do not.
        expected = twin.mean(getattr(twin, name)(log_probs.tolist(), labels.tolist(), CLASSES))
        assert METRICS[name].compute(log_probs, labels) == pytest.approx(expected, abs=1e-12), f"seed {seed}"


@each_kind
@pytest.mark.parametrize("name", ["brier", "nll"])
def test_a_score_of_probabilities_equals_its_twin(name, kind):
    for seed in SEEDS:
        log_probs, labels = predictions(seed, "smooth" if (name, kind) == ("nll", "sure") else kind)
        expected = getattr(twin, name)(log_probs.exp().tolist(), labels.tolist())
        assert METRICS[name].compute(log_probs, labels) == pytest.approx(expected, abs=1e-10), f"seed {seed}"


@each_kind
@pytest.mark.parametrize("name", CLASS_METRICS)
def test_a_metric_by_class_equals_its_twin(name, kind):
    for seed in SEEDS:
        log_probs, labels = predictions(seed, kind)
        expected = getattr(twin, name)(log_probs.exp().tolist(), labels.tolist(), CLASSES)
        recorded = measure(log_probs, labels).class_metrics[name]
        assert [value is None for value in recorded] == [value is None for value in expected]
        for value, other in zip(recorded, expected, strict=True):
            assert value is None or value == pytest.approx(other, abs=5e-7), f"seed {seed}"


@each_kind
def test_the_confusion_matrix_equals_its_twin(kind):
    for seed in SEEDS:
        log_probs, labels = predictions(seed, kind)
        assert measure(log_probs, labels).confusion == twin.confusion(
            log_probs.exp().tolist(), labels.tolist(), CLASSES
        )


@each_kind
def test_they_are_scikit_learns(kind):
    """Means over the classes that the test part has; a class never named has precision 0."""
    for seed in SEEDS:
        log_probs, labels = predictions(seed, kind, rows=200)
        scores, truth = log_probs.numpy(), labels.numpy()
        probs, guesses, present = np.exp(scores), scores.argmax(1), sorted(set(labels.tolist()))
        quality = measure(log_probs, labels)

        def by_class(function, guesses=guesses, truth=truth, present=present):
            return function(truth, guesses, labels=present, average=None, zero_division=0)

        expected = {
            "accuracy": sklearn.metrics.accuracy_score(truth, guesses),
            "balanced_accuracy": by_class(sklearn.metrics.recall_score).mean(),
            "macro_f1": by_class(sklearn.metrics.f1_score).mean(),
            "auroc": np.mean([sklearn.metrics.roc_auc_score(truth == c, scores[:, c]) for c in present]),
            "average_precision": np.mean(
                [sklearn.metrics.average_precision_score(truth == c, scores[:, c]) for c in present]
            ),
            "brier": ((probs - np.eye(CLASSES)[truth]) ** 2).sum(1).mean(),
        }
        if kind not in ("sure", "never named"):  # scikit-learn clips probabilities below 2e-16
            expected["nll"] = sklearn.metrics.log_loss(truth, probs, labels=range(CLASSES))
        for name, value in expected.items():
            assert quality.values[name] == pytest.approx(value, abs=1e-10), (name, seed)
        for name in CLASS_METRICS:
            values = by_class(getattr(sklearn.metrics, f"{name}_score"))
            assert [quality.class_metrics[name][c] for c in present] == pytest.approx(values, abs=5e-7)
        assert quality.confusion == sklearn.metrics.confusion_matrix(truth, guesses, labels=range(CLASSES)).tolist()


def test_several_classes_are_ranked_as_scikit_learn_does_where_all_are_there():
    log_probs, labels = predictions(3, "smooth", rows=300)
    expected = sklearn.metrics.roc_auc_score(labels.numpy(), log_probs.exp().numpy(), multi_class="ovr")
    assert METRICS["auroc"].compute(log_probs, labels) == pytest.approx(expected, abs=1e-12)


def test_a_rare_class_counts_as_much_as_a_frequent_one():
    """95 of 100 are of class a and right, the five of b are wrong: accuracy 0.95, balanced accuracy 0.5."""
    log_probs = torch.tensor([[0.9, 0.1]], dtype=torch.float64).log().expand(100, 2)
    labels = torch.tensor([0] * 95 + [1] * 5)
    values = measure(log_probs, labels).values
    assert values["accuracy"] == pytest.approx(0.95)
    assert values["balanced_accuracy"] == pytest.approx(0.5)
    assert values["macro_f1"] == pytest.approx((2 * 95 / 195 + 0) / 2)
    assert values["auroc"] == pytest.approx(0.5)  # all scores tie


def test_a_test_part_of_one_class_has_no_auroc():
    log_probs, _ = predictions(0, "smooth")
    values = measure(log_probs, torch.zeros(60, dtype=torch.int64)).values
    assert values["auroc"] is None
    assert math.isfinite(values["average_precision"] or math.nan)


def test_with_more_than_fifty_classes_counts_by_class_take_the_matrixs_place():
    log_probs, labels = predictions(0, "smooth", rows=300, classes=51)
    quality = measure(log_probs, labels)
    assert quality.confusion is None
    assert quality.class_results is not None
    table = Predictions(log_probs, labels).confusion_cc
    assert quality.class_results == {"predicted": table.sum(0).tolist(), "right": table.diagonal().tolist()}


def test_predictions_of_32_bits_are_ranked_without_loss():
    """In float32 many probabilities near 1 are equal whose logarithms differ: the latter are ranked."""
    log_probs = torch.tensor([[-1e-9, -20.7], [-2e-9, -20.0], [-3e-9, -19.6]], dtype=torch.float32)
    labels = torch.tensor([0, 0, 1])
    assert METRICS["auroc"].compute(log_probs.double(), labels) == 1.0
