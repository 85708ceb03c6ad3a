"""A posterior of a user's own: the guide's last-layer Laplace approximation against a literal one, and in runs."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from al_bench.data.dataset import Dataset
from al_bench.errors import InputError
from al_bench.learners.mixture import Mixture
from al_bench.learners.posterior import Posterior
from al_bench.learners.torch_learner import TorchLearner
from al_bench.learners.training import Training
from al_bench.models.mlp import Mlp
from al_bench.rng import Streams
from tests.conftest import TINY, record
from tests.learners.own.laplace import LastLayerGaussian

DIGITS = ("--config-dir", "conf", "schedule.rounds=2", "training.steps=40", "model.hidden=[16]", "study=s")


def dataset(size: int = 60) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(size) % 3
    inputs = 1.5 * torch.eye(3, 5)[labels] + torch.randn(size, 5, generator=generator)
    return Dataset("t", inputs, labels, inputs[:9], labels[:9], ("a", "b", "c"))


def fitted(posterior: Posterior, steps: int = 30) -> TorchLearner:
    """A learner of small networks, trained on 40 points."""
    networks: list[nn.Module] = [Mlp(hidden=[4]).build((5,), 3) for _ in range(posterior.members)]
    learner = TorchLearner(networks, posterior, [Training(steps=steps)] * posterior.members, dataset())
    learner.reset(Streams(0), 0)
    learner.fit(torch.arange(40), torch.arange(0), Streams(0), 0)
    return learner


def log_probs(learner: TorchLearner, indices: torch.Tensor | None = None, draws: int | None = None) -> torch.Tensor:
    sampler = learner.sampler(Streams(0), "masks", 0, draws)
    return torch.cat([part for _, part in learner.chunks(sampler, learner.dataset.inputs, indices)])


# The guide's example


def literal_posterior(learner: TorchLearner, precision: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(ŵ [P], Σ [P, P], features with a 1 [N, D]): the inverse Hessian by automatic differentiation."""
    network, data = learner.networks[0], learner.dataset
    with torch.no_grad():
        hidden = network[:-1](data.inputs).double()
    phi = torch.cat([hidden, torch.ones(len(hidden), 1)], 1)
    layer = network[-1]
    mean = torch.cat([layer.weight, layer.bias[:, None]], 1).detach().double().flatten()

    def negative_log_posterior(weights: torch.Tensor) -> torch.Tensor:
        logits = phi[:40] @ weights.view(3, -1).T
        likelihood = nn.functional.cross_entropy(logits, data.hidden_labels[:40], reduction="sum")
        return likelihood + precision / 2 * (weights**2).sum()

    hessian = torch.autograd.functional.hessian(negative_log_posterior, mean)
    return mean, torch.linalg.inv(hessian), phi


@pytest.mark.parametrize("precision", [1.0, 30.0])
def test_draws_have_the_covariance_of_the_inverse_hessian(precision):
    draws = 20_000
    learner = fitted(LastLayerGaussian(draws=draws, precision=precision))
    learner.networks[0].eval()
    mean, covariance, phi = literal_posterior(learner, precision)
    rows = torch.tensor([0, 3, 17, 41, 59])
    drawn = log_probs(learner, rows).double()
    differences = (drawn[..., :2] - drawn[..., 2:]).permute(1, 0, 2).flatten(1)  # [K, 10]: those of the logits
    # z_a − z_c of row n is linear in the weights: (e_a − e_c) ⊗ φ_n.
    signs = torch.tensor([[1.0, 0, -1], [0, 1, -1]], dtype=torch.float64)
    jacobian = torch.einsum("ac,nd->nacd", signs, phi[rows]).flatten(2).flatten(0, 1)  # [10, P]
    expected = jacobian @ covariance @ jacobian.T
    deviations = expected.diagonal().sqrt()
    assert ((differences.mean(0) - jacobian @ mean) / deviations).abs().max() < 4.5 / math.sqrt(draws)
    errors = (torch.cov(differences.T) - expected) / (deviations[:, None] * deviations)
    assert errors.abs().max() < 5 * math.sqrt(2 / draws)


def test_more_labelled_points_and_more_precision_narrow_it():
    learner = fitted(LastLayerGaussian(draws=400))
    spread = log_probs(learner).std(1).mean()
    learner.posterior = LastLayerGaussian(draws=400, precision=100.0)
    assert log_probs(learner).std(1).mean() < spread / 2
    few = fitted(LastLayerGaussian(draws=400))
    few.networks, few.posterior = learner.networks, LastLayerGaussian(draws=400)
    few.fit(torch.arange(0), torch.arange(0), Streams(0), 0)
    assert log_probs(few).std(1).mean() > spread


# The protocol


@pytest.mark.parametrize("members", [1, 3])
def test_functions_are_the_same_for_every_row_chunk_and_call(members):
    learner = fitted(LastLayerGaussian(members=members, draws=7))
    assert learner.functions == 7 * members
    whole = log_probs(learner)
    assert whole.shape == (60, 7 * members, 3)
    assert len({tuple(whole[:, draw].flatten().tolist()) for draw in range(7 * members)}) == 7 * members
    assert torch.equal(log_probs(learner), whole)
    learner.chunk = 11
    torch.testing.assert_close(log_probs(learner), whole, atol=1e-5, rtol=0)
    rows = torch.tensor([44, 2, 44])
    torch.testing.assert_close(log_probs(learner, rows), whole[rows], atol=1e-5, rtol=0)


def test_each_member_s_draws_are_one_block_and_0_draws_are_the_networks_themselves():
    learner = fitted(LastLayerGaussian(members=2, draws=5))
    whole, point = log_probs(learner), log_probs(learner, draws=0)
    assert point.shape == (60, 2, 3)
    single = TorchLearner(learner.networks[:1], LastLayerGaussian(draws=5), learner.training[:1], learner.dataset)
    single.fit(torch.arange(0), torch.arange(0), Streams(0), 0)
    mixture = TorchLearner(learner.networks, Mixture(members=2), learner.training, learner.dataset)
    assert torch.equal(log_probs(mixture), point)
    assert not torch.equal(whole[:, :5], whole[:, 5:])
    assert log_probs(learner, draws=3).shape == (60, 6, 3)


def test_after_fit_is_called_for_every_member_of_every_round_with_its_labelled_points():
    class Noting(LastLayerGaussian):
        def after_fit(self, member, generator):
            points = [len(labels) for _, labels in member.labelled()]
            assert member.network is member.networks[member.number]
            calls.append((member.number, points, torch.rand(1, generator=generator).item()))
            torch.rand(1)  # of the global generator: it goes on as if nothing had happened

    calls: list[tuple[int, list[int], float]] = []
    learner = fitted(Noting(members=2))
    before = torch.get_rng_state()
    learner.fit(torch.arange(0), torch.arange(0), Streams(0), 1)
    assert [call[:2] for call in calls] == [(0, [40]), (1, [40]), (0, []), (1, [])]
    assert len({call[2] for call in calls}) == 4
    assert torch.equal(torch.get_rng_state(), before)
    again = list(calls)
    calls.clear()
    fitted(Noting(members=2))
    assert calls == again[:2]


def test_weights_that_were_loaded_have_no_labelled_points_to_read():
    learner = fitted(LastLayerGaussian(draws=3))
    learner.load_state(learner.state())
    with pytest.raises(RuntimeError, match="the labelled points of a network that was loaded are not known"):
        learner.sampler(Streams(0), "masks", 0)


@pytest.mark.parametrize(
    ("result", "fault"),
    [
        (lambda given: given.flatten(1), r"a tensor \[40, 12\]"),
        (lambda given: given[:, :2], r"a tensor \[40, 2, 3\]"),
        (lambda given: given[1:], r"a tensor \[39, 4, 3\]"),
        (lambda given: given.exp(), "values whose exponentials do not sum to 1"),
        (lambda given: given.numpy(), "a ndarray"),
    ],
    ids=["two dimensions", "too few draws", "too few rows", "probabilities", "an array"],
)
def test_values_that_are_no_log_probabilities_are_refused(result, fault):
    class Faulty(LastLayerGaussian):
        def sampler(self, member, draws, generator):
            sound = super().sampler(member, draws, generator)
            return lambda inputs: result(sound(inputs))

    learner = fitted(Faulty(draws=4))
    learner.chunk = 40
    with pytest.raises(InputError, match=rf"^posterior: Faulty.sampler gives {fault}.*log-probabilities \[40, 4, 3\]"):
        log_probs(learner)


# Runs


@pytest.fixture
def own(run, add_component):
    """Runs with the guide's example in the current folder."""
    add_component("posterior", "gaussian", "laplace.LastLayerGaussian", members=1, draws=20, precision=1.0)
    return run


@pytest.mark.parametrize("strategy", ["bald", "batchbald", "epig", "random"])
def test_it_runs_under(own, strategy):
    done = own(*DIGITS, "posterior=gaussian", f"strategy={strategy}", "arm=a")
    assert done.status == 0, done.err
    found = record("a", study="s", dataset="digits")
    first, second = found.rounds
    assert found.header["functions"] == 20
    assert found.header["identity"]["posterior.precision"] == 1.0
    assert (first["labelled"], second["labelled"]) == (20, 30)
    assert 0 < first["accuracy"] <= 1
    if strategy == "random":
        assert first["health"]["ranking_change"] is None
        return
    assert 0 < first["scores"][0] < math.log(20)
    assert (first["health"]["ranking_change"] is None) is (strategy == "batchbald")


def test_an_installed_package_offers_it_by_name(run, install_package):
    install_package("laplace", "al_bench.posteriors", "last_layer = laplace:LastLayerGaussian")
    done = run(*TINY, "posterior=last_layer", "posterior.precision=2.0", "arm=a")
    assert done.status == 0, done.err
    assert record("a").header["functions"] == 4
    assert record("a").header["identity"]["posterior.precision"] == 2.0


def test_evaluated_without_draws_it_is_the_deterministic_posterior(own):
    words = (*DIGITS, "strategy=random")
    assert own(*words, "posterior=gaussian", "evaluation.draws=0", "arm=laplace").status == 0
    assert own(*words, "posterior=deterministic", "arm=point").status == 0
    assert own(*words, "posterior=gaussian", "arm=drawn").status == 0
    laplace, point, drawn = (record(arm, study="s", dataset="digits").stable for arm in ("laplace", "point", "drawn"))
    assert laplace == point
    assert [entry["acquired"] for entry in drawn] == [entry["acquired"] for entry in point]
    assert drawn[0]["nll"] != point[0]["nll"]


def test_an_ensemble_of_it_runs_and_draws_are_pooled(own):
    done = own("--config-dir", "conf", *TINY, "posterior=gaussian", "posterior.members=2", "arm=a")
    assert done.status == 0, done.err
    found = record("a")
    assert found.header["functions"] == 8
    assert found.rounds[0]["health"]["ranking_change"] is not None


@pytest.mark.parametrize("warm", ["false", "true"], ids=["from scratch", "warm"])
def test_a_resumed_run_equals_an_unbroken_one(own, warm):
    words = ("--config-dir", "conf", *TINY, "posterior=gaussian", f"training.warm_start={warm}", "arm=a")
    assert own(*words).status == 0
    found = record("a")
    whole, file = found.stable, found.folder / "rounds.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    (found.folder / "status.json").write_text('{"status": "running"}\n')
    assert own(*words).status == 0
    assert found.stable == whole


def test_round_0_is_not_shared_with_other_runs(own, tmp_path):
    words = ("--config-dir", "conf", *TINY, f"cache={tmp_path}/cache")
    assert own(*words, "posterior=gaussian", "arm=own").status == 0
    assert own(*words, "strategy=entropy", "posterior=deterministic", "posterior.draws=0", "arm=ours").status == 0
    assert "first_round" not in record("own").header
    assert (
        "round 0: trained for this run alone, laplace.LastLayerGaussian"
        in (record("own").folder / "run.log").read_text()
    )
    assert "first_round" in record("ours").header


def test_a_class_that_is_no_posterior_is_one_line(run, add_component):
    source = "from dataclasses import dataclass\n\n\n@dataclass\nclass Plain:\n    draws: int = 3\n"
    add_component("posterior", "plain", "plain.Plain", source, draws=3)
    done = run("--config-dir", "conf", *TINY, "posterior=plain")
    assert done.status == 2
    assert done.err.splitlines() == [
        "al-bench run: posterior: plain.Plain is no Posterior: derive from al_bench.learners.posterior.Posterior"
    ]
    assert not record().folder.exists()


def test_a_sampler_with_a_fault_is_one_line_that_names_it(run, add_component):
    source = (
        "from al_bench.learners.posterior import Posterior\n\n\nclass Wrong(Posterior):\n"
        "    def sampler(self, member, draws, generator):\n        return member.network\n"
    )
    add_component("posterior", "wrong", "wrong.Wrong", source, draws=3)
    done = run("--config-dir", "conf", *TINY, "posterior=wrong", "arm=a")
    assert done.status == 2
    (line,) = done.err.splitlines()
    assert line.startswith("al-bench run: posterior: Wrong.sampler gives a tensor [")
    assert record("a").status == "failed"
