"""A user's CSV file: the dataset it becomes, and the messages of faults."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from al_bench.data.column_codes import ColumnCode
from al_bench.data.csv_table import CsvDataset, Header
from al_bench.data.encoded_columns import encode_columns
from al_bench.data.labels import canonical
from al_bench.data.separators import parse_separator
from al_bench.data.table_choices import Missing
from al_bench.errors import InputError

GOOD = "width,colour,kind\n" + "".join(f"{row},{'rg'[row % 2]},{'xy'[row // 5]}\n" for row in range(10))


def load(text: str, **keys: Any) -> Any:
    Path("t.csv").write_text(text)
    return CsvDataset(path="t.csv", **keys).load()


def refusal(text: str, **keys: Any) -> str:
    with pytest.raises(InputError) as caught:
        load(text, **keys)
    message = str(caught.value)
    assert "\n" not in message
    assert "t.csv" in message
    return message


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


def test_numbers_are_standardised_and_categories_one_hot() -> None:
    data = load(GOOD)
    assert data.name == "t"
    assert data.inputs.shape == (8, 3)
    assert data.test_inputs.shape == (2, 3)
    assert data.inputs.dtype == torch.float32
    assert data.class_names == ("x", "y")
    assert sorted(data.test_labels.tolist()) == [0, 1]
    assert float(data.inputs[:, 0].mean()) == pytest.approx(0, abs=1e-6)
    assert float(data.inputs[:, 0].std(correction=0)) == pytest.approx(1, abs=1e-6)
    assert data.inputs[:, 1:].sum(1).tolist() == [1] * 8  # green, red
    assert data.fingerprint() == load(GOOD).fingerprint()
    assert data.fingerprint() != load(GOOD, split_seed=1).fingerprint()


def test_test_file_by_column_name_and_training_moments() -> None:
    Path("test.csv").write_text("kind,colour,width\ny,blue,4.5\nx,r,1000\n")
    data = load(GOOD, test_path="test.csv")
    assert data.inputs.shape == (10, 3)
    scale = np.arange(10).std()
    np.testing.assert_allclose(
        data.test_inputs, [[0, 0, 0], [(1000 - 4.5) / scale, 0, 1]], rtol=1e-6
    )  # blue is no category of the training part
    assert data.test_labels.tolist() == [1, 0]


def test_label_categorical_drop_and_separator() -> None:
    text = "id;kind;rank\n" + "".join(f"n{row};{'xy'[row % 2]};{row % 3 + 8}\n" for row in range(30))
    data = load(text, separator=";", label="kind", drop=["id"], categorical=["rank"], name="mine")
    assert data.name == "mine"
    assert data.inputs.shape == (24, 3)
    assert set(data.inputs.unique().tolist()) == {0, 1}


def test_constant_column_becomes_zero() -> None:
    data = load("a,b,c\n" + "".join(f"0.1,{row},{row % 2}\n" for row in range(10)))
    assert data.inputs[:, 0].tolist() == [0] * 8


@pytest.mark.parametrize(
    ("header", "first", "rows"),
    [
        (Header.auto, "a,b,c\n", 10),
        (Header.auto, "", 10),
        (Header.auto, "77,1,0\n", 11),
        (Header.present, "77,1,0\n", 10),
        (Header.absent, "77,1,0\n", 11),
    ],
    ids=["names", "no names", "numbers, guessed", "numbers as names", "numbers as data"],
)
def test_header(header: Header, first: str, rows: int) -> None:
    data = load(first + "".join(f"{row},{row + 1},{row % 2}\n" for row in range(10)), header=header)
    assert len(data.inputs) + len(data.test_inputs) == rows
    assert data.class_names == ("0", "1")


def test_columns_without_names_go_by_number() -> None:
    data = load("".join(f"{'xy'[row % 2]},{row}\n" for row in range(10)), label="0")
    assert data.class_names == ("x", "y")


def test_quotes_blank_lines_byte_order_mark_and_packing() -> None:
    rows = "".join(f'"{row}, or so", {row} ,{"xy"[row % 2]}\n\n' for row in range(10))
    Path("t.csv.gz").write_bytes(gzip.compress(("\ufefftext,n,kind\n" + rows).encode()))
    data = CsvDataset(path="t.csv.gz", drop=["text"]).load()
    assert data.name == "t"
    assert data.inputs.shape == (8, 1)


def test_labels_sorted_by_value() -> None:
    assert load("a,c\n" + "".join(f"{row},{row % 3 + 8}\n" for row in range(30))).class_names == ("8", "9", "10")


def row_with(cell: str) -> str:
    return "a,b,c\n" + "".join(f"{row},{row},{row % 2}\n" for row in range(10)) + f"3,{cell},1\n"


FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "empty": ("", {}, "is empty"),
    "header alone": ("a,b,c\n", {}, "has a header and no rows"),
    "one column": ("a\n1\n2\n", {}, "has one column with the separator comma"),
    "another separator": (GOOD, {"separator": "semicolon"}, "set dataset.separator"),
    "label": (GOOD, {"label": "sort"}, "has no column 'sort'; its columns are width, colour, kind"),
    "drop": (GOOD, {"drop": ["sort"]}, "dataset.drop: "),
    "categorical": (GOOD, {"categorical": ["sort"]}, "dataset.categorical: "),
    "nothing but the label": (GOOD, {"drop": ["width", "colour"]}, "has no column left beside the label 'kind'"),
    "two columns of one name": ("a,a,c\n1,2,x\n1,2,y\n", {}, "two columns called 'a'"),
    "empty cell": (row_with(""), {}, "column 'b', row 10 (counted from 0): the cell is empty"),
    "blank cell": (row_with(" "), {}, "column 'b', row 10 (counted from 0): the cell is empty"),
    "NA": (row_with("NA"), {}, "column 'b', row 10 (counted from 0): 'NA' stands for no value"),
    "nan": (row_with("nan"), {}, "column 'b', row 10 (counted from 0): 'nan' stands for no value"),
    "infinite": (row_with("-inf"), {}, "column 'b', row 10 (counted from 0): '-inf' is no number"),
    "beyond float32": (row_with("1e60"), {}, "column 'b', row 10 (counted from 0): '1e60' is no number"),
    "a cell too many": (row_with("1,1,1"), {}, "cannot be read as CSV"),
    "a cell too few": (
        row_with("1").removesuffix(",1\n"),
        {},
        "column 'c', row 10 (counted from 0): the cell is empty: there is no label",
    ),
    "no label": ("a,c\n1,\n2,x\n3,y\n", {}, "column 'c', row 0 (counted from 0): the cell is empty: there is no label"),
    "one class": ("a,c\n1,x\n2,x\n", {}, "column 'c' holds one class only"),
    "a measurement as the label": (
        "a,c\n" + "".join(f"{row / 7},{row}.5\n" for row in range(50)),
        {},
        "so it is no class label",
    ),
    "names of rows": (
        "a,c\n" + "".join(f"n{row},{row % 2}\n" for row in range(50)),
        {},
        "leave it out with 'dataset.drop=[a]'",
    ),
    "numbers as names": (
        "0,1,label\n" + "".join(f"{row},1,{'xy'[row % 2]}\n" for row in range(9)),
        {},
        "set dataset.header=present",
    ),
    "too few rows": ("a,c\n1,x\n2,y\n", {}, "leave none for the test part"),
    "no text": ("a,c\n\x00\xff", {}, "t.csv"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_table_is_refused(fault: str) -> None:
    text, keys, expected = FAULTS[fault]
    assert expected in refusal(text, **keys)


def test_refuses_bytes_that_are_no_text() -> None:
    Path("t.csv").write_bytes(b"a,b\n\xff\xfe,1\n\x00\x00\x00\x01")
    with pytest.raises(InputError, match="is no text"):
        CsvDataset(path="t.csv").load()


def test_refuses_a_truncated_archive() -> None:
    Path("t.csv.gz").write_bytes(gzip.compress(GOOD.encode() * 100)[:-20])
    with pytest.raises(InputError, match="damaged or cut short"):
        CsvDataset(path="t.csv.gz").load()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("width,colour\n1,r\n", "dataset.test_path: "),
        ("width,colour,kind\nwide,r,x\n", "column 'width', row 0 (counted from 0): 'wide' is no number"),
        ("width,colour,kind\n", "has a header and no rows"),
    ],
    ids=["no label", "text among numbers", "header alone"],
)
def test_refuses_a_test_file(text: str, expected: str) -> None:
    Path("test.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        load(GOOD, test_path="test.csv")
    assert expected in str(caught.value)
    assert "test.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, r"dataset\.path is not set"),
        ({"path": "a", "separator": ", "}, r"dataset\.separator is ', '"),
        ({"path": "a", "test_fraction": 1.0}, r"dataset\.test_fraction is 1\.0"),
    ],
    ids=["no path", "separator", "test_fraction"],
)
def test_refuses_keys(keys: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        CsvDataset(**keys)


def test_missing_file() -> None:
    with pytest.raises(InputError, match=r"dataset\.path: there is no file"):
        CsvDataset(path="none.csv").load()
    Path("t.csv").write_text(GOOD)
    with pytest.raises(InputError, match=r"dataset\.test_path: there is no file"):
        CsvDataset(path="t.csv", test_path="none.csv").load()


@dataclass(frozen=True)
class RealTable:
    """What a published table becomes.

    Args:
        keys: Of CsvDataset.
        shape: Of the training part.
        fingerprint: Of the whole data set, as runs on record have it.
    """

    keys: dict[str, Any]
    shape: tuple[int, int]
    test_points: int
    classes: int
    fingerprint: str


REAL_TABLES = {
    "letter": RealTable({}, (16000, 16), 4000, 26, "161a8d2933288441"),
    "letter of badge2020_letter": RealTable({"test_fraction": 0.1}, (18000, 16), 2000, 26, "11f22316c02ccf52"),
    "pendigits_train": RealTable({"test_path": "tabular/pendigits_test.csv"}, (7494, 16), 3498, 10, "24d12a6a6d1a1929"),
    "satimage": RealTable({}, (5148, 36), 1287, 6, "9f224a54f9244399"),
    "krkopt": RealTable({"categorical": ["wk_rank", "wr_rank", "bk_rank"]}, (22445, 40), 5611, 18, "baadd03c7fc1f994"),
}


@pytest.mark.parametrize("name", REAL_TABLES)
def test_real_tables(name: str, real_root: Callable[[str], str]) -> None:
    table, file = REAL_TABLES[name], f"tabular/{name.partition(' ')[0]}.csv"
    data = CsvDataset(path=file, root=real_root(file), **table.keys).load()
    assert data.inputs.shape == table.shape
    assert data.test_inputs.shape == (table.test_points, table.shape[1])
    assert data.classes == table.classes
    assert int(torch.bincount(data.hidden_labels, minlength=table.classes).min()) > 0
    assert data.fingerprint() == table.fingerprint
    if name == "krkopt":
        assert data.inputs.sum(1).unique().tolist() == [6]
    else:
        torch.testing.assert_close(data.inputs.mean(0), torch.zeros(table.shape[1]), rtol=0, atol=1e-4)
        torch.testing.assert_close(data.inputs.std(0), torch.ones(table.shape[1]), rtol=0, atol=1e-3)


def test_encoded_columns_are_bit_for_bit_the_formula_in_the_order_of_the_file() -> None:
    generator = np.random.default_rng(0)
    kinds = ["number", "text", "number", "number", "text"]
    train, test = (
        {
            f"{position} {kind}": generator.normal(10.0**position, 3, rows)
            if kind == "number"
            else generator.choice(np.array([*"bca"[: 2 + extra], "é"], dtype=object), rows)
            for position, kind in enumerate(kinds)
        }
        for rows, extra in ((500, 0), (70, 1))
    )
    *encoded, codes = encode_columns(Path("t.csv"), train, test)
    for part, columns in zip(encoded, (train, test), strict=True):
        expected = [
            columns[name][:, None] == np.unique(values)
            if values.dtype == object
            else ((columns[name] - values.mean()) / values.std())[:, None]
            for name, values in train.items()
        ]
        assert part.dtype == np.float32
        np.testing.assert_array_equal(part, np.concatenate(expected, axis=1).astype(np.float32))
        np.testing.assert_array_equal(part, decoded(codes, columns))


def decoded(codes: Sequence[ColumnCode], columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """The inputs of columns, as another program makes them from the codes, cell by cell."""
    rows = []
    for row in range(len(next(iter(columns.values())))):
        inputs: list[float] = []
        for code in codes:
            cell = columns[code.name][row]
            if code.mean is None:
                cell = code.missing if cell == "" and code.missing is not None else cell
                inputs += [float(cell == category) for category in code.categories]
                continue
            is_missing = np.isnan(cell)
            inputs.append(((code.missing if is_missing else cell) - code.mean) / code.std)
            inputs += [float(is_missing)] if code.indicator else []
        rows.append(inputs)
    return np.array(rows, dtype=np.float32)


@pytest.mark.parametrize("missing", [Missing.median, Missing.indicator])
def test_the_codes_of_columns_say_what_takes_the_place_of_missing_cells(missing) -> None:
    generator = np.random.default_rng(1)
    columns = {
        "size": np.where(generator.random(300) < 0.2, np.nan, generator.normal(5, 2, 300)),
        "colour": generator.choice(np.array(["", "red", "blue"], dtype=object), 300),
        "whole": generator.normal(0, 1, 300),
        "constant": np.full(300, 7.0),
    }
    train, test = ({name: values[part] for name, values in columns.items()} for part in (slice(200), slice(200, None)))
    *encoded, codes = encode_columns(Path("t.csv"), train, test, missing)
    assert [code.name for code in codes] == list(columns)
    assert [code.indicator for code in codes] == [missing is Missing.indicator, False, False, False]
    for part, values in zip(encoded, (train, test), strict=True):
        np.testing.assert_array_equal(part, decoded(codes, values))


def test_long_whole_numbers_are_labels_of_their_own():
    assert [canonical(2**53 + step) for step in range(3)] == [
        "9007199254740992",
        "9007199254740993",
        "9007199254740994",
    ]
    assert [canonical(text) for text in ("007", "+7", "7.0", np.float64(7), "1_0")] == ["7", "7", "7", "7", "1_0"]


def test_a_price_is_no_class(run, tmp_path):
    rows = [f"{row / 7},{row % 3},{row % 40 / 10 + 0.05}" for row in range(120)]
    (tmp_path / "own.csv").write_text("\n".join(["a,b,price", *rows]) + "\n")
    done = run("dataset=csv", "dataset.path=own.csv")
    assert done.status == 2
    assert "0.05 is no class label; name the column of the labels with dataset.label" in done.err


@pytest.mark.parametrize("separator", ["ß", "§", "日", "🦆", "ab", ""])
def test_a_separator_that_is_no_ascii_character_is_refused(separator: str) -> None:
    with pytest.raises(InputError, match=r"dataset\.separator is .*one ASCII character"):
        parse_separator(separator)
