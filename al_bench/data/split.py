"""A fixed, stratified split of labelled rows into a training and a test part."""

from __future__ import annotations

import numpy as np

from al_bench import checks
from al_bench.errors import InputError
from al_bench.rng import Streams


def check_split(test_fraction: float, split_seed: int) -> None:
    """Raise InputError unless 0 < `dataset.test_fraction` < 1 and `dataset.split_seed` ≥ 0."""
    checks.fraction("dataset.test_fraction", test_fraction, zero=False, one=False)
    checks.at_least("dataset.split_seed", split_seed, 0)


def split_off_test_part(
    where: str,
    labels: np.ndarray,
    test_fraction: float,
    split_seed: int,
    alternative: str = "",
    keep: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """`stratified_split`, refused where it leaves the test part empty.

    Args:
        where: The data set's name in the message.
        labels, test_fraction, split_seed, keep: See `stratified_split`.
        alternative: What the user may give instead of a larger fraction.

    Raises:
        InputError: No row is left for the test part.
    """
    rows, test_rows = stratified_split(labels, test_fraction, split_seed, keep)
    if len(test_rows) == 0:
        advice = f"give more rows, a larger dataset.test_fraction, or {alternative}" if alternative else "raise it"
        raise InputError(
            f"{where}: dataset.test_fraction={test_fraction} of its {len(labels)} rows leave none for the test part; "
            f"{advice}"
        )
    return rows, test_rows


def stratified_split(
    labels: np.ndarray, test_fraction: float, split_seed: int, keep: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Split N rows so that every class has about the same share in the test part.

    The test part has round(test_fraction · N) rows if the classes have enough (the method of largest remainders): a
    class of n rows gives ⌊test_fraction · n⌋, and the classes with the largest remainders give one more, the smaller
    class number first among ties. A class never gives its last row, so that every class is in the training part.

    Args:
        labels: [N] integers.
        test_fraction: In (0, 1).
        split_seed: Seed of the choice of rows, independent of any run's seed.
        keep: [k] rows that stay in the training part; the rows drawn in their place are the next ones in the order
            drawn, so that the rest of the test part is the same as without them.

    Returns:
        The rows [N − T] of the training part and [T] of the test part, both in ascending order.
    """
    generator = Streams(split_seed).numpy("split")
    classes, counts = np.unique(labels, return_counts=True)
    quotas = test_fraction * counts
    sizes = np.minimum(np.floor(quotas).astype(np.int64), counts - 1)
    missing = round(test_fraction * len(labels)) - int(sizes.sum())
    for number in np.argsort(sizes - quotas, kind="stable"):
        if missing > 0 and sizes[number] < counts[number] - 1:
            sizes[number] += 1
            missing -= 1
    in_test = np.zeros(len(labels), dtype=bool)
    for class_, size in zip(classes, sizes, strict=True):
        order = generator.permutation(np.flatnonzero(labels == class_))
        in_test[order[:size] if keep is None else order[~np.isin(order, keep)][:size]] = True
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)
