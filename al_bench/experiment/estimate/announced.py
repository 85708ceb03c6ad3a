"""The one line on time, memory, disk and labels that every run says: before it, or after the first round it trains.

Before it where rounds on record tell: of the same run, or of another seed of the same setting on this machine.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from tqdm import tqdm

from al_bench.config.schema import Reference
from al_bench.errors import plain_line
from al_bench.experiment.announce import SAID
from al_bench.experiment.estimate import recorded
from al_bench.experiment.estimate.curve import NOTHING, Cost
from al_bench.experiment.estimate.quantities import Estimate, Span
from al_bench.experiment.estimate.run_cost import early_end
from al_bench.experiment.estimate.sentences import short_line, span_of_time
from al_bench.learners.linear_learner import LinearLearner
from al_bench.learners.torch_learner import TorchLearner
from al_bench.learners.training import Stop
from al_bench.records import TUNE
from al_bench.storage.run_folder import RunFolder
from al_bench.strategies.base import ScoreStrategy

if TYPE_CHECKING:
    from al_bench.experiment.job import Job
    from al_bench.experiment.setup import Experiment
    from al_bench.records import RoundRecord, RunHeader

logger = logging.getLogger("al_bench")

MACHINE = ("device", "threads", "processor", "cores")
"""The fields of a header by which a former run is of this machine."""
LONG = 5.0
"""Seconds of a first round from which it tells what the others take."""


def growing_stages(experiment: Experiment) -> tuple[str, ...]:
    """The stages whose time may grow with the number of labelled points."""
    by_steps = isinstance(experiment.learner, TorchLearner) and not isinstance(experiment.learner, LinearLearner)
    trains_alike = by_steps and experiment.config.training.stop is Stop.steps
    return (
        *(() if trains_alike else ("train",)),
        *(() if isinstance(experiment.strategy, ScoreStrategy) else ("select",)),
        *(() if experiment.successor is None else ("successor",)),
        *(() if trains_alike or not experiment.config.tuning.every_round else (TUNE,)),
    )


class AnnouncedEstimate:
    """Says the line of one run, once.

    Args:
        job, experiment: The run.
        folder: Its record, held for this process.
        header: What its header would be now.
    """

    def __init__(self, job: Job, experiment: Experiment, folder: RunFolder, header: RunHeader) -> None:
        self._job, self._experiment, self._folder = job, experiment, folder
        self._said = self._has_trained = False
        start = len(experiment.start.asked)
        full = experiment.config.reference is Reference.full
        batch = experiment.config.schedule.batch
        self._arm = job.folder.parent.name
        self._labels = [start] if full else recorded.label_counts(start, batch, experiment.labels_at_end)
        self._machine = {key: getattr(header, key) for key in MACHINE}

    def before(self) -> None:
        """Say it before the first round, if it is known, or if there is no second."""
        rounds = recorded.trained_here(self._folder.header, self._folder.rounds)
        if recorded.seconds_ahead(rounds, self._labels):
            self._say(rounds, self._folder, f"from the rounds of {self._arm} on record")
            return
        job = self._job
        former = recorded.former_run(job.folder.parent, job.identity, job.components, job.defaults, self._machine)
        if former is not None:
            rounds = recorded.trained_here(former.header, former.rounds)
            self._say(rounds, former, f"from {self._arm}/{former.path.name}, the same setting")
        elif len(self._labels) == 1:
            self._say([], None, f"one training of {self._arm}, whose time is not known before")

    def after(self, record: RoundRecord) -> None:
        """Say it after the first round that was trained here; after the next one where that was short.

        A process's first round pays for the libraries that it imports, which a short one has mostly been about.
        """
        if self._said or record.acquired is None or not recorded.trained_here(self._folder.header, [record]):
            return
        if (
            self._has_trained
            or recorded.seconds_of(record) >= LONG
            or len(self._folder.rounds) == len(self._labels) - 1
        ):
            self._say([record], self._folder, f"from round {record.round} of {self._arm}")
        self._has_trained = True

    def _ahead(self, rounds: list[RoundRecord], labels: list[int]) -> tuple[float, float] | None:
        """The seconds of rounds to come."""
        tuning = self._experiment.config.tuning
        tuned_once = tuning.tunes and not tuning.every_round
        return recorded.seconds_ahead(rounds, labels, growing_stages(self._experiment), tuned_once)

    def _say(self, rounds: list[RoundRecord], source: RunFolder | None, basis: str) -> None:
        self._said = True
        done = len(self._folder.rounds)
        ahead = self._ahead(rounds, self._labels[done:]) if rounds else None
        rule = early_end(self._experiment.config)
        stops = bool(rule) and len(self._labels) > 1
        low, high = ahead or (0.0, 0.0)
        time = f"{span_of_time(0.0 if stops else low, high)}{' left' if done else ''}" if ahead else ""
        disk = 0.0
        if source is not None and source.rounds:
            disk = recorded.folder_bytes(source.path, len(source.rounds), len(self._labels))
        first = self._labels[min(done, len(self._labels) - 1)] if stops else self._labels[-1]
        estimate = Estimate(
            time=Span(Cost(low), Cost(high)),
            start=NOTHING,
            memory_bytes=recorded.peak_memory(rounds),
            disk_bytes=disk,
            labels=(first, self._labels[-1]),
            rounds=(min(done + 1, len(self._labels)) if stops else len(self._labels), len(self._labels)),
            remarks=(f"{rule} may end it after any round",) if stops else (),
            basis=basis,
        )
        line = plain_line(short_line(estimate, time))
        logger.info("%s", line)
        setting = f"estimate {self._job.folder.parent}"
        if self._job.bar and setting not in SAID:  # of a sweep's seeds the first
            tqdm.write(f"al-bench: {line}", file=sys.stderr)
        SAID.add(setting)
