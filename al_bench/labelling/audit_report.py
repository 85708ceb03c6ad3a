"""What an audit says of a model: accuracy, the recall of each class, balanced accuracy, and what that assumes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from al_bench.labelling.active_testing import lure_accuracy, lure_weights, ratio_accuracy
from al_bench.labelling.audit import Audit
from al_bench.labelling.audit_statistics import FEWEST, Ends, Flags, Floats, Share, exact_ends, melded_mean

MOST_CLASSES = 20
"""Classes whose recall is shown."""


@dataclass(frozen=True)
class Judged:
    """A model, as the labels of an audit judge it.

    Args:
        due: Items of the audit that were drawn so far and are in the pool.
        labelled: Those of them that have a label.
        accuracy: None with fewer than `FEWEST` labels.
        whatever: The interval of the accuracy whatever the items without a label are; None where all have one.
        recalls: Class to its recall, or to the number of its items where there are too few.
        balanced: None where a class has too few items, or there is one class.
    """

    due: int
    labelled: int
    accuracy: Share | None = None
    whatever: tuple[float, float] | None = None
    recalls: Mapping[str, Share | int] = field(default_factory=dict)
    balanced: Share | None = None

    @property
    def quality(self) -> dict[str, float]:
        """For the record."""
        share = self.accuracy
        return {"accuracy": share.value, "low": share.low, "high": share.high, "items": share.items} if share else {}


@dataclass(frozen=True)
class Estimator:
    """The accuracy on some of the draws.

    Args:
        weights: [M] LURE's, of all draws; None for a random audit, whose draws are alike.
        size: Items of the reserve, of an active audit.
    """

    weights: Floats | None
    size: int

    @classmethod
    def of(cls, audit: Audit) -> Estimator:
        """That of an audit."""
        size = len(audit.plan.items)
        return cls(lure_weights(np.array([q for _, q in audit.due]), size) if audit.is_active else None, size)

    def accuracy(self, rows: NDArray[np.int64], right: Flags) -> tuple[float, Ends]:
        """The accuracy on some draws, with the ends of its interval: exact, by LURE where it is all, else as a ratio.

        Args:
            rows: [m] which draws.
            right: [m] whether the model is right.
        """
        if self.weights is None:
            return float(right.mean()), exact_ends(int(right.sum()), len(right))
        v, drawn = self.weights[rows], len(self.weights)
        if len(rows) == drawn:
            return lure_accuracy(v, ~right, self.size)
        return ratio_accuracy(v, ~right, self.size * float(v.sum()) / drawn)

    def whatever(self, present: NDArray[np.int64], rows: NDArray[np.int64], right: Flags) -> tuple[float, float]:
        """The lower end were all items without a label wrong, and the upper end were all of them right.

        Args:
            present: [n] which draws are in the pool.
            rows: [m] those of them that have a label.
            right: [m] whether the model is right.

        Source: bounds without an assumption on what is missing: Manski 1989; their ends are those of `accuracy`.
        """
        missing = ~np.isin(present, rows)
        known = np.zeros(len(present), dtype=bool)
        known[~missing] = right
        return self.accuracy(present, known)[1].at()[0], self.accuracy(present, known | missing)[1].at()[1]


def judge(
    audit: Audit,
    labels: Mapping[str, str],
    here: Collection[str],
    predicted: Callable[[Sequence[str]], Sequence[str]],
    classes: Collection[str] = (),
) -> Judged:
    """Judge a model by the items that were drawn so far.

    Args:
        audit: The audit.
        labels: Item to class, of its items that have a label.
        here: Items that are in the pool; what is gone from it is judged no more.
        predicted: Items to the class that the model predicts for each.
        classes: That there are, beside those of `labels`.
    """
    due = [item for item, _ in audit.due]
    present = np.array([row for row, item in enumerate(due) if item in here], dtype=np.int64)
    rows = np.array([row for row in present if due[row] in labels], dtype=np.int64)
    if len(rows) < FEWEST:
        return Judged(len(present), len(rows))
    items = [due[row] for row in rows]
    truth = np.array([labels[item] for item in items], dtype=object)
    right = np.array(truth == np.array(list(predicted(items)), dtype=object), dtype=bool)
    estimator = Estimator.of(audit)
    value, ends = estimator.accuracy(rows, right)
    recalls: dict[str, Share | int] = {}
    apart: list[tuple[float, Ends]] = []
    for name in sorted({*truth.tolist(), *classes}):
        own = np.array(truth == name, dtype=bool)
        if (count := int(own.sum())) < FEWEST:
            recalls[name] = count
            continue
        apart.append(estimator.accuracy(rows[own], right[own]))
        recalls[name] = apart[-1][1].share(apart[-1][0], count)
    said = len(apart) == len(recalls) > 1
    return Judged(
        len(present),
        len(rows),
        ends.share(value, len(rows)),
        estimator.whatever(present, rows, right) if len(rows) < len(present) else None,
        recalls,
        melded_mean(apart, len(rows), audit.streams.numpy("audit_meld")) if said else None,
    )


def describe_audit(audit: Audit, judged: Judged | None, added: int = 0) -> list[str]:
    """What to show of an audit, one line each.

    Args:
        audit: The audit.
        judged: None where there is no model yet.
        added: Items that came to the pool after the first call.
    """
    due = judged.due if judged else len(audit.due)
    head = f"audit: {due} of {audit.plan.size} {'active' if audit.is_active else 'random'} items asked"
    if judged is None:
        return [f"{head}; it judges the model once there is one"] if due else []
    head += f", {judged.labelled} of them labelled and none trained on"
    if judged.accuracy is None:
        return [f"{head}: too few to judge the model ({FEWEST} are needed)"] if due else []
    how = "about 95 %, by LURE weights" if audit.is_active else "exact 95 %, Clopper-Pearson"
    lines = [
        f"{head}: accuracy on new items like the pool's {judged.accuracy} ({how}); this assumes that the items of the "
        "pool are independent draws of what is to come"
    ]
    if judged.whatever is not None:
        low, high = judged.whatever
        lines.append(
            f"it is the accuracy on items that people label; with the {judged.due - judged.labelled} that have no "
            f"label, whatever they are, it lies in [{low:.3f}, {high:.3f}]"
        )
    if added:
        lines.append(f"the {added:,} items that came to the pool after the first call are not represented in the audit")
    lines += _describe_recalls(judged.recalls)
    if judged.balanced is not None:
        lines.append(f"balanced accuracy {judged.balanced} (about 95 %, melded from the classes' intervals)")
    return lines


def _describe_recalls(recalls: Mapping[str, Share | int]) -> list[str]:
    """The recall of classes with enough items, and how many the others have."""
    said = [f"{name} {value} of {value.items}" for name, value in recalls.items() if isinstance(value, Share)]
    few = [f"{name} {value}" for name, value in recalls.items() if isinstance(value, int)]
    lines = [f"recall by class (each 95 % by itself): {_first(said, '; ')}"] if said else []
    if few:
        lines.append(f"too few of the audit's items for the recall of a class (under {FEWEST}): {_first(few, ', ')}")
    return lines


def _first(texts: Sequence[str], between: str) -> str:
    """The first of texts, and how many more there are."""
    more = f"{between}… {len(texts) - MOST_CLASSES} more" if len(texts) > MOST_CLASSES else ""
    return between.join(texts[:MOST_CLASSES]) + more
