"""Confusion and recall by class of an arm at one label count, summed over its seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.arms import Arm
from al_bench.analysis.claims import claim_order
from al_bench.analysis.finding import Finding
from al_bench.analysis.study import Study
from al_bench.records import RoundRecord
from al_bench.storage.runs import Run


@dataclass(frozen=True)
class ClassResults:
    """What an arm does to each class at one label count, over its seeds.

    Args:
        labels: The label count.
        names: [C] of the classes.
        tested: [C] test points of one seed.
        labelled: [C] labelled points, mean over seeds; NaN where they were not recorded.
        recall: [S, C] of each seed; NaN for a class without test points.
        confusion: [C, C] test points by true (row) and predicted class, summed over seeds; None where not recorded.
    """

    labels: int
    names: tuple[str, ...]
    tested: NDArray[np.int64]
    labelled: NDArray[np.float64]
    recall: NDArray[np.float64]
    confusion: NDArray[np.int64] | None


def class_results(arm: Arm, labels: int) -> ClassResults | None:
    """What an arm does to each class at a label count; None where a seed has not recorded it."""
    rounds = [(run, record) for run in arm.runs for record in run.rounds if record.labelled == labels]
    rounds = [(run, record) for run, record in rounds if record.class_metrics.get("recall")]
    if len(rounds) < len(arm.runs) or len({len(record.class_metrics["recall"]) for _, record in rounds}) != 1:
        return None
    recall = np.array([record.class_metrics["recall"] for _, record in rounds], dtype=np.float64)
    header = rounds[0][0].header
    classes = recall.shape[1]
    names = tuple(header.class_names) if len(header.class_names) == classes else tuple(map(str, range(classes)))
    counts = [record.class_counts for _, record in rounds if len(record.class_counts) == classes]
    return ClassResults(
        labels=labels,
        names=names,
        tested=_tested(*rounds[0], classes),
        labelled=np.mean(counts, axis=0) if counts else np.full(classes, np.nan),
        recall=recall,
        confusion=_confusion([record for _, record in rounds], classes),
    )


def last_shared_labels(study: Study) -> int | None:
    """The last label count at which all arms were evaluated; None without any."""
    shared = study.labels[study.shared_counts([arm.name for arm in study.arms])]
    return int(shared[-1]) if len(shared) else None


def leading_arm(study: Study, winners: Sequence[Finding] = ()) -> Arm | None:
    """The arm to look at beside the baseline, oracles aside; None where no arm was evaluated with all others.

    Of the winners the one that the verdict names first. Without winners the arm that ends best where all arms were
    evaluated.

    Args:
        study: The arms.
        winners: What is said of the arms that the verdict calls better than the baseline.
    """
    if winners:
        return study.arm(claim_order(study, winners)[0].name)
    sign = study.metric.sign
    shared = study.shared_counts([arm.name for arm in study.arms])
    others = [arm for arm in study.others if not study.is_oracle(arm.name)]
    if not others or not shared.any():
        return None
    last = int(np.flatnonzero(shared)[-1])
    ends = {arm.name: sign * float(np.nanmean(study.values[arm.name][:, last])) for arm in others}
    return max(others, key=lambda arm: (ends[arm.name], arm.name))


def _tested(run: Run, record: RoundRecord, classes: int) -> NDArray[np.int64]:
    if len(run.header.test_class_counts) == classes:
        return np.array(run.header.test_class_counts, dtype=np.int64)
    if (table := _confusion([record], classes)) is not None:
        return table.sum(axis=1)
    return np.zeros(classes, dtype=np.int64)


def _confusion(records: list[RoundRecord], classes: int) -> NDArray[np.int64] | None:
    """The sum of the rounds' matrices; None where one was not recorded, or is none of so many classes."""
    tables = [record.confusion for record in records if record.confusion is not None]
    square = all(len(table) == classes and all(len(row) == classes for row in table) for table in tables)
    return np.sum(np.array(tables, dtype=np.int64), axis=0) if square and len(tables) == len(records) else None
