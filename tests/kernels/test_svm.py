"""SVM scores: distances worked by hand, and by loops over scikit-learn's own decision function."""

import math

import numpy as np
import pytest
import torch
from sklearn.svm import LinearSVC

from al_bench import kernels


def literal_scores(features, labelled, labels, regularisation, gap):
    """Row by row and class by class, from the decision function on standardised features."""
    mean, std = labelled.mean(0), labelled.std(0)
    std = np.where(std > 0, std, np.inf)
    machine = LinearSVC(C=regularisation, dual=True, max_iter=1_000, random_state=0)
    machine.fit((labelled - mean) / std, labels)
    scores = []
    for row in features:
        values = np.atleast_1d(machine.decision_function(((row - mean) / std)[None])[0])
        if gap:
            ordered = sorted(values, reverse=True) if len(values) > 1 else [abs(values[0]), 0.0]
            scores.append(-(ordered[0] - ordered[1]))
        else:
            norms = [math.sqrt(sum(w**2 for w in weights)) for weights in machine.coef_]
            scores.append(-min(abs(value) / norm for value, norm in zip(values, norms, strict=True)))
    return scores


def test_the_distance_on_a_line_is_the_coordinate():
    labelled, labels = torch.tensor([[-1.0], [1.0]]), torch.tensor([0, 1])
    scores = kernels.svm_scores(torch.tensor([[0.0], [0.5], [-2.0]]), labelled, labels)
    assert scores.tolist() == pytest.approx([0.0, -0.5, -2.0], abs=1e-3)


@pytest.mark.parametrize("gap", [False, True], ids=["distance", "gap"])
@pytest.mark.parametrize("classes", [2, 3, 5], ids="{} classes".format)
def test_equals_the_loops(classes, gap):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        centres = 3 * rng.normal(size=(classes, 4))
        labels = np.arange(6 * classes) % classes
        labelled = centres[labels] + rng.normal(size=(len(labels), 4))
        labelled[:, 3] = 7.0  # a constant feature counts for nothing
        features = 3 * rng.normal(size=(11, 4))
        scores = kernels.svm_scores(*map(torch.from_numpy, (features, labelled, labels)), 0.5, gap=gap)
        assert scores.tolist() == pytest.approx(
            literal_scores(features, labelled, labels, 0.5, gap), rel=1e-9, abs=1e-12
        ), f"seed {seed}"


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="two classes"):
        kernels.svm_scores(torch.rand(3, 2), torch.rand(2, 2), torch.tensor([1, 1]))
