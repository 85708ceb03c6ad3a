"""The metrics' functions. Letters: N test points, C classes; log-probabilities are float64, in nats.

Means over classes are over those that the test part has points of: they are the same classes in every round and for
every strategy, and a class without a point has no recall.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from al_bench import kernels
from al_bench.metrics.predictions import Predictions


def accuracy(predictions: Predictions) -> float:
    """Share of the points whose most probable class is the true one: mean of 1[argmax_c p_nc = y_n]."""
    return (predictions.predicted_n == predictions.labels_n).double().mean().item()


def negative_log_likelihood(predictions: Predictions) -> float:
    """−mean of log p_n(y_n), nats."""
    return -predictions.log_probs_nc.gather(1, predictions.labels_n[:, None]).mean().item()


def calibration_error(predictions: Predictions) -> float:
    """Expected calibration error over 15 bins of equal width (Guo et al. 2017, eq. 3), between 0 and 1."""
    return kernels.expected_calibration_error(predictions.probs_nc, predictions.labels_n)


def brier_score(predictions: Predictions) -> float:
    """Mean of Σ_c (p_nc − 1[c = y_n])², between 0 and 2 (Brier 1950): twice what binary forecasts often quote."""
    right_n = predictions.probs_nc.gather(1, predictions.labels_n[:, None])[:, 0]
    return (predictions.probs_nc.square().sum(1) - 2 * right_n + 1).mean().item()


def recall(predictions: Predictions) -> list[float]:
    """[C] share of a class's points that are predicted as it; NaN for a class without points."""
    return (predictions.right_c.double() / predictions.tested_c).tolist()


def precision(predictions: Predictions) -> list[float]:
    """[C] share of the points predicted as a class that are of it; 0 where none is, NaN for a class without points."""
    share_c = predictions.right_c.double() / predictions.named_c.clamp(min=1)
    return share_c.masked_fill(~predictions.present_c, math.nan).tolist()


def balanced_accuracy(predictions: Predictions) -> float:
    """Mean over classes of the recall (Brodersen et al. 2010): what a rare class weighs does not depend on its size."""
    return _mean(predictions.right_c.double() / predictions.tested_c, predictions)


def macro_f1(predictions: Predictions) -> float:
    """Mean over classes of F1 = 2 right / (points of the class + points predicted as it)."""
    return _mean(2 * predictions.right_c.double() / (predictions.tested_c + predictions.named_c), predictions)


def auroc(predictions: Predictions) -> float:
    """Mean over classes of the area under the ROC curve, each class against the rest, ties by mid-ranks.

    NaN where a test part of one class leaves nothing to rank.
    """
    return _mean(predictions.areas[0], predictions)


def average_precision(predictions: Predictions) -> float:
    """Mean over classes of the average precision, each class against the rest."""
    return _mean(predictions.areas[1], predictions)


def _mean(values_c: Tensor, predictions: Predictions) -> float:
    """The mean over the classes that the test part has."""
    return values_c[predictions.present_c].mean().item()


def classes_found(class_counts: Sequence[int]) -> float:
    """How many classes the labelled set has a point of, from [C] labelled points by class."""
    return float(sum(count > 0 for count in class_counts))
