"""Are the intervals and the verdict of `al-bench compare` as sure as they say? A study whose truth is known.

    python scripts/planted_savings.py --out results/planted_savings.csv

Minutes on one core. Random's mean curve rises from 0.58 at 20 labels to 0.96 at 420, an evaluation every 10 labels.
One strategy is planted: its mean curve is Random's with every label worth 1/0.7, so that the noise-free curves,
interpolated between evaluations, reach 90 % with exactly 30 % fewer labels. The other strategies are Random itself.

A seed's accuracy departs from the mean by a level that all arms share under it (the initial set), one of the arm's
own, and noise that is correlated from round to round (an autoregression); all shrink as the curve saturates.
Accuracies are multiples of 1 / `test_points`: of MNIST's 10,000, and of small test sets, on which arms differ by
exactly the same under few seeds often enough. Round 0 is the same network in all arms. Spread and correlation are
those of the digits sweep (standard deviation about 0.03 early and 0.01 late, 0.5 from round to round) under `digits`,
and half as large again under `noisy`.

Columns: `coverage`, of the true saving by the 95 % interval, among the `interval` share of repetitions that have one
(no seed censored); `claimed`, how often the verdict names the planted strategy; `false_beside_planted` and
`false_all_null`, how often it names any null strategy, with and without the planted one present; the latter with the
targets that it picks itself. Monte-Carlo error of 1,000 repetitions: 0.7 points at 95 % or 5 %.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from al_bench.analysis.arms import Arm
from al_bench.analysis.statistics.curves import Curves, summarise
from al_bench.analysis.statistics.savings import crossings
from al_bench.analysis.study import Study
from al_bench.analysis.verdict import verdict
from al_bench.records import RunHeader
from al_bench.storage.runs import Run

Floats = NDArray[np.float64]

LABELS = np.arange(20, 421, 10)
TARGET, SAVED = 0.9, 0.3
NULLS = 5
NOISES = {"digits": 1.0, "noisy": 1.5}
SMALL = (360, 100, 30)
LEVEL, OWN_LEVEL, ROUND, CORRELATION = 0.008, 0.006, 0.02, 0.5


def mean_curve(labels: NDArray[np.floating]) -> Floats:
    """Random's mean accuracy."""
    return 0.97 - 0.55 * np.exp(-((labels / 60) ** 0.7))


def planted_curve() -> Floats:
    """The planted strategy's mean accuracy, [B], whose interpolated crossing saves exactly SAVED."""
    base = _crossed(mean_curve(LABELS.astype(float)))

    def excess(worth: float) -> float:
        return 1 - _crossed(mean_curve(LABELS * worth)) / base - SAVED

    worth = float(brentq(excess, 1.2, 1.7, xtol=1e-12))
    curve = mean_curve(LABELS * worth)
    curve[0] = mean_curve(LABELS[:1].astype(float))[0]  # the shared network of round 0
    return curve


def _crossed(curve: Floats) -> float:
    return float(crossings(LABELS, curve[None], [TARGET])[0, 0])


def play(means: list[Floats], seeds: int, noise: float, points: int, generator: np.random.Generator) -> list[Floats]:
    """One study: the accuracies [S, B] of every arm."""
    shape = (seeds, len(LABELS))
    random = mean_curve(LABELS.astype(float))
    shrink = noise * (1 - random) / (1 - random).mean()  # [B]
    shared = LEVEL * generator.standard_normal((seeds, 1))
    first = generator.standard_normal(seeds)
    arms = []
    for mean in means:
        steps = generator.standard_normal(shape)
        rounds = np.empty(shape)
        rounds[:, 0] = first
        for place in range(1, shape[1]):
            rounds[:, place] = CORRELATION * rounds[:, place - 1] + (1 - CORRELATION**2) ** 0.5 * steps[:, place]
        own = OWN_LEVEL * generator.standard_normal((seeds, 1)) * (np.arange(shape[1]) > 0)
        accuracy = mean + shrink * (shared + own + ROUND * rounds)
        arms.append(np.clip(np.round(accuracy * points) / points, 0, 1))
    return arms


def empty_study(names: list[str], seeds: int, points: int) -> Study:
    """A study with the arms but without their accuracies."""
    curves = Curves(LABELS, np.zeros((seeds, len(LABELS))))
    headers = [RunHeader(study="planted", dataset="planted", arm="", seed=seed, test=points) for seed in range(seeds)]
    runs = tuple(Run(Path("planted"), header, "complete", (), False) for header in headers)
    arms = tuple(Arm("planted", name, name, name, False, runs, curves, summarise(curves)) for name in names)
    rows = {name: tuple(range(seeds)) for name in names}
    return Study("planted", arms, LABELS, {}, rows, "random", frozenset())


def judge(
    seeds: int, noise: str, points: int, repetitions: int, generator: np.random.Generator
) -> dict[str, float | int | str]:
    """One line of the table."""
    names = ["random", "planted", *(f"null_{number}" for number in range(NULLS))]
    random, planted = mean_curve(LABELS.astype(float)), planted_curve()
    study = empty_study(names, seeds, points)
    nulls = empty_study([name for name in names if name != "planted"], seeds, points)
    covered = exact = claimed = beside = alone = 0
    saved, widths = [], []
    for _ in range(repetitions):
        arms = play([random, planted, *[random] * NULLS], seeds, NOISES[noise], points, generator)
        said = verdict(replace(study, values=dict(zip(names, arms, strict=True))), (TARGET,))
        one = said.findings[0].saved[0]
        if one.exact:
            exact += 1
            covered += one.low <= SAVED <= one.high
            saved.append(one.saved)
            widths.append(one.high - one.low)
        claimed += "planted" in said.winners
        beside += any(name != "planted" for name in said.winners)
        arms = play([random] * (NULLS + 1), seeds, NOISES[noise], points, generator)
        accuracy = dict(zip(nulls.seeds, arms, strict=True))
        alone += bool(verdict(replace(nulls, values=accuracy)).winners)
    return {
        "noise": noise,
        "test_points": points,
        "seeds": seeds,
        "repetitions": repetitions,
        "null_strategies": NULLS,
        "true_saved": SAVED,
        "interval": round(exact / repetitions, 4),
        "coverage": round(covered / max(exact, 1), 4),
        "mean_saved": round(float(np.mean(saved)), 4),
        "median_width": round(float(np.median(widths)), 4),
        "claimed": round(claimed / repetitions, 4),
        "false_beside_planted": round(beside / repetitions, 4),
        "false_all_null": round(alone / repetitions, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage and false claims of al-bench compare on a planted saving.")
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path("results/planted_savings.csv"))
    arguments = parser.parse_args()
    rows = []
    for noise, points, seeds in [*product(NOISES, [10_000], [3, 5, 10, 20]), *product(["digits"], SMALL, [3, 5, 10])]:
        place = [list(NOISES).index(noise), seeds]
        generator = np.random.default_rng(place if points == 10_000 else [*place, points])
        rows.append(judge(seeds, noise, points, arguments.repetitions, generator))
        print(rows[-1], flush=True)
    with arguments.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
