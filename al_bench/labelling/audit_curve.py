"""The learning curve of a labelling folder, as its audit judged the model of every call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from al_bench.analysis.forecast import Seen
from al_bench.labelling.batch import ACTIVE, BatchRecord


@dataclass(frozen=True)
class AuditCurve:
    """What is known of how the model of a labelling folder got better.

    Args:
        labels: Labels trained on by the last call.
        batch: Items of the last batch of the strategy.
        seen: The accuracies that the audit saw; None where it judged no model yet.
        low, high: The ends of the audit's interval at the last of them.
        has_audit: Whether the study began with an audit.
        is_active: Whether its items are drawn where the model may be wrong.
    """

    labels: int
    batch: int
    seen: Seen | None
    low: float = 0.0
    high: float = 1.0
    has_audit: bool = True
    is_active: bool = False


def audit_curve(records: Sequence[BatchRecord]) -> AuditCurve:
    """The curve from the records of all batches, at least one.

    Of calls with the same number of labels the last counts: its audit has the most items. Calls at which it had less
    than half the items of the last one are left out, as their accuracies are much less certain.
    """
    asked = [sum(not item.audited for item in record.asked) for record in records]
    labels = len(records[-1].labels)
    batch = next((count for count in reversed(asked) if count), 1)
    judged = {len(record.labels): record.audit_quality for record in records if record.audit_quality and record.labels}
    plan = records[0].audit
    has_audit, is_active = plan is not None, plan is not None and plan.kind == ACTIVE
    if not judged:
        return AuditCurve(labels, batch, None, has_audit=has_audit, is_active=is_active)
    last = judged[max(judged)]
    counts = sorted(count for count, quality in judged.items() if quality["items"] >= last["items"] / 2)
    seen = Seen(
        np.array(counts, dtype=np.float64),
        np.array([judged[count]["accuracy"] for count in counts]),
        items=int(last["items"]),
    )
    return AuditCurve(labels, batch, seen, last["low"], last["high"], has_audit, is_active)
