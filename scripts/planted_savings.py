"""Are the claims and the intervals of `al-bench compare` as sure as they say? Studies whose truth is known.

    python scripts/planted_savings.py --out results/planted_savings.csv

Minutes on one core; the cases are in planted_cases.py. Lines that the file has already are not made again, so that a
run that was cut off goes on; delete the file to begin anew. Every line has random numbers of its own.

Columns:

- `better`, `ahead`: how often the first arm is claimed to be better, and to be ahead in most seeds.
- `false_better`, `false_ahead`: how often any such claim is false by its own words, of any arm; where there are several
  settings, each a family of tests with an error rate of its own, of the setting with the most.
- `collapse_missed`: how often more seeds of an arm that is claimed to be better collapse than the verdict says could.
- `interval`, `coverage`: how often the first arm has a 95 % interval of its saving (no seed censored), and how many of
  these cover the true one; `area_coverage`: of its true mean difference in AUBC, collapsed seeds included.
- `printed`, `printed_coverage`: intervals that studies print with claims of the first arm, and how many of them cover;
  `missed`: the share of the intervals printed with claims of any arm that do not, averaged over all studies.
- `power_low`, `power_high`: mean true power for a difference of one point with the fewest and with the most seeds that
  the verdict names; `enough`: how often the most are enough for 80 %.

Monte-Carlo error of 500 repetitions: 1 point at 5 % or 95 %.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from planted_cases import CASES, LABELS, Case, Truth, empty_study, play, truths

from al_bench.analysis.finding import Finding
from al_bench.analysis.statistics.paired import FEWEST_FOR_SELECTED, LEVEL, POWER, power
from al_bench.analysis.verdict import verdict

SEEDS = (3, 5, 10, 20)


def false_better(finding: Finding, truth: Truth) -> bool:
    """Whether any claim that the arm is better is false: at label counts, over all labels, or in labels."""
    if truth.null:
        return finding.needs_fewer_labels or finding.better_on_average or bool(finding.better_at)
    true_at = dict(zip(LABELS.tolist(), truth.difference.tolist(), strict=True))
    return (
        (finding.needs_fewer_labels and truth.saved <= 0)
        or (finding.better_on_average and truth.area <= 1e-9)
        or any(true_at[difference.labels] <= 1e-9 for difference in finding.better_at)
    )


def printed_intervals(finding: Finding, truth: Truth) -> list[bool]:
    """Whether each interval that is printed with a claim of the arm covers the truth."""
    printed = []
    if finding.n >= FEWEST_FOR_SELECTED:
        saving = finding.primary_saving
        if finding.needs_fewer_labels and saving is not None:
            low, high = saving.interval(finding.selected_level)
            printed.append(low <= truth.saved <= high)
        if finding.better_on_average:
            low, high = finding.area.interval(finding.selected_level)
            printed.append(low <= truth.area <= high)
        if finding.better_at and not printed:
            most = max(finding.better_at, key=lambda difference: abs(difference.estimate.mean))
            low, high = most.estimate.interval(most.selected_level)
            true = truth.difference[int(np.flatnonzero(most.labels == LABELS)[0])]
            printed.append(bool(low <= true <= high))
    return printed


def judge(case: Case, seeds: int, repetitions: int, true: Mapping[str, Truth]) -> dict[str, str]:
    """One line of the table."""
    generator = np.random.default_rng([seeds, *case.name.encode()])
    study, first = empty_study(case, seeds), case.arms[0].name
    counts = dict.fromkeys(("better", "ahead", "collapse_missed"), 0)
    false_claims = np.zeros((len(study.settings), 2), dtype=np.int64)  # by setting: better, ahead
    missed = 0.0
    covered: list[bool] = []
    area_covered: list[bool] = []
    printed: list[bool] = []
    powers: list[tuple[float, float]] = []
    for _ in range(repetitions):
        said = verdict(replace(study, values=play(case, seeds, generator)), case.targets)
        by_name = {finding.name: finding for finding in said.findings if finding.name in true}
        for number, setting in enumerate(study.settings):
            judged = [name for name in setting.arms if name in by_name]
            false_claims[number, 0] += any(false_better(by_name[name], true[name]) for name in judged)
            false_claims[number, 1] += any(name in said.ahead and true[name].ahead <= 0.5 for name in judged)
        counts["collapse_missed"] += any(true[name].collapsing > by_name[name].unseen_collapse for name in said.winners)
        shown = {name: printed_intervals(finding, true[name]) for name, finding in by_name.items()}
        every = [covers for intervals in shown.values() for covers in intervals]
        missed += every.count(False) / max(1, len(every))
        finding = by_name[first]
        counts["better"] += first in said.winners
        counts["ahead"] += first in said.ahead
        saving = finding.primary_saving
        if saving is not None and saving.exact:
            covered.append(saving.low <= true[first].saved <= saving.high)
        area_covered.append(finding.area.low <= true[first].mean_area <= finding.area.high)
        printed += shown[first]
        assert finding.more_seeds_range is not None
        low, high = (
            power(finding.n + more, 0.01, true[first].sd, LEVEL / finding.tests) for more in finding.more_seeds_range
        )
        powers.append((low, high))
    return {
        "case": case.name,
        "seeds": str(seeds),
        "repetitions": str(repetitions),
        **{name: f"{count / repetitions:.4f}" for name, count in counts.items()},
        "false_better": f"{false_claims[:, 0].max() / repetitions:.4f}",
        "false_ahead": f"{false_claims[:, 1].max() / repetitions:.4f}",
        "interval": f"{len(covered) / repetitions:.4f}",
        "coverage": _share(covered),
        "area_coverage": _share(area_covered),
        "printed": str(len(printed)),
        "printed_coverage": _share(printed),
        "missed": f"{missed / repetitions:.4f}",
        "power_low": f"{np.mean([low for low, _ in powers]):.4f}",
        "power_high": f"{np.mean([high for _, high in powers]):.4f}",
        "enough": _share([high >= POWER for _, high in powers]),
    }


def _share(values: list[bool]) -> str:
    """The share that is true; empty of none."""
    return f"{sum(values) / len(values):.4f}" if values else ""


def table(cases: Sequence[Case], repetitions: int, out: Path) -> None:
    """Make the lines that the file does not have yet, and write each at once."""
    rows = []
    if out.exists():
        with out.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["repetitions"] == str(repetitions)]
    made = {(row["case"], row["seeds"]) for row in rows}
    for case in cases:
        missing = [seeds for seeds in SEEDS if (case.name, str(seeds)) not in made]
        true = truths(case) if missing else {}
        for seeds in missing:
            rows.append(judge(case, seeds, repetitions, true))
            print(rows[-1], flush=True)
            half = out.with_suffix(".partial")
            with half.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
            half.replace(out)


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage and false claims of al-bench compare on planted studies.")
    parser.add_argument("--repetitions", type=int, default=500)
    parser.add_argument("--out", type=Path, default=Path("results/planted_savings.csv"))
    arguments = parser.parse_args()
    table(CASES, arguments.repetitions, arguments.out)


if __name__ == "__main__":
    main()
