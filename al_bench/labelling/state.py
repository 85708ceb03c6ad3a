"""What is labelled, skipped and open in a pool, rebuilt from the files of its folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from al_bench.errors import InputError
from al_bench.labelling.answers import SKIP, Answer, Answers, agreed
from al_bench.labelling.batch import STRATEGY, BatchRecord


@dataclass(frozen=True)
class LabellingState:
    """Where the labelling stands.

    Args:
        labels: Item to class, of all items that are trained on, in the order in which the labels came.
        audit_labels: The same of an audit's items.
        skipped: Items that people took out.
        open: Items that were asked and have no label: those of the last batch.
        passed: The same of earlier batches.
        changes: (item, class that the last record has, class now or "") of labels that changed.
        undecided: Items with labels of which none counts yet: a tie, or fewer than are wanted. Such an item of a batch
            is open, too.
        groups: The labelled items by round: those before the first batch of the strategy, then those that came since
            each of its batches.
    """

    labels: dict[str, str]
    audit_labels: dict[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    changes: tuple[tuple[str, str, str], ...] = ()
    undecided: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ((),)

    @property
    def asked_in_vain(self) -> set[str]:
        """Items that were asked and have no label."""
        return {*self.open, *self.passed}


def state_of(
    records: Sequence[BatchRecord],
    of_files: Mapping[str, str],
    answers: Answers,
    *,
    held_out: Iterable[str] = (),
    gone: Iterable[str] = (),
    decide: Callable[[Sequence[Answer]], Answer | None] = agreed,
) -> LabellingState:
    """The state that records and answers give.

    Args:
        records: Of all batches.
        of_files: Item to class in the data set's own files.
        answers: What people said, in its order.
        held_out: Items of an audit.
        gone: Items that are not in the pool any more: their labels are not trained on.
        decide: The answer that counts of an item's; None where more labels are wanted.

    Raises:
        InputError: two answers disagree, or an answer and the data set's own label.
    """
    audited, missing = set(held_out), set(gone)
    counting = {item: decide(given) for item, given in answers.by_item.items()}
    decided = {item: answer for item, answer in counting.items() if answer is not None}
    for item, answer in decided.items():
        own = of_files.get(item)
        if own is not None and answer.label not in (own, SKIP):
            raise InputError(
                f"{answer.where}: {item} is {answer.label!r}, and the data set's own file says {own!r}; correct one of "
                "them"
            )
    given = dict(of_files) | {item: answer.label for item, answer in decided.items()}
    skipped = tuple(item for item, label in given.items() if label == SKIP)
    now = {item: label for item, label in given.items() if label != SKIP and item not in missing}
    trained = {item: label for item, label in now.items() if item not in audited}

    groups: list[list[str]] = [[]]
    seen: set[str] = set()
    for record in records:  # a record holds what was known before its batch: what the batches before it brought
        groups[-1] += [item for item in record.labels if item in trained and item not in seen]
        seen.update(record.labels)
        if record.kind == STRATEGY:
            groups.append([])
    last_seen = {item for group in groups for item in group}
    groups[-1] += [item for item in _in_order(records, trained) if item not in last_seen]
    labels = {item: trained[item] for group in groups for item in group}

    before = records[-1].labels | records[-1].audit_labels if records else {}
    changes = tuple(
        (item, label, "" if given.get(item) in (None, SKIP) else given[item])
        for item, label in before.items()
        if item not in missing and given.get(item) != label
    )
    waiting = [[item for item in record.items if item not in given and item not in missing] for record in records]
    return LabellingState(
        labels=labels,
        audit_labels={item: label for item, label in now.items() if item in audited},
        skipped=skipped,
        open=tuple(waiting[-1]) if records else (),
        passed=tuple(item for batch in waiting[:-1] for item in batch),
        changes=changes,
        undecided=tuple(item for item, answer in counting.items() if answer is None and item not in of_files),
        groups=tuple(map(tuple, groups)),
    )


def _in_order(records: Sequence[BatchRecord], labels: Mapping[str, str]) -> list[str]:
    """Labelled items: those of batches in the order picked, whatever the order of a file's rows, then the others."""
    picked = [asked.item for record in records for asked in sorted(record.asked, key=lambda entry: entry.rank)]
    first = [item for item in dict.fromkeys(picked) if item in labels]
    rest = [item for item in labels if item not in set(first)]
    return rest + first if not records else first + rest
