"""The job that a composed configuration describes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from al_bench.config.composed import Composed
from al_bench.config.own_code import own_code
from al_bench.experiment.job import Job


def composed_job(composed: Composed, command: Sequence[str] | None = None, start_note: str = "") -> Job:
    """The job that a composed configuration describes.

    Args:
        composed: The configuration.
        command: The overrides that give it; None: those typed.
        start_note: What else to say of the initial set.

    Raises:
        InputError: a value of the configuration is not allowed.
    """
    run = composed.build()
    return Job(
        config=run,
        folder=composed.folder,
        identity=composed.identity,
        components=composed.components,
        resolved=composed.as_yaml(),
        choices=composed.choices,
        command=list(composed.overrides if command is None else command),
        bar=not composed.parallel,
        defaults=composed.defaults(run),
        implied=composed.implied,
        own_code=own_code([getattr(run, group) for group in composed.components]),
        start_note=start_note,
        posterior_chosen_in=partial(composed.file_that_chooses, "posterior"),
    )
