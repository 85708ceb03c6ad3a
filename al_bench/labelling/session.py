"""A pool, its folder and where its labelling stands: what a call reads and checks before it writes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from al_bench.data.dataset import Dataset
from al_bench.labelling.agreement import agreement
from al_bench.labelling.agreement import describe as describe_agreement
from al_bench.labelling.answers import Answers
from al_bench.labelling.audit import Audit, audit_of
from al_bench.labelling.choose import Trained, train_on
from al_bench.labelling.describe import describe_undecided, first_of
from al_bench.labelling.folder import LabellingFolder
from al_bench.labelling.given_labels import LabelFile, check_labels, given_files, one_spelling, read_answers
from al_bench.labelling.known_items import KnownItems
from al_bench.labelling.pool import LabellingPool
from al_bench.labelling.request import Request
from al_bench.labelling.state import LabellingState, state_of
from al_bench.labelling.votes import rule


@dataclass(frozen=True, eq=False)
class Session:
    """A pool, its folder and where its labelling stands, read and checked; nothing is written yet.

    Args:
        request: What is asked for.
        pool: The items.
        encoded: The items as a network sees them.
        folder: Held for this process.
        imports: Further files of labels that are not in the folder yet.
        answers: What people said.
        state: What is labelled.
        audit: The items that judge the model; None without an audit.
        lines: What there is to say of all that.
    """

    request: Request
    pool: LabellingPool
    encoded: Dataset
    folder: LabellingFolder
    imports: tuple[LabelFile, ...]
    answers: Answers
    state: LabellingState
    audit: Audit | None
    lines: list[str]

    @property
    def free(self) -> np.ndarray:
        """[N] dataset indices that may be asked, ascending: not labelled, asked or skipped, nor held out."""
        state = self.state
        held_out = self.audit.held_out if self.audit else frozenset()
        taken = {*state.labels, *state.skipped, *state.asked_in_vain, *held_out}
        return np.array([self.pool.index[item] for item in self.pool.items if item not in taken], dtype=np.int64)

    @property
    def learns(self) -> bool:
        """Whether there are labels of two classes, from which a model learns."""
        return len(set(self.state.labels.values())) >= 2

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes known: those given, else those of the labels, an audit's too, and of the test part."""
        return tuple(self.pool.labelled(self.state.labels | self.state.audit_labels).class_names)

    def train(self) -> Trained:
        """The learner, trained on all labels."""
        state, config = self.state, self.request.config
        labelled = self.pool.labelled(state.labels)
        dataset = _with_labels(self.encoded, labelled).to(self.encoded.inputs.device)
        groups = [self.pool.indices(group) for group in state.groups]
        pool = np.sort(np.concatenate([self.free, *groups]))
        end = len(pool) if config.schedule.budget is None else min(config.schedule.budget, len(pool))
        return train_on(config, self.request.strategy, dataset, pool, groups, max(end, len(state.labels)))

    def store_imports(self) -> None:
        """Copy further files of labels into the folder."""
        for file in self.imports:
            self.folder.add_import(file.name, file.content)


def _with_labels(encoded: Dataset, labelled: Dataset) -> Dataset:
    """Features with the labels and the classes of the raw data set."""
    return replace(
        encoded,
        hidden_labels=labelled.hidden_labels,
        test_labels=labelled.test_labels,
        class_names=labelled.class_names,
    )


def read_session(
    request: Request,
    pool: LabellingPool,
    encoded: Dataset,
    folder: LabellingFolder,
    pulled: Sequence[LabelFile] = (),
) -> Session:
    """Everything that the folder and further files say, checked.

    Args:
        request: What is asked for.
        pool: The items.
        encoded: The items as a network sees them.
        folder: Held for this process.
        pulled: Labels that a server gave.

    Raises:
        InputError: naming the file and the row.
    """
    folder.check_names()
    lines: list[str] = []
    before = folder.pool_of(len(folder.records) - 1)
    gone = [item for item in before if item not in pool.index]
    added = sorted(set(pool.items) - set(before), key=pool.index.__getitem__) if before else []
    lines += [f"{len(gone):,} items are gone since batch {len(folder.records) - 1}: {first_of(gone)}"] if gone else []
    lines += [f"{len(added):,} items are new since then: {first_of(added)}"] if added else []
    known = KnownItems(pool.items)
    files = [*given_files(request.label_files), *pulled]
    ever_gone = sorted(folder.pools() - set(pool.items))  # since the last batch, or earlier
    answers, imports = read_answers(files, folder, known, ever_gone, request.study)
    answers = check_labels(answers, pool)
    answered = {*answers.by_item, *pool.labels_of_files}
    audit, said = audit_of(request.config, folder.records, pool.items, answered, request.typed)
    lines += said
    of_files, answers = one_spelling(pool, answers)
    decide = rule(request.config.answers, request.config.labels_per_item)
    state = state_of(
        folder.records, of_files, answers, held_out=audit.held_out if audit else (), gone=ever_gone, decide=decide
    )
    if (agreed := agreement(answers, request.config.seed)) is not None:
        lines += describe_agreement(agreed)
    lines += describe_undecided(state, answers, request.config.labels_per_item)
    for item, old, new in state.changes:
        lines.append(f"{item} was {old!r} and {f'is {new!r} now' if new else 'has no label any more'}")
    return Session(request, pool, encoded, folder, tuple(imports), answers, state, audit, lines)
