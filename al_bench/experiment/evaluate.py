"""Quality of a learner on the test part: every metric of the mean prediction."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable

import torch

from al_bench import kernels
from al_bench.learners.learner import Learner
from al_bench.learners.posterior import Sampler
from al_bench.metrics import METRICS, Metric
from al_bench.progress import bar

logger = logging.getLogger("al_bench")


def evaluate(
    learner: Learner, sampler: Sampler, metrics: Iterable[Metric] = METRICS.values()
) -> dict[str, float | None]:
    """Name to value of each metric, of the mean prediction of `sampler`'s functions on the whole test part."""
    data = learner.dataset
    means = []
    with bar("testing", len(data.test_inputs), "points") as testing:
        for rows, draws in learner.chunks(sampler, data.test_inputs):
            means.append(kernels.mean_log_probs(draws))
            testing.update(rows.stop - rows.start)
    log_probs = torch.cat(means).double()
    return {metric.name: _finite(metric, metric.compute(log_probs, data.test_labels)) for metric in metrics}


def _finite(metric: Metric, value: float) -> float | None:
    """A value, or None (said in the log) where a metric of the user's own has none for these predictions."""
    if metric.name in METRICS or math.isfinite(value):
        return value
    logger.warning("the metric %s is %s here; no value is recorded", metric.name, value)
    return None
