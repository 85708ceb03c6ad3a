"""From a trained learner and a strategy to the points to label, in two timed stages: score, then select."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from al_bench import kernels
from al_bench.evidence import Evidence
from al_bench.experiment.gather import Gatherer
from al_bench.experiment.meter import Meter
from al_bench.experiment.passes import PoolPasses
from al_bench.experiment.ranking_noise import RankingNoise
from al_bench.experiment.setup import Experiment
from al_bench.experiment.trials import Trials
from al_bench.pool import Indices, PoolState
from al_bench.progress import waiting
from al_bench.rng import Streams
from al_bench.stopping.rule import Signals
from al_bench.strategies.base import ScoreStrategy, Selection, Strategy


@dataclass(frozen=True, eq=False)
class Acquisition:
    """What a round acquires, and how it came about.

    Args:
        candidates: [N] dataset indices that were scored.
        indices: [B] dataset indices acquired, in the order picked.
        scored: What was selected from: scores [N], or evidence.
        selection: The strategy's answer, in rows of the candidates.
        noise: How far the ranking depends on the draws; None where that is not measured.
    """

    candidates: Indices
    indices: Indices
    scored: Tensor | Evidence
    selection: Selection
    noise: RankingNoise | None


def acquire(experiment: Experiment, state: PoolState, meter: Meter, signals: Signals = ()) -> Acquisition:
    """Score the candidates of a round and select its batch; the only place where a row becomes a dataset index.

    Args:
        experiment: The run.
        state: The labelled and the unlabelled points of the round.
        meter: Times the stages.
        signals: How far the predictions for the stop set moved, round 0 first, for strategies that read it.
    """
    streams, limit = experiment.streams, experiment.config.schedule.candidates
    candidates = state.candidates(limit, streams.numpy("candidates", state.round))
    batch = experiment.batch(len(state.asked))
    name, gatherer = gatherer_of(experiment, state, signals)
    with meter.stage("score"):
        noise = RankingNoise.for_round(gatherer, batch, len(candidates))
        scored = score(gatherer, torch.tensor(candidates), noise)
    with waiting("selecting", meter.previous.get("select")), meter.stage("select"):
        selection = select(scored, gatherer.strategy, batch, streams, state.round)
    if name:
        selection = replace(selection, notes=selection.notes | {"picked_by": name})
    return Acquisition(candidates, candidates[selection.rows.cpu().numpy()], scored, selection, noise)


def gatherer_of(experiment: Experiment, state: PoolState, signals: Signals = ()) -> tuple[str, Gatherer]:
    """What gathers the evidence of a round for the strategy that picks in it, and that part's name; "": the whole.

    Args:
        experiment: The run.
        state: The labelled and the unlabelled points of the round.
        signals: How far the predictions for the stop set moved, round 0 first.
    """
    position = experiment.strategy.acting(len(state.labelled), experiment.dataset.classes, signals)
    name, strategy = experiment.strategy.parts()[position]
    table, trials = experiment.tables[position], Trials(experiment, state)
    return name, Gatherer(experiment.learner, strategy, state, experiment.streams, table, trials, experiment.engine)


def score(gatherer: Gatherer, candidates: Tensor, noise: RankingNoise | None = None) -> Tensor | Evidence:
    """What the strategy selects from.

    Args:
        gatherer: Of the round.
        candidates: [N] dataset indices.
        noise: Is updated with every chunk's scores and the draws behind them; None measures nothing.

    Returns:
        For a score strategy its scores [N], computed chunk by chunk, so that memory is bounded by the chunk and not
        by N·K·C; for any other the evidence of all candidates, or of the strategy's `max_candidates`.

    Raises:
        ScoreError: a score is not finite.
    """
    strategy = gatherer.strategy
    if isinstance(strategy, ScoreStrategy):
        scores = torch.full((len(candidates),), math.nan)  # a row without a score is refused below
        if not gatherer.needs:
            scores = strategy.score(gatherer.all(candidates)).float().cpu()

        def work(evidence: Evidence, draws: Tensor | None) -> tuple[Tensor, Any]:
            found = strategy.score(evidence).float().cpu()
            return found, None if noise is None or draws is None else noise.entering(found, evidence, draws)

        def take(rows: slice, result: tuple[Tensor, Any]) -> None:
            scores[rows], entering = result
            if noise is not None and entering is not None:
                highest, products, draws = entering
                noise.update(highest, Evidence(len(highest), products | gatherer.fixed, gatherer.classes), draws)

        gatherer.each_chunk(candidates, work, take)
        kernels.check_scores(scores, -math.inf, math.inf, f"the {type(strategy).__name__} score")
        return scores
    if strategy.reads_in_passes(len(candidates)):
        passes = PoolPasses(gatherer, candidates)
        return Evidence(len(candidates), dict(gatherer.fixed), gatherer.classes, passes=passes)
    if type(strategy).reduce is not Strategy.reduce:
        return gatherer.reduced(candidates)
    count = strategy.max_candidates()
    if count is None or count >= len(candidates):
        return gatherer.all(candidates)
    keys = kernels.tie_keys(len(candidates), _generator(gatherer.streams, gatherer.state.round))
    evidence = gatherer.top(candidates, count, keys)
    assert evidence.screen is not None
    kernels.check_scores(evidence.screen.scores, -math.inf, math.inf, f"the {type(strategy).__name__} screening score")
    return evidence


def _generator(streams: Streams, round_: int) -> torch.Generator:
    """The generator of the round's selection, in the state in which the strategy gets it."""
    return streams.torch("selection", round_)


def select(scored: Tensor | Evidence, strategy: Strategy, batch: int, streams: Streams, round_: int) -> Selection:
    """The strategy's batch, checked: `batch` distinct rows within range, as positions among all candidates.

    Args:
        scored: What `score` returned.
        strategy: The same.
        batch: B.
        streams: The run's.
        round_: From 0.

    Raises:
        ValueError: the rows are not `batch` distinct positions among the candidates.
    """
    generator = _generator(streams, round_)
    if isinstance(scored, Evidence):
        count, selection = scored.rows, strategy.select(scored, batch, generator)
    else:
        assert isinstance(strategy, ScoreStrategy)
        count, selection = len(scored), strategy.pick(scored, batch, generator)
    rows = selection.rows
    if len(rows) != batch or len(rows.unique()) != batch or not 0 <= int(rows.min()) <= int(rows.max()) < count:
        raise ValueError(
            f"{type(strategy).__name__} returned the rows {rows.tolist()[:8]} … for a batch of {batch} out of {count}: "
            f"they must be {batch} distinct positions"
        )
    if isinstance(scored, Evidence) and scored.screen is not None:
        return replace(selection, rows=scored.screen.candidates[rows.to(scored.screen.candidates.device)])
    return selection
