"""What went wrong in which round of which run, read from the records: for figures, comparisons and reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from al_bench.errors import InputError
from al_bench.health.checks import REMARKS, TITLES, findings, is_recorded
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
        sentence: The same as a sentence, without run and round.
    """

    run: Run
    round: int
    check: str
    value: float
    threshold: float
    sentence: str

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


def health_notes(runs: Iterable[Run], thresholds: Health | None = None) -> list[HealthNote]:
    """Every check beyond its threshold, by run and round.

    Args:
        thresholds: For all runs; None takes those of each run.
    """
    notes = []
    for run in runs:
        limits = thresholds or thresholds_of(run)
        for number, entry in enumerate(run.rounds):
            for finding in findings(entry, limits):
                notes.append(HealthNote(run, number, finding.check, finding.value, finding.threshold, finding.sentence))
    return notes
