"""The simulated annotator of a run: what it says of every item, and what the record says of what was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from al_bench.annotators.annotator import NO_LABEL, Answers, Floats, Items
from al_bench.config.own_schema import is_own_class
from al_bench.data.dataset import Dataset
from al_bench.errors import InputError
from al_bench.experiment.initial import dense
from al_bench.experiment.own_components import faults_named, who
from al_bench.pool import Indices, PoolState
from al_bench.records import AnnotationRecord
from al_bench.rng import Streams

BLOCK = 4096
"""Items whose features an annotator sees at a time."""


@dataclass(frozen=True, eq=False)
class Annotation:
    """What a run's annotator says of every item.

    Args:
        answers: Of all training points.
        silent: Dataset indices that get no label, ascending.
        as_before: Whether every answer is the true class and costs 1: the rule of runs without an annotator.
    """

    answers: Answers
    silent: Indices
    as_before: bool

    def describe(self, state: PoolState, acquired: Indices | None, dataset: Dataset) -> AnnotationRecord | None:
        """What was said and paid up to a round, for its record; None where there is nothing to say.

        Args:
            state: At the start of the round.
            acquired: Dataset indices of its batch; None in the last round.
            dataset: With the true classes.
        """
        if self.as_before:
            return None
        labels = self.answers.labels
        true = dataset.true_labels(torch.tensor(state.labelled)).cpu().numpy()
        given = None if acquired is None else labels[acquired].tolist()
        return AnnotationRecord(
            cost=int(self.answers.prices[state.asked].sum()),
            abstained=len(state.asked) - len(state.labelled),
            wrong=int((labels[state.labelled] != true).sum()),
            answers=None if given is None else [None if label == NO_LABEL else label for label in given],
        )


def annotate(
    annotator: object, dataset: Dataset, encoded: Callable[[], Dataset], streams: Streams, cache: Path | None
) -> Annotation:
    """Ask a run's annotator about every training point; what it says is read once an item is acquired.

    Args:
        annotator: The component.
        dataset: With the true classes.
        encoded: The data set as a network sees it, for annotators who find some items harder than others.
        streams: The run's.
        cache: Folder of what runs share, or None.

    Raises:
        InputError: A key of the annotator does not fit the classes, or one of the user's own is faulty.
    """

    def blocks() -> Iterator[Floats]:
        seen = encoded()
        if seen.encoding is not None and seen.encoding.tokens:
            raise InputError(
                "the annotator finds items near another class harder, and the model's inputs are token ids, which have "
                "no distances; choose an encoder and a model of features, or an annotator that treats items alike"
            )
        source = dense(seen, cache)
        for start in range(0, source.size, BLOCK):
            rows = source.inputs[torch.arange(start, min(start + BLOCK, source.size))]
            yield source.prepare(rows).flatten(1).double().cpu().numpy()

    classes = dataset.hidden_labels.cpu().numpy()
    with faults_named(annotator, "annotator", "answers(items, streams)"):
        answers = annotator.answers(Items(classes, dataset.class_names, blocks), streams)  # type: ignore[attr-defined]
    if is_own_class(type(annotator)) and (fault := answers_fault(answers, dataset)) is not None:
        raise InputError(f"{who(annotator, 'annotator')}: answers(items, streams) {fault}")
    silent = np.flatnonzero(answers.labels == NO_LABEL)
    as_before = bool((answers.labels == classes).all() and (answers.prices == 1).all() and not len(silent))
    return Annotation(answers, silent, as_before)


def with_answers(dataset: Dataset, annotation: Annotation) -> Dataset:
    """A data set whose labels are those that the annotator gives."""
    if annotation.as_before:
        return dataset
    given = torch.from_numpy(annotation.answers.labels).to(dataset.hidden_labels.device)
    return replace(dataset, given_labels=given)


def answers_fault(answers: object, dataset: Dataset) -> str | None:
    """What is wrong with the answers of an annotator of the user's own; None where nothing is."""
    if not isinstance(answers, Answers):
        return f"returns a {type(answers).__name__}; it must return al_bench.annotators.annotator.Answers"
    for name, least, most in (("labels", NO_LABEL, dataset.classes - 1), ("prices", 0, 2**53)):
        values = getattr(answers, name)
        if not isinstance(values, np.ndarray) or values.shape != (dataset.size,) or values.dtype.kind not in "iu":
            return f"gives {name} that are no whole numbers [{dataset.size}], one for each training point"
        if len(values) and not least <= int(values.min()) <= int(values.max()) <= most:
            return f"gives {name} from {values.min()} to {values.max()}; they must be {least} to {most}"
    return None
