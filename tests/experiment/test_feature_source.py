"""Under an encoder strategies work in its features, unless they say otherwise or are about the last layer."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from al_bench.config.components import from_target
from al_bench.data.encoders.encoder import Workspace
from al_bench.data.encoders.tfidf import Tfidf
from al_bench.data.encoding import Encoding
from al_bench.data.synthetic import Synthetic
from al_bench.experiment.feature_source import feature_source
from al_bench.learners.linear import Linear
from al_bench.learners.mixture import Mixture
from al_bench.learners.torch_learner import TorchLearner
from al_bench.learners.training import Training
from al_bench.models.mlp import Mlp
from al_bench.strategies.coverage import CoresetGreedy, DiverseMinibatch
from al_bench.strategies.density import ProbCover, TypiClust
from al_bench.strategies.gradients import Badge, Bait
from al_bench.strategies.uncertainty import Margin
from tests.data.encoders.datasets import text_dataset


def network_learner(encoded: bool):
    data = Synthetic().load()
    data = replace(data, encoding=Encoding(data.fingerprint(), "digest", 16) if encoded else None)
    posterior = Mixture(members=1, draws=0)
    return TorchLearner([Mlp().build(data.shape, data.classes)], posterior, [Training()], data)


@pytest.mark.parametrize(
    ("strategy", "labelled", "without", "under"),
    [
        (CoresetGreedy(), 5, "penultimate", "input"),
        (DiverseMinibatch(), 5, "penultimate", "input"),
        (TypiClust(), 0, "input", "input"),
        (TypiClust(), 5, "penultimate", "input"),
        (ProbCover(), 5, "penultimate", "input"),
        (Badge(), 5, "penultimate", "penultimate"),
        (Bait(), 5, "penultimate", "penultimate"),
        (CoresetGreedy(features="layers.0"), 5, "layers.0", "layers.0"),
        (TypiClust(features="penultimate"), 0, "penultimate", "penultimate"),
        (Margin(), 5, "penultimate", "penultimate"),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "needs") else str(value),
)
def test_auto_is_the_encoders_features_where_there_is_an_encoder(strategy, labelled, without, under):
    assert feature_source(strategy, labelled, network_learner(encoded=False)) == without
    assert feature_source(strategy, labelled, network_learner(encoded=True)) == under


def test_sparse_inputs_of_a_linear_model_are_reduced_for_gradients_too():
    encoded = Tfidf().encode(text_dataset(), Workspace())
    learner = Linear().learner(encoded, Mixture(members=1, draws=0), Training())
    assert feature_source(Badge(), 5, learner) == "input"
    dense = replace(encoded, inputs=encoded.inputs[:], test_inputs=encoded.test_inputs[:])
    learner = Linear().learner(dense, Mixture(members=1, draws=0), Training())
    assert feature_source(Badge(), 5, learner) == "penultimate"
    assert torch.equal(dense.inputs, encoded.inputs[:])


def test_an_option_of_the_encoders_is_checked_as_others_are():
    assert from_target("al_bench.data.encoders.tfidf.Tfidf", {"min_df": 3}, "encoder").min_df == 3
