"""What classes are called: as the user's labels say, or by the names that the user gives to numbered labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from al_bench.data.labels import as_number
from al_bench.errors import InputError, override, printable

MISSING = "missing"
"""The class of rows without a label, under `missing_labels=class`."""
TRUTH = {"False": 0, "True": 1}
MANY = 20
"""Names that a message shows at most."""


def printable_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names with what is not printable escaped, each one still different from the others.

    A control character in a cell would move the cursor wherever the class is shown.
    """
    out: list[str] = []
    for name in map(printable, names):
        while name in out:
            name += "_"
        out.append(name)
    return tuple(out)


def read_names(where: str, values: np.ndarray) -> list[str]:
    """The class names in an array of a file.

    Args:
        where: The array in messages.
        values: [C] text, or bytes of UTF-8.

    Raises:
        InputError: It is no list of texts.
    """
    advice = "; write numpy.array([...]) of texts, or give dataset.class_names=[...], which replaces it"
    if values.dtype.kind not in "US" or values.ndim != 1:
        raise InputError(f"{where} holds {values.dtype} of shape {values.shape}; one text a class is expected{advice}")
    try:
        return [str(name) for name in (np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values)]
    except UnicodeDecodeError as error:
        raise InputError(f"{where} holds bytes that are not UTF-8{advice}") from error


def rename_classes(where: str, labels: Sequence[str], names: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Names in place of numbered labels, and a remark.

    As many names as labels belong to the labels in their order. More names than labels count the labels from 0, or from
    1 where there is a label that only this explains; the names of labels that no row has are left out.

    Args:
        where: Where the names come from, in messages.
        labels: [C] the classes as the labels say, sorted.
        names: As the user gives them.

    Returns:
        [C] a name for each of `labels`, and what a reader must know of it (or an empty text).

    Raises:
        InputError: A name is empty or there twice, the labels are words, or the names can belong to them in two ways.
    """
    given = [str(name).strip() for name in names]
    if "" in given:
        raise InputError(f"{where}: name {given.index('')} (counted from 0) is empty; each class needs a name")
    if twice := [name for name in given if given.count(name) > 1]:
        raise InputError(f"{where}: {twice[0]!r} is there twice; each class needs a name of its own")
    if set(labels) - {MISSING} <= set(given):
        return tuple(labels), ""
    numbers = {label: _whole(label) for label in labels if label != MISSING}
    if None in numbers.values():
        word = next(label for label, number in numbers.items() if number is None)
        raise InputError(
            f"{where} names classes, and the labels are words already, such as {word!r}; leave the names out"
        )
    values = [number for number in numbers.values() if number is not None]
    from_0 = all(0 <= value < len(given) for value in values)
    from_1 = all(1 <= value <= len(given) for value in values)
    if len(given) == len(numbers):
        new = dict(zip(numbers, given, strict=True))
        pairs = ", ".join(f"{label} is {name}" for label, name in list(new.items())[:MANY])
        remark = "" if values == list(range(len(values))) else f"classes named in the labels' order: {pairs}"
    elif from_0 and from_1:
        raise InputError(
            f"{where} names {len(given)} classes and there are {len(numbers)}: label {values[0]} may be "
            f"{given[values[0]]!r} (counted from 0) or {given[values[0] - 1]!r} (from 1); set "
            f"{override('dataset.class_names', [given[value] for value in values])} or "
            f"{override('dataset.class_names', [given[value - 1] for value in values])}"
        )
    elif from_0 or from_1:
        first = 0 if from_0 else 1
        new = {label: given[value - first] for label, value in zip(numbers, values, strict=True)}
        absent = [name for name in given if name not in new.values()]
        shown = ", ".join(map(repr, absent[:MANY]))
        remark = f"labels counted from {first}; no row is of {shown}"
    else:
        known = ", ".join(list(numbers)[:MANY]) + (", …" if len(numbers) > MANY else "")
        raise InputError(
            f"{where} names {len(given)} classes, and there are {len(numbers)}: {known}; give one name for each, in "
            "this order"
        )
    return tuple(new.get(label, label) for label in labels), remark


def _whole(label: str) -> int | None:
    """The whole number that a label is; 0 and 1 for truth values."""
    if label in TRUTH:
        return TRUTH[label]
    number = as_number(label)
    return int(number) if number is not None and number.is_integer() else None
