"""The lines that `al-bench query` shows: what was read, what is labelled, what is not decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from al_bench.labelling.answers import Answers
from al_bench.labelling.choose import Trained
from al_bench.labelling.pool import LabellingPool
from al_bench.labelling.state import LabellingState
from al_bench.labelling.votes import tally


def describe_pool(pool: LabellingPool) -> str:
    """One line about the items."""
    reading = pool.dataset.reading
    assert reading is not None
    kinds = ", ".join(reading.kind_counts())
    labelled = len(pool.labels_of_files)
    label = f"; label {reading.label}" if reading.label else ""
    test = f"; {len(pool.dataset.test_labels):,} test items from {reading.test_from}" if reading.test_from else ""
    unused = f"; not used: {', '.join(list(reading.unused)[:8])}" if reading.unused else ""
    notes = "".join(f"; {remark}" for remark in reading.remarks)
    return (
        f"{reading.source}: {pool.dataset.size:,} items, {labelled:,} of them labelled; {kinds}{label}{test}{unused}"
        f"{notes}"
    )


def describe_labels(state: LabellingState, trained: Trained | None) -> list[str]:
    """What is labelled, by class, and how good the model is on the test part."""
    counts = Counter(state.labels.values())
    if not counts:
        return []
    by_class = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())[:20])
    more = f", … {len(counts) - 20} more" if len(counts) > 20 else ""
    skipped = f"; {len(state.skipped):,} skipped" if state.skipped else ""
    open_ = f"; {len(state.asked_in_vain):,} asked without an answer" if state.asked_in_vain else ""
    lines = [f"{len(state.labels):,} labels: {by_class}{more}{skipped}{open_}"]
    if len(counts) == 1:
        lines.append("one class so far, from which no model learns: this batch is a cold start again")
    if trained is not None and (quality := trained.quality):
        lines.append(f"on the test part: accuracy {quality['accuracy']:.4f}")
    return lines


def describe_undecided(state: LabellingState, answers: Answers, wanted: int) -> list[str]:
    """The items whose labels decide nothing yet, with these."""
    if not state.undecided:
        return []
    shown = first_of([f"{item} ({tally(answers.by_item[item])})" for item in state.undecided])
    fewer = f", or fewer than labels_per_item={wanted} labels" if wanted > 1 else ""
    return [f"{len(state.undecided):,} items have no majority{fewer}, and are not trained on: {shown}"]


def first_of(items: Sequence[str], most: int = 5) -> str:
    """The first few items, and how many more there are."""
    return ", ".join(items[:most]) + (f", … {len(items) - most:,} more" if len(items) > most else "")
