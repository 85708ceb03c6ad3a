"""Honeypot and Diverging Sine have the distributions of the paper."""

from __future__ import annotations

import math

import numpy as np
import pytest

from al_bench.data.diagnostic import DivergingSine, Honeypot
from al_bench.errors import InputError


def test_honeypot_is_four_gaussians_of_which_two_lie_on_each_other():
    points, labels = Honeypot(per_cluster=20_000).points(np.random.default_rng(0))
    means = [(0, 0), (4, 3), (0, 6), (4, 3)]
    for number, mean in enumerate(means):
        cluster = points[20_000 * number :][:20_000]
        assert cluster.mean(0) == pytest.approx(np.array(mean, dtype=float), abs=0.04)
        assert np.cov(cluster.T) == pytest.approx(np.eye(2), abs=0.04)
    assert np.bincount(labels).tolist() == [40_000, 40_000]
    assert set(labels[:40_000]) == {1}


def test_diverging_sine_lies_on_its_two_curves():
    points, labels = DivergingSine(per_class=5_000).points(np.random.default_rng(0))
    off = [y - (math.sin(2 * x) + (1 if label else -1) * x / 2)
           for (x, y), label in zip(points.tolist(), labels.tolist(), strict=True)]  # fmt: skip
    assert np.mean(off) == pytest.approx(0, abs=0.02)
    assert np.std(off) == pytest.approx(0.3, abs=0.01)
    assert points[:5000, 0].tolist() == points[5000:, 0].tolist() == pytest.approx(np.linspace(0, 10, 5000).tolist())


@pytest.mark.parametrize(("made", "train", "test"), [(Honeypot(), 480, 120), (DivergingSine(), 160, 40)],
                         ids=["honeypot", "sine"])  # fmt: skip
def test_the_sizes_are_those_of_the_paper_and_inputs_lie_between_0_and_1(made, train, test):
    dataset = made.load()
    assert (dataset.size, len(dataset.test_labels)) == (train, test)
    assert dataset.inputs.amin(0).tolist() == [0, 0]
    assert dataset.inputs.amax(0).tolist() == [1, 1]
    assert dataset.fingerprint() == made.load().fingerprint()


def test_too_few_points_are_refused():
    with pytest.raises(InputError, match=r"dataset.per_cluster is 1"):
        Honeypot(per_cluster=1)
