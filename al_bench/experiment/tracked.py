"""A run told to the trackers that were asked for, if any."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from al_bench.config.schema import RunConfig
from al_bench.experiment.announce import SAID
from al_bench.records import RoundRecord
from al_bench.storage.run_folder import RunFolder

if TYPE_CHECKING:
    from al_bench.trackers.tracking import Tracking

logger = logging.getLogger("al_bench")


def check_trackers(config: RunConfig) -> None:
    """Refuse a tracker whose package is not installed.

    Raises:
        InputError: naming the extra to install.
    """
    if config.tracker.to:
        from al_bench.trackers.tracker import check_installed

        check_installed(config.tracker.to)


@contextlib.contextmanager
def tracked(config: RunConfig, folder: RunFolder) -> Iterator[Callable[[Sequence[RoundRecord]], None]]:
    """Gives what tells the trackers of the rounds on record; in the end they hear how the run ended.

    Args:
        config: The run.
        folder: Its record, which has begun.
    """
    if not config.tracker.to:
        yield lambda rounds: None
        return
    tracking = _tracking(config, folder)
    status = "failed"
    try:
        yield tracking.follow
        status = "complete"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        tracking.end(status, folder.rounds)


def catch_up(config: RunConfig, folder: RunFolder) -> None:
    """Tell the trackers of a complete run what they do not know of it."""
    if config.tracker.to:
        _tracking(config, folder).end("complete", folder.rounds)


def _tracking(config: RunConfig, folder: RunFolder) -> Tracking:
    from al_bench.trackers.tracking import Tracking

    assert folder.header is not None
    return Tracking(config.tracker.to, folder.path, folder.header, config.tracker.items, _say)


def _say(line: str) -> None:
    """Say it in the log, and once a command on the screen."""
    logger.warning("%s", line)
    if line not in SAID:
        print(f"al-bench: {line}", file=sys.stderr)
    SAID.add(line)
