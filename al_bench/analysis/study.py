"""A study: the arms of one dataset on one grid of label counts, and what was left out of it.

Letters: S seeds, B label counts (budgets). Values are those of one metric as it was recorded (accuracy a fraction), NaN
where a seed has no evaluation at a count; nothing is averaged here, and nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.arms import Arm, recorded_configuration
from al_bench.analysis.budget import LABELS, Budget
from al_bench.analysis.comparability import paired
from al_bench.analysis.frame import tidy_frame
from al_bench.analysis.measured import ACCURACY, known_metrics_of
from al_bench.analysis.settings import RANDOM, Setting
from al_bench.metrics import Metric
from al_bench.records import SUCCESSOR
from al_bench.storage.runs import Run

if TYPE_CHECKING:
    import pandas as pd

# What an experiment is set up with beside a strategy; many a strategy asks for a posterior of its own.
_SETUP = {"dataset", "model", "training", "initial", "validation"}


@dataclass(frozen=True)
class Study:
    """The arms of one dataset.

    Args:
        dataset: The dataset's name.
        arms: The arms, by name; whole-pool references are apart, in `references`.
        labels: Label counts (initial set included) at which any seed of any arm was evaluated, [B], increasing.
        values: By arm.name, the metric's, [S, B].
        seeds: By arm.name, the seed of each row of `values`.
        baseline: The name of the arm the others are compared with; None where there is none. Where the arms have
            several settings, that of the first.
        unpaired: Names of arms that do not share the network of round 0 with the arm they are compared with: their
            differences to it carry the spread of two networks, not of one.
        left_out: One line for each run that is not in the study (not complete, or damaged).
        included: One line for each run that is in it although not complete.
        references: Runs that trained once on the whole pool.
        titles: Display titles by arm.name; shorter than the name where all arms share overrides.
        shared: The overrides that all arms share and the titles leave out, such as `steps=100`.
        remarks: What a reader must know before comparing, one line each.
        inconsistencies: The remarks about what should be the same and is not: the configuration of an arm's seeds, the
            data of two arms.
        metric: What the study is judged by.
        settings: The arms by setting, each with its baseline, that of `baseline` first; empty: all are of one.
        planned: Names of arms that were named before the results were seen: a family of tests of their own.
        budget: What the curves run over. Over the cost, `labels` and what is called labels elsewhere are costs.
        counted: What the labels or the cost count, whether runs share seeds, and whether seeds were added by what was
            seen, one sentence each; empty where a label is a label and each run has seeds of its own.
        unfinished: Runs that are not complete, whether they are taken in or left out.
    """

    dataset: str
    arms: tuple[Arm, ...]
    labels: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]
    seeds: dict[str, tuple[int, ...]]
    baseline: str | None
    unpaired: frozenset[str]
    left_out: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    references: tuple[Arm, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    inconsistencies: tuple[str, ...] = ()
    metric: Metric = ACCURACY
    settings: tuple[Setting, ...] = ()
    planned: frozenset[str] = frozenset()
    budget: Budget = LABELS
    counted: tuple[str, ...] = ()
    unfinished: tuple[Run, ...] = ()

    @property
    def others(self) -> tuple[Arm, ...]:
        """The arms that are compared with another; all of them where there is no baseline."""
        return tuple(arm for arm in self.arms if arm.name != self.baseline)

    @property
    def every_setting(self) -> tuple[Setting, ...]:
        """The settings; one of all arms where none are known."""
        return self.settings or (Setting(tuple(arm.name for arm in self.arms), self.baseline, True),)

    @cached_property
    def _settings_by_arm(self) -> dict[str, Setting]:
        return {name: setting for setting in self.every_setting for name in setting.arms}

    def setting_of(self, name: str) -> Setting:
        """The setting of the arm `name`."""
        return self._settings_by_arm[name]

    def baseline_of(self, name: str) -> str | None:
        """The name of the arm that an arm is compared with; None for the study's baseline, and where there is none.

        That is the baseline of its setting; for that baseline itself the study's.
        """
        setting = self._settings_by_arm[name]
        other = self.baseline if name == setting.baseline else setting.baseline
        return None if other == name else other

    def compared_with(self, name: str) -> str:
        """The name of the arm that one of `others` is compared with, in a study that has a baseline."""
        other = self.baseline_of(name)
        assert other is not None
        return other

    def is_tested(self, name: str) -> bool:
        """Whether the arm's difference is a test of a strategy.

        It is not for the baseline of a setting, for Random against Random, and for an oracle.
        """
        other = self.baseline_of(name)
        own = any(setting.own and setting.baseline == name for setting in self.every_setting)
        return other is not None and not own and not self.is_oracle(name) and not (self.is_random(name, other))

    def is_random(self, *names: str) -> bool:
        """Whether all the arms pick at random."""
        return all(self.arm(name).strategy == RANDOM for name in names)

    @property
    def baselines(self) -> tuple[str, ...]:
        """The names of the arms that others are compared with, each once; several where there are several settings."""
        return tuple(dict.fromkeys(base for arm in self.others if (base := self.baseline_of(arm.name)) is not None))

    @property
    def against(self) -> str:
        """What the arms are compared with, in a title: the baseline's, or that there is one for each setting."""
        return (
            "the baseline" if len(self.baselines) > 1 else self.title(next(iter(self.baselines), self.baseline or ""))
        )

    def part(self, setting: Setting) -> Study:
        """The study of one setting: its arms and the arm that they are compared with."""
        arms = tuple(arm for arm in self.arms if arm.name in setting.arms or arm.name == setting.baseline)
        values = {arm.name: self.values[arm.name] for arm in arms}
        return replace(self, arms=arms, values=values, baseline=setting.baseline, settings=())

    def title(self, name: str) -> str:
        """The display title of the arm `name`."""
        return self.titles.get(name, name)

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """al-bench's metrics and those that the runs describe as their own, by name."""
        return known_metrics_of([run for arm in (*self.arms, *self.references) for run in arm.runs])

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rounds of all arms and references as one table, one row per run and evaluated round: `tidy_frame`."""
        metrics = tuple(self.metrics | {self.metric.name: self.metric})
        return tidy_frame((*self.arms, *self.references), metrics, self.budget.noun)

    @property
    def in_metric(self) -> str:
        """What a title says behind a difference or an error: nothing of accuracy, " in recall of C" of others."""
        return "" if self.metric.name == "accuracy" else f" in {self.metric.noun}"

    @property
    def of_metric(self) -> str:
        """Nothing of accuracy, " of recall of C" of others."""
        return "" if self.metric.name == "accuracy" else f" of {self.metric.noun}"

    def target_text(self, target: float) -> str:
        """A target in a sentence: "95 %" of accuracy, "95 % balanced accuracy" of another metric."""
        named = self.metric.name == "accuracy" or self.metric.unit == "classes"
        return self.metric.text(target) + ("" if named else f" {self.metric.noun}")

    def marked_title(self, name: str) -> str:
        """An arm's title and its marks: † where it is unpaired, ‡ where it reads the pool's labels."""
        marks = ("†" if name in self.unpaired else "") + ("‡" if self.is_oracle(name) else "")
        return self.title(name) + (f" {marks}" if marks else "")

    @property
    def marks_note(self) -> str:
        """What the marks in the titles mean; empty where no arm has one."""
        notes = []
        if self.unpaired:
            notes.append(
                f"† unpaired: does not share the network of round 0 with {self.against}; "
                "differences under one seed carry the spread of both networks."
            )
        if any(self.is_oracle(arm.name) for arm in self.arms):
            notes.append("‡ reads the pool's true labels: a ceiling, no strategy, never called a winner.")
        return " ".join(notes)

    def record_keys(self, name: str) -> dict[str, str | bool]:
        """The keys that begin an arm's record in every table; of another metric than accuracy its name, too."""
        keys: dict[str, str | bool] = {"dataset": self.dataset, "arm": name, "unpaired": name in self.unpaired}
        return keys if self.metric.name == "accuracy" else keys | {"metric": self.metric.name}

    def arm(self, name: str) -> Arm:
        """The arm called `name`; KeyError where there is none."""
        return {arm.name: arm for arm in self.arms}[name]

    def is_oracle(self, name: str) -> bool:
        """Whether the arm reads the pool's true labels: no strategy anybody could use."""
        return any(run.header.oracle for run in self.arm(name).runs)

    def pairs(self, first: str, second: str) -> tuple[tuple[int, ...], NDArray[np.float64], NDArray[np.float64]]:
        """What two arms can be compared by: [P] seeds, and the values of either under them, [P, B] each.

        A seed is shared where both arms ran under it, and under the same `seeds`, on the same data. Where only one of
        the two was evaluated both are NaN: the chord between two evaluations of a coarse curve lies below a fine one
        that is no better.
        """
        runs = [{run.seed: run for run in self.arm(name).runs} for name in (first, second)]
        shared = [seed for seed in self.seeds[first] if seed in runs[1] and paired(runs[0][seed], runs[1][seed])]
        ours, theirs = (
            self.values[name][np.array([self.seeds[name].index(seed) for seed in shared], dtype=np.int64)]
            for name in (first, second)
        )
        both = ~np.isnan(ours) & ~np.isnan(theirs)
        met = np.flatnonzero(both.any(axis=1))
        ours, theirs = (np.where(both, rows, np.nan)[met] for rows in (ours, theirs))
        return tuple(shared[row] for row in met), ours, theirs

    def differing_components(self, name: str) -> tuple[str, ...]:
        """Components beside the strategy in which an arm differs from what it is compared with, such as the model."""
        other = self.baseline_of(name)
        if other is None:
            return ()
        ours, theirs = (recorded_configuration(self.arm(of).runs[0]) for of in (name, other))
        differing = {key.split(".")[0] for key in set(ours) & set(theirs) if ours[key] != theirs[key]}
        return tuple(sorted(differing & _SETUP))

    def resolution(self, name: str) -> float:
        """The step between an arm's possible values; 0 where it has none or the records do not say.

        Of accuracy 1 / its test points, of a class's recall 1 / those of the class; of a mean of recalls what has the
        same variance of rounding, √(Σ_c 1/n_c²) / C.
        """
        return max((resolution_of(run, self.metric) for run in self.arm(name).runs), default=0.0)

    def shared_counts(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """The label counts at which every one of the arms was evaluated, under one seed at least, [B]."""
        return np.all([~np.isnan(self.values[name]).all(axis=0) for name in names], axis=0)


def resolution_of(run: Run, metric: Metric) -> float:
    """The step between a run's possible values of a metric."""
    name = metric.name.removeprefix(SUCCESSOR)
    if name == "accuracy":
        return 1 / run.header.test if run.header.test else 0.0
    counts = np.array(run.header.test_class_counts, dtype=float)
    kind, _, label = name.partition(":")
    if label in run.header.class_names and len(counts) == len(run.header.class_names):
        points = counts[run.header.class_names.index(label)]
        return float(1 / points) if points else 0.0
    present = counts[counts > 0]
    if kind in ("balanced_accuracy", "macro_f1") and len(present):
        return float(np.sqrt((1 / present**2).sum()) / len(present))
    return 0.0
