"""What went wrong in which round of which run, read from the records: for figures, comparisons and reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from al_bench.analysis.arms import Arm
from al_bench.analysis.study import Study
from al_bench.errors import InputError
from al_bench.health.checks import (
    RELATIVE,
    REMARKS,
    TITLES,
    Context,
    RandomRounds,
    acquired_classes,
    findings,
    is_recorded,
    values,
)
from al_bench.health.thresholds import Health
from al_bench.storage.runs import Run

NOT_RECORDED = "not recorded"
"""What to show for a run whose rounds have no health: an older al-bench wrote it."""


@dataclass(frozen=True)
class HealthNote:
    """One check beyond its threshold in one round.

    Args:
        run: The run.
        round: Its round, counted from 0.
        check: One of `al_bench.health.checks.TITLES`, which has a heading for each.
        value, threshold: In the units of `al_bench.health.thresholds.Health`.
        sentence: What it means, in plain words, without run and round.
        measure: The values behind it, for experts.
    """

    run: Run
    round: int
    check: str
    value: float
    threshold: float
    sentence: str
    measure: str

    @property
    def title(self) -> str:
        return TITLES[self.check]

    @property
    def remark(self) -> bool:
        """Whether it is a remark on the set-up, not a warning."""
        return self.check in REMARKS

    @property
    def labelled(self) -> int:
        """Labelled points of the round: where a curve takes the mark."""
        return self.run.rounds[self.round].labelled


def thresholds_of(run: Run) -> Health:
    """The thresholds of the run; the defaults where its header has none that can be used."""
    recorded = run.header.health
    if recorded is not None:
        names = {entry.name for entry in fields(Health)}
        try:
            return Health(**{key: value for key, value in recorded.items() if key in names})
        except (InputError, TypeError):
            pass
    return Health()


def has_health(run: Run) -> bool:
    """Whether any round of the run has health on record; where none has, show `NOT_RECORDED`, not health."""
    return any(is_recorded(entry) for entry in run.rounds)


def random_rounds(runs: Iterable[Run]) -> RandomRounds:
    """What the rounds of Random show among the runs of a study."""
    measured: dict[str, list[tuple[int, float]]] = {}
    for run in runs:
        if not is_random(run):
            continue
        limits = thresholds_of(run)
        for number, entry in enumerate(run.rounds):
            for check, value in values(entry, limits, context_of(run, number)).items():
                if check in RELATIVE:
                    measured.setdefault(check, []).append((len(entry.acquired or ()), value))
    return RandomRounds(measured)


def is_random(run: Run) -> bool:
    """Whether a run picked its points at random."""
    return run.strategy == "random" and run.header.reference != "full"


def context_of(run: Run, number: int, random: RandomRounds | None = None) -> Context:
    """What the checks of a round of a run need beside its record."""
    header, entry = run.header, run.rounds[number]
    classes = len(run.rounds[0].class_counts)
    known = len(header.pool_classes) == len(header.test_classes) == classes
    return Context(
        acquired=acquired_classes(entry, run.rounds[0].class_counts),
        pool=header.pool_classes if known else (),
        test=header.test_classes if known else (),
        class_names=header.class_names,
        is_random=is_random(run),
        random=random or RandomRounds(),
        is_last=number == len(run.rounds) - 1 and entry.acquired is None and header.reference != "full",
    )


def health_notes(
    runs: Iterable[Run], thresholds: Health | None = None, random: RandomRounds | None = None
) -> list[HealthNote]:
    """Every check beyond its threshold, by run and round.

    Args:
        thresholds: For all runs; None takes those of each run.
        random: What Random's rounds show in the same study; None or empty: there are none.
    """
    notes = []
    for run in runs:
        limits = thresholds or thresholds_of(run)
        for number, entry in enumerate(run.rounds):
            for found in findings(entry, limits, context_of(run, number, random)):
                texts = (found.sentence, found.measure)
                notes.append(HealthNote(run, number, found.check, found.value, found.threshold, *texts))
    return notes


def titled_arms(study: Study) -> list[tuple[str, Arm]]:
    """Every arm of a study with its title, whole-pool references included."""
    arms = [(study.title(arm.name), arm) for arm in study.arms]
    return [*arms, *((arm.label, arm) for arm in study.references)]


def study_notes(study: Study) -> list[tuple[str, Arm, HealthNote]]:
    """Every finding in the rounds of a study with its arm and the arm's title; Random's rounds are what is normal."""
    arms = titled_arms(study)
    random = random_rounds(run for _, arm in arms for run in arm.runs)
    return [(title, arm, note) for title, arm in arms for note in health_notes(arm.runs, random=random)]
