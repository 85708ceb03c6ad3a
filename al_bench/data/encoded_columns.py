"""Columns as inputs of a network: numbers standardised unless told otherwise, categories one-hot.

Both by what the training part holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.preprocessing import OneHotEncoder

from al_bench.data.column_codes import ColumnCode
from al_bench.data.scaling import column_scaler
from al_bench.data.table import FEW
from al_bench.data.table_choices import Missing
from al_bench.errors import InputError, override


def encode_columns(
    path: Path,
    train: Mapping[str, np.ndarray],
    test: Mapping[str, np.ndarray],
    missing: Missing = Missing.refuse,
    standardise: bool = True,
) -> tuple[np.ndarray, np.ndarray, tuple[ColumnCode, ...]]:
    """Inputs from columns: numbers standardised, categories one-hot, by what the training part holds.

    Args:
        path: The file, for messages.
        train: [N] float64 or text by column.
        test: [T] of the same types.
        missing: What becomes of NaN and of empty texts: the training part's median or most frequent category; with
            `indicator` also one more input that is 1 where the number is missing, or a category of its own. A number
            that is missing in the test part only has no such input.
        standardise: Whether numbers are scaled, or left as they are.

    Returns:
        [N, D] and [T, D] float32, the inputs of a column where the column stands; and how each column became them.

    Raises:
        InputError: A column of texts has so many that they are names of rows or free text.
    """
    numbers = [name for name, values in train.items() if values.dtype != object]
    texts = [name for name, values in train.items() if values.dtype == object]
    encoded: dict[str, np.ndarray] = {}
    encoded_test: dict[str, np.ndarray] = {}
    codes: dict[str, ColumnCode] = {}
    if numbers:
        block, test_block = _block(train, numbers), _block(test, numbers)
        absent, test_absent = np.isnan(block), np.isnan(test_block)
        medians: list[float | None] = [None] * len(numbers)
        if absent.any() or test_absent.any():
            block, test_block, medians = _with_medians(block, test_block)
        means, deviations = np.zeros(len(numbers)), np.ones(len(numbers))
        if standardise:
            scaler = column_scaler(block)
            means, deviations = scaler.mean_, scaler.scale_
            block, test_block = scaler.transform(block), scaler.transform(test_block)
        scaled, scaled_test = (part.astype(np.float32) for part in (block, test_block))
        for name, mean, std, median in zip(numbers, means, deviations, medians, strict=True):
            codes[name] = ColumnCode(name, float(mean), float(std), missing=median)
        encoded |= zip(numbers, np.hsplit(scaled, len(numbers)), strict=True)
        encoded_test |= zip(numbers, np.hsplit(scaled_test, len(numbers)), strict=True)
        if missing is Missing.indicator:
            for column in np.flatnonzero(absent.any(0)):
                name = numbers[column]
                codes[name] = replace(codes[name], indicator=True)
                for parts, marks in ((encoded, absent), (encoded_test, test_absent)):
                    parts[name] = np.hstack([parts[name], marks[:, column : column + 1].astype(np.float32)])
    if texts:
        filled, filled_test = dict(train), dict(test)
        commonest: dict[str, str] = {}
        if missing is Missing.median:
            for name in texts:
                filled[name], filled_test[name], commonest[name] = _with_commonest(train[name], test[name])
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)
        encoder.fit(_block(filled, texts))
        sizes = [len(categories) for categories in encoder.categories_]
        for name, size in zip(texts, sizes, strict=True):
            if size > max(FEW, len(train[name]) // 2):
                raise InputError(
                    f"{path}: column {name!r} holds {size} different texts in {len(train[name])} training rows, so "
                    f"they are no categories; leave it out with {override('dataset.drop', [name])}"
                )
        for name, categories in zip(texts, encoder.categories_, strict=True):
            codes[name] = ColumnCode(name, categories=tuple(map(str, categories)), missing=commonest.get(name))
        ends = np.cumsum(sizes)[:-1]
        encoded |= zip(texts, np.hsplit(encoder.transform(_block(filled, texts)), ends), strict=True)
        encoded_test |= zip(texts, np.hsplit(encoder.transform(_block(filled_test, texts)), ends), strict=True)
    inputs, test_inputs = (np.hstack([part[name] for name in train]) for part in (encoded, encoded_test))
    return inputs, test_inputs, tuple(codes[name] for name in train)


def _block(columns: Mapping[str, np.ndarray], names: list[str]) -> np.ndarray:
    """[N, len(names)] columns of one type side by side."""
    return np.array([columns[name] for name in names]).T


def _with_medians(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[float | None]]:
    """Both parts with the training part's medians (0 for a column without any value) in place of NaN; and these."""
    from sklearn.impute import SimpleImputer

    imputer = SimpleImputer(strategy="median", keep_empty_features=True).fit(train)
    return imputer.transform(train), imputer.transform(test), np.nan_to_num(imputer.statistics_).tolist()


def _with_commonest(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Both parts with the training part's most frequent category, the first by text among ties, for empty texts."""
    present, counts = np.unique(train[train != ""].astype(str), return_counts=True)
    commonest = str(present[counts.argmax()]) if len(present) else ""
    return np.where(train == "", commonest, train), np.where(test == "", commonest, test), commonest
