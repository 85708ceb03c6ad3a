"""An annotator who errs: at one rate, by a confusion matrix, or the more the harder an item is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from al_bench import checks
from al_bench.annotators.annotator import NO_LABEL, Annotator, Items, Labels
from al_bench.annotators.difficulty import difficulty
from al_bench.data.wrong_labels import other_class
from al_bench.errors import InputError


class Errors(Enum):
    """Where errors fall, and on which class."""

    uniform = "uniform"
    confusion = "confusion"
    harder = "harder"


@dataclass
class Noisy(Annotator):
    """Gives a wrong class with probability r: P(ŷ ≠ y) = r.

    uniform errs on every item alike, P(ŷ = c) = r / (C − 1) for each c ≠ y. confusion draws ŷ from row y of a matrix
    T, P(ŷ = c) = T[y, c]. harder errs with probability 2 r (rank − ½) / N, where rank orders the items by how much
    nearer they lie to the mean of another class than to that of their own, and names that class: r is the mean.

    Args:
        rate: r, the share of wrong labels; with errors=harder at most ½. Not used by errors=confusion.
        errors: uniform, confusion or harder.
        confusion: [C, C] T, row y the probabilities of every answer to an item of class y, in the order of the classes.

    Cost:
        O(N); with errors=harder O(N·C·D) once a run.

    Source:
        Uniform and class-dependent label noise as in Frénay and Verleysen 2014 (Classification in the presence of label
        noise: a survey); noise that depends on the instance as in Menon, van Rooyen and Natarajan 2018.
    """

    rate: float = 0.2
    errors: Errors = Errors.uniform
    confusion: list[list[Any]] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.fraction("annotator.rate", self.rate)
        if self.errors is Errors.harder:
            rule = "at most 0.5 with annotator.errors=harder, whose hardest item errs at twice the rate"
            checks.require(self.rate <= 0.5, "annotator.rate", self.rate, rule)
        if self.errors is Errors.confusion and self.confusion is None:
            raise InputError(
                "annotator.errors is confusion and annotator.confusion is null: give a row of probabilities for each "
                "class, as in annotator.confusion=[[0.9,0.1],[0.2,0.8]]"
            )
        for row in self.confusion or ():
            numbers = all(isinstance(share, int | float) and 0 <= share <= 1 for share in row)
            good = numbers and abs(sum(row) - 1) < 1e-6
            checks.require(good, "annotator.confusion", row, "rows of probabilities that sum to 1")

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        if self.errors is Errors.confusion:
            return {"rate": "annotator.errors is confusion; set annotator.errors=uniform"}
        return {"confusion": f"annotator.errors is {self.errors.value}; set annotator.errors=confusion"}

    def label(self, items: Items, generator: np.random.Generator) -> Labels:
        """[N] the classes given, wrong ones among them.

        Raises:
            InputError: The matrix is of another size.
        """
        classes, count = items.classes, len(items.class_names)
        errs, which = generator.random(len(classes)), generator.random(len(classes))
        if self.errors is Errors.confusion:
            rows = self.by_class("confusion", self.confusion or [], items)
            for row in rows:
                self.by_class("confusion", row, items)
            matrix = np.array(rows, dtype=np.float64)
            limits = np.cumsum(matrix / matrix.sum(1, keepdims=True), axis=1)[:, :-1]  # [C, C − 1]
            own = np.where(classes == NO_LABEL, 0, classes)
            return (errs[:, None] >= limits[own]).sum(1)
        if self.errors is Errors.harder:
            hard = difficulty(items)
            return np.where(errs < 2 * self.rate * hard.share, hard.rival, classes)
        return np.where(errs < self.rate, other_class(classes, count, which), classes)
