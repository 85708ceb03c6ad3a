"""A run told to the trackers that were asked for, if any."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from al_bench.config.schema import RunConfig
from al_bench.errors import InputError
from al_bench.experiment.announce import SAID
from al_bench.records import RoundRecord
from al_bench.storage.run_folder import RunFolder

if TYPE_CHECKING:
    from al_bench.trackers.tracking import Tracking

logger = logging.getLogger("al_bench")


def check_trackers(config: RunConfig, arm: str) -> None:
    """Refuse a tracker whose package is not installed, and an arm whose name would tell items.

    Args:
        config: The run.
        arm: The name of its curve, which trackers show.

    Raises:
        InputError: naming the extra to install, or the key to set.
    """
    if not config.tracker.to:
        return
    from al_bench.trackers.tracker import check_installed

    check_installed(config.tracker.to)
    if config.initial.rows is not None and "rows=" in arm and not config.tracker.items:
        raise InputError(
            f"tracker={','.join(config.tracker.to)} would be told the items that initial.rows names, by the name "
            "of the arm: give it one, as in arm=named, or allow it with tracker.items=true"
        )


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
