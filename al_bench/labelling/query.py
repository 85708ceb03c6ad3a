"""One call of `al-bench query`: read the labels that came back, train, choose the next batch, write it.

Nothing is written before everything was read and checked. Then: copies of further files of labels, the record of the
batch, its page, its file. A call that finds a record without a file writes that from the record, and chooses nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from al_bench import __version__
from al_bench.config.schema import QueryConfig
from al_bench.data.dataset import Dataset
from al_bench.data.labels import unknown_class
from al_bench.errors import InputError
from al_bench.experiment.process import keep_freed_memory, pick_device, set_threads
from al_bench.experiment.setup import encode_trainable
from al_bench.labelling.agreement import agreement
from al_bench.labelling.agreement import describe as describe_agreement
from al_bench.labelling.answers import SKIP, Answer, Answers
from al_bench.labelling.batch import COLD, STRATEGY, AskedItem, BatchRecord, Mixed, Unmixed
from al_bench.labelling.batch_file import KnownItems, answers_of, read_rows, write_rows
from al_bench.labelling.choose import Trained, train_on
from al_bench.labelling.cold_start import cold_start
from al_bench.labelling.folder import LIMIT, LabellingFolder, pool_digest
from al_bench.labelling.page import batch_page
from al_bench.labelling.pool import LabellingPool
from al_bench.labelling.predict import require_two_classes, write_predictions
from al_bench.labelling.state import LabellingState, state_of
from al_bench.labelling.votes import rule, tally
from al_bench.storage.files import read_regular


@dataclass(frozen=True)
class Request:
    """What a call asks for.

    Args:
        config: The typed configuration.
        strategy: The option chosen.
        study: The study's name.
        settings: Resolved keys, flat, for the record.
        typed: Keys that the user typed.
        label_files: Further files of labels.
        partial: Whether items without a label are passed over.
        where: A predicted class within which is asked; "" for all.
        predict: Whether predictions and the learner are written, in place of a batch.
        say: Is called with a line to show at once.
    """

    config: QueryConfig
    strategy: str
    study: str
    settings: dict[str, str] = field(default_factory=dict)
    typed: frozenset[str] = frozenset()
    label_files: tuple[Path, ...] = ()
    partial: bool = False
    where: str = ""
    predict: bool = False
    say: Callable[[str], None] = lambda line: None

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return Path(self.config.labelling).expanduser() / self.study


@dataclass(frozen=True)
class Reply:
    """What a call did.

    Args:
        lines: What to show, one line each.
        batch: The file to fill; None where nothing is left to ask.
    """

    lines: list[str]
    batch: Path | None


@dataclass(frozen=True, eq=False)
class Session:
    """A pool, its folder and where its labelling stands, read and checked; nothing is written yet.

    Args:
        request: What is asked for.
        pool: The items.
        encoded: The items as a network sees them.
        folder: Held for this process.
        imports: Further files of labels that are not in the folder yet: name and bytes.
        state: What is labelled.
        mixed: What mixes an audit's items in.
        lines: What there is to say of all that.
    """

    request: Request
    pool: LabellingPool
    encoded: Dataset
    folder: LabellingFolder
    imports: tuple[tuple[str, bytes], ...]
    state: LabellingState
    mixed: Mixed
    lines: list[str]

    @property
    def free(self) -> np.ndarray:
        """[N] dataset indices that may be asked, ascending: not labelled, asked or skipped, nor held out."""
        state = self.state
        taken = {*state.labels, *state.audit_labels, *state.skipped, *state.asked_in_vain, *self.mixed.held_out}
        return np.array([self.pool.index[item] for item in self.pool.items if item not in taken], dtype=np.int64)

    @property
    def learns(self) -> bool:
        """Whether there are labels of two classes, from which a model learns."""
        return len(set(self.state.labels.values())) >= 2

    def train(self) -> Trained:
        """The learner, trained on all labels."""
        state, config = self.state, self.request.config
        labelled = self.pool.labelled(state.labels)
        dataset = _with_labels(self.encoded, labelled).to(self.encoded.inputs.device)
        groups = [self.pool.indices(group) for group in state.groups]
        pool = np.sort(np.concatenate([self.free, *groups]))
        end = len(pool) if config.schedule.budget is None else min(config.schedule.budget, len(pool))
        return train_on(config, self.request.strategy, dataset, pool, groups, max(end, len(state.labels)))


def _with_labels(encoded: Dataset, labelled: Dataset) -> Dataset:
    """Features with the labels and the classes of the raw data set."""
    from dataclasses import replace

    return replace(
        encoded,
        hidden_labels=labelled.hidden_labels,
        test_labels=labelled.test_labels,
        class_names=labelled.class_names,
    )


def query(request: Request) -> Reply:
    """Read what came back, and write the next batch.

    Raises:
        InputError: something cannot be read or has several meanings; nothing was changed on disk.
    """
    check_request(request)
    set_threads(request.config.threads)
    keep_freed_memory()
    pool = LabellingPool.read(request.config)
    request.say(f"read {describe_pool(pool)}")
    encoded = encode_trainable(request.config, pool.dataset, pick_device(request.config.device))
    with LabellingFolder.hold(request.folder) as folder:
        restored = restore(folder, pool, request.study)
        session = read_session(request, pool, encoded, folder)
        if restored is not None and restored == len(folder.records) - 1 and session.state.open:
            file = folder.batch_path(restored)
            return Reply([*session.lines, f"{file} was missing and is written again from its record; fill it"], file)
        return predict(session) if request.predict else next_batch(session)


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


def check_request(request: Request) -> None:
    """Refuse what has a meaning for `al-bench run` alone.

    Raises:
        InputError: naming the key and what to do.
    """
    config, typed = request.config, request.typed
    if request.predict and request.where:
        raise InputError(
            "--predict writes predictions for all items, and --where asks within a class; give one of them"
        )
    if config.reference.value != "none":
        raise InputError("reference=full trains on the labels of all items, which nobody has; leave it out")
    if config.validation != 0:
        raise InputError(
            f"validation={config.validation} holds items out whose labels nobody has; leave it out, or give a test "
            "part: dataset.test_path=…"
        )
    if config.training.warm_start:
        raise InputError("training.warm_start is true, and al-bench query trains from scratch; set it to false")
    for key in ("schedule.rounds", "schedule.stop_at_accuracy", "initial.indices", "initial.rows"):
        if key in typed:
            why = "schedule.budget says how many labels are wanted" if key.startswith("schedule") else "people label"
            raise InputError(f"{key} has no effect on al-bench query: {why}; leave the key out")
    if "initial.kind" in typed and config.initial.kind.value == "balanced":
        raise InputError(
            "initial.kind=balanced reads all labels, which nobody has; set initial.kind=random or clusters"
        )


def restore(folder: LabellingFolder, pool: LabellingPool, study: str) -> int | None:
    """Write the files of batches that have a record and no file; return the last such batch."""
    last = None
    for record in folder.records:
        if folder.batch_path(record.number).exists():
            continue
        write_files(folder, record, pool, study, folder.records[-1].labels | folder.records[-1].audit_labels)
        last = record.number
    return last


def write_files(
    folder: LabellingFolder, record: BatchRecord, pool: LabellingPool, study: str, labels: dict[str, str] | None = None
) -> None:
    """Write the page and the file of a batch, each unless it is there."""
    names, cells = pool.columns
    file, page = folder.batch_path(record.number), folder.page_path(record.number)
    if not page.exists():
        folder.write_new(page, batch_page(record, pool, study, file.name))
    if not file.exists():
        folder.write_new(file, write_rows(record.asked, names, cells, labels))


def read_session(request: Request, pool: LabellingPool, encoded: Dataset, folder: LabellingFolder) -> Session:
    """Everything that the folder and further files say, checked.

    Raises:
        InputError: naming the file and the row.
    """
    folder.check_names()
    lines: list[str] = []
    before = folder.pool_of_last()
    gone = [item for item in before if item not in pool.index]
    added = sorted(set(pool.items) - set(before), key=pool.index.__getitem__) if before else []
    lines += [f"{len(gone):,} items are gone since batch {len(folder.records) - 1}: {_some(gone)}"] if gone else []
    lines += [f"{len(added):,} items are new since then: {_some(added)}"] if added else []
    known = KnownItems(pool.items)
    answers, imports = read_answers(request, folder, known, gone)
    answers = check_labels(answers, pool)
    mixed: Mixed = Unmixed()
    of_files, answers = one_spelling(pool, answers)
    decide = rule(request.config.answers, request.config.labels_per_item)
    state = state_of(folder.records, of_files, answers, held_out=mixed.held_out, gone=gone, decide=decide)
    if (agreed := agreement(answers, request.config.seed)) is not None:
        lines += describe_agreement(agreed)
    lines += describe_undecided(state, answers, request.config.labels_per_item)
    for item, old, new in state.changes:
        lines.append(f"{item} was {old!r} and {f'is {new!r} now' if new else 'has no label any more'}")
    return Session(request, pool, encoded, folder, tuple(imports), state, mixed, lines)


def read_answers(
    request: Request, folder: LabellingFolder, known: KnownItems, gone: Sequence[str]
) -> tuple[Answers, list[tuple[str, bytes]]]:
    """The answers of every batch and of every further file, and the further files that are not in the folder yet."""
    given: list[Answer] = []
    for record in folder.records:
        path = folder.batch_path(record.number)
        rows = read_rows(path)
        given += answers_of(rows, path.name, known, record.items, order=record.number, gone=gone)
        given += answers_of_lost_rows(folder, record, {known.find(row.item, record.items) for row in rows})
    order = len(folder.records)
    new: list[tuple[str, bytes]] = []
    for path in request.label_files:
        try:
            new.append((path.name, read_regular(path, LIMIT)))
        except OSError as error:
            raise InputError(f"--labels: {path} cannot be read: {error.strerror or error}") from error
    names = [name for name, _ in new]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"--labels: two files are called {twice[0]}; give each a name of its own")
    for copy in folder.imports():
        if copy.name.split("-", 2)[2] not in names:  # a newer one of the same name takes its place
            given += answers_of(read_rows(copy), copy.name, known, order=order, gone=gone)
            order += 1
    for path, (_, content) in zip(request.label_files, new, strict=True):
        given += answers_of(read_rows(path, content), str(path), known, order=order, gone=gone)
        order += 1
    return Answers.of(given), new


def answers_of_lost_rows(folder: LabellingFolder, record: BatchRecord, there: set[str | None]) -> list[Answer]:
    """What the last record knows of items whose rows are gone from their file: an emptied cell takes a label back.

    Args:
        folder: The study's.
        record: Of the batch.
        there: The items whose rows the file has.
    """
    last = folder.records[-1]
    said = last.labels | last.audit_labels | dict.fromkeys(last.skipped, SKIP)
    source = folder.record_path(last.number).name
    return [
        Answer(item, said[item], source, order=record.number)
        for item in record.items
        if item not in there and item in said
    ]


def check_labels(answers: Answers, pool: LabellingPool) -> Answers:
    """Answers whose labels are all of `dataset.classes`, where that is given.

    Raises:
        InputError: one is not; the message names its row.
    """
    classes = pool.given_classes
    if classes is None:
        return answers
    by_fold = {name.casefold(): name for name in classes if name.casefold() in ("true", "false")}
    out = []
    for answer in answers.given:
        label = by_fold.get(answer.label.casefold(), answer.label)  # a spreadsheet writes TRUE for true
        if label != SKIP and label not in classes:
            raise unknown_class(answer.where, label, classes)
        out.append(Answer(answer.item, label, answer.source, answer.row, answer.annotator, answer.order))
    return Answers.of(out)


def one_spelling(pool: LabellingPool, answers: Answers) -> tuple[dict[str, str], Answers]:
    """The data set's own labels and people's, with one spelling a class, as `dataset.similar_labels` says."""
    labels = {("", item): label for item, label in pool.labels_of_files.items()}
    labels |= {
        (str(row), answer.item): answer.label for row, answer in enumerate(answers.given) if answer.label != SKIP
    }
    merged = pool.merged(labels)
    if merged == labels:
        return pool.labels_of_files, answers
    same = (
        replace(answer, label=merged.get((str(row), answer.item), SKIP)) for row, answer in enumerate(answers.given)
    )
    return {item: merged["", item] for item in pool.labels_of_files}, Answers.of(same)


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
    lines = [*session.lines, *describe_labels(state, trained)]
    if not len(free) or size <= 0:
        why = "every item is labelled, skipped or asked" if not len(free) else f"schedule.budget={budget} is reached"
        store_imports(session)
        lines.append(f"{why}: no further batch; --predict writes predictions for all items")
        return Reply(lines, None)
    record = cold_batch(session, free, size) if trained is None else strategy_batch(session, trained, free)
    store_imports(session)
    folder.add_record(record, session.pool.items)
    write_files(folder, record, session.pool, request.study)
    file = folder.batch_path(record.number)
    lines += [
        f"batch {record.number}: {len(record.asked)} items, {record.method}",
        f"next: write a label for each into the column label of {file} (see {folder.page_path(record.number)}), or "
        f"{SKIP} to take an item out; then give the same command again",
    ]
    return Reply(lines, file)


def predict(session: Session) -> Reply:
    """Write predictions for all items and the learner, from the labels that there are; no batch."""
    request, state = session.request, session.state
    require_two_classes(state)
    trained = session.train()
    lines = [*session.lines, *describe_labels(state, trained)]
    store_imports(session)
    lines += write_predictions(session.folder, trained, session.pool, state, request.settings)
    return Reply(lines, None)


def store_imports(session: Session) -> None:
    """Copy further files of labels into the folder."""
    for name, content in session.imports:
        session.folder.add_import(name, content)


def describe_undecided(state: LabellingState, answers: Answers, wanted: int) -> list[str]:
    """The items whose labels decide nothing yet, with these."""
    if not state.undecided:
        return []
    shown = _some([f"{item} ({tally(answers.by_item[item])})" for item in state.undecided])
    fewer = f", or fewer than labels_per_item={wanted} labels" if wanted > 1 else ""
    return [f"{len(state.undecided):,} items have no majority{fewer}, and are not trained on: {shown}"]


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
    if trained is not None and (quality := trained.quality()):
        lines.append(f"on the test part: accuracy {quality['accuracy']:.4f}")
    return lines


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


def strategy_batch(session: Session, trained: Trained, free: np.ndarray) -> BatchRecord:
    """The batch that the strategy picks."""
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
    acquisition = trained.pick(allowed)
    probabilities = trained.probabilities(acquisition.indices)
    scores = acquisition.selection.scores
    asked = []
    for rank, index in enumerate(acquisition.indices.tolist()):
        row = probabilities[rank]
        best = int(row.argmax())
        is_shown = not session.mixed.hides_predictions
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
        trained.quality(),
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
        asked=session.mixed.mix(number, asked),
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


def _some(items: Sequence[str], most: int = 5) -> str:
    return ", ".join(items[:most]) + (f", … {len(items) - most:,} more" if len(items) > most else "")
