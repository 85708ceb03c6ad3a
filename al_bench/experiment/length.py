"""How long a run is, against the rounds on record: a longer run goes on from a shorter one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from al_bench.experiment.setup import Experiment
from al_bench.records import RoundRecord, RunHeader
from al_bench.storage.run_folder import RunFolder

if TYPE_CHECKING:
    from al_bench.experiment.job import Job

logger = logging.getLogger("al_bench")


def shared_rounds(rounds: Sequence[RoundRecord], experiment: Experiment) -> tuple[int, bool]:
    """How many of the first rounds on record this run would have, too, and whether they reach its end.

    A shorter run's last round is not among them, as it acquired nothing where this run would; nor is one whose batch
    its budget had cut short.
    """
    for number, record in enumerate(rounds):
        if experiment.labels_at_end == record.labelled:
            return number + 1, True
        if record.acquired is None:
            by_accuracy = experiment.ends(number, record.accuracy, record.validation_accuracy)
            stopped = by_accuracy or record.stopped_by is not None
            return (number + 1, True) if stopped else (number, False)
        if len(record.acquired) != experiment.batch(record.labelled):
            return number, False
    return len(rounds), False


def is_covered(rounds: Sequence[RoundRecord], experiment: Experiment) -> bool:
    """Whether the rounds on record reach the end of this run, or go beyond it."""
    return shared_rounds(rounds, experiment)[1]


def go_on_from_shorter(folder: RunFolder, experiment: Experiment, job: Job, header: RunHeader) -> None:
    """Where a folder holds a run of another length, have it go on after the rounds that both share.

    Raises:
        InputError: the folder holds a longer run that is not complete, or one whose label counts are others.
    """
    if not folder.rounds or folder.same_length(job.identity):
        return
    shared, covered = shared_rounds(folder.rounds, experiment)
    last = folder.rounds[-1]
    if covered and last.acquired is None:
        return
    if covered or last.labelled > experiment.labels_at_end:
        folder.check(job.identity, job.components, job.defaults)
    if experiment.config.training.warm_start:  # from a round whose weights are still there, or from the first
        while shared and not (folder.path / f"weights-{shared - 1}.pt").exists():
            shared -= 1
    logger.info("going on from a run to %d labels, at round %d", last.labelled, shared)
    folder.extend(shared, header)
