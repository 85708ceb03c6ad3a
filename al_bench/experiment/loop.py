"""The round loop: train from scratch, evaluate, score the unlabelled pool, acquire a batch, record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from al_bench.errors import InputError
from al_bench.experiment.acquire import score, select
from al_bench.experiment.evaluate import evaluate
from al_bench.experiment.first_round import first_round
from al_bench.experiment.gather import Gatherer
from al_bench.experiment.meter import Meter
from al_bench.experiment.monitor import Watch
from al_bench.experiment.ranking_noise import RankingNoise
from al_bench.experiment.setup import Bench
from al_bench.learners.fit import Fit
from al_bench.pool import Indices, PoolState
from al_bench.progress import waiting
from al_bench.storage.run_folder import RunFolder
from al_bench.strategies.base import Selection


def play(bench: Bench, folder: RunFolder, report: Callable[[dict[str, Any]], None]) -> None:
    """Play the rounds that are not on record yet.

    Args:
        report: Called with each round's record after it is on disk.
    """
    learner, streams, schedule = bench.learner, bench.streams, bench.config.schedule
    state = folder.resume(bench.start)
    if folder.finished:
        return
    if state.round:
        recall(bench, folder.path, state.round - 1)
    watch = Watch(bench, folder.rounds)
    took = folder.rounds[-1]["seconds"].get("select") if state.round else None
    for round_ in range(state.round, bench.rounds):
        meter = Meter(bench.dataset.inputs.device.type)
        last = round_ == bench.rounds - 1
        with first_round(bench, round_) as shared:
            with meter.stage("train"):
                fits = shared.read()
                if fits is None:
                    fits = train(bench, state, round_)
            quality = dict.fromkeys(("accuracy", "nll", "ece"))
            if last or round_ % bench.config.evaluation.every == 0:
                with meter.stage("evaluate"):
                    quality = shared.quality or judge(bench, round_)
            shared.keep(fits, quality, sum(meter.seconds.values()))
        if shared.told:
            folder.amend(first_round=shared.told)
        if schedule.stop_at_accuracy is not None and (quality["accuracy"] or 0) >= schedule.stop_at_accuracy:
            last = True
        acquired = selection = candidates = scored = noise = None
        if not last:
            candidates = state.candidates(schedule.candidates, streams.numpy("candidates", round_))
            batch = min(schedule.batch, bench.labels_at_end - len(state.labelled))
            with meter.stage("score"):
                gatherer = Gatherer(learner, bench.strategy, state, streams, bench.table)
                noise = RankingNoise.for_round(gatherer, batch, len(candidates))
                scored = score(gatherer, torch.tensor(candidates), noise)
            with waiting("selecting", took), meter.stage("select"):
                selection = select(scored, bench.strategy, batch, streams, round_)
            acquired = candidates[selection.rows.cpu().numpy()]  # the only place where a row becomes an index
        keep(bench, folder.path, round_)
        entry = describe(bench, state, fits, candidates, acquired, selection)
        entry |= quality | {"health": watch.look(state, quality["accuracy"], acquired, scored, selection, noise)}
        entry |= {"seconds": meter.seconds, "peak_memory_bytes": meter.peak_memory_bytes}
        folder.append(entry)
        report(entry)
        watch.warn(entry)
        if acquired is None:
            break
        state, took = state.acquire(acquired), meter.seconds["select"]


def train(bench: Bench, state: PoolState, round_: int) -> list[Fit]:
    """Train the learner on the labelled set, from scratch unless `training.warm_start` goes on from the last round."""
    if round_ == 0 or not bench.config.training.warm_start:
        bench.learner.reset(bench.streams, round_)
    return bench.learner.fit(torch.tensor(state.labelled), torch.tensor(bench.validation), bench.streams, round_)


def judge(bench: Bench, round_: int) -> dict[str, Any]:
    """The quality of the learner on the test part."""
    sampler = bench.learner.sampler(bench.streams, "test_masks", round_, bench.config.evaluation.draws)
    return evaluate(bench.learner, sampler)


def describe(
    bench: Bench,
    state: PoolState,
    fits: list[Fit],
    candidates: Indices | None,
    acquired: Indices | None,
    selection: Selection | None,
) -> dict[str, Any]:
    """What a round's record says of the labelled set, the training and the acquisition."""
    labels = bench.dataset.labels(torch.tensor(state.labelled))
    return {
        "round": state.round,
        "labelled": len(state.labelled),
        "accuracy": None,
        "nll": None,
        "ece": None,
        "class_counts": torch.bincount(labels, minlength=bench.dataset.classes).tolist(),
        "fit": [asdict(fit) for fit in fits],
        "candidates": None if candidates is None else len(candidates),
        "acquired": None if acquired is None else acquired.tolist(),
        "scores": None if selection is None or selection.scores is None else selection.scores.tolist(),
        "acquired_labels": None if acquired is None else bench.dataset.labels(torch.tensor(acquired)).tolist(),
        "notes": {} if selection is None else selection.notes,
    }


def _weights(path: Path, round_: int) -> Path:
    return path / f"weights-{round_}.pt"


def keep(bench: Bench, path: Path, round_: int) -> None:
    """Under warm start, save the weights that the next round starts from, and drop those of two rounds ago."""
    if bench.config.training.warm_start:
        part = path / "weights.part"
        torch.save(bench.learner.state(), part)
        part.replace(_weights(path, round_))
        _weights(path, round_ - 2).unlink(missing_ok=True)


def recall(bench: Bench, path: Path, round_: int) -> None:
    """Under warm start, load the weights of the last round on record.

    Raises:
        InputError: they are not there; from scratch a run resumes from its record alone, warm it needs them.
    """
    if not bench.config.training.warm_start:
        return
    file = _weights(path, round_)
    if not file.exists():
        raise InputError(
            f"{file} is missing: under training.warm_start a run resumes from its last weights; "
            "restore the file, or move the folder away to start over"
        )
    states = torch.load(file, map_location=bench.dataset.inputs.device, weights_only=True)
    bench.learner.load_state(states)
