"""From a trained learner and a strategy to a batch of candidates, in two timed stages: score, then select."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from al_bench import kernels
from al_bench.evidence import Evidence, Product
from al_bench.learners.learner import Learner
from al_bench.rng import Streams
from al_bench.strategies.base import ScoreStrategy, Selection, Strategy


def product(name: Product, mc_log_probs: Tensor) -> Tensor:
    """One product of a chunk of draws [n, K, C]."""
    return kernels.mean_log_probs(mc_log_probs) if name is Product.mean_log_probs else mc_log_probs


def walk(
    learner: Learner, candidates: Tensor, needs: frozenset[Product], streams: Streams, round_: int
) -> Iterator[tuple[slice, Evidence]]:
    """(rows, evidence of those rows) for the candidates [N] (dataset indices), a chunk at a time."""
    if needs:
        sampler = learner.sampler(streams, "masks", round_)
        for rows, draws in learner.chunks(sampler, learner.dataset.inputs, candidates):
            yield rows, Evidence(len(draws), {name: product(name, draws) for name in needs})


def score(learner: Learner, candidates: Tensor, strategy: Strategy, streams: Streams, round_: int) -> Tensor | Evidence:
    """What the strategy selects from.

    Returns:
        For a score strategy its scores [N], computed chunk by chunk, so that memory is bounded by the chunk and
        not by N·K·C; for any other the evidence of all candidates.
    """
    needs = strategy.needs(learner.functions > 1)
    chunks = walk(learner, candidates, needs, streams, round_)
    if isinstance(strategy, ScoreStrategy):
        scores = torch.empty(len(candidates))
        for rows, evidence in chunks:
            scores[rows] = strategy.score(evidence).float().cpu()
        return scores
    whole: dict[Product, Tensor] = {}
    for rows, evidence in chunks:
        for name, part in evidence.products.items():
            if name not in whole:
                whole[name] = part.new_empty((len(candidates), *part.shape[1:]))
            whole[name][rows] = part
    return Evidence(len(candidates), whole)


def select(scored: Tensor | Evidence, strategy: Strategy, batch: int, streams: Streams, round_: int) -> Selection:
    """The strategy's batch, checked: `batch` distinct rows within range.

    Raises:
        ValueError: the strategy broke its contract.
    """
    generator = streams.torch("selection", round_)
    if isinstance(scored, Evidence):
        rows_in_all, selection = scored.rows, strategy.select(scored, batch, generator)
    else:
        assert isinstance(strategy, ScoreStrategy)
        rows_in_all, selection = len(scored), strategy.pick(scored, batch, generator)
    rows = selection.rows
    if len(rows) != batch or len(rows.unique()) != batch or not 0 <= int(rows.min()) <= int(rows.max()) < rows_in_all:
        raise ValueError(
            f"{type(strategy).__name__} returned rows {rows.tolist()[:8]}… for a batch of {batch} out of "
            f"{rows_in_all}: they must be {batch} distinct positions"
        )
    return selection
