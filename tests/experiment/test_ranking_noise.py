"""How much of a batch other draws would change: the measure by chunks against a literal one over all rows."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench import kernels
from al_bench.evidence import Evidence, Product
from al_bench.experiment.gather import reduce_draws
from al_bench.experiment.ranking_noise import RankingNoise, contenders, halves, takes_the_highest
from al_bench.strategies.base import ScoreStrategy, Stochastic
from al_bench.strategies.committee import QbcVoteEntropy
from al_bench.strategies.information import Epig
from al_bench.strategies.oracle import OracleLoss
from al_bench.strategies.uncertainty import Bald, Entropy, MeanStd, VariationRatio


def evidence_of(strategy: ScoreStrategy, draws, targets=None, members: int = 1) -> Evidence:
    needs = strategy.needs(True)
    products = reduce_draws(draws, members, needs)
    if Product.target_mc_log_probs in needs:
        products[Product.target_mc_log_probs] = targets
    if Product.true_labels in needs:
        products[Product.true_labels] = torch.arange(len(draws)) % draws.shape[-1]
    return Evidence(len(draws), products, draws.shape[-1])


def log_probs(*shape: int, seed: int = 0, common: float = 1.0, own: float = 1.0):
    """Draws [N, K, C]: what is common to a row's draws, and what is a draw's own."""
    generator = torch.Generator().manual_seed(seed)
    shared = common * torch.randn(shape[0], 1, shape[2], generator=generator)
    return (shared + own * torch.randn(shape, generator=generator)).log_softmax(-1)


def change_of(strategy, draws, batch, chunk, targets=None, members=1) -> tuple[float, int]:
    """The measure fed chunk by chunk: its value, and the rows scored again."""
    noise = RankingNoise(strategy, batch, members, targets)
    for start in range(0, len(draws), chunk):
        part = draws[start : start + chunk]
        evidence = evidence_of(strategy, part, targets, members)
        noise.update(strategy.score(evidence).float(), evidence, part)
    return noise.batch_change, noise.rescored


def literal_change(strategy, draws, batch, targets=None, members=1) -> float:
    """Both halves score all rows; the contenders are those of the scores of all draws."""
    scores = strategy.score(evidence_of(strategy, draws, targets, members))
    best = sorted(range(len(draws)), key=lambda row: -float(scores[row]))[: contenders(batch)]
    inside = members if draws.shape[1] > members else members // 2
    tops = []
    for half in (0, 1):
        part = halves(draws, members)[half]
        aims = None if targets is None else halves(targets, members)[half]
        again = strategy.score(evidence_of(strategy, part, aims, inside))
        tops.append(set(sorted(best, key=lambda row: -float(again[row]))[:batch]))
    return 1 - len(tops[0] & tops[1]) / batch


STRATEGIES = {
    "bald": Bald(),
    "entropy": Entropy(),
    "variation_ratio": VariationRatio(),
    "mean_std": MeanStd(),
    "epig": Epig(),
    "oracle_loss": OracleLoss(),
}


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("chunk", [64, 1000])
def test_the_change_is_that_of_two_rankings_of_all_draws(name, chunk):
    strategy, draws, targets = STRATEGIES[name], log_probs(300, 20, 4), log_probs(9, 20, 4, seed=1)
    aims = targets if name == "epig" else None
    found, _ = change_of(strategy, draws, 7, chunk, aims)
    assert found == pytest.approx(literal_change(strategy, draws, 7, aims))
    assert 0 <= found <= 1


@pytest.mark.parametrize("draws", [1, 2, 3])
def test_the_change_of_a_committee(draws):
    """Members of one function each are halved, members of several give each half a part of theirs."""
    members = 4
    made = log_probs(120, members * draws, 3)
    found, _ = change_of(QbcVoteEntropy(soft=True), made, 5, 50, members=members)
    assert found == pytest.approx(literal_change(QbcVoteEntropy(soft=True), made, 5, members=members))


def test_halves_share_no_draw_and_leave_out_an_odd_one():
    draws = torch.arange(2 * 10, dtype=torch.float32).reshape(2, 10, 1)
    one, other = halves(draws, 2)  # five draws a member
    assert one[0, :, 0].tolist() == [0, 1, 5, 6]
    assert other[0, :, 0].tolist() == [2, 3, 7, 8]
    one, other = halves(draws, 10)
    assert one[1, :, 0].tolist() == [10, 11, 12, 13, 14]
    assert other[1, :, 0].tolist() == [15, 16, 17, 18, 19]


def test_draws_that_agree_change_nothing_and_draws_without_signal_change_most():
    assert change_of(Entropy(), log_probs(400, 40, 4, own=1e-4), 10, 128)[0] == 0
    assert change_of(Bald(), log_probs(4000, 4, 4, common=0), 10, 512)[0] >= 0.6


def test_a_large_pool_is_scored_again_in_small_part():
    _, rescored = change_of(Bald(), log_probs(20_000, 4, 3), 10, 512)
    limit = contenders(10)
    assert limit <= rescored < 1.5 * limit * (1 + math.log(20_000 / limit)) < 500


def test_a_constant_score_is_a_tie_and_no_noise():
    class Same(Bald):
        def score(self, evidence):
            return torch.zeros(evidence.rows)

    assert change_of(Same(), log_probs(100, 6, 3), 5, 30)[0] == 0


def test_only_the_highest_scores_are_a_ranking():
    class Own(Bald):
        def pick(self, scores, batch, generator):
            return super().pick(-scores, batch, generator)

    assert takes_the_highest(Bald())
    assert not takes_the_highest(Bald(stochastic=Stochastic.power))
    assert not takes_the_highest(Own())


def test_the_contenders_include_the_batch():
    draws = log_probs(200, 8, 4)
    scores = Bald().score(evidence_of(Bald(), draws))
    noise = RankingNoise(Bald(), 10, 1)
    evidence = evidence_of(Bald(), draws)
    noise.update(scores, evidence, draws)
    top = kernels.select_top(scores, 10, torch.Generator().manual_seed(0))
    assert noise.highest[:10].tolist() == pytest.approx(scores[top].tolist())
