"""From a trained learner to the evidence a strategy declared, a chunk of candidates at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from al_bench import kernels
from al_bench.evidence import FIXED, FROM_DRAWS, Evidence, Product
from al_bench.experiment.feature_source import feature_source
from al_bench.experiment.scoring_engines.engine import ScoringEngine
from al_bench.experiment.scoring_engines.local import LocalProcesses
from al_bench.experiment.screening import Contenders, TopCandidates
from al_bench.learners.learner import Learner
from al_bench.learners.member import split
from al_bench.learners.point_pass import POINT_PRODUCTS
from al_bench.learners.posterior import Sampler
from al_bench.pool import Indices, PoolState
from al_bench.progress import bar
from al_bench.rng import Streams
from al_bench.strategies.base import Strategy

if TYPE_CHECKING:
    from al_bench.experiment.trials import Trials

T = TypeVar("T")
Name = TypeVar("Name", bound=Hashable)

_OF_LABELLED = {Product.labelled_point_log_probs: Product.point_log_probs, Product.labelled_features: Product.features}
"""Each product of the labelled points, and the product that is the same of the candidates."""


def reduce_draws(
    draws: Tensor, members: int, names: frozenset[Product], as_given: bool = False
) -> dict[Product, Tensor]:
    """Those of the products `names` that are a function of the draws.

    Args:
        draws: [n, K, C] log-probabilities, nats, the members' draws one after another.
        members: M, which divides K.
        names: The products wanted; those that are no function of the draws are left out.
        as_given: The mean of one draw is that draw, without the rounding of the exponential and its logarithm.
    """
    products: dict[Product, Tensor] = {}
    if Product.mc_log_probs in names:
        products[Product.mc_log_probs] = draws
    if Product.mean_log_probs in names:
        single = as_given and draws.shape[1] == 1
        products[Product.mean_log_probs] = draws[:, 0] if single else kernels.mean_log_probs(draws)
    if Product.member_log_probs in names:
        by_member = draws.unflatten(1, (members, -1)).flatten(0, 1)  # [n M, K / M, C]
        products[Product.member_log_probs] = kernels.mean_log_probs(by_member).unflatten(0, (len(draws), -1))
    return products


@dataclass(frozen=True, eq=False)
class Gatherer:
    """Computes the products that a strategy needs in one round.

    Args:
        learner: Trained.
        strategy: Declares the products.
        state: The labelled and the unlabelled points of the round.
        streams: The run's.
        file_features: [training points, D] features from a file, or of few dimensions where the inputs are sparse; None
            takes the learner's.
        trials: Trainings beside the round's own, for what is held out and for oracles; None: there are none.
        engine: Who computes the chunks, whose borders are the same for any.
    """

    learner: Learner
    strategy: Strategy
    state: PoolState
    streams: Streams
    file_features: Tensor | None = None
    trials: Trials | None = None
    engine: ScoringEngine = field(default_factory=LocalProcesses)

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs to compute chunks."""
        return self.__dict__ | {"trials": None, "engine": None}

    @cached_property
    def needs(self) -> frozenset[Product]:
        """The products that the strategy declared."""
        return self.strategy.needs(self.learner.functions > 1)

    @property
    def classes(self) -> int:
        """C."""
        return self.learner.dataset.classes

    @cached_property
    def _sampler(self) -> Sampler:
        return self.learner.sampler(self.streams, "masks", self.state.round)

    @cached_property
    def _passes(self) -> dict[frozenset[Product], Callable[[Tensor], dict[Product, Tensor]]]:
        return {}

    def _point_products(self, wanted: frozenset[Product]) -> Callable[[Tensor], dict[Product, Tensor]]:
        if wanted not in self._passes:
            self._passes[wanted] = self.learner.point_products(wanted, self._source)
        return self._passes[wanted]

    @cached_property
    def _source(self) -> str:
        return feature_source(self.strategy, len(self.state.labelled), self.learner)

    @cached_property
    def fixed(self) -> dict[Product, Tensor]:
        """The products that are the same for every chunk."""
        products: dict[Product, Tensor] = {}
        labelled = torch.tensor(self.state.labelled)
        if Product.labelled_labels in self.needs:
            products[Product.labelled_labels] = self.learner.dataset.labels(labelled)
        if Product.target_mc_log_probs in self.needs:
            generator = self.streams.numpy("targets", self.state.round)
            targets = torch.tensor(self.state.candidates(self.strategy.num_targets(), generator))
            products[Product.target_mc_log_probs] = self._draws(targets)
        if Product.held_out_log_probs in self.needs:
            assert self.trials is not None
            products[Product.held_out_log_probs] = self.trials.held_out(self.strategy.num_folds())
        if Product.last_layer in self.needs:
            products[Product.last_layer] = self.learner.last_layer()
        of_labelled = {name: same for name, same in _OF_LABELLED.items() if name in self.needs}
        if of_labelled:
            names = frozenset(of_labelled.values())
            parts = [self._chunk(labelled[rows], names, None) for rows in self._split(len(labelled))]
            parts = parts or [self._chunk(torch.tensor(self.state.pool[:1]), names, None)]
            for name, same in of_labelled.items():
                products[name] = torch.cat([part[same] for part in parts])[: len(labelled)]
        return products

    def _split(self, count: int) -> Iterator[slice]:
        return split(count, self.learner.chunk)

    def _draws(self, indices: Tensor) -> Tensor:
        """[n, K, C] log-probabilities of the draws."""
        chunks = self.learner.chunks(self._sampler, self.learner.dataset.inputs, indices)
        return torch.cat([draws for _, draws in chunks])

    def _chunk(self, indices: Tensor, names: frozenset[Product], draws: Tensor | None) -> dict[Product, Tensor]:
        """Some products of the dataset indices [n], given their draws [n, K, C] where any of them needs these."""
        data = self.learner.dataset
        products: dict[Product, Tensor] = {}
        if draws is not None:
            products |= reduce_draws(draws, self.learner.members, names, self.learner.takes_single_draw_as_given)
        if self.file_features is not None and Product.features in names:
            products[Product.features] = self.file_features[indices]
        if wanted := frozenset((names & POINT_PRODUCTS) - products.keys()):
            with torch.inference_mode():
                point_products = self.learner.products_at(self._point_products(wanted), indices)
            products |= {name: point_products[name] for name in wanted}
        if Product.true_labels in names:
            products[Product.true_labels] = data.true_labels(indices)
        return products

    def _frozen_features(self, candidates: Tensor) -> Tensor | None:
        """[N, D] the features of the candidates, where the learner has them without any computation."""
        if self.file_features is not None or Product.features not in self.needs:
            return None
        return self.learner.frozen_features(candidates, self._source)

    def each_chunk(
        self,
        candidates: Tensor,
        work: Callable[[Evidence, Tensor | None], T],
        take: Callable[[slice, T], None],
        known: frozenset[Product] = frozenset(),
    ) -> None:
        """Do some work with the evidence of each chunk of the candidates; nothing where the strategy needs nothing.

        Args:
            candidates: [N] dataset indices.
            work: From the evidence of a chunk and the draws [n, K, C] behind it, None where it needs no draws, to
                tensors; see `ScoringEngine.map`. Where there are workers it runs in them, each of which does a part of
                the chunks in ascending order.
            take: Is given the chunk's rows and what `work` made of them, here and in the order of the rows.
            known: Products that are left out.
        """
        if not self.needs:
            return
        varying = self.needs - FIXED - known
        if varying & FROM_DRAWS:  # made once, before workers take it over
            _ = self._sampler
        given = known if self.file_features is None else known | {Product.features}
        if point_products := frozenset((varying & POINT_PRODUCTS) - given):
            self._point_products(point_products)
        fixed, all_indices = self.fixed, candidates.numpy()  # an array, which processes of one machine can share

        def compute(rows: slice) -> T:
            indices = _copied(all_indices[rows])
            draws = self._draws(indices) if varying & FROM_DRAWS else None
            products = self._chunk(indices, varying, draws)
            return work(Evidence(rows.stop - rows.start, products | fixed, self.classes), draws)

        pieces = list(self._split(len(candidates)))
        with (
            bar("scoring", len(candidates), "points") as scoring,
            contextlib.closing(self.engine.map(compute, pieces)) as results,
        ):
            for rows, result in zip(pieces, results, strict=True):
                scoring.update(rows.stop - rows.start)
                take(rows, result)

    def all(self, candidates: Tensor) -> Evidence:
        """The evidence of all candidates."""
        products: dict[Product, Tensor] = {}
        if (features := self._frozen_features(candidates)) is not None:
            products[Product.features] = features
        known = frozenset(products)
        products |= self.fixed if self.needs else {}
        self.each_chunk(candidates, _varying, _filling(products, len(candidates)), known)
        trial = self.trials.of(candidates) if self.strategy.reads_trials and self.trials is not None else None
        return Evidence(len(candidates), products, self.classes, trial=trial)

    def reduced(self, candidates: Tensor) -> Evidence:
        """The fixed products, and of all candidates what the strategy's `reduce` makes of each chunk.

        Args:
            candidates: [N] dataset indices.
        """
        reduced: dict[str, Tensor] = {}
        reduce = self.strategy.reduce
        self.each_chunk(candidates, lambda evidence, _: reduce(evidence), _filling(reduced, len(candidates)))
        return Evidence(len(candidates), self.fixed, self.classes, reduced=reduced)

    def top(
        self,
        candidates: Tensor,
        count: int,
        keys: Tensor,
        score: Callable[[Evidence], Tensor] | None = None,
    ) -> Evidence:
        """The evidence of the candidates of highest score; the others' is never stored.

        Args:
            candidates: [N] dataset indices, more than `count`.
            count: n, how many candidates.
            keys: [N] distinct; of candidates with equal scores those with the lowest keys.
            score: Of a chunk's evidence; None: the strategy's `screening_score`.
        """
        top, contenders = TopCandidates(count, keys), Contenders(count)
        screening_score, sends = score or self.strategy.screening_score, self.engine.sends

        def screened(evidence: Evidence, _: Tensor | None) -> tuple[Tensor, dict[Product, Tensor], Tensor | None]:
            scores, products = screening_score(evidence), _varying(evidence)
            if not sends:
                return scores, products, None
            among = contenders.among(scores)
            return scores, {name: part[among] for name, part in products.items()}, among

        self.each_chunk(candidates, screened, lambda rows, found: top.update(rows, *found))
        products, screen = top.result()
        return Evidence(count, products | self.fixed, self.classes, screen)

    def at(self, candidates: Tensor) -> Evidence:
        """The evidence of a few candidates, one chunk of them.

        Args:
            candidates: [n] dataset indices.
        """
        varying = self.needs - FIXED
        draws = self._draws(candidates) if varying & FROM_DRAWS else None
        return Evidence(len(candidates), self._chunk(candidates, varying, draws) | self.fixed, self.classes)


def _copied(indices: Indices) -> Tensor:
    """A tensor of its own, since an array that processes share may not be written to."""
    return torch.tensor(indices)


def _varying(evidence: Evidence, _: Tensor | None = None) -> dict[Product, Tensor]:
    """The products that are not the same for every chunk."""
    return {name: part for name, part in evidence.products.items() if name not in FIXED}


def _filling(whole: dict[Name, Tensor], count: int) -> Callable[[slice, dict[Name, Tensor]], None]:
    """What takes the parts of each chunk and puts them into their rows of the whole, `count` rows each."""

    def take(rows: slice, parts: dict[Name, Tensor]) -> None:
        for name, part in parts.items():
            if name not in whole:
                whole[name] = part.new_empty((count, *part.shape[1:]))
            whole[name][rows] = part

    return take
