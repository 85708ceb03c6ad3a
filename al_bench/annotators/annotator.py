"""What every simulated annotator is: from the true classes of all items to the answers and the prices.

An answer belongs to the seed and the item, never to the round or the strategy: all strategies under one seed get the
same answer for the same item, so that their differences stay paired. Every item is asked once at most.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_bench import checks
from al_bench.errors import InputError
from al_bench.rng import Streams

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_LABEL = -1
"""The answer of an annotator who gives none, and the true class of an item that is of none of the classes."""

STREAM = "annotator"
"""The random stream of the answers."""

HIGHEST_PRICE = 10**9
"""Of one label; so many labels of this price as there are points in a pool are still counted exactly."""


@dataclass(frozen=True, eq=False)
class Items:
    """What an annotator answers about.

    Args:
        classes: [N] the true class of every training point; `NO_LABEL` for a point of none of the classes.
        class_names: [C].
        features: Gives [n, D] features of the items, some rows after the others; called only where an annotator finds
            some items harder than others. It may be called several times.
    """

    classes: Labels
    class_names: Sequence[str]
    features: Callable[[], Iterator[Floats]]


@dataclass(frozen=True, eq=False)
class Answers:
    """What an annotator would say of every item, were it asked.

    Args:
        labels: [N] the class that is given; `NO_LABEL` where none is.
        prices: [N] what asking costs, whatever the answer.
    """

    labels: Labels
    prices: Labels


@dataclass
class Annotator(ABC):
    """Answers with a class, or with none, at a price.

    Args:
        price: What one answer costs, a whole number of your smallest unit: cents, or seconds. An item that gets no
            label is paid for as well.
        class_prices: [C] what an answer costs by the item's true class, in the order of the classes, in place of
            `price`, which then holds for items of none of the classes alone.
    """

    price: int = 1
    class_prices: list[int] | None = None

    def __post_init__(self) -> None:
        rule = f"a whole number from 1 to {HIGHEST_PRICE:,}, in your smallest unit, such as cents"
        checks.require(1 <= self.price <= HIGHEST_PRICE, "annotator.price", self.price, rule)
        for price in self.class_prices or ():
            checks.require(1 <= price <= HIGHEST_PRICE, "annotator.class_prices", price, rule)

    def answers(self, items: Items, streams: Streams) -> Answers:
        """What it would say of every item, and what asking costs.

        Args:
            items: All training points.
            streams: The run's.

        Raises:
            InputError: A key does not fit the classes.
        """
        prices = np.full(len(items.classes), self.price, dtype=np.int64)
        if self.class_prices is not None:
            by_class = np.array(self.by_class("class_prices", self.class_prices, items), dtype=np.int64)
            known = items.classes != NO_LABEL
            prices[known] = by_class[items.classes[known]]
        given = self.label(items, streams.numpy(STREAM))
        return Answers(np.where(items.classes == NO_LABEL, NO_LABEL, given), prices * self.answers_per_item)

    @property
    def answers_per_item(self) -> int:
        """How many answers are paid for an item."""
        return 1

    @abstractmethod
    def label(self, items: Items, generator: np.random.Generator) -> Labels:
        """[N] the class given to every item; what is said of items of none of the classes is not read.

        Args:
            items: All training points.
            generator: Draws the same numbers for the same item, whatever the strategy.
        """

    def by_class(self, key: str, values: Sequence[Any], items: Items) -> Sequence[Any]:
        """A list with one entry for each class, checked.

        Raises:
            InputError: It has another length.
        """
        if len(values) != len(items.class_names):
            raise InputError(
                f"annotator.{key} has {len(values)} entries and there are {len(items.class_names)} classes: give one "
                f"for each of {', '.join(items.class_names[:8])}{', …' if len(items.class_names) > 8 else ''}"
            )
        return values


@dataclass
class Perfect(Annotator):
    """Gives every item its true class.

    Cost:
        Nothing.
    """

    def label(self, items: Items, generator: np.random.Generator) -> Labels:
        """[N] the true classes."""
        return items.classes
