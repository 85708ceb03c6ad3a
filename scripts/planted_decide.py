"""Are the claims of `al-bench decide` as sure as they say, and what does it save? Studies whose truth is known.

    python scripts/planted_decide.py --out results/planted_decide.csv

Minutes on one core; the cases are those of planted_cases.py and a few harder ones. Every study has 20 seeds, of which
the command sees as many as it asks for: the arms are picked at 5 seeds, from all that there are, and it ends where
nothing is left open, or at 20 seeds. Lines that the file has already are not made again.

Columns:

- `false_claims` with its exact 95 % interval `low` to `high`: how often anything that is claimed of any arm is false.
  The next four are its parts: `false_better` and `false_ahead` (in most seeds) by the words of the claims, which leave
  collapsed seeds out of the average; `false_worse` and `false_small` (gains less than a point) of the mean of all
  seeds.
- `not_on_average`: how often an arm is called better whose mean over all seeds, collapsed ones included, is not.
- `better`, `ahead`: how often the first arm is claimed to be; `better_at_20`: by 20 seeds and no look before, Student's
  test at the same level among as many arms.
- `covers`: how often the intervals of all looks cover the true mean differences, collapsed seeds included.
- `seeds`: the mean number at which it ends; `saved`: of 20, the share of the runs of Random and the picked arms that it
  does not make.
- `ends_at_5` to `ends_at_20`: the share of studies that end at each look.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from planted_cases import (
    CASES,
    DEPTH,
    LABELS,
    LATER,
    RANDOM,
    SAVES_30,
    Case,
    Planted,
    Truth,
    crossing_curve,
    play,
    truths,
)
from scipy import special

from al_bench.analysis.statistics import Floats
from al_bench.analysis.statistics.sign import exact_share
from al_bench.decide.looks import AVERAGE_LEVEL, BETTER, LOOKS, SMALL, WORSE, Progress, leading, limits_for, progress
from al_bench.storage.decision_plan import DecisionPlan

POINT = 0.01
NULL = Planted("null", RANDOM, null=True)
SKEWED = Planted("skewed", RANDOM, skewed=True)
COLLAPSING_NULL = Planted("collapsing", RANDOM, collapsing=0.15)
BALANCED = Planted("balanced", RANDOM + LATER * 0.15 * DEPTH, collapsing=0.15)
FURTHER = (
    Case("one arm, no better", (NULL,)),
    Case("two arms, no better", (NULL, replace(NULL, name="null_2"))),
    Case("one arm, skewed seeds, no better", (SKEWED,)),
    Case("one arm, more skewed seeds, no better", (SKEWED,), correlation=0.0),
    Case("one arm, no better and 15 % of its seeds collapse", (COLLAPSING_NULL,)),
    Case("one arm, better in 85 % of its seeds, the rest collapse, no better on average", (BALANCED,)),
    Case("one arm, no better, heavy tails", (NULL,), heavy=True),
    Case("one arm, no better, outlier seeds", (NULL,), outliers=0.1),
    Case("one arm, no better, 30 test points", (NULL,), points=30),
    Case("one strategy, saves 30 %", (SAVES_30,)),
    Case("crossing curves alone", (Planted("planted", crossing_curve()),)),
)
_LEFT_OUT = ("unequal numbers of seeds", "two settings in one study")  # the command brings arms to the same seeds


def gains(study: dict[str, Floats]) -> dict[str, Floats]:
    """Differences in AUBC to Random under each seed, by arm."""
    width = np.diff(LABELS)
    areas = {name: ((rows[:, 1:] + rows[:, :-1]) / 2 * width).sum(axis=1) / width.sum() for name, rows in study.items()}
    return {name: area - areas["random"] for name, area in areas.items() if name != "random"}


def plan_for(arms: Sequence[str], tests: int) -> DecisionPlan:
    """What the command fixes at 5 seeds."""
    limits, ahead = limits_for(LOOKS, tests)
    seeds = list(range(LOOKS[-1]))
    return DecisionPlan(
        1, "", "accuracy", "random", list(arms), False, tests, LOOKS[0], seeds, list(LOOKS), limits, ahead
    )


def decide(differences: dict[str, Floats]) -> Progress:
    """What the command does with a study."""
    picked = leading({name: float(values[: LOOKS[0]].mean()) for name, values in differences.items()})
    return progress(lambda name, n: differences[name][:n], plan_for(picked, len(differences)), POINT)


def mean_of_all(case: Case) -> dict[str, float]:
    """The true mean difference in AUBC of each arm, collapsed seeds included."""
    rows = {arm.name: (arm.mean - DEPTH * arm.collapsing * LATER)[None] for arm in case.arms}
    return {name: float(values[0]) for name, values in gains({"random": RANDOM[None]} | rows).items()}


def false_claims(said: Progress, true: dict[str, Truth], means: dict[str, float]) -> dict[str, bool]:
    """Whether any claim of a kind is false."""
    return {
        "false_better": any(true[name].null or true[name].area <= 1e-9 for name in said.ended(BETTER)),
        "false_ahead": any(true[name].ahead <= 0.5 for name in said.ahead),
        "false_worse": any(means[name] >= -1e-9 for name in said.ended(WORSE)),
        "false_small": any(means[name] >= POINT for name in said.ended(SMALL)),
    }


def judge(case: Case, repetitions: int) -> dict[str, str]:
    """One line of the table."""
    generator = np.random.default_rng([20, *case.name.encode()])
    true, means, first = truths(case), mean_of_all(case), case.arms[0].name
    kinds = ("false_better", "false_ahead", "false_worse", "false_small")
    counts = dict.fromkeys((*kinds, "false_claims", "not_on_average", "better", "ahead", "better_at_20", "covers"), 0)
    ends = dict.fromkeys(LOOKS, 0)
    seeds, runs = 0, 0.0
    at_20 = float(special.stdtrit(LOOKS[-1] - 1, 1 - AVERAGE_LEVEL / len(case.arms) / 2))
    for _ in range(repetitions):
        differences = gains(play(case, LOOKS[-1], generator))
        said = decide(differences)
        false = false_claims(said, true, means)
        for kind, is_false in false.items():
            counts[kind] += is_false
        counts["false_claims"] += any(false.values())
        counts["not_on_average"] += any(means[name] <= 1e-9 for name in said.ended(BETTER))
        counts["better"] += first in said.ended(BETTER)
        counts["ahead"] += first in said.ahead
        values = differences[first]
        counts["better_at_20"] += bool(values.mean() > at_20 * values.std(ddof=1) / len(values) ** 0.5)
        every = [(means[name], look) for looks in said.looks for name, look in looks.items()]
        counts["covers"] += all(look.low <= mean <= look.high for mean, look in every)
        last = max(look.n for look in said.last.values())
        ends[last] += 1
        seeds += last
        made = last + sum(look.n for look in said.last.values())
        runs += 1 - made / ((1 + len(said.last)) * LOOKS[-1])
    low, high = exact_share(counts["false_claims"], repetitions)
    return {
        "case": case.name,
        "arms": str(len(case.arms)),
        "repetitions": str(repetitions),
        "false_claims": f"{counts.pop('false_claims') / repetitions:.4f}",
        "low": f"{low:.4f}",
        "high": f"{high:.4f}",
        **{name: f"{count / repetitions:.4f}" for name, count in counts.items()},
        "seeds": f"{seeds / repetitions:.2f}",
        "saved": f"{runs / repetitions:.4f}",
        **{f"ends_at_{look}": f"{count / repetitions:.4f}" for look, count in ends.items()},
    }


def cases() -> list[Case]:
    """Those of planted_cases.py that a study of this command can be, and the harder ones."""
    return [*(case for case in CASES if case.name not in _LEFT_OUT), *FURTHER]


def table(repetitions: int, out: Path) -> None:
    """Make the lines that the file does not have yet, and write each at once."""
    rows = []
    if out.exists():
        with out.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["repetitions"] == str(repetitions)]
    made = {row["case"] for row in rows}
    for case in cases():
        if case.name in made:
            continue
        rows.append(judge(case, repetitions))
        print(rows[-1], flush=True)
        half = out.with_suffix(".partial")
        with half.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        half.replace(out)


def main() -> None:
    parser = argparse.ArgumentParser(description="False claims and seeds saved of al-bench decide on planted studies.")
    parser.add_argument("--repetitions", type=int, default=5000)
    parser.add_argument("--out", type=Path, default=Path("results/planted_decide.csv"))
    arguments = parser.parse_args()
    table(arguments.repetitions, arguments.out)


if __name__ == "__main__":
    main()
