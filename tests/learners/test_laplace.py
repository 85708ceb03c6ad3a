"""posterior=laplace: the written Gaussian on a trained layer, the same functions for every row, resumed runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from al_bench.data.dataset import Dataset
from al_bench.learners.laplace import Curvature, Laplace
from al_bench.learners.linear import Linear
from al_bench.learners.linear_network import FLOOR
from al_bench.learners.torch_learner import TorchLearner
from al_bench.learners.training import Training
from al_bench.models.mlp import Mlp
from al_bench.rng import Streams
from tests.conftest import TINY, record
from tests.learners.test_linear import NONE, dataset, objective

LABELLED = torch.arange(24)


def fitted(posterior: Laplace, model: str = "linear", data: Dataset | None = None, **training) -> TorchLearner:
    data = data or dataset(3)
    if model == "linear":
        learner: TorchLearner = Linear(C=2.0).learner(data, posterior, Training(**training))
    else:
        network = Mlp(hidden=[6], dropout_dense=0.5).build(data.shape, data.classes)
        learner = TorchLearner([network], posterior, [Training(steps=30, **training)], data)
    learner.reset(Streams(0), 0)
    learner.fit(LABELLED, NONE, Streams(0), 0)
    return learner


@pytest.mark.parametrize("weights", ["none", "balanced", {"a": 3.0}], ids=["none", "balanced", "by name"])
def test_the_precision_is_the_hessian_of_the_written_objective(weights):
    """By second differences of C · loss + ½ ‖W‖², divided by C; the bias gets the prior, which the objective lacks."""
    posterior = Laplace(curvature=Curvature.exact)
    learner = fitted(posterior, class_weights=weights)
    gaussian = posterior._gaussians[0]
    network = learner.networks[0]
    x = (learner.dataset.inputs[LABELLED] * network.scale).double().numpy()
    y = learner.dataset.hidden_labels[LABELLED].numpy()
    shares = {"none": np.ones(24), "balanced": np.ones(24)}.get(str(weights), np.where(y == 0, 3.0, 1.0))
    centre, size, step = gaussian.mean.flatten().numpy(), gaussian.mean.numel(), 1e-3
    literal, unit = np.zeros((size, size)), np.eye(size) * step

    def value(flat: np.ndarray) -> float:
        return objective(flat, x, y, 3, 2.0, shares) / 2.0

    for i in range(size):
        for j in range(size):
            signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
            literal[i, j] = sum(a * b * value(centre + a * unit[i] + b * unit[j]) for a, b in signs) / (4 * step**2)
    bias = np.arange(size) % 5 == 4
    literal[bias, bias] += 1 / 2.0
    factor = gaussian.exact.numpy()
    np.testing.assert_allclose(factor @ factor.T, literal, atol=1e-3)


@pytest.mark.parametrize("model", ["linear", "mlp"])
@pytest.mark.parametrize("curvature", list(Curvature), ids=[each.value for each in Curvature])
def test_functions_are_the_same_for_every_row_and_chunk_and_around_the_point(model, curvature):
    learner = fitted(Laplace(draws=6, precision=1e6, curvature=curvature), model)
    assert learner.functions == 6
    sampler = learner.sampler(Streams(0), "masks", 0)
    with torch.inference_mode():
        whole = sampler(learner.dataset.inputs)
        torch.testing.assert_close(torch.cat([sampler(part) for part in learner.dataset.inputs.split(7)]), whole)
        point = learner.predict(learner.dataset.inputs)
    assert whole.shape == (60, 6, 3)
    torch.testing.assert_close(whole.exp().sum(-1), torch.ones(60, 6))
    torch.testing.assert_close(whole.mean(1), point, atol=0.02, rtol=0)
    wide = fitted(Laplace(draws=6, precision=0.1, curvature=curvature), model)
    with torch.inference_mode():
        assert wide.sampler(Streams(0), "masks", 0)(wide.dataset.inputs).std(1).mean() > 10 * whole.std(1).mean()


def test_classes_without_labels_have_the_least_probability_in_every_draw():
    posterior, data = Laplace(draws=4), dataset()
    learner = Linear().learner(data, posterior, Training())
    learner.fit((data.hidden_labels < 2).nonzero()[:10, 0], NONE, Streams(0), 0)
    draws = learner.sampler(Streams(0), "masks", 0)(data.inputs).exp()
    torch.testing.assert_close(draws[..., 2:], torch.full((60, 4, 2), FLOOR), rtol=1e-3, atol=0)


@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_runs_resume_and_take_no_first_round_from_the_cache(run, tmp_path, model):
    words = ["posterior=laplace", f"model={model}", "strategy=batchbald", f"cache={tmp_path}/cache", TINY[0]]
    words += ["training.steps=8"] if model == "mlp" else []
    assert run(*words, "arm=whole").status == 0
    assert run(*words, "arm=parts", "schedule.rounds=2").status == 0
    done = run(*words, "arm=parts", "schedule.rounds=3")
    assert done.status == 0, done.err
    assert record("parts").stable[2] == record("whole").stable[2]
    assert record("whole").header["functions"] == 50
    assert "first_round" not in record("whole").header


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("posterior.precision=0", "posterior.precision is 0.0; it must be above 0 and finite"),
        ("posterior.curvature=full", "posterior.curvature is 'full'; choose one of auto, exact, kronecker"),
    ],
    ids=["no precision", "another curvature"],
)
def test_a_wrong_value_is_one_line(run, word, message):
    done = run("debug=smoke", "posterior=laplace", word)
    assert (done.status, done.err) == (2, f"al-bench run: {message}\n")
