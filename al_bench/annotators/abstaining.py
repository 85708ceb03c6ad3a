"""An annotator who gives no label for some items."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from al_bench import checks
from al_bench.annotators.annotator import NO_LABEL, Annotator, Items, Labels
from al_bench.annotators.difficulty import difficulty


class Unanswered(Enum):
    """Which items get no label."""

    any = "any"
    harder = "harder"


@dataclass
class Abstaining(Annotator):
    """Gives no label with probability r, and else the true class: P(no label) = r.

    any abstains on every item alike. harder abstains with probability 2 r (rank − ½) / N, where rank orders the items
    by how much nearer they lie to the mean of another class than to that of their own: r is the mean.

    An item that was asked about and got no label is paid for, leaves the pool and is not trained on: it counts among
    the labels that a budget buys.

    Args:
        rate: r, the share of items that get no label; with items=harder at most ½.
        items: any or harder.

    Cost:
        O(N); with items=harder O(N·C·D) once a run.

    Source:
        An oracle that may not know, Fang and Zhu 2012 (I don't know the label: active learning with blind knowledge);
        Amin, DeSalvo and Rostamizadeh 2021 (Learning with labeling induced abstentions).
    Departures:
        Those model whether an item will get a label; here no strategy is told.
    """

    rate: float = 0.2
    items: Unanswered = Unanswered.any

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.fraction("annotator.rate", self.rate, one=False)
        if self.items is Unanswered.harder:
            rule = "at most 0.5 with annotator.items=harder, whose hardest item gets no label at twice the rate"
            checks.require(self.rate <= 0.5, "annotator.rate", self.rate, rule)

    def label(self, items: Items, generator: np.random.Generator) -> Labels:
        """[N] the true classes, and `NO_LABEL` where none is given."""
        draw = generator.random(len(items.classes))
        limit = 2 * self.rate * difficulty(items).share if self.items is Unanswered.harder else self.rate
        return np.where(draw < limit, NO_LABEL, items.classes)
