"""A short calibration: a little of every stage of a run, on its real objects, on states that are thrown away.

Letters: L points that an annotator was asked about, N candidates, n of them scored, T test points.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from al_bench.config.schema import Reference
from al_bench.evidence import FIXED, Evidence
from al_bench.experiment import loop
from al_bench.experiment.acquire import Acquisition, gatherer_of, score, select
from al_bench.experiment.estimate.curve import NOTHING, QUADRATIC, Cost, Curve, measure_growth, rising_sizes, timed
from al_bench.experiment.estimate.training_cost import TrainingCost, measure_training
from al_bench.experiment.meter import Meter
from al_bench.experiment.monitor import HealthMonitor
from al_bench.experiment.ranking_noise import RankingNoise
from al_bench.experiment.scoring_engines.local import LocalProcesses
from al_bench.experiment.setup import Experiment
from al_bench.experiment.successor import Successor
from al_bench.kernels import mean_log_probs
from al_bench.metrics.measure import Quality, measure
from al_bench.pool import PoolState
from al_bench.records import RoundRecord
from al_bench.storage.rounds import encode

SECONDS = 30.0
"""How long a calibration may take, reading the data not counted."""
OF_SUCCESSOR = 0.3
"""The share of the time for a second learner, where there is one."""
SHARES = {"train": 0.35, "evaluate": 0.1, "acquire": 0.3, "train early": 0.1, "acquire early": 0.15}
"""Of the time: each step may also use what those before it have left."""
FIRST_ROWS = 1024
"""Rows that are scored or tested first."""


@dataclass
class Calibration:
    """What was measured.

    Attributes:
        training: By number of labelled points.
        score, select: By number of candidates, at each number of labelled points that was tried, ascending.
        evaluation: Predictions and metrics, by number of test points.
        predictions: Predictions alone, by number of points.
        every_round: The rest of a round: its health and its record.
        first_time: What is paid once a process.
        memory_bytes: The highest resident memory, or of a GPU's allocator.
        evidence_bytes: Of one candidate, where the evidence of all candidates is kept.
        scored: The most candidates that were scored.
        line_bytes: Of a round's line in rounds.jsonl.
        state_bytes: Of the weights; 0 where the learner has no state.
        seconds: How long the calibration took.
        successor: What training and evaluating a second learner takes; None without one.
    """

    training: TrainingCost = field(default_factory=TrainingCost)
    score: dict[int, Curve] = field(default_factory=dict)
    select: dict[int, Curve] = field(default_factory=dict)
    evaluation: Curve = field(default_factory=Curve)
    predictions: Curve = field(default_factory=Curve)
    every_round: Cost = NOTHING
    first_time: Cost = NOTHING
    memory_bytes: int = 0
    evidence_bytes: float = 0.0
    scored: int = 0
    line_bytes: int = 0
    state_bytes: int = 0
    seconds: float = 0.0
    successor: Calibration | None = None


class Calibrator:
    """Measures the stages of one run.

    Args:
        experiment: The objects of the run; their learner is left trained on random points.
        seconds: How long it may take. One step that cannot be cut short, such as a single training of an estimator or
            a single clustering, may go beyond.
    """

    def __init__(self, experiment: Experiment, seconds: float) -> None:
        self.experiment = experiment
        self.result = Calibration()
        self._meter = Meter(experiment.device)
        self._meter.start_round()
        self._began = time.perf_counter()
        self._seconds = seconds
        self._share = 0.0
        self._quality: Quality | None = None
        self._acquisition: Acquisition | None = None

    def _until(self, step: str) -> float:
        """When a step has to end; the steps are asked for in their order."""
        self._share += SHARES[step]
        return self._began + self._seconds * self._share

    def run(self) -> Calibration:
        """Measure late and early in the run, so that what grows with the labels is between two measurements."""
        experiment, result = self.experiment, self.result
        if experiment.successor is not None:
            result.successor = self._second_learner(experiment.successor)
        acquires = experiment.config.reference is Reference.none and experiment.rounds > 1
        first, last = acquiring_label_counts(experiment)
        with self._metered("train"):
            result.training = measure_training(experiment, self._state, last, self._until("train"))
        with self._metered("evaluate"):
            self._evaluate(self._until("evaluate"))
        if acquires:
            self._acquire(last, self._until("acquire"))
        self._rest(last)
        if first < last:
            with self._metered("train"):
                early = measure_training(experiment, self._state, first, self._until("train early"))
                result.training = early.merged(result.training)
            if acquires:
                self._acquire(first, self._until("acquire early"))
        states = experiment.learner.state() or []
        tensors = [value for state in states for value in state.values() if isinstance(value, torch.Tensor)]
        result.state_bytes = sum(tensor.nbytes for tensor in tensors)
        result.memory_bytes = max(self._meter.peak_memory_bytes.values(), default=0)
        curves = [*result.score.values(), *result.select.values(), result.evaluation]
        result.first_time = sum((curve.first_time for curve in curves), result.training.first_time)
        result.seconds = time.perf_counter() - self._began + (result.successor.seconds if result.successor else 0.0)
        return result

    def _second_learner(self, successor: Successor) -> Calibration:
        """What training and evaluating a successor takes, late in the run and early."""
        alone = replace(self.experiment, learner=successor.learner, streams=successor.streams, successor=None)
        other = Calibrator(alone, OF_SUCCESSOR * self._seconds)
        first, last = acquiring_label_counts(alone)
        until = other._began + other._seconds
        with self._metered("successor"):
            late = measure_training(alone, self._state, last, until - 0.6 * other._seconds)
            other._evaluate(until - 0.3 * other._seconds)
            early = measure_training(alone, self._state, first, until) if first < last else TrainingCost()
        other.result.training = early.merged(late)
        other.result.seconds = time.perf_counter() - other._began
        self._seconds -= other._seconds
        self._began = time.perf_counter()
        return other.result

    @contextmanager
    def _metered(self, stage: str) -> Iterator[None]:
        """Watch the memory; the highest value of a stage's several parts stays."""
        before = self._meter.peak_memory_bytes.get(stage, 0)
        with self._meter.stage(stage):
            yield
        self._meter.peak_memory_bytes[stage] = max(before, self._meter.peak_memory_bytes[stage])

    def _state(self, labelled: int) -> PoolState:
        """A state of the pool with so many labelled points: those of round 0, and random ones."""
        start = self.experiment.start
        more = labelled - len(start.asked)
        if more <= 0:
            return start
        chosen = np.random.default_rng(0).choice(start.unlabelled, more, replace=False)
        return start.acquire(chosen)

    def _evaluate(self, until: float) -> None:
        """Predict and judge more and more of the test part."""
        experiment, learner, data = self.experiment, self.experiment.learner, self.experiment.dataset
        draws = experiment.config.evaluation.draws

        def predict_and_judge(rows: int) -> Cost:
            with timed() as predicting:
                sampler = learner.sampler(experiment.streams, "test_masks", 0, draws)
                parts = learner.chunks(sampler, data.test_inputs, torch.arange(rows))
                log_probs = torch.cat([mean_log_probs(part) for _, part in parts])
            self.result.predictions.add(rows, predicting.cost)
            with timed() as judging:
                self._quality = measure(log_probs.double(), data.test_labels[:rows], experiment.metrics)
            return predicting.cost + judging.cost

        sizes = rising_sizes(FIRST_ROWS, len(data.test_labels))
        self.result.evaluation = measure_growth(predict_and_judge, sizes, until)

    def _acquire(self, labelled: int, until: float) -> None:
        """Score more and more candidates, and select a batch of them."""
        experiment, result, state = self.experiment, self.result, self._state(labelled)
        streams = experiment.streams
        candidates = state.candidates(experiment.config.schedule.candidates, streams.numpy("candidates", 0))
        batch = max(1, experiment.batch(labelled))
        scores, selections = Curve(), Curve(QUADRATIC)

        def score_and_select(rows: int) -> Cost:
            part = np.sort(np.random.default_rng(1).choice(candidates, rows, replace=False))
            with self._metered("score"), timed() as scoring:
                gatherer = replace(gatherer_of(experiment, state)[1], engine=LocalProcesses())
                noise = RankingNoise.for_round(gatherer, batch, rows)
                scored = score(gatherer, torch.tensor(part), noise)
            with self._metered("select"), timed() as selecting:
                selection = select(scored, gatherer.strategy, batch, streams, 0)
            scores.add(rows, scoring.cost)
            selections.add(rows, selecting.cost)
            picked = part[selection.rows.cpu().numpy()]
            self._acquisition = Acquisition(part, picked, scored, selection, noise)
            result.evidence_bytes, result.scored = evidence_bytes(scored), max(result.scored, rows)
            return scoring.cost + selecting.cost

        first = max(min(FIRST_ROWS, len(candidates)), min(2 * batch, len(candidates)))
        whole = measure_growth(score_and_select, rising_sizes(first, len(candidates)), until, QUADRATIC)
        selections.first_time = whole.first_time
        result.score[labelled], result.select[labelled] = scores, selections

    def _rest(self, labelled: int) -> None:
        """Describe a round for the record, as the loop does."""
        experiment, state = self.experiment, self._state(labelled)

        def describe(_: int) -> Cost:
            with timed() as watch:
                monitor = HealthMonitor(experiment, [])
                record: RoundRecord = loop.describe(
                    experiment, state, [], self._quality, None, None, self._acquisition, monitor, self._meter
                )
                self.result.line_bytes = len(encode(record, "")[0])
            return watch.cost

        self.result.every_round = measure_growth(describe, [1], self._began).at(1)


def acquiring_label_counts(experiment: Experiment) -> tuple[int, int]:
    """L in the first and in the last round that acquires; a cold start counts from its second round."""
    start, batch = len(experiment.start.asked), experiment.config.schedule.batch
    first = start or min(batch, experiment.labels_at_end)
    return first, max(first, start + batch * max(0, experiment.rounds - 2))


def evidence_bytes(scored: torch.Tensor | Evidence) -> float:
    """Bytes of one candidate in what a strategy selects from; 0 where their number is capped."""
    if isinstance(scored, torch.Tensor):
        return float(scored.element_size())
    if scored.screen is not None or not scored.rows:
        return 0.0
    return sum(part.nbytes for name, part in scored.products.items() if name not in FIXED) / scored.rows
