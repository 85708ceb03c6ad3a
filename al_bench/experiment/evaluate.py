"""The predictions of a learner for the test part: the mean of its functions."""

from __future__ import annotations

import torch
from torch import Tensor

from al_bench import kernels
from al_bench.learners.learner import Learner
from al_bench.learners.posterior import Sampler
from al_bench.progress import bar


def predict_test(learner: Learner, sampler: Sampler) -> Tensor:
    """[N, C] log-probabilities of the mean prediction of `sampler`'s functions on the whole test part, nats."""
    data = learner.dataset
    means = []
    with bar("testing", len(data.test_inputs), "points") as testing:
        for rows, draws in learner.chunks(sampler, data.test_inputs):
            means.append(kernels.mean_log_probs(draws))
            testing.update(rows.stop - rows.start)
    return torch.cat(means)


def predict_rows(learner: Learner, sampler: Sampler, indices: Tensor) -> Tensor:
    """[n, C] log-probabilities of the mean prediction of `sampler`'s functions for dataset indices [n], nats."""
    chunks = learner.chunks(sampler, learner.dataset.inputs, indices)
    return torch.cat([kernels.mean_log_probs(draws) for _, draws in chunks])
