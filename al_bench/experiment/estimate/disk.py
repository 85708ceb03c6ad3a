"""Bytes that a run writes: its folder, and what it adds to the cache that runs share."""

from __future__ import annotations

import numpy as np

from al_bench.config.schema import Keep, Reference
from al_bench.experiment.first_round import uncacheable_class
from al_bench.experiment.setup import Experiment
from al_bench.storage.cache import cache_folder

SMALL_FILES = 1_500
"""Bytes of status.json and of what run.log says of a run as a whole."""
LOG_LINE, CURVE_LINE = 110, 70
"""Bytes of a round in run.log and in curve.csv."""
BLOCK = 110
"""Bytes before each array of a file of arrays."""


def run_bytes(experiment: Experiment, header_bytes: int, line_bytes: float, state_bytes: float) -> float:
    """Bytes of a run's folder at its end.

    Args:
        experiment: The run.
        header_bytes: Of header.json and config.yaml.
        line_bytes: Of a round's line in rounds.jsonl.
        state_bytes: Of the weights.
    """
    config, rounds = experiment.config, experiment.rounds
    tested, classes = len(experiment.dataset.test_labels), experiment.dataset.classes
    total = header_bytes + SMALL_FILES + rounds * (line_bytes + LOG_LINE + CURVE_LINE)
    if config.evaluation.keep is Keep.probabilities:
        evaluated = sum(experiment.evaluates(number) for number in range(rounds))
        total += 8 * tested + evaluated * (4 * tested * classes + BLOCK)
    if config.evaluation.stop_set and config.reference is Reference.none:
        points = min(config.evaluation.stop_set, len(experiment.start.pool))
        index, label = (np.min_scalar_type(most).itemsize for most in (experiment.dataset.size - 1, classes - 1))
        total += points * index + rounds * (points * label + BLOCK)
    if config.training.warm_start:
        total += min(rounds, 2) * state_bytes
    return total


def cache_bytes(experiment: Experiment, state_bytes: float) -> float:
    """Bytes that a run adds to the cache: the networks of its round 0, where they are stored."""
    if cache_folder(experiment.config.cache) is None or not state_bytes:
        return 0.0
    if uncacheable_class(experiment) is not None or not experiment.config.posterior.weights_suffice:
        return 0.0
    return state_bytes
