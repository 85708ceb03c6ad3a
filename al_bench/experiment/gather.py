"""From a trained learner to the evidence a strategy declared, a chunk of candidates at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from al_bench import kernels
from al_bench.evidence import FIXED, FROM_DRAWS, Evidence, Product
from al_bench.experiment.screening import Keeper
from al_bench.learners.learner import Learner
from al_bench.learners.member import split
from al_bench.learners.point_pass import POINT_PRODUCTS
from al_bench.learners.posterior import Sampler
from al_bench.pool import PoolState
from al_bench.progress import bar
from al_bench.rng import Streams
from al_bench.strategies.base import Strategy

_TWINS = {Product.labelled_point_log_probs: Product.point_log_probs, Product.labelled_features: Product.features}
"""Products of the labelled points, and what they are for the candidates."""


def reduce_draws(draws: Tensor, members: int, names: frozenset[Product]) -> dict[Product, Tensor]:
    """Those of the products `names` that are a function of the draws.

    Args:
        draws: [n, K, C] log-probabilities, nats, the members' draws one after another.
        members: M, which divides K.
    """
    found: dict[Product, Tensor] = {}
    if Product.mc_log_probs in names:
        found[Product.mc_log_probs] = draws
    if Product.mean_log_probs in names:
        found[Product.mean_log_probs] = kernels.mean_log_probs(draws)
    if Product.member_log_probs in names:
        each = draws.unflatten(1, (members, -1)).flatten(0, 1)
        found[Product.member_log_probs] = kernels.mean_log_probs(each).unflatten(0, (len(draws), -1))
    return found


@dataclass(frozen=True, eq=False)
class Gatherer:
    """Computes the products that a strategy needs in one round.

    Args:
        table: [training points, D] features from a file, or None.
    """

    learner: Learner
    strategy: Strategy
    state: PoolState
    streams: Streams
    table: Tensor | None = None

    @cached_property
    def needs(self) -> frozenset[Product]:
        """The products declared."""
        return self.strategy.needs(self.learner.functions > 1)

    @cached_property
    def _sampler(self) -> Sampler:
        return self.learner.sampler(self.streams, "masks", self.state.round)

    @cached_property
    def _point(self) -> Callable[[Tensor], dict[Product, Tensor]]:
        wanted = (self.needs | {twin for name, twin in _TWINS.items() if name in self.needs}) & POINT_PRODUCTS
        return self.learner.point_products(wanted, self.strategy.feature_source(len(self.state.labelled)))

    @cached_property
    def fixed(self) -> dict[Product, Tensor]:
        """The products that are the same for every chunk."""
        found: dict[Product, Tensor] = {}
        labelled = torch.tensor(self.state.labelled)
        if Product.labelled_labels in self.needs:
            found[Product.labelled_labels] = self.learner.dataset.labels(labelled)
        if Product.target_mc_log_probs in self.needs:
            generator = self.streams.numpy("targets", self.state.round)
            targets = torch.tensor(self.state.candidates(self.strategy.num_targets(), generator))
            found[Product.target_mc_log_probs] = self._draws(targets)
        wanted = {name: twin for name, twin in _TWINS.items() if name in self.needs}
        if wanted:
            names = frozenset(wanted.values())
            parts = [self._chunk(labelled[rows], names, None) for rows in self._split(len(labelled))]
            parts = parts or [self._chunk(torch.tensor(self.state.pool[:1]), names, None)]
            for name, twin in wanted.items():
                found[name] = torch.cat([part[twin] for part in parts])[: len(labelled)]
        return found

    def _split(self, count: int) -> Iterator[slice]:
        return split(count, self.learner.chunk)

    def _draws(self, indices: Tensor) -> Tensor:
        """[n, K, C] log-probabilities of the draws."""
        chunks = self.learner.chunks(self._sampler, self.learner.dataset.inputs, indices)
        return torch.cat([draws for _, draws in chunks])

    def _chunk(self, indices: Tensor, names: frozenset[Product], draws: Tensor | None) -> dict[Product, Tensor]:
        """Some products of the dataset indices [n], given their draws [n, K, C] where any of them needs these."""
        data = self.learner.dataset
        found: dict[Product, Tensor] = {}
        if draws is not None:
            found |= reduce_draws(draws, self.learner.members, names)
        if names & POINT_PRODUCTS:
            with torch.inference_mode():
                inputs = data.prepare(data.inputs[indices.to(data.inputs.device)])
                passed = self._point(inputs)
            if self.table is not None:
                passed[Product.features] = self.table[indices]
            found |= {name: passed[name] for name in names & POINT_PRODUCTS}
        if Product.true_labels in names:
            found[Product.true_labels] = data.labels(indices)
        return found

    def walk(self, candidates: Tensor) -> Iterator[tuple[slice, Evidence, Tensor | None]]:
        """(rows, their evidence, the draws [n, K, C] behind it or None) for the candidates [N], a chunk at a time.

        Args:
            candidates: [N] dataset indices.
        """
        varying = self.needs - FIXED
        if self.needs:
            with bar("scoring", len(candidates), "points") as scoring:
                for rows in self._split(len(candidates)):
                    draws = self._draws(candidates[rows]) if varying & FROM_DRAWS else None
                    products = self._chunk(candidates[rows], varying, draws)
                    count = rows.stop - rows.start
                    scoring.update(count)
                    yield rows, Evidence(count, products | self.fixed, self.learner.dataset.classes), draws

    def whole(self, candidates: Tensor) -> Evidence:
        """The evidence of all candidates."""
        products: dict[Product, Tensor] = {}
        for rows, evidence, _ in self.walk(candidates):
            for name, part in evidence.products.items():
                if name in FIXED:
                    products[name] = part
                    continue
                if name not in products:
                    products[name] = part.new_empty((len(candidates), *part.shape[1:]))
                products[name][rows] = part
        return Evidence(len(candidates), products, self.learner.dataset.classes)

    def first(self, candidates: Tensor, count: int, keys: Tensor) -> Evidence:
        """The evidence of the candidates that the strategy's `screening_score` puts first; the others' is never held.

        Args:
            candidates: [N] dataset indices, more than `count`.
            count: n, the rows kept.
            keys: [N] distinct; of candidates with equal scores the lowest are kept.
        """
        keeper = Keeper(count, keys)
        for rows, evidence, _ in self.walk(candidates):
            varying = {name: part for name, part in evidence.products.items() if name not in FIXED}
            keeper.see(rows, self.strategy.screening_score(evidence), varying)
        products, screen = keeper.kept()
        return Evidence(count, products | self.fixed, self.learner.dataset.classes, screen)
