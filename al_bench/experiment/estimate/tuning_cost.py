"""What the trials of tuning take: each trains once a fold, for as long as configured or as the space allows."""

from __future__ import annotations

import math

from al_bench.experiment.estimate.calibrate import Calibration
from al_bench.experiment.estimate.curve import NOTHING, Cost
from al_bench.experiment.setup import Experiment
from al_bench.experiment.tuning.keys import configured_value, search_space
from al_bench.learners.search_space import Range

LENGTHS = ("training.steps", "training.epochs", "model.max_iter", "model.n_estimators")
"""Keys in proportion to which a training takes time."""


def longest_training(experiment: Experiment) -> float:
    """How many times as long as the configured training the longest one of the search space is; 1 without tuning."""
    config = experiment.config
    if not config.tuning.tunes:
        return 1.0
    factor = 1.0
    for key, dimension in search_space(config).items():
        configured = configured_value(config, key)
        if key in LENGTHS and isinstance(configured, (int, float)) and configured > 0:
            values = [dimension.high] if isinstance(dimension, Range) else dimension.values
            factor *= max(1.0, *(value / configured for value in values if isinstance(value, (int, float))))
    return factor


def tuning_cost(experiment: Experiment, calibration: Calibration, number: int, labelled: int) -> tuple[Cost, Cost]:
    """What the trials of a round take, and what they take at most: trials times folds times a training.

    Args:
        number: Of the round, from 0.
        labelled: L in it.
    """
    tuning = experiment.config.tuning
    if not tuning.tunes or not labelled or (number > 0 and not tuning.every_round):
        return NOTHING, NOTHING
    folds = min(tuning.folds, labelled)
    left = labelled - math.ceil(labelled / folds)
    predicting = calibration.predictions.at(labelled)
    expected, most = calibration.training.expected.at(left), calibration.training.most.at(left)
    longest = longest_training(experiment)
    return (
        (expected * folds + predicting) * tuning.trials,
        (most * (folds * longest) + predicting) * tuning.trials,
    )


def tuning_remarks(experiment: Experiment) -> list[str]:
    """What is not known of the trials."""
    config = experiment.config
    longest = longest_training(experiment)
    if not config.tuning.tunes or longest == 1:
        return []
    return [f"how long the trainings of tuning.space are: from those configured to {longest:.3g} times as long"]
