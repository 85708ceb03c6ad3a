"""Learning curves as their papers write them, and what a fit makes small, one term at a time."""

from __future__ import annotations

import math


def power_law(labels: float, level: float, drop: float, rate: float) -> float:
    """a − b L^(−c)."""
    return level - drop * labels ** (-rate)


def exponential(labels: float, level: float, drop: float, time: float) -> float:
    """a − b exp(−L / τ)."""
    return level - drop * math.exp(-labels / time)


def palm(labels: float, batch: float, top: float, coverage: float, start: float, shape: float) -> float:
    """A_max (1 − (1 − δ)^((B / b + α)^β))."""
    return top * (1 - (1 - coverage) ** ((labels / batch + start) ** shape))


def penalised(curve, labels, values, noise, shapes) -> float:
    """What a fit makes small: squares of errors over the noise, and of the shapes' distances from what is usual."""
    total = 0.0
    for count, value in zip(labels, values, strict=True):
        total += ((curve(count) - value) / noise) ** 2
    for shape, usual, width in shapes:
        total += ((shape - usual) / width) ** 2
    return total


def power_law_loss(labels: list[float], values: list[float], noise: float, parameters) -> float:
    """Of the value at the last count, the rise from there to the level, and log c."""
    value, rise, shape = parameters
    rate = math.exp(shape)
    level, drop = value + rise, rise * labels[-1] ** rate
    shapes = [(shape, math.log(0.6), 0.6)]
    return penalised(lambda count: power_law(count, level, drop, rate), labels, values, noise, shapes)
