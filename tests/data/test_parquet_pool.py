"""A pool in Parquet files: what the same rows in .npy shards give, wherever one file ends; and what is refused."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from al_bench.data import parquet_features
from al_bench.data.arrays import NpzDataset
from al_bench.data.csv_table import CsvDataset
from al_bench.data.mapped import MappedRows
from al_bench.data.parquet_files import PARQUET
from al_bench.data.shard_names import list_shards
from al_bench.data.table_choices import Missing, MissingLabels
from al_bench.errors import InputError
from al_bench.storage import array_store
from al_bench.storage.cache_contents import contents

ROWS, WIDTH = 60, 4
RANDOM = np.random.default_rng(0)
LABELS = np.array(["cat", "dog", "fox"])[np.arange(ROWS) % 3]
INPUTS = (RANDOM.normal(5, 3, (ROWS, WIDTH)) + np.arange(ROWS)[:, None] % 3).astype(np.float32)


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


def frame(x: np.ndarray = INPUTS, y: Any = LABELS, vector: bool = True, **more: Any) -> pd.DataFrame:
    inputs = {"embedding": list(x)} if vector else {f"f{number}": x[:, number] for number in range(x.shape[1])}
    return pd.DataFrame({**inputs, "label": y, **more})


def write(
    folder: Path | str, table: pd.DataFrame, cuts: Any = (), name: str = "part-{:05d}", select: str = "*"
) -> Path:
    """The rows of a table in files, cut before some rows."""
    folder = Path(folder)
    folder.mkdir(exist_ok=True, parents=True)
    edges = [0, *sorted(set(cuts)), len(table)]
    with duckdb.connect() as connection:
        for number, (start, end) in enumerate(pairwise(edges)):
            connection.register("rows", table.iloc[start:end])
            connection.execute(f"COPY (SELECT {select} FROM rows) TO 'plain.parquet' (FORMAT parquet)")
            Path("plain.parquet").rename(folder / f"{name.format(number)}.parquet")
            connection.unregister("rows")
    return folder


def load(folder: Path | str, cache: str | None = "cache", **keys: Any) -> Any:
    return CsvDataset(path=str(folder), **keys).load((), False, cache)


def arrays(folder: Path | str, x: np.ndarray = INPUTS, y: np.ndarray = LABELS) -> Path:
    folder = Path(folder)
    folder.mkdir()
    np.save(folder / "x-00000.npy", x)
    np.save(folder / "y-00000.npy", y)
    return folder


@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, ROWS - 1), max_size=8), st.booleans(), st.booleans())
def test_the_data_are_those_of_npy_shards_wherever_a_file_ends(
    cuts: list[int], vector: bool, standardise: bool
) -> None:
    with TemporaryDirectory() as path:
        one = NpzDataset(path=str(arrays(Path(path) / "arrays")), standardise=standardise).load()
        folder = write(Path(path) / "files", frame(vector=vector), cuts)
        many = load(folder, str(Path(path) / "cache"), standardise=standardise)
        assert many.fingerprint() == one.fingerprint()
        assert many.class_names == one.class_names == ("cat", "dog", "fox")
        assert isinstance(many.inputs, MappedRows)
        rows = list(range(many.size))
        np.testing.assert_array_equal(many.inputs[:], one.inputs[:])
        assert many.items(rows) == one.items(rows)
        again = load(folder, str(Path(path) / "cache"), standardise=standardise)  # mapped this time
        assert again.fingerprint() == one.fingerprint()
        in_memory = load(folder, "off", standardise=standardise)
        assert in_memory.fingerprint() == one.fingerprint()


@pytest.mark.parametrize("kind", ["FLOAT[4]", "DOUBLE[]", "TINYINT[]", "UBIGINT[]", "BOOLEAN[]", "DECIMAL(9,3)[]"])
def test_lists_of_every_kind_of_number_are_read(kind: str) -> None:
    table = frame(np.abs(np.rint(INPUTS)) % 2)
    folder = write("t", table, [20], select=f"embedding::{kind} AS embedding, label")
    dataset = load(folder, standardise=False)
    rows = [int(item) for item in dataset.items(list(range(dataset.size)))]
    np.testing.assert_array_equal(dataset.inputs[:].numpy(), np.stack(table["embedding"])[rows])


def test_columns_of_several_types_become_one_that_holds_them_all() -> None:
    table = pd.DataFrame(
        {"a": np.arange(60, dtype=np.int32), "b": INPUTS[:, 0], "c": np.arange(60) % 2 == 0, "label": LABELS}
    )
    dataset = load(write("t", table, [7]), standardise=False)
    rows = [int(item) for item in dataset.items(list(range(dataset.size)))]
    np.testing.assert_allclose(dataset.inputs[:].numpy(), table[["a", "b", "c"]].to_numpy(np.float64)[rows], rtol=1e-6)


def test_what_is_beside_the_lists_is_left_out_and_said() -> None:
    table = frame(url=[f"http://x/{n}" for n in range(ROWS)], **{"plain ' \" name": LABELS})
    dataset = load(write("t", table, [30]), id="url")
    assert dataset.items([0])[0].startswith("http://x/")
    assert dataset.reading.unused == {"url": "it names the rows: dataset.id", "plain ' \" name": "beside 'embedding'"}
    assert "2 Parquet files, mapped from a copy of 960 bytes" in dataset.reading.line()


@pytest.mark.parametrize("labels", [[3.0, 1.0, 2.0], ["3", "1", "2"], [3, 1, 2], [True, False, True]])
def test_labels_are_numbers_words_or_truth_values(labels: list[Any]) -> None:
    dataset = load(write("t", frame(y=[labels[n % 3] for n in range(ROWS)]), [10]))
    assert dataset.class_names == (("False", "True") if labels[0] is True else ("1", "2", "3"))


def test_whole_numbers_beyond_the_reach_of_a_float_are_labels_of_their_own() -> None:
    dataset = load(write("t", frame(y=2**53 + np.arange(ROWS) % 2), [10]))
    assert dataset.class_names == (str(2**53), str(2**53 + 1))


def test_rows_without_a_label_are_dropped_and_in_a_pool_are_its_unlabelled_items() -> None:
    labels = [None if n % 5 == 0 else label for n, label in enumerate(LABELS)]
    folder = write("t", frame(y=labels), [13])
    with pytest.raises(InputError, match=r"row 0 .*12 of 60 rows.*dataset\.missing_labels=drop"):
        load(folder)
    dataset = load(folder, missing_labels=MissingLabels.drop)
    assert not {0, 5, 10} & set(dataset.items(list(range(dataset.size))))
    rows = [int(item) for item in dataset.items(list(range(dataset.size)))]
    assert [dataset.class_names[number] for number in dataset.hidden_labels.tolist()] == [labels[row] for row in rows]
    pool = CsvDataset(path=str(folder)).load_pool("cache")
    assert pool.size == ROWS
    assert (pool.hidden_labels == -1).nonzero().flatten().tolist() == list(range(0, ROWS, 5))


def test_a_pool_needs_no_column_of_labels() -> None:
    pool = CsvDataset(path=str(write("t", frame().drop(columns="label"), [13]))).load_pool("cache")
    assert pool.hidden_labels.tolist() == [-1] * ROWS


def test_a_test_part_is_a_folder_or_a_file_of_the_same_columns() -> None:
    train, test = write("train", frame()[:40], [11]), write("test", frame()[40:], [10])
    dataset = load(train, test_path=str(test))
    assert (dataset.size, len(dataset.test_labels)) == (40, 20)
    assert "20 test rows from test/" in dataset.reading.line()
    write("other", frame()[40:])
    file = load(train, test_path="other/part-00000.parquet")
    assert file.fingerprint() == dataset.fingerprint()
    write("narrow", frame(INPUTS[:, :3])[40:])
    with pytest.raises(InputError, match=r"lists of 3 numbers, and of 4 in .*train"):
        load(train, test_path="narrow")
    with pytest.raises(InputError, match="the same rows"):
        load(train, test_path=str(write("copy", frame()[:40])))
    frame(vector=False)[40:].to_csv("t.csv")
    with pytest.raises(InputError, match=r"t\.csv is no Parquet file"):
        load(train, test_path="t.csv")


def test_groups_stay_together() -> None:
    table = frame(patient=[f"p{n // 6}" for n in range(ROWS)])
    dataset = load(write("t", table, [30]), group="patient")
    parts = [{int(row) // 6 for row in rows} for rows in (dataset.origins, dataset.test_origins)]
    assert not parts[0] & parts[1]


def test_one_file_with_lists_is_read_in_the_same_way_and_one_of_columns_as_before() -> None:
    write("t", frame())
    assert load("t/part-00000.parquet").fingerprint() == load("t").fingerprint()
    write("u", frame(vector=False))
    assert not isinstance(load("u/part-00000.parquet").inputs, MappedRows)


def test_numbers_of_a_table_in_memory_stay_as_they_are_where_the_user_says_so() -> None:
    frame(vector=False).to_csv("t.csv", index=False)
    dataset = load("t.csv", standardise=False)
    rows = [int(item) for item in dataset.items(list(range(dataset.size)))]
    np.testing.assert_allclose(dataset.inputs.numpy(), INPUTS[rows], rtol=1e-6)
    assert [(code.mean, code.std) for code in dataset.column_codes] == [(0.0, 1.0)] * WIDTH
    assert abs(load("t.csv").inputs.mean()) < 1e-6


# --- the files of a folder ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ["0", "1", "2"],
        ["part-00000-6f7b-c000.snappy", "part-00001-6f7b-c000.snappy", "part-00002-6f7b-c000.snappy"],
        ["part-00000-6f7b", "part-00001-91aa", "part-00002-b3"],
        ["train-00000-of-00003", "train-00001-of-00003", "train-00002-of-00003"],
        ["v2_x_1", "v2_x_2", "v2_x_3"],
        ["shard9", "shard10", "shard8"],
    ],
)
def test_files_are_in_the_order_of_their_numbers(names: list[str]) -> None:
    Path("t").mkdir()
    if names[0] == "shard9":
        names = [f"shard{number}" for number in range(12)]
    for name in names:
        Path("t", f"{name}.parquet").write_bytes(b"PAR1")
    Path("t", "_SUCCESS").touch()
    Path("t", ".part-00000.parquet.crc").touch()
    Path("t", "README.md").touch()
    shards = list_shards(Path("t"), PARQUET)
    assert [path.name.removesuffix(".parquet") for path in shards.paths] == names
    assert shards.numbered
    assert shards.unused == {"1 file": "no Parquet"}


@pytest.mark.parametrize("names", [["a", "b", "c"], ["2024-01-09", "2024-01-31", "2024-02-01"], ["3fa", "b91", "c0"]])
def test_names_without_a_count_are_sorted_which_is_said(names: list[str]) -> None:
    folder = write("t", frame(), [20, 40])
    for path, name in zip(sorted(folder.iterdir()), names, strict=True):
        path.rename(folder / f"{name}.parquet")
    assert [path.stem for path in list_shards(folder, PARQUET).paths] == names
    assert "files in the order of their names" in load(folder).reading.line()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["p-0", "p-1", "p-3"], r"the shard 2 is missing \(1 of 4 are\)"),
        (["p-2", "p-3"], r"the shard 0 is missing \(2 of 4 are\)"),
        (["p-1", "p-01", "p-2"], "second shard of its number"),
        (["t-00000-of-00003", "t-00001-of-00003"], r"the shard 2 is missing"),
        (["t-00000-of-00001", "t-00000-of-00002", "t-00001-of-00002"], "shards of 1 and of 2"),
        (["train-00000-of-00001", "test-00000-of-00001"], r"several sets, test-… and train-….*test_path="),
        (["train-0", "train-1", "test-0"], "several sets"),
    ],
)
def test_a_set_that_is_not_whole_is_refused(names: list[str], said: str) -> None:
    Path("t").mkdir()
    for name in names:
        Path("t", f"{name}.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=said):
        load("t")


def test_other_tables_and_folders_beside_the_files_are_refused() -> None:
    folder = write("t", frame())
    (folder / "more.csv.gz").touch()
    with pytest.raises(InputError, match=r"part-00000\.parquet and more\.csv\.gz; a pool is of one kind"):
        load(folder)
    write("u/train", frame()[:40])
    write("u/test", frame()[40:])
    with pytest.raises(InputError, match=r"dataset\.path=\S+/u/train dataset\.test_path=\S+/u/test"):
        load("u")
    write("v/label=cat", frame())
    with pytest.raises(InputError, match=r"Parquet files in its folder label=cat"):
        load("v")
    Path("w").mkdir()
    with pytest.raises(InputError, match="is a folder; name the file in it"):
        load("w")


# --- what the files hold --------------------------------------------------------------------------------------------


def test_files_that_do_not_agree_are_refused() -> None:
    folder = write("t", frame(), [30])
    write("u", frame(x=INPUTS.astype(np.float64)))
    shutil.copy("u/part-00000.parquet", "t/part-00001.parquet")
    with pytest.raises(
        InputError, match=r"part-00001\.parquet: column 'embedding' is of type DOUBLE\[\], and in part-0"
    ):
        load(folder)
    write("u", frame(more=LABELS))
    shutil.copy("u/part-00000.parquet", "t/part-00001.parquet")
    with pytest.raises(InputError, match=r"part-00001\.parquet has a column 'more', and part-00000\.parquet has none"):
        load(folder)
    write("u", frame(vector=False))
    shutil.copy("u/part-00000.parquet", "t/part-00001.parquet")
    with pytest.raises(InputError, match=r"part-00001\.parquet has no column 'embedding'"):
        load(folder)


@pytest.mark.parametrize(
    ("row", "value", "said"),
    [
        (41, np.ones(3, np.float32), r"part-00001\.parquet, row 11 .*a list of 3 numbers, and 4 numbers are expected"),
        (41, None, r"part-00001\.parquet, row 11 .*has no list"),
        (0, np.zeros(0, np.float32), r"part-00000\.parquet, row 0 .*a list of 0 numbers"),
        (59, [1.0, None, 1.0, 1.0], r"part-00001\.parquet, row 29 .*'embedding', number 1: the value is missing"),
        (3, [1.0, 1.0, np.nan, 1.0], r"part-00000\.parquet, row 3 .*number 2: the value is missing, NaN"),
        (3, [1.0, 1.0, 1.0, np.inf], r"part-00000\.parquet, row 3 .*number 3"),
    ],
)
def test_lists_of_other_lengths_and_missing_numbers_are_refused_by_row(row: int, value: Any, said: str) -> None:
    table = frame()
    table.at[row, "embedding"] = value
    with pytest.raises(InputError, match=said):
        load(write("t", table, [30], select="embedding::FLOAT[] AS embedding, label"))
    assert not list(Path("cache").rglob("*.npy*"))


@pytest.mark.parametrize("value", [None, np.nan, np.inf])
@pytest.mark.parametrize("whole", [False, True])
def test_missing_numbers_of_columns_are_refused_by_row_and_column(value: float | None, whole: bool) -> None:
    table = frame(vector=False)
    if whole:
        table["f1"] = pd.array([None if row == 33 else row for row in range(ROWS)], dtype="Int64")
    else:
        table.loc[33, "f1"] = value
    with pytest.raises(InputError, match=r"part-00001\.parquet, row 3 \(counted from 0\): column 'f1'"):
        load(write("t", table, [30]))


def test_what_is_no_pool_is_refused_with_what_to_type() -> None:
    table = frame(vector=False, note=LABELS, day=pd.Timestamp("2024-01-01"))
    with pytest.raises(
        InputError, match=r"'note' \(VARCHAR\), 'day'.*leave out the others, 'dataset.drop=\[note,day\]'"
    ):
        load(write("t", table))
    assert load("t", drop=["note", "day"]).shape == (WIDTH,)
    with pytest.raises(InputError, match=r"2 columns of lists of numbers, embedding, other.*dataset\.drop=\[other\]"):
        load(write("u", frame(other=list(INPUTS))))
    with pytest.raises(InputError, match=r"no column has a label's name; name it, dataset\.label=COLUMN, of: kind"):
        load(write("v", frame().rename(columns={"label": "kind"})))
    assert load("v", label="kind").classes == 3
    with pytest.raises(InputError, match=r"set dataset\.label=label or dataset\.label=y"):
        load(write("w", frame().assign(y=LABELS)))
    for keys, said in (
        ({"missing": Missing.median}, "dataset.missing=median"),
        ({"categorical": ["label"]}, "dataset.categorical"),
        ({"validation": "t"}, "validation=100"),
        ({"label": "colour"}, "has no column 'colour'; its columns are"),
        ({"drop": ["colour"]}, r"dataset\.drop: .* has no column 'colour'"),
        ({"keep": ["url"]}, "has no column 'url'"),
    ):
        with pytest.raises(InputError, match=said):
            load("v", **{"label": "kind", **keys})


def test_a_column_that_may_name_the_rows_is_left_out_where_it_counts_them_else_asked_about() -> None:
    dataset = load(write("t", frame(vector=False, id=np.arange(ROWS)), [20]))
    assert dataset.shape == (WIDTH,)
    assert dataset.reading.unused == {"id": "it counts the rows"}
    with pytest.raises(InputError, match=r"column 'id' may name the rows or be a feature; set dataset\.id=id or"):
        load(write("u", frame(vector=False, id=np.arange(ROWS)[::-1])))
    assert load("u", keep=["id"]).shape == (WIDTH + 1,)
    assert load("u", id="id").shape == (WIDTH,)


def test_damaged_files_are_refused_by_name() -> None:
    folder = write("t [1]*", frame(), [30])
    assert load(folder).size  # a name that DuckDB would take for a pattern
    path = folder / "part-00001.parquet"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"part-00001\.parquet cannot be read as Parquet"):
        load(folder)
    path.write_bytes(b"version https://git-lfs")
    with pytest.raises(InputError, match=r"part-00001\.parquet is no Parquet file"):
        load(folder)
    write("none", frame()[:0])
    with pytest.raises(InputError, match="has no row"):
        load("none")


# --- the cache ------------------------------------------------------------------------------------------------------


def test_the_copy_is_made_anew_when_a_file_changes_and_is_listed() -> None:
    folder = write("t", frame(), [30])
    first = load(folder)
    assert [(entry.kind, entry.what) for entry in contents(Path("cache"))] == [("tables", "1 entry")]
    changed = INPUTS.copy()
    changed[40] += 1
    write("t", frame(changed), [30])
    os.utime("t/part-00001.parquet", ns=(1, 1))
    assert load(folder).fingerprint() != first.fingerprint()
    assert len(list(Path("cache/tables").glob("*.npy"))) == 2


def test_a_damaged_copy_is_made_anew() -> None:
    folder = write("t", frame(), [30])
    first = load(folder).fingerprint()
    copy = next(Path("cache/tables").glob("*.npy"))
    content = bytearray(copy.read_bytes())
    content[-1] ^= 1
    copy.write_bytes(content)
    assert load(folder).fingerprint() == first


def test_without_room_few_rows_are_read_into_memory_and_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write("t", frame(), [30])
    expected = load(folder, "off")
    usage = shutil.disk_usage(".")._replace(free=100)
    monkeypatch.setattr(array_store.shutil, "disk_usage", lambda path: usage)
    dataset = load(folder)
    assert dataset.fingerprint() == expected.fingerprint()
    assert "960 bytes in memory (no room in " in dataset.reading.line()
    assert not list(Path("cache").rglob("*.npy*"))
    monkeypatch.setattr(parquet_features, "IN_MEMORY", 100)
    with pytest.raises(
        InputError, match=r"60 rows of 4 numbers take 960 bytes, to be written into .*: no room there; .*cache=FOLDER"
    ):
        load(folder)
    with pytest.raises(InputError, match=r"there is none: give cache=auto or cache=FOLDER"):
        load(folder, "off")


def test_a_disk_that_fills_meanwhile_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write("t", frame(), [30])

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(array_store.os, "fsync", full)
    assert "(no room in " in load(folder).reading.line()
    assert not list(Path("cache").rglob("*.npy*"))


def test_what_a_killed_process_left_is_listed_and_removed() -> None:
    folder = write("t", frame(), [30])
    load(folder)
    copy = next(Path("cache/tables").glob("*.npy"))
    part = copy.with_name(f"{copy.stem}.77.npy.part")
    part.write_bytes(b"half")
    copy.unlink()
    assert "tables" in {entry.kind for entry in contents(Path("cache"))}
    load(folder)
    assert part.exists()  # another process may be writing it
    os.utime(part, (1, 1))
    copy.unlink()
    load(folder)
    assert not part.exists()


@contextmanager
def begun(script: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs a script and ends with the test, however that ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell that starts the tests in the background has them ignore SIGINT, and so their children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_ctrl_c_in_the_middle_leaves_nothing_and_the_next_run_starts_anew() -> None:
    folder = write("t", frame(), [30])
    script = textwrap.dedent(
        """
        import time
        from al_bench.data.csv_table import CsvDataset
        from al_bench.data.parquet_pool import ParquetPool
        blocks = ParquetPool.blocks
        def slow(self, *given):
            for block in blocks(self, *given):
                yield block
                print("half", flush=True)
                time.sleep(60)
        ParquetPool.blocks = slow
        CsvDataset(path="t").load((), False, "cache")
        """
    )
    with begun(script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        assert list(Path("cache").rglob("*.part"))
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert not list(Path("cache").rglob("*.part"))
    assert not list(Path("cache").rglob("*.npy"))
    assert load(folder).size


def test_ctrl_c_within_a_query_is_an_interruption_and_no_error_of_duckdb() -> None:
    write("t", frame())
    script = textwrap.dedent(
        """
        from pathlib import Path
        from al_bench.data.parquet_opening import opened
        with opened([Path("t/part-00000.parquet")]) as (connection, files):
            print("begun", flush=True)
            connection.execute("SELECT sum(hash(a.range + b.range)) FROM range(1000000) a, range(1000000) b").fetchall()
        """
    )
    with begun(script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert said.strip().splitlines()[-1] == b"KeyboardInterrupt"


def test_a_small_file_that_stands_for_very_much_is_refused() -> None:
    with duckdb.connect() as connection:
        query = "SELECT range(20000) AS embedding, range % 2 AS label FROM range(2000)"
        connection.execute(f"COPY ({query}) TO 't.parquet' (FORMAT parquet, COMPRESSION zstd)")
    with pytest.raises(InputError, match=r"t\.parquet unpacks to more than 100 times its size; write \.npy"):
        load("t.parquet")
    assert not list(Path("cache").rglob("*.npy*"))


def test_the_files_may_not_change_meanwhile() -> None:
    folder = write("t", frame(), [30])
    pool = CsvDataset(path=str(folder)).shards()
    assert pool is not None
    os.utime(folder / "part-00001.parquet", ns=(1, 1))
    with pytest.raises(InputError, match=r"part-00001\.parquet was written or moved while it was read"):
        pool.texts("label")


def test_cells_of_some_rows() -> None:
    pool = CsvDataset(path=str(write("t", frame(url=[f"u{n}" for n in range(ROWS)]), [10, 30]))).shards()
    assert pool is not None
    table = pool.cells(np.array([59, 9, 10, 1000]))
    assert table.names == ["label", "url"]
    assert table.rows.tolist() == [59, 9, 10]
    assert table.texts("url").tolist() == ["u59", "u9", "u10"]
