"""The table of stopping rules: where each would have stopped the runs of a study, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from al_bench.analysis.statistics.sign import exact_share
from al_bench.analysis.stop_replay import Replay, has_signals, replays
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Table, Value, interval
from al_bench.metrics import Metric
from al_bench.stopping.rules import RULES


def study_stopping_table(study: Study) -> Table | None:
    """Where each rule, with its default thresholds, would have stopped each arm of a study; None without signals."""
    rules = {name: rule() for name, rule in RULES.items()}
    runs = [run for arm in study.arms for run in arm.runs]
    results: dict[tuple[str, ...], list[Replay]] = {
        (study.title(arm.name), name): outcomes
        for arm in study.arms
        for name, outcomes in replays(arm.runs, rules, study.metric).items()
    }
    title = f"Stopping rules replayed{study.in_metric} on {study.dataset}"
    left_out = sum(not has_signals(run) for run in runs)
    return stopping_table(title, results, ("arm", "rule"), study.metric, left_out)


def stopping_table(
    title: str,
    results: Mapping[tuple[str, ...], Sequence[Replay]],
    heads: tuple[str, ...],
    metric: Metric,
    left_out: int,
) -> Table | None:
    """One row a rule (and whatever else the rows are divided by): medians over runs, and the share that lost too much.

    Args:
        title: Of the table.
        results: What names a row, the rule last, to its replays.
        heads: The heads of those names.
        metric: What the runs are judged by.
        left_out: Runs that cannot be replayed.

    Returns:
        None where there is no run to replay.
    """
    rows: list[tuple[str, ...]] = []
    records: list[dict[str, Value]] = []
    for names, outcomes in results.items():
        if not outcomes:
            continue
        n = len(outcomes)
        early = sum(replay.too_early for replay in outcomes)
        low, high = exact_share(early, n)
        saved, lost, regret, labels = (
            float(np.median([getattr(replay, name) for replay in outcomes]))
            for name in ("saved", "lost", "regret", "labels")
        )
        worst = max(replay.lost for replay in outcomes)
        rows.append(
            (
                *names,
                f"{sum(replay.fired for replay in outcomes)} of {n}",
                f"{labels:.0f}",
                f"{100 * saved:.0f}",
                metric.number(lost, sign=True),
                metric.number(worst, sign=True),
                f"{early} {interval(low, high, 0)}",
                f"{regret:+.0f}".replace("-", "−"),
            )
        )
        records.append(
            {
                **dict(zip(heads, names, strict=True)),
                "runs": n,
                "stopped": sum(replay.fired for replay in outcomes),
                "labels": labels,
                "saved": saved,
                "lost": lost,
                "worst": worst,
                "too_early": early,
                "too_early_low": low,
                "too_early_high": high,
                "regret": regret,
            }
        )
    if not rows:
        return None
    size = metric.scale * metric.point
    point = "a point" if size == 1 and metric.unit == "%" else f"{size:g} {metric.difference_unit}".strip()
    note = (
        "Medians over runs. stopped: before the last round on record; a run that no rule stops counts with its end. "
        f"lost: {metric.label} at the end less that at the stop; too early: more than {point} lost, with the exact "
        "interval of the share, in %, which takes runs for independent (runs of one data set are not). Regret: labels "
        f"at the stop beyond those from which on a run is never worse than at its end by more than {point}. "
        "The end is that of the record: a longer run would say more about stopping late."
    )
    if left_out:
        runs = "1 run is" if left_out == 1 else f"{left_out} runs are"
        note += f" {runs} left out: without a stop set on record, or ended by a rule or an accuracy."
    columns = (*heads, "stopped", "labels", "saved, %", "lost", "worst", "too early", "regret")
    return Table("stopping", title, columns, tuple(rows), note, tuple(records), "l" * len(heads) + "r" * 7)
