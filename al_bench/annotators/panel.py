"""Several annotators of different reliability, whose answers to an item are made one label by a vote."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from al_bench import checks
from al_bench.annotators.annotator import Annotator, Items, Labels
from al_bench.data.wrong_labels import other_class

MOST = 100
"""Annotators of a panel."""


class Vote(Enum):
    """How the answers are made one label."""

    majority = "majority"
    weighted = "weighted"


@dataclass
class Panel(Annotator):
    """Gives the class with most votes of R annotators: ŷ = argmax_c Σ_r w_r · 1[ŷ_r = c].

    Annotator r gives the true class with probability a_r, and else one of the others, each alike. majority counts
    every vote once, w_r = 1; weighted knows the reliabilities, w_r = ln(a_r (C − 1) / (1 − a_r)). Equal sums are
    decided at random. All R are paid for every item.

    Args:
        accuracies: [R] a_r, the reliability of every annotator.
        vote: majority or weighted.

    Cost:
        O(N·R + N·C).

    Source:
        Majority vote; Nitzan and Paroush 1982 (Optimal decision rules in uncertain dichotomous choice situations) for
        the weights, with C classes as in Li and Yu 2014 (Error rate bounds and iterative weighted majority voting for
        crowdsourcing).
    Departures:
        The reliabilities are known where they are used: nothing estimates them from the answers, as Dawid and Skene
        1979 do. Their labels of old items would change with every new answer.
    """

    accuracies: list[float] = field(default_factory=lambda: [0.9, 0.8, 0.7])
    vote: Vote = Vote.majority

    def __post_init__(self) -> None:
        super().__post_init__()
        rule = f"a list of 1 to {MOST} reliabilities above 0 and at most 1, as in annotator.accuracies=[0.9,0.8,0.7]"
        good = 1 <= len(self.accuracies) <= MOST and all(0 < accuracy <= 1 for accuracy in self.accuracies)
        checks.require(good, "annotator.accuracies", self.accuracies, rule)

    @property
    def answers_per_item(self) -> int:
        """R."""
        return len(self.accuracies)

    def label(self, items: Items, generator: np.random.Generator) -> Labels:
        """[N] the class with most votes."""
        classes, count = items.classes, len(items.class_names)
        votes = np.zeros((len(classes), count))
        at = np.arange(len(classes))
        for accuracy in self.accuracies:
            errs, which = generator.random(len(classes)), generator.random(len(classes))
            given = np.where(errs < 1 - accuracy, other_class(classes, count, which), classes)
            votes[at, given] += self._weight(accuracy, count)
        highest = votes.max(1, keepdims=True)
        tied = votes >= highest - 1e-9
        rank = np.floor(generator.random(len(classes)) * tied.sum(1)).astype(np.int64)
        return (tied.cumsum(1) > rank[:, None]).argmax(1)

    def _weight(self, accuracy: float, classes: int) -> float:
        """w_r; of an annotator who is always right more than all others together."""
        if self.vote is Vote.majority:
            return 1.0
        return math.log(accuracy * (classes - 1) / (1 - accuracy)) if accuracy < 1 else 1e6
