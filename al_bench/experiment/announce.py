"""What a run says on the console before its first round: choices made for the user, data, features, the initial set."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from al_bench.config.implied import implied_line
from al_bench.config.schema import InitialKind, Reference, default_kind
from al_bench.errors import plain_line

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset
    from al_bench.experiment.job import Job
    from al_bench.experiment.setup import Experiment

logger = logging.getLogger("al_bench")

SAID: set[str] = set()
"""Lines that one command has printed, about its data and its choices: the runs of a sweep share theirs."""


def say_before_encoding(job: Job, dataset: Dataset) -> None:
    """One line about the options that were chosen for the user, and what was read where encoding it may take minutes.

    Data that cannot be read are answered with one line alone: nothing is said before they are.
    """
    if line := implied_line(job.choices, job.implied):
        say(job, line)
    if job.choices.get("encoder", "none") != "none" and dataset.reading is not None and dataset.origins is not None:
        say(job, f"read {dataset.reading.line()}")


def say(job: Job, line: str) -> None:
    """Print a line about a run, once a command."""
    if line not in SAID and job.bar:
        print(f"al-bench: {plain_line(line)}", file=sys.stderr)
    SAID.add(line)


def say_what_was_read(job: Job, dataset: Dataset) -> None:
    """One line about a user's own data, before anything is trained."""
    if dataset.reading is None or dataset.origins is None:
        return
    say(job, f"read {dataset.reading.line()}")
    if (indices := job.config.initial.indices) and job.bar and (items := dataset.items(indices)) != list(indices):
        said = ", ".join(map(str, items[:8])) + (", …" if len(items) > 8 else "")
        print(
            f"al-bench: initial.indices counts the training part: these are the rows {said} of the file; initial.rows "
            "counts the rows of the file",
            file=sys.stderr,
        )


def say_what_was_encoded(job: Job, experiment: Experiment) -> None:
    """One line about the features that an encoder made."""
    encoding = experiment.dataset.encoding
    if encoding is None:
        return
    if encoding.tokens:
        say(job, "; ".join([f"texts of up to {encoding.dimension:,} tokens", *encoding.remarks]))
        return
    parts = [f"{encoding.dimension:,} numbers a point"]
    if encoding.cached is not None:
        parts.append(f"{encoding.cached:,} of {encoding.points:,} different points from the cache")
    line = "; ".join([f"encoder {job.choices.get('encoder')}: {', '.join(parts)}", *encoding.remarks])
    say(job, line)


def describe_start_of(experiment: Experiment) -> str:
    """How the initial set of a run was drawn, how many classes it has, and what a balanced one costs."""
    from al_bench.health.start_cost import describe_start

    initial, labelled = experiment.config.initial, experiment.start.labelled
    named = initial.indices is not None or initial.rows is not None
    seen = sum(count > 0 for count in experiment.class_counts(labelled))
    pool = experiment.class_counts(experiment.start.pool)
    return describe_start("named" if named else initial.kind.value, len(labelled), pool, seen)


def say_how_it_starts(job: Job, experiment: Experiment) -> None:
    """One line about the initial set in the log, and before anything is trained on a user's own data on the console.

    Of the runs of a sweep the first of each way to start says it. The benchmarks that come with al-bench start as in
    their papers.
    """
    config, initial = job.config, job.config.initial
    if config.reference is not Reference.none:
        return
    line = f"start: {describe_start_of(experiment)}{job.start_note}"
    logger.info("%s", line)
    way = f"{experiment.dataset.name} {initial.kind} {initial.size} {initial.indices} {initial.rows}"
    if way not in SAID and job.bar and default_kind(type(config.dataset)) is not InitialKind.balanced:
        print(f"al-bench: {line}", file=sys.stderr)
    SAID.add(way)
