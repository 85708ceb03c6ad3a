#!/usr/bin/env python
"""Writes what the guide's page "Own data" and the README say of scripts/own_data.sh: tables, from the archives.

    python scripts/own_data_page.py

Nothing is run: what is said of each setting is what `al-bench compare results/own_data/SETTING.parquet` says, by the
metric that was fixed for it. A test holds the page equal to what this script would write.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from al_bench.analysis.finding import BETTER, MIXED, WORSE, Finding
from al_bench.analysis.statistics.savings import crossings
from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import interval, percent
from al_bench.analysis.verdict import Verdict, verdict
from al_bench.config.page_text import between_marks

ROOT = Path(__file__).resolve().parents[1]
ARCHIVES = ROOT / "results" / "own_data"
PAGE = ROOT / "al_bench" / "guide" / "own-data.md"
README = ROOT / "README.md"
MARKS = ("<!-- worth: begin -->\n", "<!-- worth: end -->\n")
"""The marks between which the tables stand."""

LEARNERS = {
    "tfidf": "tf-idf, linear",
    "minilm": "MiniLM, linear",
    "efficientnet_lite0": "EfficientNet-Lite0, linear",
    "random_forest": "random forest",
    "hist_gradient_boosting": "boosting",
    "mlp": "MLP",
}
"""The end of a setting's name, in words."""
DATA = {
    "trec6": ("TREC-6", ("tfidf", "minilm")),
    "sst2": ("SST-2", ("tfidf", "minilm")),
    "ag_news": ("AG News", ("tfidf", "minilm")),
    "cifar10": ("CIFAR-10", ("efficientnet_lite0",)),
    "letter": ("letter", ("random_forest", "hist_gradient_boosting", "mlp")),
    "pendigits": ("pendigits", ("random_forest", "hist_gradient_boosting", "mlp")),
    "satimage": ("satimage", ("random_forest", "hist_gradient_boosting", "mlp")),
    "pokerhand": ("pokerhand", ("random_forest", "hist_gradient_boosting", "mlp")),
}
"""The beginning of a setting's name: the data in words, and the learners."""
METRICS = {"pokerhand": "balanced_accuracy"}
"""What was fixed to judge by where it is not accuracy."""
STRATEGIES = {
    "margin": "margin",
    "entropy": "entropy",
    "bald": "BALD",
    "badge": "BADGE",
    "typiclust": "TypiClust",
    "coreset_greedy": "core-set",
}
SEEDS = 10
IN_SHORT = ("letter_random_forest", "pendigits_random_forest", "trec6_minilm", "cifar10_efficientnet_lite0")
"""The settings of the README's table: tables, texts and images, by margin."""
PRICE = 0.40
"""Of a label, in the README's table."""


@dataclass(frozen=True)
class Setting:
    """Data, features and learner.

    Args:
        data, learner: The two parts of its name.
    """

    data: str
    learner: str

    @property
    def name(self) -> str:
        """As scripts/own_data.sh and the archive call it."""
        return f"{self.data}_{self.learner}"

    @property
    def metric(self) -> str:
        """The metric that it is judged by."""
        return METRICS.get(self.data, "accuracy")

    @property
    def title(self) -> str:
        """In words."""
        judged_by = " (balanced accuracy)" if self.data in METRICS else ""
        return f"{DATA[self.data][0]}, {LEARNERS[self.learner]}{judged_by}"


SETTINGS = tuple(Setting(data, learner) for data, (_, learners) in DATA.items() for learner in learners)


@dataclass(frozen=True)
class Judged:
    """What `al-bench compare` says of a setting.

    Args:
        setting: Which one.
        study: Its runs.
        said: The verdict.
    """

    setting: Setting
    study: Study
    said: Verdict

    def finding(self, strategy: str) -> Finding | None:
        """What is said of a strategy; None where it was not run."""
        return next((finding for finding in self.said.findings if finding.name == strategy), None)


def judge(setting: Setting, folder: Path = ARCHIVES) -> Judged | None:
    """What the archive of a setting says; None where there is none.

    Raises:
        ValueError: it is not the study that was planned, as when a seed is missing.
    """
    path = folder / f"{setting.name}.parquet"
    if not path.exists():
        return None
    (study,) = studies([path], metric=setting.metric)
    seeds = {arm.name: arm.seeds for arm in study.arms}
    if study.baseline != "random" or set(seeds) - {"random", *STRATEGIES} or set(seeds.values()) != {SEEDS}:
        raise ValueError(f"{path}: {seeds} seeds of arms; planned are {SEEDS} of random and of {', '.join(STRATEGIES)}")
    return Judged(setting, study, verdict(study))


def savings_table(judged: Sequence[Judged]) -> list[str]:
    """A row a setting: labels saved against random to reach what compare tests, by strategy."""
    rows = [f"| setting | to reach, % | labels, random | {' | '.join(STRATEGIES.values())} |"]
    rows.append("| --- | ---: | ---: " + "| ---: " * len(STRATEGIES) + "|")
    for each in judged:
        primary = next(iter(each.said.findings)).primary
        if primary is None:  # Random's curve is flat, and no round value lies on it
            rows.append(f"| {each.setting.title} | none | | {' | '.join('' for _ in STRATEGIES)} |")
            continue
        needed = crossings(each.study.labels, each.study.values["random"], [primary])[:, 0]
        cells = [saving_cell(each.finding(strategy)) for strategy in STRATEGIES]
        goal = percent(primary, 0)
        rows.append(f"| {each.setting.title} | {goal} | {np.median(needed):.0f} | {' | '.join(cells)} |")
    return rows


def area_table(judged: Sequence[Judged]) -> list[str]:
    """A row a setting: how many points more accurate than random on average over the labels, by strategy."""
    rows = [f"| setting | labels | random, % | {' | '.join(STRATEGIES.values())} |"]
    rows.append("| --- | ---: | ---: " + "| ---: " * len(STRATEGIES) + "|")
    for each in judged:
        labels = each.study.labels.astype(float)
        random = np.trapezoid(each.study.values["random"], labels, axis=1).mean() / np.ptp(labels)
        cells = [area_cell(each.finding(strategy)) for strategy in STRATEGIES]
        span = f"{labels[0]:.0f} to {labels[-1]:.0f}"
        rows.append(f"| {each.setting.title} | {span} | {percent(random)} | {' | '.join(cells)} |")
    return rows


def area_cell(finding: Finding | None) -> str:
    """The difference in AUBC in points with its interval, and the label counts at which alone a difference is shown."""
    if finding is None:
        return ""
    area = finding.area
    text = f"{percent(area.mean, 1, sign=True)} {interval(area.low, area.high, 1, sign=True)}"
    if finding.better_on_average or finding.worse_on_average:
        return marked(text, finding.better_on_average, finding.worse_on_average)
    for word, shown in (("better", finding.better_at), ("worse", finding.worse_at)):
        if shown:
            text += f"; {word} at {', '.join(str(difference.labels) for difference in shown)}"
    return text


def marked(text: str, better: bool, worse: bool) -> str:
    """A cell in bold where better is shown, in italics where worse is."""
    return f"**{text}**" if better else f"*{text}*" if worse else text


def saving_cell(finding: Finding | None) -> str:
    """Labels saved in per cent with the interval, or bounds where a seed did not reach the goal."""
    if finding is None:
        return ""
    saving = finding.primary_saving
    assert saving is not None
    if saving.exact:
        text = f"{percent(saving.saved, 0)} {interval(saving.low, saving.high, 0)}"
    else:
        bounds = [f"≥ {percent(saving.at_least, 0)}"] if np.isfinite(saving.at_least) else []
        bounds += [f"≤ {percent(saving.at_most, 0)}"] if saving.at_most < 1 else []
        text = ", ".join(bounds) or "?"
    return marked(text, finding.needs_fewer_labels, finding.needs_more_labels)


def table_in_short(judged: Sequence[Judged], strategy: str = "margin") -> list[str]:
    """A row a setting for who pays: what a strategy saves, in labels and money, how sure that is, and what to do."""
    rows = [
        f"| data, learner | {strategy} saves | at {PRICE:.2f} a label | more accurate by, points | ahead in | so |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for each in judged:
        finding = each.finding(strategy)
        assert finding is not None
        saving, area = finding.primary_saving, finding.area
        assert saving is not None
        assert saving.exact
        needed = float(np.median(crossings(each.study.labels, each.study.values["random"], [saving.target])[:, 0]))
        share = f"{percent(saving.saved, 0)} % {interval(saving.low, saving.high, 0)}"
        of = f"of {needed:.0f} labels to reach {percent(saving.target, 0)} %"
        difference = f"{percent(area.mean, 1, sign=True)} {interval(area.low, area.high, 1, sign=True)}"
        shown = finding.outcome == BETTER
        money = f"{saving.saved * needed * PRICE:.0f} of {needed * PRICE:.0f}" if finding.needs_fewer_labels else "–"
        ahead = f"{finding.ahead.ahead} of {finding.ahead.n} seeds"
        advice = f"use {strategy}" if shown else "not shown: random will do"
        rows.append(f"| {each.setting.title} | {share} {of} | {money} | {difference} | {ahead} | {advice} |")
    return rows


def outcomes_table(judged: Sequence[Judged]) -> list[str]:
    """A row a strategy: in how many settings it is better, worse, neither."""
    rows = ["| strategy | settings | better | mixed | neither shown | worse | ahead in most seeds |"]
    rows.append("| --- " + "| ---: " * 6 + "|")
    for strategy, title in STRATEGIES.items():
        outcomes = [finding.outcome for each in judged if (finding := each.finding(strategy)) is not None]
        ahead = sum(strategy in each.said.ahead for each in judged)
        counts = [outcomes.count(outcome) for outcome in (BETTER, MIXED, WORSE)]
        numbers = (len(outcomes), counts[0], counts[1], len(outcomes) - sum(counts), counts[2], ahead)
        rows.append(f"| {title} | {' | '.join(map(str, numbers))} |")
    return rows


def generated(folder: Path = ARCHIVES) -> str:
    """What stands between the marks."""
    every = {setting: judge(setting, folder) for setting in SETTINGS}
    judged = [each for each in every.values() if each is not None]
    lines = ["", "Labels saved against random to reach a goal, %:", "", *savings_table(judged)]
    lines += ["", "Points above random on average over the labels:", "", *area_table(judged)]
    lines += ["", "In how many settings each strategy is what, against random:", "", *outcomes_table(judged), ""]
    missing = [setting.title for setting, each in every.items() if each is None]
    short = {
        title: lacking
        for strategy, title in STRATEGIES.items()
        if (lacking := [each.setting.title for each in judged if is_not_run(each, strategy)])
    }
    if missing:
        lines += [textwrap.fill(f"Not run: {'; '.join(missing)}.", 120), ""]
    for title, lacking in short.items():
        lines += [textwrap.fill(f"{title} was not run on {'; '.join(lacking)}.", 120), ""]
    return "\n".join(lines) + "\n"


def is_not_run(each: Judged, strategy: str) -> bool:
    """Whether a strategy that the learner serves is missing; boosting has no draws, which BALD needs."""
    served = not (strategy == "bald" and each.setting.learner == "hist_gradient_boosting")
    return served and each.finding(strategy) is None


def page(text: str, tables: str) -> str:
    """A page with tables between its marks.

    Raises:
        ValueError: it has lost its marks.
    """
    return between_marks(text, MARKS, tables, "the tables of scripts/own_data.sh")


def in_short(folder: Path = ARCHIVES) -> str:
    """What stands between the README's marks."""
    chosen = [each for setting in SETTINGS if setting.name in IN_SHORT and (each := judge(setting, folder))]
    return "\n".join(table_in_short(sorted(chosen, key=lambda each: IN_SHORT.index(each.setting.name)))) + "\n"


def main() -> int:
    """Write the pages; returns the exit status."""
    for path, tables in ((PAGE, generated()), (README, in_short())):
        path.write_text(page(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
