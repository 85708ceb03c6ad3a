"""Parquet files: the rows in the file's order, on one thread, and nothing but the file is reached."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from al_bench.data import size_limits
from al_bench.data.csv_table import CsvDataset
from al_bench.data.parquet import open_table, parquet_frame
from al_bench.errors import InputError
from al_bench.storage.parquet import SETTINGS


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


def write(query: str, path: str = "t.parquet", options: str = "") -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO 'plain.parquet' (FORMAT parquet {options})")
    return Path("plain.parquet").rename(path)


def test_one_thread_and_the_order_of_the_file() -> None:
    path = write("SELECT hash(range) % 1000 AS h, range AS n FROM range(300000)", options=", ROW_GROUP_SIZE 2048")
    frame = parquet_frame(path, path.read_bytes())
    assert (frame["n"] == np.arange(300_000)).all()
    with open_table(path) as connection:
        assert connection.execute("SELECT current_setting('threads')").fetchone() == (1,)
        assert connection.execute("SELECT current_setting('preserve_insertion_order')").fetchone() == (True,)
    assert SETTINGS["threads"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "INSTALL httpfs",
        "LOAD httpfs",
        "INSTALL spatial FROM community",
        "SET threads = 4",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
        "SET autoinstall_known_extensions = true",
        "SELECT * FROM read_text('secret.txt')",
        "SELECT * FROM read_csv('secret.txt')",
        "SELECT * FROM 'other.parquet'",
        "ATTACH 'new.db'",
        "COPY (SELECT 1) TO 'written.csv'",
    ],
)
def test_nothing_but_the_file_is_reached_and_nothing_is_set_or_installed(query: str) -> None:
    path = write("SELECT 1 AS a")
    write("SELECT 2 AS a", "other.parquet")
    Path("secret.txt").write_text("a\n1\n")
    with open_table(path) as connection:
        assert connection.execute("SELECT a FROM read_parquet(?)", [str(path)]).fetchall() == [(1,)]
        with pytest.raises(duckdb.Error):
            connection.execute(query).fetchall()
    assert not Path("written.csv").exists()


@pytest.mark.parametrize("scheme", ["http", "https", "s3", "hf"])
def test_no_connection_is_made(scheme: str) -> None:
    path = write("SELECT 1 AS a")
    asked: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)

        def listen() -> None:
            with contextlib.suppress(TimeoutError):
                asked.append(server.accept()[1])

        thread = threading.Thread(target=listen)
        thread.start()
        address = f"{scheme}://127.0.0.1:{server.getsockname()[1]}/t.parquet"
        with open_table(path) as connection, pytest.raises(duckdb.Error):
            connection.execute("SELECT * FROM read_parquet(?)", [address]).fetchall()
        thread.join()
    assert asked == []


@pytest.mark.parametrize("name", ["[x].parquet", "x*.parquet", "x?.parquet", "it's x.parquet", "{a,b}.parquet"])
def test_a_name_is_no_pattern(name: str) -> None:
    write("SELECT range AS a, 'other' AS label FROM range(40)", "x.parquet")
    write("SELECT range / 2 AS a, range % 5 AS b, chr(97 + (range % 2)::INT) AS label FROM range(40)", name)
    dataset = CsvDataset(path=name).load()
    assert dataset.class_names == ("a", "b")
    assert dataset.shape == (2,)


@pytest.mark.parametrize(
    ("query", "bytes_of_memory"),
    [
        ("SELECT repeat('x', 100000) AS a, 'y' AS label FROM range(2000)", 400_000_000),
        ("SELECT 1 AS a, 2 AS b FROM range(5000000)", 640_000_000),
        ("SELECT repeat('x', 100000)::BLOB AS a, 'y' AS label FROM range(2000)", 400_000_000),
    ],
    ids=["a long text", "a number in every row", "bytes"],
)
def test_what_a_small_file_stands_for_is_counted_before_it_is_read(
    query: str, bytes_of_memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(query, options=", COMPRESSION zstd")
    assert path.stat().st_size < bytes_of_memory / 4
    monkeypatch.setattr(size_limits, "memory_left", lambda: 100_000_000)
    with pytest.raises(
        InputError, match=r"t\.parquet takes 0\.\d GB of memory, and 0\.1 GB are left here; leave out rows"
    ):
        CsvDataset(path=str(path)).load()


@pytest.mark.parametrize("cut", [10, 100, -1], ids=["its beginning", "a part", "all but a byte"])
def test_a_file_cut_short_is_refused(cut: int) -> None:
    path = write("SELECT range AS a, chr(97 + (range % 2)::INT) AS label FROM range(40)")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"t\.parquet cannot be read as Parquet") as caught:
        CsvDataset(path="t.parquet").load()
    assert "\n" not in str(caught.value)


def test_types_of_a_database_become_numbers_and_categories() -> None:
    columns = "range::TINYINT AS a, (range / 4)::DECIMAL(9, 2) AS b, range % 2 = 0 AS c, range % 3 AS label"
    dataset = CsvDataset(path=str(write(f"SELECT {columns} FROM range(40)"))).load()
    assert dataset.reading is not None
    assert dataset.reading.kinds == {"numbers": ("a", "b"), "categories": ("c",)}
    assert dataset.class_names == ("0", "1", "2")
