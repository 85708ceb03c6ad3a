"""Features from a file: each point gets its row, and what can be read in two ways or in none is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from al_bench.data.encoders.encoder import Workspace
from al_bench.data.encoders.file import FileEncoder, Order
from al_bench.data.parquet import parquet_frame
from al_bench.errors import InputError
from tests.data.encoders.datasets import text_dataset

N, T = 6, 3
TABLE = np.arange(N + T, dtype=np.float64)[:, None] * [1.0, 10.0]


def data(origins=None, test_origins=None):
    made = text_dataset(N, T)
    return replace(
        made,
        origins=None if origins is None else np.array(origins),
        test_origins=None if test_origins is None else np.array(test_origins),
    )


def firsts(encoded):
    """The first number of each row of both parts, which says the row of the file."""
    assert encoded.inputs.dtype == torch.float32
    return encoded.inputs[:, 0].tolist(), encoded.test_inputs[:, 0].tolist()


SPLIT = ([8, 0, 3, 4, 6, 7], [1, 5, 2])
"""Parts split off one file of nine rows."""


def test_rows_of_one_file_are_those_of_the_data_file(tmp_path):
    np.save(tmp_path / "f.npy", TABLE)
    encoded = FileEncoder(path=str(tmp_path / "f.npy")).encode(data(*SPLIT), Workspace())
    assert firsts(encoded) == SPLIT
    assert encoded.inputs[0].tolist() == [8, 80]
    assert encoded.encoding.remarks[0].endswith("f.npy: rows as in the data file")
    assert encoded.fingerprint() == data(*SPLIT).fingerprint()


def test_order_index_takes_the_training_part_then_the_test_part(tmp_path):
    np.save(tmp_path / "f.npy", TABLE)
    by_order = FileEncoder(path=str(tmp_path / "f.npy"), order=Order.index).encode(data(*SPLIT), Workspace())
    without_origins = FileEncoder(path=str(tmp_path / "f.npy")).encode(data(), Workspace())
    for encoded in (by_order, without_origins):
        assert firsts(encoded) == (list(range(N)), [6, 7, 8])
        assert "rows of the training part, then of the test part" in encoded.encoding.remarks[0]


def test_the_test_part_may_have_a_file_or_an_array_of_its_own(tmp_path):
    np.save(tmp_path / "train.npy", TABLE[:N])
    np.save(tmp_path / "test.npy", TABLE[N:])
    np.savez(tmp_path / "both.npz", x=TABLE[:N], x_test=TABLE[N:])
    two = FileEncoder(path=str(tmp_path / "train.npy"), test_path=str(tmp_path / "test.npy"))
    for encoder in (two, FileEncoder(path=str(tmp_path / "both.npz"))):
        encoded = encoder.encode(data(range(N), range(T)), Workspace())
        assert firsts(encoded) == (list(range(N)), [6, 7, 8])
    assert encoded.encoding.digest == two.encode(data(), Workspace()).encoding.digest


def write_parquet(path, frame):
    """Write a table by DuckDB, which al-bench has installed anyway."""
    import duckdb

    with duckdb.connect(":memory:") as connection:
        connection.register("frame", frame)
        connection.execute(f"COPY frame TO '{path}' (FORMAT parquet)")


def test_rows_of_a_parquet_file_are_found_by_their_id(tmp_path):
    names = [f"p{row}.png" for row in range(N + T)]
    shuffled = np.random.default_rng(0).permutation(N + T)
    frame = pd.DataFrame({"file": np.array(names)[shuffled], "a": TABLE[shuffled, 0], "b": TABLE[shuffled, 1]})
    write_parquet(tmp_path / "f.parquet", frame)
    wanted = [[names[row] for row in part] for part in SPLIT]
    encoder = FileEncoder(path=str(tmp_path / "f.parquet"), id="file")
    assert firsts(encoder.encode(data(*wanted), Workspace())) == SPLIT
    with pytest.raises(InputError, match=r"no row with the id 'new.png' \(1 of 3 points have none\)"):
        encoder.encode(data(wanted[0], ["new.png", *wanted[1][1:]]), Workspace())
    write_parquet(tmp_path / "twice.parquet", pd.concat([frame, frame[:1]]))
    with pytest.raises(InputError, match=r"has the id .* 2 times"):
        replace(encoder, path=str(tmp_path / "twice.parquet")).encode(data(*wanted), Workspace())


def test_a_column_of_lists_and_chosen_columns_are_features(tmp_path):
    frame = pd.DataFrame({"n": range(N + T), "vector": [row.tolist() for row in TABLE], "x": TABLE[:, 1]})
    write_parquet(tmp_path / "f.parquet", frame)
    assert len(parquet_frame(tmp_path / "f.parquet", (tmp_path / "f.parquet").read_bytes())) == N + T
    path = str(tmp_path / "f.parquet")
    assert FileEncoder(path=path, columns=["vector"]).encode(data(), Workspace()).inputs.tolist() == TABLE[:N].tolist()
    chosen = FileEncoder(path=path, columns=["x", "n"]).encode(data(), Workspace())
    assert chosen.inputs.tolist() == TABLE[:N, ::-1].tolist()
    with pytest.raises(
        InputError, match=r"2 columns of numbers and 1 of lists; name the features with encoder.columns"
    ):
        FileEncoder(path=path).encode(data(), Workspace())


@pytest.mark.parametrize(
    ("rows", "parts", "line"),
    [
        (
            8,
            SPLIT,
            "has 8 rows, and the training and test part has 6 training and 3 test points: with encoder.order=index",
        ),
        (10, SPLIT, r"one row for each row of the data file \(its last row is row 8\)"),
        (N, (None, None), "give the test part's features with encoder.test_path=FILE"),
        (5, (range(N), range(T)), "the data set does not count the rows of one file"),
    ],
    ids=["too few", "too many", "no test part", "two files"],
)
def test_a_number_of_rows_that_fits_no_reading_is_refused_with_both(tmp_path, rows, parts, line):
    np.save(tmp_path / "f.npy", np.ones((rows, 2)))
    with pytest.raises(InputError, match=line):
        FileEncoder(path=str(tmp_path / "f.npy")).encode(data(*parts), Workspace())


def test_typed_order_origin_accepts_rows_behind_the_last(tmp_path):
    np.save(tmp_path / "f.npy", np.vstack([TABLE, TABLE[:1]]))
    encoded = FileEncoder(path=str(tmp_path / "f.npy"), order=Order.origin).encode(data(*SPLIT), Workspace())
    assert firsts(encoded) == SPLIT


@pytest.mark.parametrize(
    ("write", "keys", "line"),
    [
        (lambda path: np.save(path, TABLE[:, 0]), {}, r"has float64 of shape \[9\]; features are expected as numbers"),
        (lambda path: np.save(path, TABLE.astype(str)), {}, "features are expected as numbers"),
        (lambda path: np.save(path, TABLE / 0), {}, "a value is NaN, infinite or beyond float32"),
        (
            lambda path: np.save(path, TABLE.astype(object), allow_pickle=True),
            {},
            "cannot be read as .npy without objects",
        ),
        (lambda path: path.write_bytes(b"nothing"), {}, "cannot be read as .npy"),
        (lambda path: np.save(path, TABLE), {"columns": ["a"]}, "encoder.columns is given, and .* is no .parquet"),
        (lambda path: np.save(path, TABLE), {"array": "x"}, "encoder.array is given, and .* is no .npz file"),
        (lambda path: None, {}, "there is no file"),
    ],
    ids=["one column", "texts", "not finite", "objects", "damaged", "columns", "an array", "missing"],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_a_file_without_features_is_one_line(tmp_path, write, keys, line):
    write(tmp_path / "f.npy")
    with pytest.raises(InputError, match=line):
        FileEncoder(path=str(tmp_path / "f.npy"), **keys).encode(data(), Workspace())


def test_arrays_of_an_archive_are_named(tmp_path):
    np.savez(tmp_path / "f.npz", first=TABLE, second=TABLE)
    with pytest.raises(InputError, match=r"it has first, second: name one with encoder.array=NAME"):
        FileEncoder(path=str(tmp_path / "f.npz")).encode(data(), Workspace())
    chosen = FileEncoder(path=str(tmp_path / "f.npz"), array="second").encode(data(), Workspace())
    assert chosen.inputs.tolist() == TABLE[:N].tolist()


def test_a_path_is_needed_and_may_be_of_no_other_kind(tmp_path):
    with pytest.raises(InputError, match=r"encoder.path is not set"):
        FileEncoder().encode(data(), Workspace())
    (tmp_path / "f.csv").write_text("1,2\n")
    with pytest.raises(InputError, match=r"features are read from .npy, .npz and .parquet files"):
        FileEncoder(path=str(tmp_path / "f.csv")).encode(data(), Workspace())
