"""What a decision is about: the arms of one setting in a folder, the seeds in their order, and the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from al_bench.analysis.advice.runs import recorded_in
from al_bench.analysis.arms import Arm
from al_bench.analysis.comparability import shared_seeds_line
from al_bench.analysis.findings import area_by_seed
from al_bench.analysis.settings import RANDOM, rank_alike
from al_bench.analysis.statistics import Floats
from al_bench.analysis.studies import arms_named, study_of
from al_bench.analysis.study import Study
from al_bench.decide.looks import LOOKS, MOST_ARMS, leading, limits_fault, limits_for, looks_from
from al_bench.errors import InputError, typed_path
from al_bench.storage.archive import is_archive
from al_bench.storage.decision_plan import NAME, SCHEMA, DecisionPlan, read_decision
from al_bench.storage.runs import Run, find_runs


@dataclass(frozen=True)
class Asked:
    """What the user asked for; None where it was left to the plan, or to what there is.

    Args:
        arms: Arms or strategies to decide on, named before their results were seen; empty: those that lead.
        metric, baseline: As for `al-bench compare`.
    """

    arms: tuple[str, ...] = ()
    metric: str | None = None
    baseline: str | None = None


@dataclass(frozen=True)
class Decision:
    """A folder as a decision sees it.

    Args:
        home: The folder of the arms, in which the plan lies.
        study: The complete runs of the baseline and of the arms that are decided on, or that may be picked.
        candidates: Those arms.
        seeds: The first seeds of `LOOKS[-1]`, in the order in which they are added.
        plan: None before the first look.
    """

    home: Path
    study: Study
    candidates: tuple[str, ...]
    seeds: tuple[int, ...]
    plan: DecisionPlan | None

    @property
    def baseline(self) -> str:
        """The arm that the others are compared with."""
        assert self.study.baseline is not None
        return self.study.baseline

    def gains(self, name: str, n: int) -> Floats | None:
        """The differences of an arm to the baseline in AUBC under the first n seeds, above 0 where it is better, [n].

        None where a run is missing.

        Raises:
            InputError: Two of the runs cannot be compared.
        """
        wanted = self.seeds[:n]
        runs = [self.run_of(arm, seed) for arm in (self.baseline, name) for seed in wanted]
        if any(run is None for run in runs):
            return None
        study = study_of([run for run in runs if run is not None], self.baseline, (), self.study.metric.name)
        _, differences = area_by_seed(study, name) if name in study.seeds else (None, np.array([]))
        if len(differences) < n or np.isnan(differences).any():
            raise InputError(
                f"{name} and {self.baseline} cannot be compared under all seeds of "
                f"{', '.join(map(str, wanted))}: al-bench compare says why"
            )
        return study.metric.sign * differences

    def run_of(self, name: str, seed: int) -> Run | None:
        """The complete run of an arm under a seed; None where there is none."""
        return next((run for run in self.study.arm(name).runs if run.seed == seed), None)


def open_decision(folder: Path, asked: Asked, report: Callable[[str], None]) -> Decision:
    """What can be decided in a folder, as far as its runs are complete.

    Raises:
        InputError: It holds no study that can be decided, or a plan that does not fit what is there or is asked.
    """
    home, runs = _runs_of_one_study(folder, report)
    plan = read_decision(home)
    baseline = plan.baseline if plan is not None else asked.baseline or RANDOM
    metric = plan.metric if plan is not None else asked.metric or "accuracy"
    names = plan.arms if plan is not None else asked.arms
    every = study_of(runs, baseline, (), metric)
    if plan is not None and plan.baseline != every.baseline:
        raise InputError(f"{home / NAME} has the baseline {plan.baseline}, of which there is no complete run")
    if every.baseline is None:
        raise InputError(
            f"{folder} has no complete run of {baseline} to compare with: run strategy=random under the same seeds, or "
            "name another with --baseline"
        )
    candidates = _candidates(every, names, folder, report)
    if plan is not None:
        _refuse_other(home / NAME, plan, asked, every, folder)
    kept = {every.baseline, *candidates}
    study = study_of([run for run in runs if run.arm in kept], every.baseline, (), metric)
    for fault in (*study.inconsistencies, *shared_seeds_line(study.arms)):
        raise InputError(f"{folder} cannot be decided: {fault}")
    seeds = tuple(plan.seeds) if plan is not None else seed_order(study, candidates)
    return Decision(home, study, candidates, seeds, plan)


def first_plan(decision: Decision, asked: Asked) -> DecisionPlan | None:
    """The plan of a decision whose arms all have the seeds of the first look; None where they lack some.

    The arms that lead are picked, and each has the part of the error rate that it had before.

    Raises:
        InputError: There are so many seeds that nothing is left to add.
    """
    first = _shared_first(decision)
    if first < LOOKS[0]:
        return None
    if first >= LOOKS[-1]:
        raise InputError(
            f"{decision.home} has {first} seeds of every arm already, and a decision adds seeds up to {LOOKS[-1]}: "
            f"judge it by al-bench compare {typed_path(str(decision.home))}"
        )
    gains = {}
    for name in decision.candidates:
        differences = decision.gains(name, first)
        assert differences is not None
        gains[name] = float(differences.mean())
    picked, looks = leading(gains), looks_from(first)
    limits, ahead = limits_for(looks, len(gains))
    return DecisionPlan(
        schema=SCHEMA,
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        metric=decision.study.metric.name,
        baseline=decision.baseline,
        arms=picked,
        named=bool(asked.arms),
        tests=len(gains),
        first=first,
        seeds=list(decision.seeds),
        looks=looks,
        limits=limits,
        ahead=ahead,
    )


def _shared_first(decision: Decision) -> int:
    """How many seeds of the order all arms have from the first on."""
    arms = (decision.baseline, *decision.candidates)
    n = 0
    while n < len(decision.seeds) and all(decision.run_of(name, decision.seeds[n]) for name in arms):
        n += 1
    return n


def seed_order(study: Study, candidates: Sequence[str]) -> tuple[int, ...]:
    """The seeds in the order in which they are added: those that all arms have, those that some have, then new ones."""
    every = [{run.seed for run in study.arm(name).runs} for name in (study.baseline or "", *candidates)]
    shared, some = set.intersection(*every), set.union(*every)
    last = max(some)
    order = [*sorted(shared), *sorted(some - shared), *range(last + 1, last + 1 + LOOKS[-1])]
    return tuple(order[: LOOKS[-1]])


def home_of(folder: Path) -> Path:
    """The folder of the arms, in which the plan lies.

    Raises:
        InputError: as `open_decision`.
    """
    return _runs_of_one_study(folder, lambda _: None)[0]


def _runs_of_one_study(folder: Path, report: Callable[[str], None]) -> tuple[Path, list[Run]]:
    """The folder of the arms and the complete runs, where a folder holds one study on one data set."""
    if is_archive(folder) or any(is_archive(parent) for parent in folder.parents):
        raise InputError(f"{folder} is in an archive, to which no runs can be added; name the folder of the study")
    found = [run for run in find_runs([folder.resolve()], report) if not run.reference]
    homes = sorted({run.folder.parents[1] for run in found})
    if len(homes) != 1:
        shown = ", ".join(str(home) for home in homes[:4]) or "whole-pool references alone"
        more = f" and {len(homes) - 4} more" if len(homes) > 4 else ""
        raise InputError(
            f"{folder} holds {shown}{more}; a decision is about one study on one data set: name one folder"
        )
    if displaced := [run for run in found if recorded_in(run) is None]:
        raise InputError(
            f"{displaced[0].folder} does not lie where al-bench run would put it (STUDY/DATASET/ARM/seed-N): further "
            "runs would be recorded elsewhere"
        )
    complete = [run for run in found if run.complete]
    if not complete:
        raise InputError(f"{folder} has no complete run; finish one of each arm first: al-bench status {folder}")
    return homes[0], complete


def _candidates(study: Study, names: Sequence[str], folder: Path, report: Callable[[str], None]) -> tuple[str, ...]:
    """The arms that are decided on, or that may be picked: those named, else all tested ones of the one setting."""
    tested = [arm for arm in study.others if study.is_tested(arm.name)]
    chosen = _named(study, tested, names, folder) or tested
    if not chosen:
        raise InputError(f"{folder} has no strategy beside {study.title(study.baseline or '')}; run one, with any seed")
    settings = {study.setting_of(arm.name) for arm in chosen}
    if len(settings) > 1 or study.baseline not in next(iter(settings)).arms:
        raise InputError(
            f"{folder} holds arms that differ in more than their strategy ({_listed(tested)}): name one or two with "
            f"--arm that differ from {study.baseline} in their strategy alone, or another with --baseline"
        )
    groups = rank_alike(chosen)
    for first, *others in groups:
        if others:
            report(f"{', '.join(others)} and {first} rank alike with two classes: {first} stands for them")
    return tuple(group[0] for group in groups)


def _named(study: Study, tested: Sequence[Arm], names: Sequence[str], folder: Path) -> list[Arm]:
    """The arms that the user, or a plan, named."""
    if len(names) > MOST_ARMS:
        raise InputError(f"--arm names {len(names)} arms, and a decision is about one or two")
    chosen = []
    for name in names:
        exact = [arm for arm in tested if arm.name == name]
        fits = exact or [arm for arm in arms_named(study.arms, name) if arm in tested]
        if len(fits) != 1:
            several = f"{name!r} fits {len(fits)} arms" if fits else f"no arm {name!r} has a complete run"
            raise InputError(f"{several} in {folder}; those that can be decided on are {_listed(tested)}")
        chosen.append(fits[0])
    if len({arm.name for arm in chosen}) < len(chosen):
        raise InputError(f"--arm names {chosen[0].name} twice; name two arms, or one")
    return chosen


def _listed(arms: Sequence[Arm]) -> str:
    return ", ".join(arm.name for arm in arms) or "none"


def _refuse_other(path: Path, plan: DecisionPlan, asked: Asked, study: Study, folder: Path) -> None:
    """Refuse to go on under another plan than the one that was fixed at the first look.

    Raises:
        InputError: naming what differs.
    """
    fixed = "that was fixed at the first look: leave the option out, or decide in another folder"
    if asked.metric is not None and asked.metric != plan.metric:
        raise InputError(f"--metric is {asked.metric}, and {path} has {plan.metric}; {fixed}")
    if asked.baseline is not None and asked.baseline not in (plan.baseline, study.arm(plan.baseline).strategy):
        raise InputError(f"--baseline is {asked.baseline}, and {path} has {plan.baseline}; {fixed}")
    named = _named(study, [arm for arm in study.others if study.is_tested(arm.name)], asked.arms, folder)
    if named and {arm.name for arm in named} != set(plan.arms):
        raise InputError(f"--arm is {_listed(named)}, and {path} has {', '.join(plan.arms)}; {fixed}")
    if fault := limits_fault(plan):
        raise InputError(f"{path}: {fault}; restore the file, or delete it and begin anew")
