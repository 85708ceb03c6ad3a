"""BADGE against materialised embeddings, autograd, and the probabilities of k-means++."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from al_bench import kernels
from al_bench.errors import ScoreError
from tests.kernels.instances import DTYPES, mc_log_probs, seeded
from tests.reference import badge as twin


def uniforms(seed: int) -> Callable[[], float]:
    generator = seeded(seed)
    return lambda: torch.rand((), generator=generator, dtype=torch.float64).item()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("first_centre", ["uniform", "largest_norm"])
def test_equals_materialised_embeddings(dtype: torch.dtype, first_centre: str) -> None:
    for seed in range(60):
        rows, batch = 10 + seed % 5, 1 + seed % 10
        kind = ("mild", "sharp", "certain", "extreme")[seed % 4]
        log_probs = mc_log_probs(seed, rows, 1, 2 + seed % 4, dtype, kind)[:, 0]
        features = torch.randn(rows, 1 + seed % 6, generator=seeded(seed + 50), dtype=dtype)
        if seed % 3 == 0:
            log_probs, features = log_probs[torch.arange(rows) // 2], features[torch.arange(rows) // 2]
        embeddings = [twin.embedding(p, h) for p, h in zip(log_probs.tolist(), features.tolist(), strict=True)]
        zero = (8 + math.sqrt(features.shape[1])) * torch.finfo(dtype).eps
        expected = twin.select_badge(embeddings, batch, uniforms(seed), first_centre == "largest_norm", zero)
        chosen = kernels.select_badge(log_probs, features, batch, seeded(seed), first_centre=first_centre)
        assert chosen.tolist() == expected, f"seed {seed}"


def test_embeddings_are_the_gradients_of_the_last_layer() -> None:
    torch.manual_seed(0)
    body, head = nn.Sequential(nn.Linear(7, 12), nn.ReLU(), nn.Linear(12, 5), nn.Tanh()), nn.Linear(5, 4)
    inputs = torch.randn(20, 7)
    features = body(inputs)
    log_probs = head(features).log_softmax(-1)
    a = kernels.hypothetical_gradient(log_probs.detach())
    for n in range(20):
        loss = nn.functional.cross_entropy(head(features[n : n + 1]), log_probs[n].argmax().view(1))
        weight, bias = torch.autograd.grad(loss, (head.weight, head.bias), retain_graph=True)
        torch.testing.assert_close(a[n, :, None] * features[n].detach(), weight, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(a[n], bias, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("first_centre", ["uniform", "largest_norm"])
def test_picks_follow_the_probabilities_of_k_means_plus_plus(first_centre: str) -> None:
    """Pairs of rows over 6,000 batches of two, against D² probabilities from materialised embeddings."""
    log_probs = mc_log_probs(1, 5, 1, 3, torch.float64, "mild")[:, 0]
    features = torch.randn(5, 4, generator=seeded(2), dtype=torch.float64)
    embeddings = torch.tensor(
        [twin.embedding(p, h) for p, h in zip(log_probs.tolist(), features.tolist(), strict=True)]
    )
    squared = torch.cdist(embeddings, embeddings).square()
    first = torch.full((5,), 0.2)
    if first_centre == "largest_norm":
        first = (embeddings.norm(dim=1) == embeddings.norm(dim=1).max()).float()
    expected = 6_000 * first[:, None] * squared / squared.sum(1, keepdim=True)
    counts = torch.zeros(5, 5)
    generator = seeded(3)
    for _ in range(6_000):
        first, second = kernels.select_badge(log_probs, features, 2, generator, first_centre=first_centre).tolist()
        counts[first, second] += 1
    possible = expected > 0
    assert counts[~possible].sum() == 0
    chi_square = ((counts - expected)[possible] ** 2 / expected[possible]).sum().item()
    # 99.9 % quantiles: 19 degrees of freedom, or 3 where the first centre is fixed
    assert chi_square < (43.82 if first_centre == "uniform" else 16.27)


def test_equal_embeddings_are_filled_uniformly_without_duplicates() -> None:
    log_probs = torch.tensor([[0.7, 0.3]]).log().repeat(6, 1)
    features = torch.tensor([[1.0, -2.0, 0.1]]).repeat(6, 1)
    counts = torch.zeros(6)
    for seed in range(1_000):
        rows = kernels.select_badge(log_probs, features, 4, seeded(seed)).tolist()
        assert len(set(rows)) == 4, f"seed {seed}"
        counts[rows[-1]] += 1
    assert ((counts - 1_000 / 6) ** 2 / (1_000 / 6)).sum().item() < 20.52  # 99.9 %, 5 degrees of freedom
    whole = kernels.select_badge(log_probs, features, 6, seeded(0))
    assert sorted(whole.tolist()) == list(range(6))


def test_copies_of_wide_float32_rows_are_at_distance_zero() -> None:
    """Rounding of a product of 2,000 terms must not pass for a distance when only copies are left."""
    copies = torch.arange(24) % 3
    log_probs = mc_log_probs(0, 3, 1, 10, torch.float32, "mild")[copies, 0]
    features = torch.randn(3, 2_000, generator=seeded(1))[copies].relu()
    for seed in range(30):
        chosen = kernels.select_badge(log_probs, features, 8, seeded(seed)).tolist()
        assert sorted(row % 3 for row in chosen[:3]) == [0, 1, 2], f"seed {seed}"
        assert len(set(chosen)) == 8, f"seed {seed}"


@pytest.mark.slow
def test_picks_after_stale_proposals_follow_the_distances_to_all_centres() -> None:
    """Each pick against its probabilities given the picks before it, from materialised embeddings."""
    log_probs = mc_log_probs(4, 7, 1, 3, torch.float64, "mild")[:, 0]
    features = torch.randn(7, 4, generator=seeded(5), dtype=torch.float64)
    embeddings = torch.tensor(
        [twin.embedding(p, h) for p, h in zip(log_probs.tolist(), features.tolist(), strict=True)]
    )
    squared = torch.cdist(embeddings, embeddings).square()
    generator = seeded(6)
    observed, expected = torch.zeros(6, 7), torch.zeros(6, 7)
    for _ in range(4_000):
        rows = kernels.select_badge(log_probs, features, 6, generator).tolist()
        for pick in (3, 5):  # the weights were renewed at two and at four centres
            weights = squared[rows[:pick]].amin(0)
            expected[pick] += weights / weights.sum()
            observed[pick, rows[pick]] += 1
    for pick in (3, 5):
        chi_square = ((observed[pick] - expected[pick]) ** 2 / expected[pick]).sum().item()
        assert chi_square < 22.46  # 99.9 %, 6 degrees of freedom


def test_certain_predictions_have_no_gradient() -> None:
    assert kernels.hypothetical_gradient(torch.tensor([[0.0, -math.inf]])).tolist() == [[0.0, 0.0]]
    tiny = kernels.hypothetical_gradient(torch.tensor([[-1e-12, math.log(1e-12)]]))
    assert tiny[0].tolist() == pytest.approx([-1e-12, 1e-12])  # p itself rounds to 1 in float32


def test_faults_are_refused() -> None:
    log_probs, features = mc_log_probs(0, 3, 1, 2, torch.float32, "mild")[:, 0], torch.zeros(3, 2)
    with pytest.raises(ValueError, match="a batch of 4 rows cannot be chosen from 3 rows"):
        kernels.select_badge(log_probs, features, 4, seeded(0))
    with pytest.raises(ValueError, match=r"\[3, 2\] and \[2, 2\]"):
        kernels.select_badge(log_probs, features[:2], 1, seeded(0))
    with pytest.raises(ValueError, match=r"'first'; it must be one of uniform, largest_norm"):
        kernels.select_badge(log_probs, features, 1, seeded(0), first_centre="first")
    features[2, 1] = math.nan
    with pytest.raises(ScoreError, match=r"gradient of row 2 is not finite \(1 rows"):
        kernels.select_badge(log_probs, features, 1, seeded(0))
    assert len(kernels.select_badge(log_probs[:0], features[:0], 0, seeded(0))) == 0


@pytest.mark.parametrize("scale", [1e19, 1e30, 1e-25])
def test_the_draws_do_not_know_the_scale_of_the_features(scale: float) -> None:
    """A power of two times the features gives the same batch: ×1e19 squares overflowed float32, and all was uniform."""
    power = 2.0 ** math.floor(math.log2(scale))
    log_probs, features = (
        mc_log_probs(3, 60, 1, 4, torch.float32, "mild")[:, 0],
        torch.randn(60, 5, generator=seeded(3)),
    )
    features[::2] *= 1e-3
    expected = kernels.select_badge(log_probs, features, 12, seeded(0))
    assert kernels.select_badge(log_probs, features * power, 12, seeded(0)).tolist() == expected.tolist()
