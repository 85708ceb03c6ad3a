"""Features that the user has computed: a .npy, .npz or Parquet file, one row a point."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from al_bench.data.files import one_line
from al_bench.data.parquet import parquet_frame
from al_bench.errors import InputError
from al_bench.storage.files import read_regular

LARGEST_PARQUET = 2**34
"""Bytes of a Parquet file, which is read into memory."""
TRAIN = ("x", "X", "x_train", "X_train", "train_images", "features", "embeddings", "train")
TEST = ("x_test", "X_test", "test_images", "test_features", "test_embeddings", "test")
"""How .npz files call the features of the two parts."""


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """The features of one file, or of one array of it.

    Args:
        where: The file, and the array in it, for messages.
        values: [R, D] real numbers; memory-mapped where the file is .npy.
        ids: [R] texts, the column that names the rows; None without one.
    """

    where: str
    values: np.ndarray
    ids: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)


def read_features(
    path: Path, array: str | None, columns: list[str] | None, id_column: str | None
) -> list[FeatureTable]:
    """The features of a file: of one part, or of the training and the test part of an .npz file.

    Args:
        path: .npy, .npz or .parquet.
        array: Of an .npz file, the array of the features; None takes the only one, or one of a known name.
        columns: Of a Parquet file, the columns of numbers, or one of lists; None takes all numbers, or the only lists.
        id_column: The column (or array) that names the rows; None for files whose rows are counted.

    Raises:
        InputError: It cannot be read, or holds no table of numbers.
    """
    kind = path.suffix.lower()
    for key, value, kinds in (
        ("array", array, (".npz",)),
        ("columns", columns, (".parquet", ".pq")),
        ("id", id_column, (".npz", ".parquet", ".pq")),
    ):
        if value is not None and kind not in kinds:
            raise InputError(f"encoder.{key} is given, and {path} is no {' or '.join(kinds)} file; leave it out")
    if kind == ".npy":
        return [checked(FeatureTable(str(path), _array(path)))]
    if kind == ".npz":
        return _archive(path, array, id_column)
    if kind in (".parquet", ".pq"):
        return [_parquet(path, columns, id_column)]
    raise InputError(f"encoder.path is {path}; features are read from .npy, .npz and .parquet files")


def checked(table: FeatureTable) -> FeatureTable:
    """A table of real numbers [R, D].

    Raises:
        InputError: It is of another shape or type.
    """
    values = table.values
    if values.ndim != 2 or 0 in values.shape or values.dtype.kind not in "fiu":
        raise InputError(
            f"{table.where} has {values.dtype} of shape {list(values.shape)}; features are expected as numbers "
            "[rows, dimensions]"
        )
    return table


def _array(path: Path) -> np.ndarray:
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"{path} cannot be read as .npy without objects ({one_line(error)})") from error
    if not isinstance(values, np.ndarray):
        raise InputError(f"{path} is an archive of arrays; call it {path.stem}.npz")
    return values


def _archive(path: Path, array: str | None, id_array: str | None) -> list[FeatureTable]:
    """The features of the training part, and of the test part where it is there."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = list(archive.files)
            train = array or _named(names, TRAIN) or (names[0] if len(names) == 1 else None)
            if train is None or train not in names:
                asked = f"no array {array!r}" if array else f"no array called {', '.join(TRAIN[:4])} or features"
                raise InputError(f"{path} has {asked}; it has {', '.join(names)}: name one with encoder.array=NAME")
            test = None if array else _named(names, TEST)
            chosen = [train, *([test] if test else [])]
            ids = None
            if id_array is not None:
                if id_array not in names:
                    raise InputError(f"{path} has no array {id_array!r} (encoder.id); it has {', '.join(names)}")
                ids = archive[id_array].astype(str)
                chosen = chosen[:1]
            tables = [FeatureTable(f"{path}: {name}", archive[name], ids) for name in chosen]
    except InputError:
        raise
    except Exception as error:  # whatever a damaged archive, or one of objects, makes NumPy and zipfile raise
        raise InputError(f"{path} cannot be read as .npz without objects ({one_line(error)})") from error
    if ids is not None and len(ids) != len(tables[0].values):
        raise InputError(f"{path}: {id_array} names {len(ids):,} rows, and {chosen[0]} has {len(tables[0].values):,}")
    return [checked(table) for table in tables]


def _named(names: list[str], known: tuple[str, ...]) -> str | None:
    return next((name for name in known if name in names), None)


def _parquet(path: Path, columns: list[str] | None, id_column: str | None) -> FeatureTable:
    try:
        frame = parquet_frame(path, read_regular(path, LARGEST_PARQUET))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    for name in [*(columns or []), *([id_column] if id_column else [])]:
        if name not in frame.columns:
            shown = ", ".join(map(str, frame.columns[:12]))
            raise InputError(f"{path} has no column {name!r}; it has {shown}{', …' if len(frame.columns) > 12 else ''}")
    ids = None if id_column is None else frame[id_column].astype(str).to_numpy()
    numbers = [name for name in frame.columns if frame[name].dtype.kind in "fiu" and name != id_column]
    lists = [name for name in frame.columns if _holds_lists(frame[name])]
    chosen = columns or (numbers if not lists else lists if len(lists) == 1 else [])
    if not chosen or (lists and numbers and columns is None):
        raise InputError(
            f"{path} has {len(numbers)} columns of numbers and {len(lists)} of lists; name the features with "
            f"encoder.columns=[{', '.join(map(str, (lists or numbers)[:2])) or 'NAME'}]"
        )
    if len(chosen) == 1 and chosen[0] in lists:
        lengths = {len(row) if isinstance(row, np.ndarray | list) else 0 for row in frame[chosen[0]]}
        if len(lengths) != 1:
            raise InputError(f"{path}: the lists of {chosen[0]} have {min(lengths)} to {max(lengths)} numbers")
        values = np.stack([np.asarray(row, dtype=np.float32) for row in frame[chosen[0]]])
    else:
        for name in chosen:
            if name not in numbers:
                raise InputError(f"{path}: the column {name} holds no numbers; leave it out of encoder.columns")
        values = frame[chosen].to_numpy(dtype=np.float32)
    return checked(FeatureTable(str(path), values, ids))


def _holds_lists(column: Any) -> bool:
    return column.dtype == object and len(column) > 0 and isinstance(column.iloc[0], np.ndarray | list)
