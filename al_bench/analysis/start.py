"""How the runs of a study began, in words: how the first labels were drawn, and what a balanced start costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from al_bench.analysis.arms import Arm, recorded_configuration
from al_bench.analysis.study import Study
from al_bench.health.start_cost import describe_start
from al_bench.storage.identity import FORMER_DEFAULTS
from al_bench.storage.runs import Run


@dataclass(frozen=True)
class Start:
    """How a run began.

    Args:
        kind: balanced, random, clusters, or named for points that the user named.
        size: Labelled points of round 0.
    """

    kind: str
    size: int


def start_of(run: Run) -> Start | None:
    """How a run began; None where its record does not say."""
    keys = recorded_configuration(run)
    if not keys or not run.rounds:
        return None
    named = keys.get("initial.indices") is not None or keys.get("initial.rows") is not None
    kind = "named" if named else str(keys.get("initial.kind", FORMER_DEFAULTS["initial.kind"]))
    drawn = run.header.initial
    return Start(kind, run.rounds[0].labelled if drawn is None else len(drawn))


def start_lines(study: Study) -> tuple[str, ...]:
    """One sentence for each way in which runs of a study began, the arms named where there are several ways."""
    runs: dict[Start, list[tuple[str, Run]]] = {}
    for arm in study.arms:
        for run in arm.runs:
            if (start := start_of(run)) is not None:
                runs.setdefault(start, []).append((study.title(arm.name), run))
    lines = []
    for start, begun in runs.items():
        whose = f"Start of {', '.join(dict.fromkeys(title for title, _ in begun))}" if len(runs) > 1 else "Start"
        pool = _pool_classes([run for _, run in begun], study.references)
        lines.append(f"{whose}: {describe_start(start.kind, start.size, pool, _seen([run for _, run in begun]))}.")
    return tuple(lines)


def _seen(runs: Sequence[Run]) -> str | None:
    """How many classes the runs had in round 0, as `7` or `7 to 9`; None where no record says."""
    counts = [run.rounds[0].class_counts for run in runs if run.rounds[0].class_counts]
    seen = sorted(sum(count > 0 for count in of_run) for of_run in counts)
    return None if not seen else str(seen[0]) if seen[0] == seen[-1] else f"{seen[0]} to {seen[-1]}"


def _pool_classes(runs: Sequence[Run], references: Sequence[Arm]) -> list[int] | None:
    """[C] points of each class in the pool, by a header or a run that was trained on all of it; None if none says."""
    headers = (run.header.pool_classes for run in runs)
    whole = (run.rounds[-1].class_counts for arm in references for run in arm.runs if run.rounds)
    return next((list(counts) for counts in (*headers, *whole) if counts), None)
