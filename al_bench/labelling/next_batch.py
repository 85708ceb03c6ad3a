"""The next batch: chosen by the strategy, or as a cold start, recorded, and written for people."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np
from msgspec import structs

from al_bench import __version__
from al_bench.errors import InputError
from al_bench.labelling.answers import SKIP
from al_bench.labelling.audit_report import Judged
from al_bench.labelling.audit_step import describe_audited, judged_by_audit, with_audit
from al_bench.labelling.batch import AUDIT, COLD, STRATEGY, AskedItem, BatchRecord
from al_bench.labelling.batch_output import write_files
from al_bench.labelling.choose import Trained
from al_bench.labelling.cold_start import cold_start
from al_bench.labelling.describe import describe_labels
from al_bench.labelling.folder import pool_digest
from al_bench.labelling.request import Reply
from al_bench.labelling.session import Session
from al_bench.labelling.stop_signal import measure_stop_signal
from al_bench.stopping.rule import Signals

FEWEST_TO_STOP = 50
"""Labels of an audit below which its accuracy ends nothing."""


def next_batch(session: Session) -> Reply:
    """Choose the next batch and write it."""
    request, state, folder = session.request, session.state, session.folder
    records = folder.records
    if records and state.open and not request.partial:
        asked = len(records[-1].asked)
        file = folder.batch_path(len(records) - 1)
        if waiting := [item for item in state.open if item in state.undecided]:
            raise InputError(
                f"{file}: {len(waiting)} items have labels that decide nothing yet, such as {waiting[0]}; give further "
                "annotators' labels by --labels FILE, or go on without these items: --partial"
            )
        if len(state.open) == asked:
            raise InputError(f"{file} has no label yet: fill its column label, then give the same command again")
        raise InputError(
            f"{file}: {len(state.open)} of {asked} items have no label, such as {state.open[0]}; fill them (a file "
            "that has lost rows is written again where you delete it), write skip for those to take out, or go on "
            "without them: --partial"
        )
    if records and len(state.open) == len(records[-1].asked) and not set(state.open) & set(state.undecided):
        raise InputError(f"{folder.batch_path(len(records) - 1)} has no label at all; fill some of it before --partial")
    free = session.free
    budget = request.config.schedule.budget
    size = request.config.schedule.batch
    if not records and "initial.size" in request.typed:
        size = request.config.initial.size
    if budget is not None:
        size = min(size, budget - len(state.labels))
    trained = session.train() if session.learns else None
    judged = judged_by_audit(session, trained)
    lines = [*session.lines, *describe_labels(state, trained), *describe_audited(session, judged)]
    if enough := accurate_enough(session, judged):
        session.store_imports()
        return Reply([*lines, enough], None)
    if not len(free) or size <= 0:
        why = "every item is labelled, skipped or asked" if not len(free) else f"schedule.budget={budget} is reached"
        record = with_audit(
            session, _record(session, AUDIT, 0, "the items that the audit has left", [], []), trained, judged
        )
        if not record.asked:
            session.store_imports()
            lines.append(f"{why}: no further batch; --predict writes predictions for all items")
            return Reply(lines, None)
        lines.append(f"{why}; only the audit has items left, so that all of the next batch are its own")
    else:
        if trained is None:
            record = cold_batch(session, free, size)
        else:
            signal = measure_stop_signal(records, session.pool, trained)
            lines += signal.describe()
            if rule := trained.experiment.stopped_by(signal.history):
                session.store_imports()
                lines.append(
                    f"stopping={rule} says stop: no further batch; stopping=none goes on, --predict writes predictions"
                )
                return Reply(lines, None)
            record = strategy_batch(session, trained, free, signal.history)
            record = structs.replace(record, stop_set=signal.now, stop_predicted=signal.predicted)
        record = with_audit(session, record, trained, judged)
    session.store_imports()
    folder.add_record(record, session.pool.items)
    write_files(folder, record, session.pool, request.study)
    file = folder.batch_path(record.number)
    lines += [
        f"batch {record.number}: {len(record.asked)} items, {record.method}",
        f"next: write a label for each into the column label of {file} (see {folder.page_path(record.number)}), or "
        f"{SKIP} to take an item out; then give the same command again",
    ]
    return Reply(lines, file)


def accurate_enough(session: Session, judged: Judged | None) -> str:
    """What to say where the audit's accuracy is the one to stop at; empty where labelling goes on.

    Raises:
        InputError: there is an accuracy to stop at and no audit.
    """
    stop = session.request.config.schedule.stop_at_accuracy
    if stop is None:
        return ""
    if session.audit is None:
        raise InputError(
            f"schedule.stop_at_accuracy={stop:g} reads an audit, which is drawn at the first call alone and which this "
            "folder does not have; leave it out, or begin a study with audit=100"
        )
    share = judged.accuracy if judged is not None and judged.labelled >= FEWEST_TO_STOP else None
    if share is None or share.value < stop:
        return ""
    return (
        f"schedule.stop_at_accuracy={stop:g} is reached: {100 * share.value:.1f} % [{100 * share.low:.1f}, "
        f"{100 * share.high:.1f}] by the audit's {share.items:g} labels: no further batch; a larger one goes on, "
        "--predict writes predictions"
    )


def cold_batch(session: Session, free: np.ndarray, size: int) -> BatchRecord:
    """The batch while there are no two classes."""
    request, folder, state = session.request, session.folder, session.state
    if request.where:
        raise InputError("--where asks within a predicted class, and there is no model yet: label two classes first")
    turn = len(folder.records)
    labelled = session.pool.indices(list(state.labels))
    automatic = "initial.kind" not in request.typed
    picked, how = cold_start(request.config, session.encoded, free, labelled, size, turn, automatic)
    asked = [AskedItem(item=session.pool.items[index], rank=rank) for rank, index in enumerate(picked.tolist(), 1)]
    return _record(session, COLD, turn, f"cold start, {how}", asked, [])


def strategy_batch(session: Session, trained: Trained, free: np.ndarray, signals: Signals) -> BatchRecord:
    """The batch that the strategy picks, which may read how far predictions moved from batch to batch."""
    request, pool = session.request, session.pool
    classes = list(trained.experiment.dataset.class_names)
    allowed = None
    if request.where:
        if request.where not in classes:
            raise InputError(f"--where predicted={request.where}: the classes are {', '.join(classes[:20])}")
        predicted = trained.probabilities(free).argmax(1)
        allowed = free[predicted == classes.index(request.where)]
        if not len(allowed):
            counts = Counter(classes[number] for number in predicted.tolist())
            shown = ", ".join(f"{name} {count:,}" for name, count in counts.most_common(10))
            raise InputError(f"--where predicted={request.where}: no item is predicted so (predicted are: {shown})")
    acquisition = trained.pick(allowed, signals)
    probabilities = trained.probabilities(acquisition.indices)
    scores = acquisition.selection.scores
    asked = []
    for rank, index in enumerate(acquisition.indices.tolist()):
        row = probabilities[rank]
        best = int(row.argmax())
        is_shown = session.audit is None or session.audit.left == 0
        asked.append(
            AskedItem(
                item=pool.items[index],
                rank=rank + 1,
                predicted=classes[best] if is_shown else None,
                probability=float(row[best]) if is_shown else None,
                score=None if scores is None else float(scores[rank]),
            )
        )
    within = f" within those predicted as {request.where}" if request.where else ""
    return _record(
        session,
        STRATEGY,
        trained.state.round,
        f"strategy={request.strategy}{within}",
        asked,
        classes,
        trained.quality,
    )


def _record(
    session: Session,
    kind: str,
    round_: int,
    method: str,
    asked: list[AskedItem],
    classes: list[str],
    quality: dict[str, float] | None = None,
) -> BatchRecord:
    number, state = len(session.folder.records), session.state
    return BatchRecord(
        number=number,
        kind=kind,
        round=round_,
        method=method,
        asked=asked,
        labels=state.labels,
        audit_labels=state.audit_labels,
        skipped=list(state.skipped),
        passed=[*state.passed, *state.open],
        changes=list(state.changes),
        classes=classes,
        settings=session.request.settings,
        where=session.request.where,
        quality=quality or {},
        pool=pool_digest(session.pool.items),
        version=__version__,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )
