"""Sparse features: learners that read them as they are give what they give for the same features made dense."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from al_bench.data.dataset import Dataset
from al_bench.data.sparse import sorted_rows
from al_bench.errors import InputError
from al_bench.learners.bootstrap import Bootstrap
from al_bench.learners.estimators import HistGradientBoosting, LogisticRegression, RandomForest, Sklearn
from al_bench.learners.linear import Linear, Scaling
from al_bench.learners.mixture import Mixture
from al_bench.learners.training import Training
from al_bench.learners.trees import Trees
from al_bench.rng import Streams

NONE = torch.empty(0, dtype=torch.int64)


def datasets() -> tuple[Dataset, Dataset]:
    """The same 80 points of 40 features, a fifth of them above 0, sparse and dense."""
    generator = np.random.default_rng(0)
    values = generator.random((80, 40)) * (generator.random((80, 40)) < 0.2)
    labels = np.arange(80) % 3
    values[np.arange(80), labels] += 1
    rows, y = sorted_rows(sparse.csr_matrix(values)), torch.tensor(labels)
    names = ("a", "b", "c")
    return Dataset("s", rows, y, rows, y, names), Dataset("d", rows[:], y, rows[:], y, names)


@pytest.mark.parametrize(
    ("model", "posterior"),
    [
        (Linear(), Bootstrap(members=3)),
        (LogisticRegression(), Bootstrap(members=3)),
        (RandomForest(n_estimators=9), Trees()),
        (HistGradientBoosting(max_iter=5), Mixture()),
    ],
    ids=["linear", "logistic regression", "forest", "boosting"],
)
def test_predictions_are_those_on_dense_features(model, posterior):
    predictions = []
    for data in datasets():
        learner = model.learner(data, posterior, Training())
        learner.chunk = 32
        learner.fit(torch.arange(30), NONE, Streams(1), 0)
        sampler = learner.sampler(Streams(1), "masks", 0)
        chosen = torch.arange(70, 5, -1)
        parts = [part for _, part in learner.chunks(sampler, data.inputs, chosen)]
        parts += [part for _, part in learner.chunks(sampler, data.test_inputs)]
        parts += [learner.predict(data.prepare(data.inputs[:7]))[:, None]]
        predictions.append([part.detach().exp().double() for part in parts])
    for found, literal in zip(*predictions, strict=True):
        torch.testing.assert_close(found, literal, atol=1e-5, rtol=0)
    assert predictions[0][0].std() > 0.1


def test_centred_columns_would_fill_sparse_features():
    with pytest.raises(InputError, match=r"model\.scaling is standard, which would fill sparse features"):
        Linear(scaling=Scaling.standard).learner(datasets()[0], Mixture(), Training())


def test_many_sparse_columns_are_refused_where_they_would_be_made_dense():
    rows, labels = sorted_rows(sparse.eye(20, 3000, format="csr")), torch.arange(20) % 2
    data = Dataset("wide", rows, labels, rows, labels, ("a", "b"))
    with pytest.raises(InputError, match="model=hist_gradient_boosting cannot read sparse features, and 3,000 columns"):
        HistGradientBoosting().learner(data, Mixture(), Training())
    assert RandomForest().learner(data, Trees(), Training()).takes_sparse
    assert Sklearn("sklearn.ensemble.ExtraTreesClassifier").learner(data, Mixture(), Training()).takes_sparse
