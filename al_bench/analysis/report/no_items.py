"""A page for data that must not be shown: nothing of an item, neither its content nor what the user calls it.

Pictures, texts and rows are in the gallery, which then reads no data set; the names are in the records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from al_bench.analysis.arms import Arm
from al_bench.analysis.study import Study
from al_bench.storage import items


def without_items(study: Study) -> Study:
    """The study whose runs name no item."""
    return replace(study, arms=_cleared(study.arms), references=_cleared(study.references))


def _cleared(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    return tuple(replace(arm, runs=tuple(map(items.without_items, arm.runs))) for arm in arms)
