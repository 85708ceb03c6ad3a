"""Quality of a learner on the test part: accuracy, negative log-likelihood, calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from al_bench import kernels
from al_bench.learners.learner import Learner, Sampler
from al_bench.progress import bar


@dataclass(frozen=True)
class Quality:
    """How good the predictions are.

    Args:
        accuracy: Share of the test points whose most probable class is right.
        nll: Mean of −log p(true class), nats.
        ece: Expected calibration error over 15 bins of equal width (Guo et al. 2017).
    """

    accuracy: float
    nll: float
    ece: float


def evaluate(learner: Learner, sampler: Sampler) -> Quality:
    """The quality of the mean prediction of `sampler`'s functions on the whole test part."""
    data = learner.dataset
    means = []
    with bar("testing", len(data.test_inputs), "points") as testing:
        for rows, draws in learner.chunks(sampler, data.test_inputs):
            means.append(kernels.mean_log_probs(draws))
            testing.update(rows.stop - rows.start)
    log_probs = torch.cat(means).double()
    labels = data.test_labels
    return Quality(
        accuracy=(log_probs.argmax(1) == labels).double().mean().item(),
        nll=-log_probs.gather(1, labels[:, None]).mean().item(),
        ece=float(kernels.expected_calibration_error(log_probs.exp(), labels)),
    )
