"""What is said of a study that is judged by a second learner, on the labels that another one bought."""

from __future__ import annotations

from collections.abc import Sequence

from al_bench.metrics import Metric
from al_bench.records import SUCCESSOR
from al_bench.storage.runs import Run


def is_of_successor(metric: Metric) -> bool:
    """Whether a metric is that of a second learner."""
    return metric.name.startswith(SUCCESSOR)


def successor_lines(metric: Metric, runs: Sequence[Run]) -> tuple[str, ...]:
    """Which learner is judged and which one chose, in a sentence; none where they are the same.

    Args:
        metric: What the study is judged by.
        runs: Of one dataset.
    """
    if not is_of_successor(metric):
        return ()
    judged = sorted({str((run.header.identity or {}).get("successor")) for run in runs if run.header.successor})
    chose = sorted({str(run.header.choices["model"]) for run in runs if "model" in run.header.choices})
    return (
        f"Judged by {' and '.join(judged)}, the successor, trained from scratch on the labels that each arm bought; "
        f"the learner that picked them is {' or '.join(chose)}, and Random's labels are judged in the same way.",
    )
