"""Studies whose truth is known: how the accuracies of their arms are made, and what is true of each arm.

Random's mean curve rises from 0.58 at 20 labels to 0.96 at 420, an evaluation every 10 labels. A seed's accuracy
departs from the mean by a level that all arms share under it (the initial set), one of the arm's own, and noise that is
correlated from round to round (an autoregression); all shrink as the curve saturates. Accuracies are multiples of
1 / `points`, the test points. Round 0 is the same network in all arms of a setting. Spread and correlation are those of
the digits sweep (standard deviation about 0.03 early and 0.01 late, 0.5 from round to round) where a case does not say
otherwise.

What is true of an arm is true of its seeds that do not collapse, as the claims of `al-bench compare` say it; the share
of seeds that do is a truth of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from scipy.optimize import brentq

from al_bench.analysis.arms import Arm
from al_bench.analysis.finding import COLLAPSE_POINTS
from al_bench.analysis.settings import Setting
from al_bench.analysis.statistics.curves import Curves, summarise
from al_bench.analysis.statistics.savings import crossings
from al_bench.analysis.study import Study
from al_bench.records import RunHeader
from al_bench.storage.runs import Run

Floats = NDArray[np.float64]

LABELS = np.arange(20, 421, 10)
TARGET = 0.9
LEVEL, OWN_LEVEL, ROUND, CORRELATION = 0.008, 0.006, 0.02, 0.5
COLLAPSING, DEPTH = 0.15, 0.12
WORSE_NETWORK = 0.03
LATER = np.arange(len(LABELS)) > 0  # round 0 is shared


def mean_curve(labels: NDArray[np.floating]) -> Floats:
    """Random's mean accuracy."""
    return 0.97 - 0.55 * np.exp(-((labels / 60) ** 0.7))


RANDOM = mean_curve(LABELS.astype(float))


def crossed(curve: Floats) -> float:
    """The labels at which a noise-free curve reaches the target."""
    return float(crossings(LABELS, curve[None], [TARGET])[0, 0])


def saving_curve(saved: float) -> Floats:
    """Random's curve with every label worth so much more that its interpolated crossing saves exactly `saved`."""

    def excess(worth: float) -> float:
        return 1 - crossed(mean_curve(LABELS * worth)) / crossed(RANDOM) - saved

    return np.where(LATER, mean_curve(LABELS * float(brentq(excess, 1.0, 1.9, xtol=1e-12))), RANDOM)


def crossing_curve() -> Floats:
    """Behind Random by up to 4 points around 70 labels, ahead by up to 2 from 150 on; their areas are equal."""
    behind = -0.04 * np.exp(-(((LABELS - 70) / 35) ** 2)) * LATER
    ahead = 1 / (1 + np.exp(-(LABELS - 140) / 15)) * (1 - RANDOM) * LATER
    return RANDOM + behind - ahead * trapezoid(behind, LABELS) / trapezoid(ahead, LABELS)


@dataclass(frozen=True)
class Planted:
    """One strategy of a planted study.

    Args:
        name: The arm's.
        mean: Its mean accuracy, [B], of seeds that do not collapse.
        null: Whether it is Random by another name: whatever is claimed of it is false.
        collapsing: The share of its seeds that are DEPTH lower from the first batch on.
        skewed: Whether its own level has long tails downwards: 1 − an exponential number, of mean 0 and skewness −2.
        seeds: The share of the study's seeds that it has, at least 3.
        worse_network: Whether it is of the second setting, another network that is 3 points worse with every strategy.
    """

    name: str
    mean: Floats
    null: bool = False
    collapsing: float = 0.0
    skewed: bool = False
    seeds: float = 1.0
    worse_network: bool = False

    @property
    def curve(self) -> Floats:
        """Its mean accuracy in its setting, [B]."""
        return self.mean - WORSE_NETWORK * self.worse_network


@dataclass(frozen=True)
class Case:
    """A planted study.

    Args:
        name: What is special about it.
        arms: Its strategies; the first is the one that the coverage is of. Random is beside them.
        noise: Times the noise of the digits sweep.
        points: Test points.
        heavy: Whether levels and noise have Student's distribution with 3 degrees of freedom, of the same variance.
        correlation: Of a seed's noise from round to round.
        outliers: The share of an arm's seeds that are 6 points higher or lower, as likely either, beside the rest.
        targets: None: those that the verdict picks itself.
    """

    name: str
    arms: tuple[Planted, ...]
    noise: float = 1.0
    points: int = 10_000
    heavy: bool = False
    correlation: float = CORRELATION
    outliers: float = 0.0
    targets: tuple[float, ...] | None = (TARGET,)

    @property
    def baselines(self) -> tuple[Planted, ...]:
        """Random, in each setting."""
        own = Planted("random", RANDOM)
        second = replace(own, name="random_2", worse_network=True)
        return (own, second) if any(arm.worse_network for arm in self.arms) else (own,)


def _nulls(count: int, prefix: str = "null", seeds: float = 1.0, worse_network: bool = False) -> tuple[Planted, ...]:
    null = Planted(prefix, RANDOM, null=True, seeds=seeds, worse_network=worse_network)
    return tuple(replace(null, name=f"{prefix}_{number}") for number in range(count))


SAVES_30, SAVES_15 = Planted("planted", saving_curve(0.3)), Planted("planted", saving_curve(0.15))
COLLAPSES = Planted("planted", RANDOM + LATER * COLLAPSING * DEPTH / (1 - COLLAPSING), collapsing=COLLAPSING)
CASES = (
    Case("no strategy is better", _nulls(6), targets=None),
    Case("one of six saves 30 %", (SAVES_30, *_nulls(5))),
    Case("one of six saves 30 %, noise half as large again", (SAVES_30, *_nulls(5)), noise=1.5),
    Case("one of six saves 30 %, 100 test points", (SAVES_30, *_nulls(5)), points=100),
    Case("one of six saves 15 %", (SAVES_15, *_nulls(5))),
    Case("one strategy, saves 15 %", (SAVES_15,)),
    Case("one strategy, 2 points ahead, 15 % of its seeds collapse", (COLLAPSES,)),
    Case("one of six with skewed seeds", (Planted("planted", RANDOM, skewed=True), *_nulls(5))),
    Case("heavy tails", (SAVES_30, *_nulls(5)), heavy=True),
    Case("outlier seeds", (SAVES_30, *_nulls(5)), outliers=0.1),
    Case("correlated rounds", (SAVES_30, *_nulls(5)), correlation=0.95),
    Case("crossing curves", (Planted("planted", crossing_curve()), *_nulls(5))),
    Case("unequal numbers of seeds", (replace(SAVES_30, seeds=0.6), *_nulls(3), *_nulls(2, "few", seeds=0.6))),
    Case("two settings in one study", (SAVES_30, *_nulls(2), *_nulls(3, "other", worse_network=True))),
)


def play(case: Case, seeds: int, generator: np.random.Generator) -> dict[str, Floats]:
    """One study: the accuracies of Random and of every arm, [S, B] each."""
    shrink = case.noise * (1 - RANDOM) / (1 - RANDOM).mean()  # [B]

    def draw(*shape: int) -> Floats:
        if case.heavy:
            return generator.standard_t(3, shape) / 3**0.5
        return generator.standard_normal(shape)

    shared, first = LEVEL * draw(seeds, 1), [draw(seeds) for _ in case.baselines]
    study = {}
    for arm in (*case.baselines, *case.arms):
        rounds = draw(seeds, len(LABELS))
        rounds[:, 0] = first[int(arm.worse_network)]
        for column in range(1, len(LABELS)):
            fresh = (1 - case.correlation**2) ** 0.5 * rounds[:, column]
            rounds[:, column] = case.correlation * rounds[:, column - 1] + fresh
        own = OWN_LEVEL * draw(seeds, 1)
        if arm.skewed:
            own = 2 * OWN_LEVEL * (1 - generator.standard_exponential((seeds, 1)))
        departures = shrink * (shared + own * LATER + ROUND * rounds)
        if case.outliers:
            outlier = generator.random((seeds, 1)) < case.outliers
            departures += LATER * outlier * 0.06 * generator.choice([-1, 1], (seeds, 1))
        if arm.collapsing:
            departures -= LATER * DEPTH * (generator.random((seeds, 1)) < arm.collapsing)
        accuracy = np.clip(np.round((arm.curve + departures) * case.points) / case.points, 0, 1)
        study[arm.name] = accuracy[: max(3, round(arm.seeds * seeds))]
    return study


@dataclass(frozen=True)
class Truth:
    """What is true of an arm.

    Args:
        null: Whether it is Random by another name.
        difference: Its mean difference to Random by label count, [B], of seeds that do not collapse.
        area: That in AUBC.
        mean_area: That in AUBC of all seeds, collapsed ones included.
        saved: Of the labels to the target.
        ahead: The share of all seeds in which it is ahead in AUBC.
        collapsing: The share of all seeds that collapse.
        sd: Of the first arm's difference in AUBC over seeds.
    """

    null: bool
    difference: Floats
    area: float
    mean_area: float
    saved: float
    ahead: float
    collapsing: float
    sd: float


def truths(case: Case, seeds: int = 20_000) -> dict[str, Truth]:
    """What is true of every arm of a case; shares and spread of its first arm are those of so many seeds."""
    first = replace(case.arms[0], seeds=1.0)
    drawn = play(replace(case, arms=(first,)), seeds, np.random.default_rng(0))
    differences = trapezoid(drawn[first.name] - drawn["random"], LABELS) / (LABELS[-1] - LABELS[0])
    known = {}
    for arm in case.arms:
        difference = arm.mean - RANDOM
        average = float(trapezoid(difference, LABELS) / (LABELS[-1] - LABELS[0]))
        known[arm.name] = Truth(
            null=arm.null,
            difference=difference,
            area=average,
            mean_area=average,
            saved=1 - crossed(arm.mean) / crossed(RANDOM),
            ahead=0.5,
            collapsing=0.0,
            sd=float(differences.std()),
        )
    if not first.null:
        known[first.name] = replace(
            known[first.name],
            mean_area=float(differences.mean()) if first.collapsing else known[first.name].area,
            ahead=float((differences > 0).mean()),
            collapsing=float((differences <= -COLLAPSE_POINTS / 100).mean()),
        )
    return known


def empty_study(case: Case, seeds: int) -> Study:
    """The study of a case without its accuracies."""
    arms, rows = [], {}
    settings: dict[bool, list[str]] = {}
    for planted in (*case.baselines, *case.arms):
        name, here = planted.name, range(max(3, round(planted.seeds * seeds)))
        headers = [
            RunHeader(study="planted", dataset="planted", arm=name, seed=seed, test=case.points) for seed in here
        ]
        runs = tuple(Run(Path("planted"), header, "complete", (), False) for header in headers)
        curves = Curves(LABELS, np.zeros((len(here), len(LABELS))))
        strategy = name.removesuffix("_2") if name.startswith("random") else name
        arms.append(Arm("planted", name, name, strategy, False, runs, curves, summarise(curves)))
        rows[name] = tuple(here)
        settings.setdefault(planted.worse_network, []).append(name)
    judged_apart = tuple(Setting(tuple(names), names[0], True) for names in settings.values())
    return Study("planted", tuple(arms), LABELS, {}, rows, "random", frozenset(), settings=judged_apart)
