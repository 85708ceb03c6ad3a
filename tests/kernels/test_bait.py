"""BAIT against dense matrices and autograd, in hard precision, with ties, and on pools of one kind of row."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from al_bench import kernels
from al_bench.errors import ScoreError
from tests.kernels.instances import DTYPES, mc_log_probs, seeded
from tests.reference import bait as twin


def predictions(seed: int, rows: int, classes: int, dtype: torch.dtype, kind: str) -> Tensor:
    return mc_log_probs(seed, rows, 1, classes, dtype, kind)[:, 0]


def dense(log_probs: Tensor, features: Tensor, fisher: str) -> list[np.ndarray]:
    log_probs = log_probs.double().log_softmax(1)
    pairs = zip(log_probs.tolist(), features.tolist(), strict=True)
    return [twin.information(p, h, fisher == "block_diagonal") for p, h in pairs]


def nothing(classes: int, dimensions: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    return torch.empty(0, classes, dtype=dtype), torch.empty(0, dimensions, dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("weighting", ["paper", "sum"])
@pytest.mark.parametrize("fisher", ["full", "block_diagonal"])
def test_equals_dense_matrices(dtype: torch.dtype, fisher: str, weighting: str) -> None:
    clear = differs = others = 0
    other = {"paper": "sum", "sum": "paper"}[weighting]
    for seed in range(150):
        rows, classes, dimensions, batch = 6 + seed % 9, 2 + seed % 4, 1 + seed % 5, 1 + seed % 5
        log_probs = predictions(seed, rows, classes, dtype, ("mild", "sharp", "mild")[seed % 3])
        features = torch.randn(rows, dimensions, generator=seeded(seed + 50), dtype=dtype)
        if seed % 5 == 0:
            log_probs, features = log_probs[torch.arange(rows) // 2], features[torch.arange(rows) // 2]
        labelled = predictions(seed + 7, seed % 4, classes, dtype, "mild")
        labelled_features = torch.randn(seed % 4, dimensions, generator=seeded(seed + 70), dtype=dtype)
        regulariser = (1.0, 0.01, 1e-4)[seed % 3]
        oversample = (2.0, 1.0, 1.5)[seed // 3 % 3]
        keys = torch.rand(rows, generator=seeded(seed), dtype=torch.float64).tolist()
        picks = min(rows, math.ceil(oversample * batch))
        candidates = dense(log_probs, features, fisher)
        known = dense(labelled, labelled_features, fisher)
        expected, unambiguous = twin.select_bait(candidates, known, batch, picks, regulariser, keys, weighting)
        chosen = kernels.select_bait(
            log_probs,
            features,
            labelled,
            labelled_features,
            batch,
            seeded(seed),
            regulariser=regulariser,
            oversample=oversample,
            fisher=fisher,
            labelled_weighting=weighting,
            chunk=4,
        ).tolist()
        assert len(set(chosen)) == batch, f"seed {seed}"
        if unambiguous:
            assert chosen == expected, f"seed {seed}"
            clear += 1
        differs += expected != twin.select_bait(candidates, known, batch, batch, regulariser, keys, weighting)[0]
        others += expected != twin.select_bait(candidates, known, batch, picks, regulariser, keys, other)[0]
    assert clear > 140
    assert differs > 10  # otherwise the backward steps are not tested
    assert others > 10  # otherwise the weights are not tested


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["mild", "sharp", "extreme", "certain"])
def test_factors_give_the_information_about_the_logits(dtype: torch.dtype, kind: str) -> None:
    for classes in range(2, 7):
        log_probs = predictions(classes, 20, classes, dtype, kind)
        p = log_probs.double().softmax(1)
        expected = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
        full = kernels.fisher_factors(log_probs)[:, 0]
        assert full.shape == (20, classes, classes - 1)
        torch.testing.assert_close(full @ full.mT, expected, atol=1e-15, rtol=1e-12)
        own = kernels.fisher_factors(log_probs, "block_diagonal")
        torch.testing.assert_close(own[..., 0, 0].square(), expected.diagonal(dim1=1, dim2=2), atol=1e-15, rtol=1e-12)


def test_nearly_certain_predictions_keep_their_information() -> None:
    log_probs = torch.tensor([[math.log1p(-1e-12), math.log(1e-12)]], dtype=torch.float64)
    for log_probs_nc in (log_probs, log_probs.flip(1), log_probs.float()):
        factor = kernels.fisher_factors(log_probs_nc)[0, 0]
        expected = torch.tensor([[1e-12, -1e-12], [-1e-12, 1e-12]], dtype=torch.float64)
        torch.testing.assert_close(factor @ factor.mT, expected, atol=0, rtol=1e-5)


def test_embeddings_are_the_fisher_information_of_the_last_layer() -> None:
    """E over labels drawn from the prediction of g gᵀ, with g the autograd gradient by the last layer's weights."""
    torch.manual_seed(0)
    body, head = nn.Sequential(nn.Linear(7, 12), nn.ReLU(), nn.Linear(12, 5), nn.Tanh()), nn.Linear(5, 4, bias=False)
    body.double(), head.double()
    features = body(torch.randn(10, 7, dtype=torch.float64))
    log_probs = head(features).log_softmax(-1)
    factors = kernels.fisher_factors(log_probs.detach())
    for n in range(10):
        expected = torch.zeros(20, 20, dtype=torch.float64)
        for label in range(4):
            gradient = torch.autograd.grad(log_probs[n, label], head.weight, retain_graph=True)[0].flatten()
            expected += log_probs[n, label].exp().detach() * torch.outer(gradient, gradient)
        vectors = torch.kron(factors[n, 0], features[n, :, None].detach())
        torch.testing.assert_close(vectors @ vectors.T, expected, atol=1e-12, rtol=1e-10)
        dense_n = twin.information(log_probs[n].tolist(), features[n].tolist())
        torch.testing.assert_close(torch.from_numpy(dense_n), expected, atol=1e-12, rtol=1e-10)


def test_the_batch_is_close_to_the_best_of_all() -> None:
    """On 40 instances of 9 rows the pair is nearly always the best, at worst a sixth of the way to the mean pair."""
    best = 0
    for seed in range(40):
        log_probs = predictions(seed, 9, 3, torch.float64, "mild")
        features = torch.randn(9, 3, generator=seeded(seed)).double()
        candidates = dense(log_probs, features, "full")
        pool = sum(candidates) / 9
        traces = {
            (j, i): twin.trace(np.eye(9) + candidates[i] + candidates[j], pool) for i in range(9) for j in range(i)
        }
        rows = kernels.select_bait(log_probs, features, *nothing(3, 3), 2, seeded(0)).sort().values.tolist()
        least, reached = min(traces.values()), traces[rows[0], rows[1]]
        assert reached - least <= (sum(traces.values()) / len(traces) - least) / 6, f"seed {seed}"
        best += reached <= least * (1 + 1e-12)
    assert best >= 35


def test_chunks_and_the_unit_of_the_features_change_nothing() -> None:
    log_probs, features = predictions(0, 40, 4, torch.float32, "mild"), torch.randn(40, 6, generator=seeded(1))
    labelled = predictions(2, 5, 4, torch.float32, "mild"), torch.randn(5, 6, generator=seeded(3))
    rows = kernels.select_bait(log_probs, features, *labelled, 8, seeded(4)).tolist()
    for chunk in (1, 7, 40):
        assert kernels.select_bait(log_probs, features, *labelled, 8, seeded(4), chunk=chunk).tolist() == rows
    for factor in (2.0**-40, 2.0**30):
        scaled = labelled[0], labelled[1] * factor
        assert (
            kernels.select_bait(log_probs, features * factor, *scaled, 8, seeded(4), regulariser=factor**2).tolist()
            == rows
        )


@pytest.mark.parametrize("fisher", ["full", "block_diagonal"])
def test_copies_and_certain_rows_are_picked_uniformly(fisher: str) -> None:
    certain = torch.tensor([[0.0, -math.inf]]).repeat(6, 1)
    uncertain = torch.tensor([[0.7, 0.3]]).log().repeat(6, 1)
    for log_probs, features in (
        (certain, torch.randn(6, 3)),
        (uncertain, torch.ones(6, 3)),
        (uncertain, torch.zeros(6, 3)),
    ):
        counts = torch.zeros(6)
        for seed in range(300):
            rows = kernels.select_bait(log_probs, features, *nothing(2, 3), 2, seeded(seed), fisher=fisher)
            assert len(set(rows.tolist())) == 2, f"seed {seed}"
            counts[rows] += 1
        assert ((counts - 100) ** 2 / 100).sum().item() < 20.52  # 99.9 %, 5 degrees of freedom
        whole = kernels.select_bait(log_probs, features, *nothing(2, 3), 6, seeded(0), fisher=fisher)
        assert sorted(whole.tolist()) == list(range(6))


def test_extreme_inputs_work_or_are_refused() -> None:
    log_probs, features = predictions(0, 12, 3, torch.float64, "mild"), torch.randn(12, 4, generator=seeded(1)).double()
    rows = kernels.select_bait(log_probs, features * 1e-30, *nothing(3, 4), 4, seeded(0))
    squared = kernels.select_bait(log_probs, features.float() * 1e-30, *nothing(3, 4), 4, seeded(0))
    assert rows.tolist() == squared.tolist()
    assert len(kernels.select_bait(log_probs, features * 1e-160, *nothing(3, 4), 4, seeded(0))) == 4  # 0 beside λ
    for factor, regulariser in ((1e30, 1.0), (1.0, 1e-200)):
        with pytest.raises(ScoreError, match=r"candidate row \d+ has a trace of .*scale the features down"):
            kernels.select_bait(log_probs, features * factor, *nothing(3, 4), 4, seeded(0), regulariser=regulariser)
    with pytest.raises(ScoreError, match="labelled row 0 has a trace"):
        kernels.select_bait(log_probs, features, log_probs[:1], features[:1] * 1e30, 4, seeded(0))
    batch = kernels.select_bait(log_probs[:1], features[:1], *nothing(3, 4), 1, seeded(0))
    assert batch.tolist() == [0]
    single_class = kernels.select_bait(torch.zeros(5, 1), torch.ones(5, 2), *nothing(1, 2), 3, seeded(0))
    assert len(set(single_class.tolist())) == 3
    assert len(kernels.select_bait(log_probs[:0], features[:0], *nothing(3, 4), 0, seeded(0))) == 0


def test_late_picks_are_not_decided_by_rounding() -> None:
    """Gains fall by ten orders of magnitude; every pick is the best by a dense solution in extended precision."""
    rows, size = 60, 8
    generator = np.random.default_rng(1)
    features = generator.normal(size=(rows, 4)) * np.logspace(0, -2, 4) * 1000
    log_probs = torch.log_softmax(torch.from_numpy(generator.normal(size=(rows, 2))), 1)
    hidden = torch.from_numpy(features)
    picks = kernels.select_bait(log_probs, hidden, *nothing(2, 4), 50, seeded(0), oversample=1.0).tolist()
    p = log_probs.exp().numpy().astype(np.longdouble)
    each = [np.kron(np.diag(p[n]) - np.outer(p[n], p[n]), np.outer(features[n], features[n])) for n in range(rows)]
    pool, known = sum(each) / np.trace(sum(each)), np.eye(size, dtype=np.longdouble)

    def objective(matrix: np.ndarray) -> np.longdouble:
        left, right = matrix.copy(), pool.copy()
        for i in range(size):  # positive definite: no pivots are needed
            factors = left[i + 1 :, i] / left[i, i]
            left[i + 1 :] -= factors[:, None] * left[i]
            right[i + 1 :] -= factors[:, None] * right[i]
        for i in reversed(range(size)):
            right[i] = (right[i] - left[i, i + 1 :] @ right[i + 1 :]) / left[i, i]
        return np.trace(right)

    for position, pick in enumerate(picks):
        gains = {n: objective(known) - objective(known + each[n]) for n in range(rows) if n not in picks[:position]}
        assert gains[pick] >= max(gains.values()) * (1 - 1e-6), position
        known = known + each[pick]


def test_picks_that_are_all_that_is_known_of_a_direction_are_weighed_exactly() -> None:
    """λ 1e-6 of the information: I − Vᵀ M⁻¹ V by subtraction would be lost, the dense twin in float64 as well."""
    log_probs = torch.tensor([[0.5, 0.5]], dtype=torch.float64).log().repeat(6, 1)
    features = torch.eye(3, dtype=torch.float64).repeat(2, 1) * torch.tensor([3.0, 2, 1, 3, 2, 1])[:, None]
    rows = kernels.select_bait(log_probs, features, *nothing(2, 3), 3, seeded(0), regulariser=1e-6).tolist()
    assert sorted(row % 3 for row in rows) == [0, 1, 2]


def test_same_seed_same_batch_and_nothing_is_changed() -> None:
    log_probs, features = predictions(0, 30, 4, torch.float32, "mild"), torch.randn(30, 6, generator=seeded(1))
    copies = log_probs.clone(), features.clone()
    first, second = (kernels.select_bait(log_probs, features, log_probs, features, 5, seeded(2)) for _ in range(2))
    assert first.tolist() == second.tolist()
    assert torch.equal(log_probs, copies[0])
    assert torch.equal(features, copies[1])


def test_faults_are_refused() -> None:
    log_probs, features = predictions(0, 3, 2, torch.float32, "mild"), torch.zeros(3, 2)
    known = log_probs[:1], features[:1]
    with pytest.raises(ValueError, match="a batch of 4 rows cannot be chosen from 3 rows"):
        kernels.select_bait(log_probs, features, *known, 4, seeded(0))
    for wrong in ((log_probs, features[:2], *known), (log_probs, features, log_probs[:2], features[:1])):
        with pytest.raises(ValueError, match=r"\[N, C\], \[N, D\], \[L, C\] and \[L, D\] are needed"):
            kernels.select_bait(*wrong, 1, seeded(0))
    for key, value in (
        ("regulariser", 0.0),
        ("regulariser", math.nan),
        ("oversample", 0.5),
        ("fisher", "half"),
        ("labelled_weighting", "half"),
    ):
        with pytest.raises(ValueError, match=rf"{key} '?{value}'?.*(are|is) needed"):
            kernels.select_bait(log_probs, features, *known, 1, seeded(0), **{key: value})
    with pytest.raises(ScoreError, match=r"probabilities of row 2 are not finite \(1 rows"):
        kernels.select_bait(torch.tensor([[0.0, -1], [0, -2], [math.nan, 0]]), features, *known, 1, seeded(0))
    features[2, 1] = math.nan
    with pytest.raises(ScoreError, match=r"feature of candidate row 2 is not finite \(1 rows"):
        kernels.select_bait(log_probs, features, *known, 1, seeded(0))
