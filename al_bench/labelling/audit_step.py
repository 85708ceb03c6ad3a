"""An audit's part in one call: the model judged by the labels there are, and the audit's items in the next batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from al_bench.labelling.audit import count_for_batch
from al_bench.labelling.audit_order import mix
from al_bench.labelling.audit_report import Judged, describe_audit, judge
from al_bench.labelling.audit_statistics import Floats
from al_bench.labelling.batch import BatchRecord
from al_bench.labelling.choose import Trained
from al_bench.labelling.session import Session


@dataclass(frozen=True)
class OwnAccount:
    """What a model says of items.

    Args:
        session: Where they are.
        trained: The model.
    """

    session: Session
    trained: Trained

    def predicted(self, items: Sequence[str]) -> list[str]:
        """The class of each."""
        classes = self.trained.experiment.dataset.class_names
        return [classes[number] for number in self._probabilities(items).argmax(1).tolist()]

    def expected_loss(self, items: Sequence[str]) -> Floats:
        """[n] 1 − the probability of the predicted class, of each."""
        return 1 - self._probabilities(items).max(1) if len(items) else np.zeros(0)

    def _probabilities(self, items: Sequence[str]) -> Floats:
        return self.trained.probabilities(self.session.pool.indices(items))


def judged_by_audit(session: Session, trained: Trained | None) -> Judged | None:
    """The model, as the audit's labels judge it; None without both."""
    if session.audit is None or trained is None:
        return None
    state = session.state
    predicted = OwnAccount(session, trained).predicted
    return judge(session.audit, state.audit_labels, session.pool.index, predicted, set(state.labels.values()))


def describe_audited(session: Session, judged: Judged | None) -> list[str]:
    """What to show of the audit."""
    if session.audit is None:
        return []
    first = set(session.folder.pool_of(0))
    added = sum(item not in first for item in session.pool.items) if first else 0
    return describe_audit(session.audit, judged, added)


def with_audit(session: Session, record: BatchRecord, trained: Trained | None, judged: Judged | None) -> BatchRecord:
    """The record of a batch with the audit's items mixed in; unchanged without an audit."""
    audit, state, config = session.audit, session.state, session.request.config
    if audit is None:
        return record
    budget = config.schedule.budget
    wanted = None if budget is None else budget - len(state.labels)
    count = count_for_batch(audit.left, len(record.asked), wanted, config.schedule.batch)
    expected = None if trained is None else OwnAccount(session, trained).expected_loss
    draws = audit.draw(record.number, count, session.pool.index, expected)
    return msgspec.structs.replace(
        record,
        asked=mix(record.asked, to_ask(draws, session), audit.streams.numpy("audit_mix", record.number)),
        audit=None if session.folder.records else audit.plan,
        audit_draws=draws,
        audit_quality=judged.quality if judged else {},
    )


def to_ask(draws: Sequence[tuple[str, float]], session: Session) -> list[str]:
    """Of items that are drawn those to ask: in the pool, and without a label."""
    answered = {*session.state.audit_labels, *session.state.skipped}
    return [item for item, _ in draws if item in session.pool.index and item not in answered]
