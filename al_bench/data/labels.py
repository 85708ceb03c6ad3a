"""Labels of any kind (numbers, words, truth values) as class numbers 0 … C − 1 and sorted class names."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from al_bench.data.written_numbers import is_missing
from al_bench.errors import InputError, override

FEW_VALUES = 20
"""So many different numbers may always be classes, however few the rows are."""


def encode(values: np.ndarray, names: Sequence[str] | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number the labels.

    Whole numbers are the same class however they are written (1, 1.0, 01). Names that are all numbers are
    sorted by value, others as text.

    Args:
        values: [N] labels of one type.
        names: The class names; those that occur in `values` if not given.

    Returns:
        [N] int64 class numbers, −1 where a label is not among `names`, and the class names.
    """
    distinct, inverse = np.unique(values, return_inverse=True)
    name_of_value = [canonical(value) for value in distinct.tolist()]
    class_names = tuple(names) if names is not None else _sorted_names(set(name_of_value))
    numbers = {name: number for number, name in enumerate(class_names)}
    class_of_value = np.array([numbers.get(name, -1) for name in name_of_value], dtype=np.int64)
    return class_of_value[inverse.reshape(-1)], class_names


def encode_some(where: str, values: np.ndarray, names: Sequence[str] | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number labels of which some may be missing, by given class names or by those that occur.

    Args:
        where: The labels' name in messages.
        values: [N] labels of one type; an empty text is no label.
        names: The class names, in their order; those that occur if None.

    Returns:
        [N] int64 class numbers, −1 where there is no label, and the class names.

    Raises:
        InputError: A label is none of `names`.
    """
    there = values != "" if values.dtype.kind in "USO" else np.ones(len(values), dtype=bool)
    numbers = np.full(len(values), -1, dtype=np.int64)
    if not there.any():
        return numbers, tuple(names or ())
    numbers[there], class_names = encode(values[there], names)
    if (unknown := there & (numbers < 0)).any():
        raise unknown_class(where, str(values[unknown.argmax()]), names or (), int(unknown.sum()))
    return numbers, class_names


def unknown_class(where: str, label: str, classes: Sequence[str], count: int = 1) -> InputError:
    """What is said of a label that is none of `dataset.classes`."""
    known = ", ".join(classes[:FEW_VALUES]) + (", …" if len(classes) > FEW_VALUES else "")
    more = f" ({count} such labels)" if count > 1 else ""
    wider = override("dataset.classes", [*classes, label]) if len(classes) <= FEW_VALUES else "dataset.classes=[…]"
    return InputError(
        f"{where}: the label {label!r} is none of dataset.classes ({known}){more}; correct it, or add the class: "
        f"{wider}"
    )


def missing_labels(labels: np.ndarray) -> np.ndarray:
    """[N] whether a label stands for none: NaN, an empty text, or one such as nan, NA or ?."""
    if labels.dtype.kind == "f":
        return np.isnan(labels)
    if labels.dtype.kind == "i":  # what NaN becomes where it is made a whole number
        return np.asarray(labels == np.iinfo(labels.dtype).min) if labels.dtype.itemsize >= 4 else labels != labels
    if labels.dtype.kind not in "US":
        return np.zeros(len(labels), dtype=bool)
    distinct, inverse = np.unique(labels, return_inverse=True)
    return np.array([is_missing(text) for text in distinct.tolist()], dtype=bool)[inverse.reshape(-1)]


def is_measurement(values: int, rows: int) -> bool:
    """Whether so many different numbers in so many rows are no classes: more than 20, under five rows each on average.

    Args:
        values: Different numbers.
        rows: Rows in all.
    """
    return values > FEW_VALUES and values * 5 > rows


def are_repeated(rows_of_class: Sequence[int]) -> bool:
    """Whether at least four classes in five have two rows or more, as the numbers of a measurement seldom have.

    Args:
        rows_of_class: [C] rows of each class.
    """
    return 5 * sum(rows > 1 for rows in rows_of_class) >= 4 * len(rows_of_class)


def check_label_numbers(where: str, labels: np.ndarray) -> None:
    """Refuse numbers that are measurements and no classes.

    Args:
        where: The labels' name in messages.
        labels: [N] labels of one type; texts are classes, whatever they hold.

    Raises:
        InputError: There are very many different ones.
    """
    if labels.dtype.kind in "buif" and is_measurement(values := len(np.unique(labels)), len(labels)):
        raise InputError(
            f"{where} holds {values} different numbers in {len(labels)} rows, so they are measurements and no class "
            "labels, it seems; make classes of them, such as with numpy.digitize; if they are classes, write them as "
            "text: y.astype(str)"
        )


def canonical(value: object) -> str:
    """The class name of a label: its text without spaces around it, a whole number in its shortest form."""
    text = str(value).strip()
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return str(int(text))  # as a float, numbers beyond 2^53 would be one class
    number = as_number(text)
    return str(int(number)) if number is not None and number.is_integer() else text


def _sorted_names(names: set[str]) -> tuple[str, ...]:
    numbers = {name: as_number(name) for name in names}
    if all(number is not None for number in numbers.values()):
        return tuple(sorted(names, key=lambda name: (numbers[name] or 0.0, name)))
    return tuple(sorted(names))


def as_number(text: str) -> float | None:
    """The finite number that `text` stands for, else None; Python's 1_000 counts as a word."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None
