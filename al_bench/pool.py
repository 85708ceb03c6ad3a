"""Which points are labelled: an immutable record of the acquisitions, round by round, in dataset indices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Indices = NDArray[np.int64]


def _indices(values: ArrayLike) -> Indices:
    array = np.array(values, dtype=np.int64).reshape(-1)
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class PoolState:
    """The pool of one run at the start of a round.

    Args:
        pool: [P] dataset indices that may ever be labelled: the training part without the validation set.
        acquisitions: One array of dataset indices a round, in the order acquired; the first is the initial set
            (empty for a cold start).
        silent: Dataset indices of the items that would get no label, were an annotator asked about them, ascending.
    """

    pool: Indices
    acquisitions: tuple[Indices, ...]
    silent: Indices = field(default_factory=lambda: _indices([]))

    @classmethod
    def start(cls, pool: ArrayLike, initial: ArrayLike, silent: ArrayLike = ()) -> PoolState:
        """The state of round 0: `initial` [L] is labelled, as far as it gets labels."""
        members = _indices(pool)
        if len(np.unique(members)) != len(members):
            raise ValueError("the pool holds an index twice")
        return cls(_indices(np.sort(members)), (), _indices(silent)).acquire(initial)

    @property
    def round(self) -> int:
        """The round that this state belongs to, counted from 0."""
        return len(self.acquisitions) - 1

    @cached_property
    def asked(self) -> Indices:
        """[A] dataset indices that an annotator was asked about, in the order acquired."""
        return _indices(np.concatenate([np.empty(0, np.int64), *self.acquisitions]))

    @cached_property
    def labelled(self) -> Indices:
        """[L] labelled dataset indices in the order acquired: those asked about, less those that got no label."""
        return self.asked if not len(self.silent) else _indices(self.asked[~np.isin(self.asked, self.silent)])

    @cached_property
    def unlabelled(self) -> Indices:
        """[P − A] dataset indices that nobody was asked about, ascending."""
        return _indices(self.pool[~np.isin(self.pool, self.asked, assume_unique=True)])

    def acquire(self, indices: ArrayLike) -> PoolState:
        """The next round's state, with `indices` [B] labelled.

        Raises:
            ValueError: an index occurs twice, is labelled already, or is not in the pool; the message names it.
        """
        new = _indices(indices)
        values, counts = np.unique(new, return_counts=True)
        for fault, bad in (
            ("acquired twice in one batch", values[counts > 1]),
            ("not in the pool", values[~np.isin(values, self.pool)]),
            ("labelled already", values[np.isin(values, self.asked)]),
        ):
            if len(bad):
                raise ValueError(f"dataset index {', '.join(map(str, bad[:5]))}: {fault}")
        return PoolState(self.pool, (*self.acquisitions, new), self.silent)

    def candidates(self, limit: int | None, generator: np.random.Generator) -> Indices:
        """Unlabelled dataset indices to score, ascending: all of them, or a random subset of `limit`."""
        if limit is None or limit >= len(self.unlabelled):
            return self.unlabelled
        return _indices(np.sort(generator.choice(self.unlabelled, limit, replace=False)))


def draw_initial(
    pool: ArrayLike,
    labels: ArrayLike,
    size: int,
    balanced: bool,
    generator: np.random.Generator,
    class_names: Sequence[str] = (),
) -> Indices:
    """Dataset indices of the initial set, drawn without replacement.

    Args:
        pool: [P] dataset indices.
        labels: [P] their labels.
        size: L, the number of points to draw.
        balanced: Draw class by class: every class gets ⌊L/C⌋ points, and L mod C random classes get one more.
        generator: The stream `initial`.
        class_names: What a message calls the classes; empty: by their numbers.

    Raises:
        ValueError: a class has fewer points than its share.
    """
    members, classes = _indices(pool), np.asarray(labels)
    if not balanced:
        return _indices(generator.choice(members, size, replace=False))
    names = np.unique(classes)
    shares = np.full(len(names), size // len(names))
    shares[generator.permutation(len(names))[: size % len(names)]] += 1
    parts = []
    for name, share in zip(names, shares, strict=True):
        of_class = members[classes == name]
        if len(of_class) < share:
            called = repr(class_names[name]) if class_names else name
            raise ValueError(f"class {called} has {len(of_class)} points in the pool and {share} were asked for")
        parts.append(generator.choice(of_class, share, replace=False))
    return _indices(generator.permutation(np.concatenate(parts)))
