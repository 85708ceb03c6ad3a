"""How far a ranking depends on which draws were made: the rankings by two halves of them, compared.

Letters: N candidate rows, K posterior draws of M members, C classes, B batch, R contenders.
"""

from __future__ import annotations

import torch
from torch import Tensor

from al_bench.evidence import FIXED, FROM_DRAWS, Evidence, Product
from al_bench.experiment.gather import Gatherer, reduce_draws
from al_bench.strategies.base import ScoreStrategy, Stochastic


def contenders(batch: int) -> int:
    """R, how many of the highest scores are ranked again: 4 B, and at least 32."""
    return max(4 * batch, 32)


def halves(draws: Tensor, members: int) -> tuple[Tensor, Tensor]:
    """Two disjoint halves of the draws of every member; of the members, where each gives a single function.

    Args:
        draws: [n, K, C], the members' draws one after another.
        members: M, which divides K.

    Returns:
        Twice [n, M ⌊k/2⌋, C] with k = K / M draws a member, or [n, ⌊M/2⌋, C] where k is 1.
    """
    by_member = draws.unflatten(1, (members, -1))  # [n, M, k, C]
    size = by_member.shape[2] // 2
    if size:
        return by_member[:, :, :size].flatten(1, 2), by_member[:, :, size : 2 * size].flatten(1, 2)
    size = members // 2
    return draws[:, :size], draws[:, size : 2 * size]


class RankingNoise:
    """1 − |top_B(s′) ∩ top_B(s″)| / B for the scores s′ and s″ that the halves of the draws give.

    The share of the batch that other draws would change, between two halves of K/2 draws each: more than would change
    between two sets of K draws. It is defined alike for every strategy and run. The draws are those that the scores
    came from, chunk by chunk: no pass through a network is added, and the draws of the pool are never stored.

    Only the R rows of highest score by all draws (the contenders) are ranked again, R = max(4 B, 32). A row outside
    them that one half of the draws would put into the batch is not counted, so that the value for a ranking of pure
    noise is about 1 − B/R and not 1 − B/N. A chunk's rows are scored again only where they are among the R highest so
    far, about R (1 + ln(N/R)) of the N rows in all. Rows with equal scores of a half stay in the order of the whole: a
    tie is no noise.

    Cost, of the time to score, on one thread of a busy machine. BALD on 5,000 MNIST images with the BatchBALD CNN, 50
    draws, B = 10: under 0.1 %. On 1,400 digits with an MLP, 100 draws, B = 10 and 50: BALD, entropy and mean STD 0 to
    8 %; EPIG 4 to 7 % at B = 10 and up to 32 % at B = 50, as its formula takes longer than its draws.

    Args:
        strategy: Its `score` is called again with half of the draws.
        batch: B.
        members: M.
        targets: [T, K, C] the product `target_mc_log_probs`, or None.

    Attributes:
        highest: [at most R] the highest scores so far, by all draws, in falling order.
        rescored: How many rows were scored again so far.

    Source:
        Split-half comparison; of batches in active learning, none: a diagnostic of this bench.
    """

    def __init__(self, strategy: ScoreStrategy, batch: int, members: int, targets: Tensor | None = None) -> None:
        self.strategy, self.batch, self.members = strategy, batch, members
        self._targets = None if targets is None else halves(targets, members)
        self.highest = torch.empty(0)
        self._halves = torch.empty(0, 2)  # their scores by either half of the draws
        self._entered = torch.empty(0)  # [at most R] the highest scores that `entering` has seen
        self.rescored = 0

    @classmethod
    def for_round(cls, gatherer: Gatherer, batch: int, candidates: int) -> RankingNoise | None:
        """The measure for one round, or None where there is nothing to measure.

        There is nothing to measure where the batch is not the B highest scores or has all candidates, where the scores
        do not come from draws, and where half of the draws are too few for the strategy.

        Args:
            gatherer: Of the round.
            batch: B.
            candidates: N.
        """
        strategy, learner = gatherer.strategy, gatherer.learner
        if not isinstance(strategy, ScoreStrategy) or not takes_the_highest(strategy) or candidates <= batch:
            return None
        members = learner.members
        draws = learner.functions // members
        functions = members * (draws // 2) if draws > 1 else members // 2
        if (
            not gatherer.needs & FROM_DRAWS
            or functions < max(2, strategy.minimum_draws)
            or (members if draws > 1 else members // 2) < strategy.minimum_members
        ):
            return None
        return cls(strategy, batch, members, gatherer.fixed.get(Product.target_mc_log_probs))

    def entering(
        self, scores: Tensor, evidence: Evidence, draws: Tensor
    ) -> tuple[Tensor, dict[Product, Tensor], Tensor] | None:
        """What `update` needs of a chunk: its rows that may be contenders, in their order; None where there are none.

        It may be asked in another process, which sees a part of the chunks in ascending order: the least of R scores
        among a part is no higher than that among all, so that no contender is left out.

        Args:
            scores, evidence, draws: As of `update`, of all rows of a chunk.

        Returns:
            Of the rows: scores, the products that are not the same for every chunk, and draws.
        """
        rows, self._entered = self._highest(scores, self._entered)
        if not len(rows):
            return None
        rows = rows.sort().values
        on_device = rows.to(draws.device)
        products = {name: part[on_device] for name, part in evidence.products.items() if name not in FIXED}
        return scores[rows], products, draws[on_device]

    def _highest(self, scores: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """The rows [r] of a chunk that are among the R highest so far, in falling order, and these [at most R]."""
        limit = contenders(self.batch)
        rows = scores.argsort(descending=True, stable=True)[:limit]
        if len(before) == limit:
            rows = rows[scores[rows] > before[-1]]
        return rows, torch.cat([before, scores[rows]]).sort(descending=True, stable=True).values[:limit]

    def update(self, scores: Tensor, evidence: Evidence, draws: Tensor) -> None:
        """Add a chunk, or those of its rows that `entering` gave.

        Args:
            scores: [n] by all draws, on the CPU.
            evidence: What they were computed from.
            draws: [n, K, C] the draws that the evidence was computed from.
        """
        rows, highest = self._highest(scores, self.highest)
        if not len(rows):
            return
        self.rescored += len(rows)
        rescored = [self._half(half, evidence, draws, rows) for half in (0, 1)]
        merged = torch.cat([self.highest, scores[rows]])
        order = merged.argsort(descending=True, stable=True)[: len(highest)]
        self.highest = highest
        self._halves = torch.cat([self._halves, torch.stack(rescored, 1)])[order]

    def _half(self, half: int, evidence: Evidence, draws: Tensor, rows: Tensor) -> Tensor:
        """[n] scores of some rows of a chunk by one half of its draws."""
        products: dict[Product, Tensor] = {}
        for name, value in evidence.products.items():
            if name is Product.target_mc_log_probs and self._targets is not None:
                products[name] = self._targets[half]
            elif name in FIXED:
                products[name] = value
            elif name not in FROM_DRAWS:
                products[name] = value[rows.to(value.device)]
        members = self.members if draws.shape[1] > self.members else self.members // 2
        part = halves(draws[rows.to(draws.device)], self.members)[half]
        products |= reduce_draws(part, members, FROM_DRAWS & set(evidence.products))
        return self.strategy.score(Evidence(len(rows), products, evidence.classes)).float().cpu()

    @property
    def batch_change(self) -> float:
        """The share of the batch, between 0 and 1, that differs between the two halves of the draws."""
        first, second = (
            set(self._halves[:, half].argsort(descending=True, stable=True)[: self.batch].tolist()) for half in (0, 1)
        )
        return 1 - len(first & second) / self.batch


def takes_the_highest(strategy: ScoreStrategy) -> bool:
    """Whether the batch is the B highest scores: neither drawn in proportion to them, nor by another rule of `pick`."""
    return strategy.stochastic is Stochastic.none and type(strategy).pick is ScoreStrategy.pick
