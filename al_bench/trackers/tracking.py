"""A run told to its trackers, round by round; one that fails is said once and left out, and the run goes on."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from al_bench.config.run_names import flatten
from al_bench.errors import plain_line
from al_bench.records import RoundRecord, RunHeader
from al_bench.storage.archiving import without_folders
from al_bench.storage.items import LEFT_OUT, ROWS
from al_bench.storage.recorded_config import recorded_config
from al_bench.storage.tracked import NAME, Told, read_told, write_told
from al_bench.trackers.tracker import TrackedRun, Tracker, make_tracker, round_values

LONGEST_REASON = 200
"""Characters of what a tracker says when it fails."""


@dataclass
class Tracking:
    """Tells the trackers of one run what is on record.

    Args:
        names: Of trackers.
        folder: Of the run's record.
        header: Of the run.
        items: Whether pictures, texts and names of items may be told.
        say: Called with one line about a tracker that fails.
        make: Makes a tracker of a name.
    """

    names: Sequence[str]
    folder: Path
    header: RunHeader
    items: bool
    say: Callable[[str], None]
    make: Callable[[str], Tracker] = make_tracker

    def __post_init__(self) -> None:
        self._open: dict[str, Tracker] = {}
        self._failed: set[str] = set()
        try:
            self._told = read_told(self.folder) if self.names else {}
        except (ValueError, OSError) as error:
            self._told = {}
            self.say(plain_line(f"{self.folder / NAME} cannot be read ({error}): trackers begin with this run anew"))

    def follow(self, rounds: Sequence[RoundRecord]) -> None:
        """Tell each tracker of the rounds that it does not know."""
        for name in self.names:
            self._try(name, partial(self._log, name, rounds))

    def end(self, status: str, rounds: Sequence[RoundRecord]) -> None:
        """Tell of the rounds that a tracker does not know, and how the run ended; a complete one with its report.

        Args:
            status: complete, failed or interrupted.
            rounds: On record.
        """
        waiting = [name for name in self.names if self._misses(name, status, rounds)]
        self.follow(rounds)
        waiting = [name for name in waiting if name not in self._failed and name in self._open]
        if status == "complete" and waiting:
            with tempfile.TemporaryDirectory() as folder:
                for name in waiting:
                    self._try(name, partial(self._attach, name, Path(folder)))
        for name in waiting:
            self._try(name, partial(self._end, name, status))

    def _misses(self, name: str, status: str, rounds: Sequence[RoundRecord]) -> bool:
        told = self._told.get(name)
        return bool(rounds) and (told is None or told.ended != status or told.rounds < len(rounds))

    def _log(self, name: str, rounds: Sequence[RoundRecord]) -> None:
        known = self._told[name].rounds if name in self._told else 0
        if not rounds or (known >= len(rounds) and self._told[name].ended == "complete"):
            return
        if name not in self._open:
            tracker = self.make(name)
            former = self._told.get(name)
            key = tracker.begin(self._run(), former.key if former else None)
            self._open[name] = tracker
            self._told[name] = Told(key, known)
        for record in rounds[known:]:
            self._open[name].log(record.labelled, round_values(record, self.header.class_names))
            self._told[name].rounds += 1
        write_told(self.folder, self._told)

    def _attach(self, name: str, folder: Path) -> None:
        self._open[name].attach(self._files(folder))

    def _end(self, name: str, status: str) -> None:
        self._open.pop(name).end(status)
        self._told[name].ended = status
        write_told(self.folder, self._told)

    def _run(self) -> TrackedRun:
        header, config = self.header, recorded_config(self.folder) or {}
        parameters = {key: value for key, value in flatten(config).items() if not key.startswith("tracker.")}
        if not self.items and parameters.get(ROWS) is not None:
            parameters[ROWS] = LEFT_OUT
        strategy = header.strategy or header.arm
        return TrackedRun(
            self.folder, header.study, header.dataset, header.arm, strategy, header.seed, without_folders(parameters)
        )

    def _files(self, folder: Path) -> list[Path]:
        """The curve and the report of the run, made once."""
        from al_bench.analysis.arms import usable_runs
        from al_bench.analysis.figures.layout import save_figure
        from al_bench.analysis.figures.request import FigureRequest, draw, studies_of
        from al_bench.analysis.report.page import ReportRequest, write_page
        from al_bench.storage.runs import find_runs

        curve, page = folder / "curve.png", folder / "report.html"
        if not page.exists():
            runs = usable_runs(find_runs([self.folder]), True, _nobody)
            request = FigureRequest()
            save_figure(draw(studies_of(runs, request), request), curve)
            wanted = ReportRequest((self.folder,), include_incomplete=True, no_items=not self.items)
            page.write_text(write_page(wanted, _nobody, lambda done, total: None), encoding="utf-8")
        return [curve, page]

    def _try(self, name: str, tell: Callable[[], None]) -> None:
        if name in self._failed:
            return
        try:
            tell()
        except Exception as error:  # whatever a tracker does wrong, the run goes on
            self._failed.add(name)
            self._open.pop(name, None)
            reason = textwrap.shorten(f"{type(error).__name__}: {error}", LONGEST_REASON, placeholder=" …")
            self.say(
                plain_line(
                    f"tracker {name} failed ({reason}); the run goes on and its record is "
                    "whole; the same command tells the tracker what it missed"
                )
            )


def _nobody(line: str) -> None:
    """Of one run there is nothing to compare, and nothing to say of that."""
