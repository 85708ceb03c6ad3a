"""The label's column of a table: which one it is, and its classes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from al_bench.data.labels import are_repeated, as_number, canonical, is_measurement
from al_bench.data.table import FEW, Table
from al_bench.data.table_choices import MissingLabels, SimilarLabels
from al_bench.data.table_header import LABEL_NAMES, OFTEN_LABELS, plain_name
from al_bench.data.written_numbers import is_missing
from al_bench.errors import InputError, override

RIVAL_CLASSES = 30
"""Whole numbers of so many values at most, in the first column, may be a label."""


def choose_label(table: Table, given: str | None, left_out: Sequence[str]) -> tuple[str, str]:
    """The label's column, and how it was chosen.

    Args:
        table: The table.
        given: The column that the user named, if any.
        left_out: Columns that are no features.

    Raises:
        InputError: There is no such column, or no column is the label for certain; the message gives the readings.
    """
    if given is not None:
        table.require([given], "dataset.label")
        return given, "named by dataset.label"
    names = [name for name in table.names if name not in left_out]
    if not names:
        raise InputError(f"{table.path} has no column left; shorten dataset.drop")
    strong = [name for name in names if plain_name(name) in LABEL_NAMES] if table.headed else []
    if len(strong) == 1:
        return strong[0], "by its name"
    first, last = names[0], names[-1]
    if strong:
        raise _which(table, strong, "their names are those of labels")
    if len(names) == 1 or (table.headed and plain_name(last) in OFTEN_LABELS):
        return last, "the last column"
    rival, chosen = _label_kind(table, first), _label_kind(table, last)
    if rival and not (rival == "numbers" and chosen == "words"):
        why = "nothing says which column is the label"
        if not chosen and not _is_whole(table, last):
            raise _which(table, [first], f"{why}, and the last one, {last!r}, holds measurements or free text")
        raise _which(table, [first, last], why)
    return last, "the last column"


def _which(table: Table, names: Sequence[str], why: str) -> InputError:
    readings = " or ".join(
        f"{override('dataset.label', name)} ({len({canonical(cell) for cell in set(table.texts(name))})} classes)"
        for name in names
    )
    return InputError(f"{table.path}: {why}; set {readings}")


def _label_kind(table: Table, name: str) -> str:
    """`words` or `numbers` where a column may hold labels, else an empty text."""
    counts = Counter(table.texts(name))
    repeated = sum(count > 1 for count in counts.values()) * 2 >= len(counts)
    if not 2 <= len(counts) <= max(FEW, len(table.rows) // 2) or not repeated:
        return ""
    if _is_whole(table, name):
        return "numbers" if len(counts) <= RIVAL_CLASSES else ""
    return "words" if all(as_number(text) is None for text in counts if not is_missing(text)) else ""


def _is_whole(table: Table, name: str) -> bool:
    numbers = [as_number(text) for text in set(table.texts(name)) if not is_missing(text)]
    return bool(numbers) and all(number is not None and number.is_integer() for number in numbers)


def with_label_column(table: Table, given: str | None, others: Sequence[Table]) -> tuple[Table, str, str]:
    """A table of items of which some may have no label, its label's column, and how that was chosen.

    Args:
        table: The items.
        given: The column that the user named, if any. It may be missing: no item has a label then.
        others: Tables of labelled rows, such as a test part.

    Returns:
        The table (with an empty column of that name where it has none), the column, and how it was chosen.

    Raises:
        InputError: Several columns have a label's name.
    """
    for part in (table, *others):
        strong = [name for name in part.names if plain_name(name) in LABEL_NAMES] if part.headed else []
        if given is None and len(strong) > 1:
            raise _which(part, strong, "their names are those of labels")
        name = given if given is not None else next(iter(strong), None)
        if name is not None and name in table.names:
            return table, name, "named by dataset.label" if given is not None else "by its name"
        if name is not None:
            break
    else:
        name = "label"
    cells = table.cells.assign(**{name: np.full(len(table.rows), "", dtype=object)})
    return replace(table, cells=cells), name, "no such column: dataset.label=COLUMN names one"


def labels_of_some(table: Table, name: str) -> np.ndarray:
    """[N] labels as text, empty where a row has none."""
    text = table.texts(name)
    return np.where(without_label(text), "", text).astype(object)


def without_label(text: np.ndarray) -> np.ndarray:
    """[N] whether a cell of the label's column stands for no label."""
    distinct = set(text)
    marks = {cell for cell in distinct if is_missing(cell)}
    if all(as_number(cell) is not None for cell in distinct - marks if not is_missing(cell, among_numbers=True)):
        marks |= {cell for cell in distinct if is_missing(cell, among_numbers=True)}  # among words it may be a class
        numbers = {as_number(cell) for cell in distinct - marks}
        if numbers == set(range(-1, len(numbers) - 1)) and len(numbers) > 3:  # −1, 0, 1, 2: as scikit-learn marks it
            marks |= {cell for cell in distinct - marks if as_number(cell) == -1}
    marks |= {cell for cell in distinct if cell.lower() in ("unlabeled", "unlabelled")}
    return np.array([cell in marks for cell in text], dtype=bool) if marks else np.zeros(len(text), dtype=bool)


def rows_with_labels(table: Table, name: str, policy: MissingLabels) -> np.ndarray:
    """Positions of the rows that take part.

    Raises:
        InputError: A label is missing and `policy` refuses it.
    """
    text = table.texts(name)
    absent = without_label(text)
    if absent.any() and policy is MissingLabels.refuse:
        row = int(absent.argmax())
        what = f"{text[row]!r} may stand for no label" if text[row] else "the cell is empty: there is no label"
        raise table.fault(
            name,
            row,
            f"{what} ({int(absent.sum())} of {len(text)} rows); set dataset.missing_labels=drop (without them) or "
            "dataset.missing_labels=class (a class of its own)",
        )
    if absent.all():
        raise InputError(f"{table.path}: column {name!r} has no label at all")
    return np.flatnonzero(~absent) if policy is MissingLabels.drop else np.arange(len(text))


def label_texts(table: Table, name: str) -> np.ndarray:
    """[N] labels as text; a missing one that counts as a class is called `missing`."""
    text = table.texts(name)
    return np.where(text == "", "missing", text)


def group_texts(table: Table, name: str) -> np.ndarray:
    """[N] the group of each row.

    Raises:
        InputError: A row has none.
    """
    texts = table.texts(name)
    if (absent := np.array([is_missing(text) for text in texts], dtype=bool)).any():
        row = int(absent.argmax())
        raise table.fault(
            name,
            row,
            f"{'the cell is empty' if not texts[row] else repr(texts[row]) + ' stands for no value'} "
            f"({int(absent.sum())} of {len(texts)} rows), and dataset.group needs a group for every row; fill the "
            "column, such as with a group of its own for each such row",
        )
    return texts


def merge_similar(where: str, texts: np.ndarray, policy: SimilarLabels) -> tuple[np.ndarray, str]:
    """Labels with one spelling a class, and a remark.

    Args:
        where: The file and column, for messages.
        texts: [N] labels of both parts.
        policy: What becomes of spellings of one word.

    Raises:
        InputError: Two labels are spellings of one word and `policy` refuses them.
    """
    written = Counter(texts.tolist())
    counts: Counter[str] = Counter()
    for text, count in written.items():
        counts[canonical(text)] += count
    groups: dict[str, list[str]] = {}
    for name in counts:
        groups.setdefault(_simplified(name), []).append(name)
    several = {key: sorted(names, key=lambda name: (-counts[name], name)) for key, names in groups.items() if names[1:]}
    if not several or policy is SimilarLabels.keep:
        return texts, ""
    if policy is SimilarLabels.refuse:
        names = next(iter(several.values()))
        said = " and ".join(f"{name!r} ({counts[name]} rows{_form(name, names)})" for name in names[:3])
        more = f", and {len(several) - 1} more such groups" if len(several) > 1 else ""
        raise InputError(
            f"{where}: the labels {said} differ in case, quotes, blanks or Unicode form only{more}; set "
            "dataset.similar_labels=merge (one class) or dataset.similar_labels=keep (classes of their own)"
        )
    spelling = {name: names[0] for names in several.values() for name in names}
    new = {text: spelling.get(canonical(text), text) for text in written}
    merged = np.array([new[text] for text in texts.tolist()], dtype=object)
    return merged, f"{sum(map(len, several.values()))} spellings of {len(several)} labels merged"


def _simplified(name: str) -> str:
    """What spellings of one label have in common."""
    text = "".join(letter for letter in unicodedata.normalize("NFKC", name) if unicodedata.category(letter) != "Cf")
    text = re.sub(r"[\"'`´‘’“”„«»]", "", text)
    return " ".join(text.casefold().split()) or name


def _form(name: str, names: Sequence[str]) -> str:
    """How a label differs where it looks the same as another."""
    twin = any(
        other != name and unicodedata.normalize("NFC", other) == unicodedata.normalize("NFC", name) for other in names
    )
    return f", {' '.join(f'U+{ord(letter):04X}' for letter in name if ord(letter) > 127)}" if twin else ""


def check_classes(table: Table, name: str, texts: np.ndarray, named: bool, categorical: bool | None = None) -> None:
    """Refuse labels that are none.

    Args:
        table: The table.
        name: The label's column.
        texts: [N] labels of the training part.
        named: Whether the user named the column.
        categorical: Whether the user said that its numbers are categories; None where no key says so.

    Raises:
        InputError: There is one class only; or so many different values, or fractions, that they are no classes. Whole
            numbers of a column that the user named are classes if four in five of them stand in two rows or more.
    """
    classes: Counter[str] = Counter()
    for text, count in Counter(texts.tolist()).items():  # a few different ones in millions of rows
        classes[canonical(text)] += count
    if len(classes) < 2:
        raise InputError(f"{table.path}: column {name!r} holds one class only; at least two are expected")
    advice = "name the column of the labels with dataset.label"
    numbers = {text: as_number(text) for text in classes}
    fractions = None not in numbers.values() and any(number is not None and number % 1 for number in numbers.values())
    limit = len(texts) - 1 if named and not fractions else max(FEW, len(texts) // 2)
    if len(classes) > max(limit, 1 if named else FEW):
        raise InputError(
            f"{table.path}: column {name!r} holds {len(classes)} different values in {len(texts)} rows, so it is no "
            f"class label; {'name another column' if named else advice}"
        )
    whole = not fractions and None not in numbers.values()
    if whole and not categorical and is_measurement(len(classes), len(texts)):
        repeated = are_repeated(list(classes.values()))
        if not (named and repeated):
            insist = override("dataset.label", name) if repeated else override("dataset.categorical", [name])
            raise InputError(
                f"{table.path}: column {name!r} holds {len(classes)} different numbers in {len(texts)} rows, so it is "
                "a measurement and no class label, it seems; name another column, or make classes of it, such as with "
                f"pandas.cut{f'; if its numbers are classes: {insist}' if repeated or categorical is not None else ''}"
            )
    if fractions and (not named or len(classes) > FEW):
        row, text = next(
            (row, text)
            for row, text in enumerate(texts)
            if (number := numbers[canonical(text)]) is not None and number % 1
        )
        raise table.fault(name, row, f"{text} is no class label; {advice}")
