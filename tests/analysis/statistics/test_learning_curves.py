"""Families of learning curves: against their papers' forms and loss, and curves whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from al_bench.analysis.statistics import learning_curves as curves
from tests.reference import learning_curves as twin

LABELS = [40.0, 80.0, 120.0, 160.0, 200.0]
PLACES = np.array(LABELS) / LABELS[-1]


def test_the_power_law_is_the_papers():
    parameters = np.array([0.8, 0.1, math.log(0.7)])
    level, drop = 0.9, 0.1 * 200**0.7
    expected = [twin.power_law(count, level, drop, 0.7) for count in LABELS]
    np.testing.assert_allclose(curves.power_law(parameters, PLACES), expected, rtol=1e-12)


def test_the_exponential_is_the_papers():
    parameters = np.array([0.8, 0.1, math.log(0.5)])
    expected = [twin.exponential(count, 0.9, 0.1 * math.exp(2), 100) for count in LABELS]
    np.testing.assert_allclose(curves.exponential(parameters, PLACES), expected, rtol=1e-12)


def test_the_third_is_palms():
    batch, top, coverage, start, shape = 40.0, 0.9, 0.3, 0.5, 0.6
    width = batch / 200
    rate = math.log(-math.log(1 - coverage) / width**shape)
    parameters = np.array([top, rate, start * width, math.log(shape)])
    expected = [twin.palm(count, batch, top, coverage, start, shape) for count in LABELS]
    np.testing.assert_allclose(curves.palm(parameters, PLACES), expected, rtol=1e-12)


@pytest.mark.parametrize("noise", [0.005, 0.03])
def test_no_other_parameters_make_the_papers_loss_smaller(noise):
    values = [0.52, 0.63, 0.69, 0.705, 0.74]
    family = curves.FAMILIES[0]
    found = curves.fit(family, PLACES, np.array(values), noise)
    best = twin.power_law_loss(LABELS, values, noise, found)
    generator = np.random.default_rng(0)
    for size in (0.3, 0.03, 0.003):
        for step in generator.normal(0, size, (300, 3)):
            other = np.clip(found + step, family.low, family.high)
            assert twin.power_law_loss(LABELS, values, noise, other) >= best - 1e-4


TRUTHS = {
    "power law": lambda labels: 0.95 - 3.0 * labels**-0.6,
    "exponential": lambda labels: 0.9 - 0.5 * np.exp(-labels / 150),
    "PALM": lambda labels: 0.92 * (1 - 0.8 ** ((labels / 20) ** 0.6)),
}


@pytest.mark.parametrize("name", TRUTHS)
def test_a_planted_curve_is_carried_on_by_its_own_family(name):
    truth = TRUTHS[name]
    seen = np.arange(20.0, 420.0, 20.0)
    fitted = curves.fit_families(seen, truth(seen), 0.001)
    number = [family.name for family in curves.FAMILIES].index(name)
    later = np.array([500.0, 800.0])
    np.testing.assert_allclose(fitted.each(later)[number], truth(later), atol=0.02)
    np.testing.assert_allclose(fitted.mean(later), truth(later), atol=0.05)


def test_no_forecast_falls_or_is_above_1():
    generator = np.random.default_rng(0)
    for _ in range(20):
        values = np.sort(generator.random(4)) if generator.random() < 0.5 else generator.random(4)
        fitted = curves.fit_families(np.array([10.0, 20, 30, 40]), values, 0.02)
        ahead = fitted.each(np.linspace(40, 80, 20))
        assert (np.diff(ahead, axis=1) >= -1e-12).all()
        assert ((ahead >= 0) & (ahead <= 1)).all()


def test_families_disagree_more_the_farther_they_are_carried():
    fitted = curves.fit_families(np.array([20.0, 40, 60]), np.array([0.4, 0.55, 0.62]), 0.01)
    near, far = fitted.spread(np.array([66.0, 120.0]))
    assert near < far
