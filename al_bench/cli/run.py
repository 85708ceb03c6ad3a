"""`al-bench run`: Hydra composes the configuration, a job plays it."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

from al_bench.config.compose import COMPOSE_ERRORS, application, known_keys, register
from al_bench.config.composed import Composed, current, is_sweep
from al_bench.config.messages import one_line
from al_bench.config.registry import COMPONENTS
from al_bench.errors import InputError
from al_bench.experiment import sweep
from al_bench.experiment.job import Job, perform
from al_bench.experiment.outcome import Outcome

_OUTCOMES: list[Outcome] = []
"""The outcome of a single run, for the exit status."""


def make_job(composed: Composed) -> Job:
    """The job that a composed configuration describes."""
    return Job(
        config=composed.build(),
        folder=composed.folder,
        identity=composed.identity,
        components=composed.components,
        resolved=composed.as_yaml(),
        choices=composed.choices,
        command=composed.overrides,
        bar=not composed.parallel,
    )


def task(config: Any) -> Outcome:
    """What Hydra calls for every run, in this process or in a launcher's worker."""
    try:
        job = make_job(current(config))
    except InputError as error:
        outcome = Outcome("failed", None, str(error), bad_input=True)
    except COMPOSE_ERRORS as error:
        outcome = Outcome("failed", None, one_line(error), bad_input=True)
    else:
        outcome = perform(job)
    if not is_sweep():
        _OUTCOMES.append(outcome)
    return outcome


def main(argv: list[str]) -> int:
    """Run Hydra on the arguments of `al-bench run`.

    Returns:
        0: every run is complete. 1: a run failed. 2: bad input, nothing ran. 130: interrupted.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises, and this function words the error
    argv = sorted(argv, key=lambda word: word not in ("-m", "--multirun"))  # argparse wants it before the overrides
    sys.argv = ["al-bench run", *argv]
    logging.getLogger("al_bench").propagate = False
    _OUTCOMES.clear()
    sweep.RESULTS.clear()
    register()
    sweep.register()
    try:
        if nameless := [word for word in argv if word.lstrip("+~").startswith("=")]:
            raise InputError(f"'{nameless[0]}' names no key: write key=value")
        nothing = {f"{group}={option}" for group in COMPONENTS for option in ("", "null")}
        if empty := [word for word in argv if word in nothing]:
            raise InputError(f"{empty[0]!r} names none; choose one, see al-bench list")
        application(task)()
    except KeyboardInterrupt:
        print(
            "\nal-bench run: interrupted; the same command goes on from the last recorded round",
            file=sys.stderr,
        )
        return 130
    except (*COMPOSE_ERRORS, InputError) as error:
        print(f"al-bench run: {one_line(error, known_keys(argv))}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"al-bench run: {error.strerror}: {error.filename}; choose another place", file=sys.stderr)
        return 2
    return close()


def close() -> int:
    """Say how the run or the sweep ended and what to type next; return the exit status."""
    if sweep.RESULTS:
        print(sweep.table(sweep.RESULTS))
        outcomes = [outcome for _, outcome in sweep.RESULTS]
        study = {str(Path(o.folder).parents[2]) for o in outcomes if o.folder and o.status == "complete"}
        if study:
            print(f"next: al-bench plot {' '.join(sorted(study))} --out curves.png")
        if all(outcome.status == "complete" for outcome in outcomes):
            return 0
        return 2 if all(outcome.bad_input for outcome in outcomes) else 1
    for outcome in _OUTCOMES:
        if outcome.status != "complete":
            log = Path(outcome.folder or "", "run.log")
            where = f" (see {log})" if not outcome.bad_input and log.exists() else ""
            print(f"al-bench run: {outcome.note}{where}", file=sys.stderr)
            return 2 if outcome.bad_input else 1
        assert outcome.folder is not None
        print(f"{outcome.folder}: {outcome.note}")
        print(f"next: al-bench plot {Path(outcome.folder).parents[2]} --out curves.png")
    return 0
