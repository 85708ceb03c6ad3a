"""Items in the pool that are of none of the classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from al_bench.conditions.stress import Stress
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset


@dataclass
class Outside(Stress):
    """Makes some classes none: their training points stay in the pool without a class, their test points go.

    Whoever is asked about such an item gives it no label: it is paid for, leaves the pool and is not trained on, as an
    item about which an annotator abstains. The classes that are left are those that the network knows. No strategy is
    told which items are outside.

    Args:
        classes: Names of the classes that are none, or their numbers from 0; at least two must be left.

    Source:
        The open set of Ning et al. 2022 (Active learning for open-set annotation), made from held-out classes.
    Departures:
        There items outside are called invalid and may be trained on as one more class; here they are never.
    """

    classes: list[Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.classes:
            raise InputError("stress.classes is not set; name the classes that are none, as in stress.classes=[8,9]")

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        return {"data_seed": "stress=outside draws nothing at random; set stress=imbalance"}

    def apply(self, dataset: Dataset) -> Dataset:
        """The data set with fewer classes, and −1 for the points of the others.

        Raises:
            InputError: There is no such class, a number and a name mean two, or fewer than two are left.
        """
        import torch

        from al_bench.conditions.rows import held_out_rows, take_inputs, take_training

        none = sorted({class_called(value, dataset) for value in self.classes or ()})
        left = [label for label in range(dataset.classes) if label not in none]
        if len(left) < 2:
            raise InputError(f"stress.classes leaves {len(left)} of {dataset.classes} classes; leave two or more")
        new = torch.full((dataset.classes,), -1, dtype=torch.int64)
        new[left] = torch.arange(len(left))
        test = np.flatnonzero(new[dataset.test_labels.cpu()].numpy() >= 0)
        if not len(test):
            raise InputError("stress.classes leaves no test point; leave other classes")
        changed = replace(
            dataset,
            hidden_labels=new[dataset.hidden_labels.cpu()].to(dataset.hidden_labels.device),
            test_inputs=take_inputs(dataset.test_inputs, test),
            test_labels=new[dataset.test_labels.cpu()][torch.from_numpy(test)].to(dataset.test_labels.device),
            test_origins=None if dataset.test_origins is None else dataset.test_origins[test],
            class_names=tuple(dataset.class_names[label] for label in left),
        )
        held_out = held_out_rows(changed)
        gone = held_out[changed.hidden_labels.cpu().numpy()[held_out] < 0]
        return take_training(changed, np.setdiff1d(np.arange(changed.size), gone)) if len(gone) else changed

    def describe(self, before: Dataset, after: Dataset) -> str:
        """How many items are outside."""
        outside = int((after.hidden_labels < 0).sum())
        return (
            f"stress=outside: {outside:,} of {after.size:,} training points are of none of the {after.classes} classes"
        )


def class_called(value: object, dataset: Dataset) -> int:
    """The class that a name or a number means.

    Raises:
        InputError: There is none, or a number is also the name of another class.
    """
    names = dataset.class_names
    named = names.index(str(value)) if str(value) in names else None
    if isinstance(value, str):
        if named is None:
            raise InputError(f"stress.classes has {value!r}; {dataset.name} has {_shown(names)}")
        return named
    number = value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names) else None
    if number is not None and named is not None and number != named:
        raise InputError(
            f"stress.classes has {value}, which is the class number {number} ({names[number]!r}) and the name of class "
            f"number {named}; type {named} for the name, or the name {names[number]!r} in quotes for the number"
        )
    if number is None and named is None:
        raise InputError(f"stress.classes has {value!r}; {dataset.name} has {_shown(names)}")
    return number if number is not None else int(named or 0)


def _shown(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"the classes {', '.join(names[:12])}{more}, or their numbers from 0"
