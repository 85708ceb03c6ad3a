"""Held-out predictions of labelled points: each from a learner that never saw its fold, beside an untouched run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from al_bench.config.compose import compose, register
from al_bench.experiment import sweep
from al_bench.experiment.loop import predict, train
from al_bench.experiment.setup import Experiment, set_up
from al_bench.experiment.trials import Trials
from al_bench.pool import PoolState
from tests.learners.own.logreg import LogReg


def experiment_of(*overrides: str) -> Experiment:
    register()
    sweep.register()
    return set_up(compose(["debug=smoke", "initial.size=12", "strategy=uherding", *overrides]).build(), "test")


def test_every_point_is_predicted_by_a_learner_trained_on_the_other_folds():
    experiment = experiment_of("model=linear", "posterior=deterministic")
    state = experiment.start
    train(experiment, state, 0)
    before = predict(experiment, 0)
    held_out = Trials(experiment, state).held_out(4)
    assert torch.equal(predict(experiment, 0), before), "the run's own learner was trained"
    assert held_out.shape == (12, experiment.dataset.classes)
    order = experiment.streams.numpy("calibration_folds", 0).permutation(12)
    for fold in np.array_split(order, 4):
        rest = np.delete(state.labelled, fold)
        other = experiment_of("model=linear", "posterior=deterministic")
        train(other, PoolState.start(experiment.start.pool, rest), 0)
        inputs = other.dataset.prepare(other.dataset.inputs[torch.tensor(state.labelled[fold])])
        assert torch.allclose(held_out[torch.tensor(fold)], other.learner.predict(inputs), atol=1e-5)


@pytest.mark.parametrize("labelled", [0, 1, 2], ids="{} labelled".format)
def test_with_too_few_points_nothing_is_held_out(labelled):
    experiment = experiment_of("posterior=deterministic", "posterior.draws=0")
    state = PoolState.start(experiment.start.pool, experiment.start.labelled[:labelled])
    assert Trials(experiment, state).held_out(5).shape == (0, experiment.dataset.classes)


def test_as_many_folds_as_points_leave_one_out():
    experiment = experiment_of(
        "model=random_forest", "model.n_estimators=3", "posterior=trees", "strategy.features=input"
    )
    state = PoolState.start(experiment.start.pool, experiment.start.labelled[:4])
    held_out = Trials(experiment, state).held_out(9)
    assert held_out.shape == (4, experiment.dataset.classes)
    assert torch.allclose(held_out.exp().sum(1), torch.ones(4), atol=1e-4)
    assert torch.equal(held_out, Trials(experiment, state).held_out(9))


def test_a_learner_of_a_users_own_that_is_its_own_component_is_copied():
    experiment = experiment_of("model=linear", "posterior=deterministic", "strategy=margin")
    model = LogReg()
    config = replace(experiment.config, model=model)
    own = replace(
        experiment, config=config, learner=model.learner(experiment.dataset, config.posterior, config.training)
    )
    train(own, own.start, 0)
    estimator, before = model.estimator, predict(own, 0)
    trials = Trials(own, own.start)
    assert 0 < trials.accuracy(own.start.unlabelled[:5]) <= 1
    assert model.estimator is estimator, "the run's own learner was trained"
    assert torch.equal(predict(own, 0), before)
