"""Features that the user has computed, matched to the points of a data set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from al_bench.data.encoders.encoder import Encoder, Workspace
from al_bench.data.encoders.feature_file import FeatureTable, read_features
from al_bench.data.encoders.item_encoder import IN_MEMORY
from al_bench.data.encoding import Encoding, digest_of
from al_bench.data.files import find_file
from al_bench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from al_bench.data.dataset import Dataset
    from al_bench.data.mapped import MappedRows


class Order(Enum):
    auto = "auto"
    origin = "origin"
    index = "index"


@dataclass
class FileEncoder(Encoder):
    """Features [rows, D] from a file, one row a point.

    Args:
        path: .npy, .npz or .parquet; looked for in the current folder, then under AL_BENCH_DATA.
        test_path: The same for the test part; null: its rows are in `path`.
        array: Of an .npz file, the features; null takes the only array, or x and x_test (or features, embeddings).
        columns: Of a Parquet file, the features: columns of numbers, or one of lists; null takes all numbers.
        id: The column or array that says which point a row is: what the data set calls it (`dataset.id`, a file name).
        order: Which row is whose without `id`. origin: row i is row i of the data file. index: the rows of the training
            part in its order, then those of the test part. auto takes the one that fits, and says so.
    """

    path: str | None = None
    test_path: str | None = None
    array: str | None = None
    columns: list[str] | None = None
    id: str | None = None
    order: Order = Order.auto

    def encode(self, dataset: Dataset, workspace: Workspace) -> Dataset:
        if self.path is None:
            raise InputError("encoder.path is not set: name the file of features, one row a point")
        tables = read_features(find_file(self.path, "encoder.path"), self.array, self.columns, self.id)
        if self.test_path is not None:
            path = find_file(self.test_path, "encoder.test_path")
            tables = [tables[0], read_features(path, self.array, self.columns, self.id)[0]]
        if len(tables) == 2 and tables[0].values.shape[1] != tables[1].values.shape[1]:
            raise InputError(
                f"{tables[0].where} has {tables[0].values.shape[1]} dimensions and {tables[1].where} "
                f"{tables[1].values.shape[1]}; they must agree"
            )
        match = by_id(tables, dataset) if self.id is not None else by_number(tables, dataset, self.order)
        train, test = (part_inputs(table, rows) for table, rows in zip(match.tables, match.rows, strict=True))
        facts = {"encoder": f"{type(self).__module__}.{type(self).__qualname__}"}
        digest, remark = digest_of([train, test]), f"{tables[0].where}: {match.how}"
        encoding = Encoding(dataset.fingerprint(), digest, int(train.shape[1]), facts, (remark,))
        return replace(dataset, inputs=train, test_inputs=test, mean=None, std=None, encoding=encoding)

    def describe(self, dataset: Dataset, workspace: Workspace) -> str:
        encoded = self.encode(dataset, workspace)
        assert encoded.encoding is not None
        return "; ".join([f"{encoded.encoding.dimension:,} numbers an item", *encoded.encoding.remarks])


@dataclass(frozen=True, eq=False)
class Match:
    """Which row of which table is whose.

    Args:
        tables: Of the training and of the test part.
        rows: [N] and [T] the rows of these tables.
        how: In words.
    """

    tables: tuple[FeatureTable, FeatureTable]
    rows: tuple[np.ndarray, np.ndarray]
    how: str


def by_id(tables: list[FeatureTable], dataset: Dataset) -> Match:
    """Match by what both call a point.

    Raises:
        InputError: The data set's points have no names, or a name is missing or there twice.
    """
    if dataset.origins is None or dataset.test_origins is None:
        raise InputError(
            f"encoder.id is given, and the points of {dataset.name} have no names; give encoder.order=index"
        )
    chosen, rows = [], []
    for table, origins in zip((tables[0], tables[-1]), (dataset.origins, dataset.test_origins), strict=True):
        assert table.ids is not None
        names, first, counts = np.unique(table.ids, return_index=True, return_counts=True)
        if (counts > 1).any():
            raise InputError(f"{table.where} has the id {str(names[counts.argmax()])!r} {int(counts.max())} times")
        wanted = origins.astype(str)
        at = np.searchsorted(names, wanted).clip(max=len(names) - 1)
        missing = names[at] != wanted
        if missing.any():
            raise InputError(
                f"{table.where} has no row with the id {str(wanted[missing.argmax()])!r} ({int(missing.sum()):,} of "
                f"{len(wanted):,} points have none); its ids are such as {str(names[0])!r}"
            )
        chosen.append(table)
        rows.append(first[at])
    return Match((chosen[0], chosen[1]), (rows[0], rows[1]), "rows by their id")


def by_number(tables: list[FeatureTable], dataset: Dataset, order: Order) -> Match:
    """Match by counting rows: of the data file, or of the parts.

    Raises:
        InputError: No reading fits, or two do and give different features.
    """
    numbered = [
        None if origins is None or origins.dtype.kind not in "iu" else origins.astype(np.int64)
        for origins in (dataset.origins, dataset.test_origins)
    ]
    sizes = (dataset.size, len(dataset.test_labels))
    if len(tables) == 2:
        pairs = [
            one_part(table, size, origins, order, part)
            for table, size, origins, part in zip(tables, sizes, numbered, ("training", "test"), strict=True)
        ]
        how = " and ".join(dict.fromkeys(words for _, words in pairs))
        return Match((tables[0], tables[1]), (pairs[0][0], pairs[1][0]), how)
    table, count = tables[0], sizes[0] + sizes[1]
    origins = None if numbered[0] is None or numbered[1] is None else np.concatenate([numbered[0], numbered[1]])
    if origins is not None and len(np.unique(origins)) != len(origins):
        origins = None  # the parts come from several files
    rows, how = one_part(table, count, origins, order, "training and test", sizes)
    return Match((table, table), (rows[: sizes[0]], rows[sizes[0] :]), how)


def one_part(
    table: FeatureTable,
    size: int,
    origins: np.ndarray | None,
    order: Order,
    part: str,
    sizes: tuple[int, int] | None = None,
) -> tuple[np.ndarray, str]:
    """The rows of a table that belong to some points, and how they were matched.

    Args:
        table: R rows.
        size: n points.
        origins: [n] the rows of the data file that they are; None where that is not known.
        order: As the user typed it.
        part: What the points are called.
        sizes: The points of both parts, where the table has the rows of both.

    Raises:
        InputError: No reading fits.
    """
    last = None if origins is None else int(origins.max()) + 1
    by_origin = last is not None and (len(table) == last if order is Order.auto else len(table) >= last)
    by_index = len(table) == size
    if order is not Order.index and by_origin:
        assert origins is not None
        return origins, "rows as in the data file"
    if order is not Order.origin and by_index:
        words = "rows of the training part, then of the test part" if sizes else f"rows of the {part} part"
        return np.arange(size), words
    counted = f"{sizes[0]:,} training and {sizes[1]:,} test" if sizes else f"{size:,}"
    where = "the data set does not count the rows of one file" if last is None else f"its last row is row {last - 1:,}"
    remedy = "; give the test part's features with encoder.test_path=FILE" if sizes and len(table) == sizes[0] else ""
    raise InputError(
        f"{table.where} has {len(table):,} rows, and the {part} part has {counted} points: with encoder.order=index "
        "one row a point is expected; with encoder.order=origin one row for each row of the data file "
        f"({where}){remedy}"
    )


def part_inputs(table: FeatureTable, rows: np.ndarray) -> Tensor | MappedRows:
    """[n, D] float32 some rows of a table: in memory, or left in their file where there are many.

    Raises:
        InputError: A value is NaN, infinite or beyond float32.
    """
    import torch

    from al_bench.data.mapped import MappedRows

    mapped = MappedRows(table.where, table.values, rows)
    for _ in mapped.checked_chunks():
        pass
    if len(rows) * 4 * table.values.shape[1] > IN_MEMORY and isinstance(table.values, np.memmap):
        return mapped
    return torch.from_numpy(np.ascontiguousarray(table.values[rows], dtype=np.float32))
