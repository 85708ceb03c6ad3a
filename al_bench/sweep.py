"""The sweeper of `al-bench run -m`: Hydra's, which also remembers how every job ended.

Hydra raises only the first failure of a sweep, and a killed joblib worker aborts the rest. Here each job returns
its outcome, and whatever has none in the end is listed as missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from hydra.core.plugins import Plugins

from al_bench.job import Outcome

RESULTS: list[tuple[list[str], Outcome | None]] = []
"""Overrides and outcome of every job of the sweep in this process; the command reads it when Hydra returns."""

Launch = Callable[..., Sequence[Any]]


def remembering(launch: Launch) -> Launch:
    """`launch`, which adds every job to RESULTS and leaves nothing for Hydra to raise."""

    def launch_and_remember(job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[Any]:
        try:
            returns = launch(job_overrides, initial_job_idx=initial_job_idx)
        except Exception as error:
            print(f"al-bench: the launcher gave up: {type(error).__name__}: {error}", file=sys.stderr)
            returns = []
        outcomes = [getattr(job, "_return_value", None) for job in returns]
        outcomes += [None] * (len(job_overrides) - len(outcomes))
        RESULTS.extend(
            (list(overrides), outcome if isinstance(outcome, Outcome) else None)
            for overrides, outcome in zip(job_overrides, outcomes, strict=True)
        )
        return []

    return launch_and_remember


def register() -> None:
    """Make the sweeper known to Hydra, which takes plugins only from modules called hydra_plugins."""
    plugins = Plugins.instance()  # its first call loads Hydra's own plugins anew, so the base is imported after it
    import hydra_plugins
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    class Sweeper(BasicSweeper):
        def __init__(self, max_batch_size: int | None = None, params: dict[str, str] | None = None) -> None:
            super().__init__(max_batch_size, params)

        def sweep(self, arguments: list[str]) -> None:
            assert self.launcher is not None
            self.launcher.launch = remembering(self.launcher.launch)  # type: ignore[method-assign]
            super().sweep(arguments)

    here: Any = sys.modules[__name__]
    here.Sweeper = Sweeper
    Sweeper.__module__, Sweeper.__qualname__ = "hydra_plugins.al_bench", "Sweeper"
    sys.modules["hydra_plugins.al_bench"] = hydra_plugins.al_bench = here
    plugins.register(Sweeper)


def table(results: Sequence[tuple[list[str], Outcome | None]]) -> str:
    """How every job of a sweep ended, one line each, and the counts."""
    lines = []
    counts = {"complete": 0, "failed": 0, "missing": 0}
    for overrides, outcome in results:
        status = outcome.status if outcome else "missing"
        counts[status] += 1
        note = outcome.note if outcome else "no result: the worker died or never started; run the command again"
        place = outcome.folder if outcome and outcome.folder else " ".join(overrides)
        lines.append((status, place, note))
    width = max((len(place) for _, place, _ in lines), default=0)
    rows = [f"{status:<9} {place:<{width}}  {note}" for status, place, note in lines]
    return "\n".join([*rows, ", ".join(f"{count} {status}" for status, count in counts.items())])
