"""Tables as people have them: each kind is read right, or refused with its readings and the key that chooses each."""

from __future__ import annotations

import gzip
import json
import lzma
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from al_bench.data.csv_table import CsvDataset, Header
from al_bench.data.dataset import Dataset
from al_bench.data.reading import Reading
from al_bench.data.table_choices import Decimal, Missing, MissingLabels, SimilarLabels
from al_bench.errors import InputError

ROWS = range(60)


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


def table(row: Callable[[int], Sequence[object]], separator: str = ",", names: str = "a,b,label") -> str:
    """Sixty lines under names; each cell as `row` gives it."""
    head = [separator.join(names.split(","))] if names else []
    return "\n".join([*head, *(separator.join(map(str, row(number))) for number in ROWS)]) + "\n"


def load(content: str | bytes, file: str = "t.csv", **keys: Any) -> Dataset:
    Path(file).write_bytes(content if isinstance(content, bytes) else content.encode())
    return CsvDataset(path=file, **keys).load()


def refusal(content: str | bytes, file: str = "t.csv", **keys: Any) -> str:
    with pytest.raises(InputError) as caught:
        load(content, file, **keys)
    message = str(caught.value)
    assert "\n" not in message
    assert file in message or "initial.rows" in message
    return message


def said(dataset: Dataset) -> Reading:
    assert dataset.reading is not None
    return dataset.reading


PLAIN = table(lambda n: (n / 4, n % 7, "xy"[n % 2]))


def same_as_plain(dataset: Dataset) -> bool:
    return dataset.fingerprint() == load(PLAIN, "plain.csv").fingerprint()


WRITTEN_NUMBERS = {
    "decimal commas": (table(lambda n: (str(n / 4).replace(".", ","), n % 7, "xy"[n % 2]), ";"), {}),
    "decimal commas in quotes": (table(lambda n: (f'"{n / 4:.2f}"'.replace(".", ","), n % 7, "xy"[n % 2])), {}),
    "decimal commas after tabs": (table(lambda n: (f"{n / 4:.4f}".replace(".", ","), n % 7, "xy"[n % 2]), "\t"), {}),
    "per cent": (table(lambda n: (f"{n / 4} %", n % 7, "xy"[n % 2])), {}),
    "euros behind": (table(lambda n: (f"{n / 4:.2f} €".replace(".", ","), n % 7, "xy"[n % 2]), ";"), {}),
    "dollars before": (table(lambda n: (f"${n / 4:.2f}", n % 7, "xy"[n % 2])), {}),
    "blanks around": (table(lambda n: (f"  {n / 4} ", f" {n % 7}", f"{'xy'[n % 2]} ")), {}),
    "a plus": (table(lambda n: (f"+{n / 4}", n % 7, "xy"[n % 2])), {}),
    "exponents": (table(lambda n: (f"{n / 4:.6e}", n % 7, "xy"[n % 2])), {}),
}


@pytest.mark.parametrize("kind", WRITTEN_NUMBERS)
def test_numbers_as_people_write_them_are_the_same_numbers(kind: str) -> None:
    content, keys = WRITTEN_NUMBERS[kind]
    assert same_as_plain(load(content, **keys))


@pytest.mark.parametrize(
    ("write", "keys"),
    [
        (lambda n: f'"{1000000 + 97 * n:,}"', {}),
        (lambda n: f'"{1000 + 97 * n:,}.0"', {}),
        (lambda n: f'"{1000 + 97 * n:,}"', {"decimal": Decimal.point}),
        (lambda n: f'"{1000 + 97 * n:,}"'.replace(",", "."), {"decimal": Decimal.comma}),
        (lambda n: f"{1000 + 97 * n:,}".replace(",", "\u202f"), {}),
        (lambda n: f"{1000 + 97 * n:,}".replace(",", "'"), {}),
    ],
    ids=["millions", "a point, too", "chosen", "points, chosen", "narrow blanks", "apostrophes"],
)
def test_thousands_are_read_where_they_have_one_reading(write: Callable[[int], str], keys: dict[str, Any]) -> None:
    expected = load(table(lambda n: (97 * n, n % 7, "xy"[n % 2])), "plain.csv")
    dataset = load(table(lambda n: (write(n), n % 7, "xy"[n % 2])), **keys)
    torch.testing.assert_close(dataset.inputs, expected.inputs)
    assert dataset.inputs.shape == (48, 2)


REFUSED = {
    "a comma with two readings": (
        table(lambda n: (f'"{1000 + 97 * n:,}"', n % 7, "xy"[n % 2])),
        "set dataset.decimal=point (reads 1000) or dataset.decimal=comma (reads 1)",
    ),
    "commas and points": (
        table(lambda n: (f"{n},5", f"{n}.25", "xy"[n % 2]), ";"),
        "'0.25' has a point, and other columns have decimal commas",
    ),
    "points that may be thousands": (
        table(lambda n: (f"{n},5", f"{n % 9 + 1}.100", "xy"[n % 2]), ";"),
        "set dataset.decimal=comma (reads 1100)",
    ),
    "few values of another convention": (
        table(lambda n: (f'"{1000000 + n:,}"', f'"{n % 3},5"', "xy"[n % 2])),
        "may have a thousands or a decimal comma",
    ),
    "per cent for some": (
        table(lambda n: (f"{n}{'%' * (n % 2)}", n % 7, "xy"[n % 2])),
        "'1%' is no number, but other cells of the column are",
    ),
    "two currencies": (
        table(lambda n: (f"{'$€'[n % 2]}{n % 5}", n % 7, "xy"[n % 2])),
        "the signs of the column differ ($ and €)",
    ),
    "a unit": (table(lambda n: (f"{n % 5} kg", n % 7, "xy"[n % 2])), "is a number with the unit kg"),
    "beyond float32 in every row": (
        table(lambda n: (f"{n + 1}e60", 1, "xy"[n % 2])),
        "'1e60' is no number that float32",
    ),
    "a number of 400 digits": (
        table(lambda n: ("9" * 400, 1, "xy"[n % 2])),
        "… (400 characters)' is no number that float",
    ),
    "infinite in every row": (table(lambda n: ("inf", 1, "xy"[n % 2])), "'inf' is no number that float32 holds"),
    "UTF-8 that is none": (
        table(lambda n: (n, n % 7, ["Käse", "Brot"][n % 2])).encode("latin-1"),
        "is not UTF-8 (line 2); say which encoding it has, such as dataset.encoding=latin-1 (reads 'Käse')",
    ),
    "labels of two cases": (
        table(lambda n: (n, n % 7, ["cat", "dog", "Cat"][n % 3])),
        "the labels 'Cat' (20 rows) and 'cat' (20 rows) differ in case",
    ),
    "labels of two Unicode forms": (
        table(lambda n: (n, n % 7, ["K\u00e4se", "Brot", "Ka\u0308se"][n % 3])),
        "(20 rows, U+0308)",
    ),
    "labels in quotes": (table(lambda n: (n, n % 7, ["x", "y", "'x'"][n % 3])), "differ in case, quotes, blanks"),
    "labels with wide letters": (table(lambda n: (n, n % 7, ["x", "y", "\uff58"][n % 3])), "similar_labels=merge"),
    "labels with inner blanks": (table(lambda n: (n, n % 7, ["a b", "y", "a  b"][n % 3])), "similar_labels=keep"),
    "words that may be names": (
        table(lambda n: ("abc"[n % 3], "de"[n % 2], "xy"[n % 2]), names="a,d,q"),
        "set dataset.header=present (then 60 rows) or dataset.header=absent (then 61 rows",
    ),
    "a label in the first column": (
        table(lambda n: ("ABC"[n % 3], n * 7 % 20, n * 5 % 20), names=""),
        "nothing says which column is the label; set dataset.label=0 (3 classes) or dataset.label=2",
    ),
    "a number as label in the first column": (
        table(lambda n: (n % 3, n / 7, n * 5 % 20), names="u,v,w"),
        "set dataset.label=u (3 classes) or dataset.label=w",
    ),
    "two columns with a label's name": (
        table(lambda n: (n % 3, n / 7, n % 2), names="label,v,class"),
        "set dataset.label=label (3 classes) or dataset.label=class (2 classes)",
    ),
    "a nameless column of repeated numbers": (
        table(lambda n: (n * 7 % 20, n / 7, "xy"[n % 2]), names=",v,label"),
        "set 'dataset.drop=[column_0]' or 'dataset.keep=[column_0]'",
    ),
    "a column of names of rows": (
        table(lambda n: (500 + 3 * n, n / 7, "xy"[n % 2]), names="id,v,label"),
        "set dataset.id=id or 'dataset.keep=[id]'",
    ),
    "a longer line": (PLAIN.replace("1.5,6,x", "1.5,6,x,9"), "line 8 has 4 cells where 3 are expected"),
    "a spreadsheet": (
        b"PK\x03\x04" + bytes(range(128, 256)) * 4,
        "a zip archive or a spreadsheet (.xlsx), and damaged",
    ),
    "an old spreadsheet": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "is an old Excel or Office file; open it"),
    "a picture": (
        b"\x89PNG\r\n\x1a\n" + bytes(99),
        "is a PNG image; images are read from a folder of them: dataset=images dataset.path=FOLDER",
    ),
    "a page": ("<!DOCTYPE html>\n<html>404</html>", "is an HTML or XML page; download the file behind it"),
    "ARFF": ("% made by\n@RELATION r\n@ATTRIBUTE a NUMERIC\n@DATA\n1\n", "is an ARFF file; remove the lines with @"),
    "LIBSVM": ("1 1:0.5 3:2\n0 2:1\n", "is a LIBSVM file"),
    "a pickle": (b"\x80\x04" + bytes(99), "is a Python pickle; pickles can run code and are not read"),
    "zero bytes": (bytes(400), "is no text (it holds zero bytes)"),
    "damaged Parquet": (b"PAR1" + bytes(range(128, 256)) * 4 + b"PAR1", "cannot be read as Parquet"),
    "a bomb": (gzip.compress(b"a,b\n" + bytes(210 * 2**20), 1), "unpacks to more than 100 times its size"),
    "NaN that Python writes as JSON": (
        '{"a": NaN, "label": "x"}\n{"a": 1, "label": "y"}\n' * 9,
        "set dataset.missing=median",
    ),
    "a cell of 200,000 letters": (
        table(lambda n: ("x" * 200_000 if n == 3 else n, n % 7, "xy"[n % 2])),
        f"row 3 (counted from 0): '{'x' * 59}… is no number",
    ),
    "broken JSON": ('{"a": 1, "label": "x"}\n{"a": ', "line 2: "),
    "nested JSON": ('{"a": [1], "label": "x"}\n' * 9, "column 'a', row 0: a list is no number and no category"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_two_readings_or_none_is_refused_with_the_way_on(kind: str) -> None:
    content, expected = REFUSED[kind]
    assert expected in refusal(content)


def test_no_advice_is_lost_on_a_shell() -> None:
    rows = [f"im{n},{n},{'xy'[n % 2]}" for n in ROWS]
    message = refusal("\n".join(['"image path (jpg), größe",b,label', *rows]))
    assert message.endswith("""'dataset.drop=["image path (jpg), größe"]'""")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "], ids=["comma", "semicolon", "tab", "pipe", "blank"])
def test_separators_are_recognised_and_named(separator: str) -> None:
    name = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space"}[separator]
    content = PLAIN.replace(",", separator)
    assert same_as_plain(load(content))
    assert same_as_plain(load(content, separator=name))
    assert same_as_plain(load(content, separator=separator))


def test_a_separator_in_quoted_cells_is_none() -> None:
    content = table(lambda n: (f'"{"uvw"[n % 3]}; and, so | on"', n % 7, "xy"[n % 2]))
    assert load(content).inputs.shape == (48, 4)


@pytest.mark.parametrize(
    "above",
    ["# made by\n# version 2, of 3\n", "My table of 2024\n\n", "sep=,\n", "Export\nfrom the lab\n\n\n"],
    ids=["comments", "a title", "a line of Excel's", "several lines"],
)
def test_lines_above_the_table_are_left_out_with_a_remark(above: str) -> None:
    dataset = load(above + PLAIN)
    assert same_as_plain(dataset)
    assert any("above the table" in remark for remark in said(dataset).remarks) is not above.startswith("sep")


def test_the_names_that_numpy_writes_into_a_comment_are_names() -> None:
    dataset = load("# " + PLAIN)
    assert same_as_plain(dataset)
    assert said(dataset).kinds["numbers"] == ("a", "b")


def test_a_comment_among_the_rows_is_no_row() -> None:
    lines = PLAIN.splitlines(keepends=True)
    assert same_as_plain(load("".join([*lines[:9], "# lunch\n", *lines[9:]])))


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "UTF-16": lambda content: content.decode().encode("utf-16"),
    "UTF-16 without a mark": lambda content: content.decode().encode("utf-16-le"),
    "UTF-8 with a mark": lambda content: b"\xef\xbb\xbf" + content,
    "lines of Windows": lambda content: content.replace(b"\n", b"\r\n"),
    "trailing commas": lambda content: content.replace(b"\n", b",\n"),
    "trailing commas but for the names": lambda content: content.replace(b"\n", b",\n").replace(b"label,", b"label"),
}


@pytest.mark.parametrize("kind", PACKED)
def test_a_packed_or_otherwise_encoded_table_is_the_same(kind: str) -> None:
    assert same_as_plain(load(PACKED[kind](PLAIN.encode())))


def test_a_zip_of_one_table_is_read_and_one_of_two_is_not() -> None:
    with zipfile.ZipFile("t.zip", "w") as archive:
        archive.writestr("t.csv", PLAIN)
    assert same_as_plain(CsvDataset(path="t.zip").load())
    with zipfile.ZipFile("t.zip", "a") as archive:
        archive.writestr("u.csv", PLAIN)
    with pytest.raises(InputError, match="is a zip archive of 2 files"):
        CsvDataset(path="t.zip").load()


@pytest.mark.parametrize("file", ["t.parquet", "[t].csv", "t*.csv", "it's.csv"])
def test_parquet_is_read_in_the_order_of_its_rows_whatever_its_name(file: str) -> None:
    import duckdb

    frame = pd.DataFrame([line.split(",") for line in PLAIN.splitlines()[1:]], columns=["a", "b", "label"])
    frame = frame.astype({"a": "float64", "b": "int64"})
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        connection.execute("COPY frame TO 'plain.parquet' (FORMAT parquet)")
    Path("t.csv").write_text("a,b,label\n1,2,x\n")  # what a pattern would match
    dataset = load(Path("plain.parquet").read_bytes(), file)
    assert same_as_plain(dataset)


@pytest.mark.parametrize("style", ["lines", "list"])
def test_json_objects_are_read(style: str) -> None:
    objects = [
        {"a": float(a), "b": int(b), "label": label}
        for a, b, label in (line.split(",") for line in PLAIN.splitlines()[1:])
    ]
    text = "\n".join(map(json.dumps, objects)) if style == "lines" else json.dumps(objects)
    assert same_as_plain(load(text, "t.jsonl"))


def test_a_table_without_names_loses_no_row() -> None:
    words = table(lambda n: ("xfb"[n % 3], "sgy"[n % 3], "ny"[n // 2 % 2], "ep"[n % 2]), names="")
    dataset = load(words, label="3")
    assert dataset.size + len(dataset.test_labels) == 60
    numbers = load(table(lambda n: (n / 7, n % 5, "xy"[n % 2]), names=""))
    assert numbers.size + len(numbers.test_labels) == 60
    assert load(table(lambda n: ("uv"[n % 2], "xy"[n % 2]), names="p,q"), label="q").size == 48
    assert load(words, label="3", header=Header.absent).fingerprint() == dataset.fingerprint()


@pytest.mark.parametrize(
    "index",
    [lambda n: n, lambda n: n + 1, lambda n: n * 7 % 60, lambda n: f"r{n}"],
    ids=["from 0", "from 1", "shuffled", "words"],
)
def test_a_nameless_index_is_no_feature(index: Callable[[int], object]) -> None:
    rows = PLAIN.splitlines()[1:]
    body = "\n".join(f"{index(n)},{row}" for n, row in enumerate(rows))
    for names in (",a,b,label", "a,b,label"):  # as pandas and as R write it
        dataset = load(f"{names}\n{body}\n")
        assert same_as_plain(dataset)
        assert "column_0" in said(dataset).unused
    kept = load(f",a,b,label\n{body}\n", keep=["column_0"], categorical=[]) if index(0) in (0, 1) else None
    assert kept is None or kept.inputs.shape == (48, 3)
    assert same_as_plain(load(f",a,b,label\n{body}\n", drop=[""]))


def test_columns_that_hold_nothing_are_left_out() -> None:
    dataset = load(table(lambda n: (n / 4, "", n % 7, "xy"[n % 2]), names="a,c,b,label"))
    assert same_as_plain(dataset)
    assert said(dataset).unused == {"c": "it has no value"}


MARKS = ["", "?", "NA", "nan", "N/A", "null"]


@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: mark or "empty")
def test_rows_without_a_label_are_refused_left_out_or_a_class(mark: str) -> None:
    content = table(lambda n: (n / 4, n % 7, mark if n % 6 == 5 else n % 2))
    message = refusal(content)
    assert "row 5 (counted from 0)" in message
    assert "(10 of 60 rows); set dataset.missing_labels=drop" in message
    dropped = load(content, missing_labels=MissingLabels.drop)
    assert dropped.class_names == ("0", "1")
    assert dropped.origins is not None
    assert dropped.test_origins is not None
    assert {*dropped.origins.tolist(), *dropped.test_origins.tolist()} == {n for n in ROWS if n % 6 != 5}
    assert load(content, missing_labels=MissingLabels["class"]).classes == 3


@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: mark or "empty")
def test_missing_features_are_refused_or_filled_from_the_training_part(mark: str) -> None:
    content = table(lambda n: (mark if n % 6 == 5 else n / 4, mark if n % 6 == 4 else "uvw"[n % 3], "xy"[n % 2]))
    assert "dataset.missing=median" in refusal(content)
    median = load(content, missing=Missing.median)
    assert median.inputs.shape == (48, 4)
    assert median.origins is not None
    absent = torch.from_numpy(median.origins % 6 == 5)
    assert len(median.inputs[absent, 0].unique()) == 1
    present = np.array([n / 4 for n in median.origins.tolist() if n % 6 != 5])
    filled = np.where(absent, np.median(present), median.origins / 4)
    np.testing.assert_allclose(median.inputs[:, 0], (filled - filled.mean()) / filled.std(), rtol=1e-5, atol=1e-6)
    marked = load(content, missing=Missing.indicator)
    assert marked.inputs.shape == (48, 6)  # a number, its mark, u, v, w and missing
    assert torch.equal(marked.inputs[:, 1] == 1, absent)
    assert torch.equal(marked.inputs[:, 0], median.inputs[:, 0])
    assert marked.inputs[:, 2:].sum(1).unique().tolist() == [1]


def test_similar_labels_by_choice() -> None:
    content = table(lambda n: (n, n % 7, ["cat", "dog", "Cat", "dog"][n % 4]))
    assert load(content, similar_labels=SimilarLabels.merge).class_names == ("Cat", "dog")
    assert load(content, similar_labels=SimilarLabels.keep).class_names == ("Cat", "cat", "dog")


def test_one_or_two_rows_a_class_and_many_classes_are_taken_where_the_label_is_named() -> None:
    content = table(lambda n: (n / 4, n % 7, f"class {n * 2 // 3}"), names="a,b,make")
    assert "so it is no class label" in refusal(content)
    assert load(content, label="make").classes == 40


def test_a_label_by_its_name_wherever_it_stands() -> None:
    dataset = load(table(lambda n: (n % 3, n / 7, n * 5 % 20), names="Class,v,w"))
    assert dataset.class_names == ("0", "1", "2")
    assert said(dataset).label == "'Class' (by its name)"


def test_the_training_file_is_no_test_file() -> None:
    Path("t.csv").write_text(PLAIN)
    Path("copy.csv").write_text(PLAIN)
    head, *body = PLAIN.splitlines()
    Path("shuffled.csv").write_text("\n".join([head, *reversed(body)]))
    for test in ("t.csv", "./t.csv", "copy.csv"):
        with pytest.raises(InputError, match=r"is the same as dataset\.path"):
            CsvDataset(path="t.csv", test_path=test).load()
    with pytest.raises(InputError, match=r"shuffled\.csv has the same rows as"):
        CsvDataset(path="t.csv", test_path="shuffled.csv").load()


def test_rows_in_both_parts_and_classes_of_the_test_part_alone_are_counted() -> None:
    Path("test.csv").write_text("a,b,label\n0.0,0,x\n0.25,1,y\n9,9,z\n8,8,z\n")
    dataset = load(PLAIN, test_path="test.csv")
    assert dataset.class_names == ("x", "y", "z")
    assert dataset.test_labels.tolist() == [0, 1, 2, 2]
    assert said(dataset).counts == {"x": (30, 1), "y": (30, 1), "z": (0, 2)}
    assert "'z' only in the test part (2 rows, each an error)" in said(dataset).remarks
    assert "2 of 4 test rows are in the training part, too" in said(dataset).remarks


def test_rows_of_letter_are_in_both_parts(real_root: Callable[[str], str]) -> None:
    dataset = CsvDataset(path="tabular/letter.csv", root=real_root("tabular/letter.csv")).load()
    assert said(dataset).remarks == ("389 of 4,000 test rows are in the training part, too",)


def test_every_index_knows_its_row() -> None:
    dataset = load(PLAIN)
    lines = PLAIN.splitlines()[1:]
    labels = [dataset.class_names[label] for label in dataset.hidden_labels]
    assert [lines[row].rpartition(",")[2] for row in dataset.items(range(dataset.size))] == labels
    named = load(
        table(lambda n: (f"case {n}", n / 4, n % 7, "xy"[n % 2]), names="case,a,b,label"), "named.csv", id="case"
    )
    assert named.items(range(48)) == [f"case {row}" for row in dataset.items(range(48))]
    assert named.fingerprint() == dataset.fingerprint()
    assert "is that of row 0, too" in refusal(PLAIN.replace("label", "kind"), id="kind", label="b")


def test_rows_of_the_start_stay_in_the_training_part_and_the_rest_of_the_split_is_the_same() -> None:
    plain = load(PLAIN)
    assert plain.test_origins is not None
    named = [*plain.test_origins[:3].tolist(), 7]
    Path("t.csv").write_text(PLAIN)
    dataset = CsvDataset(path="t.csv").load(named)
    assert dataset.origins is not None
    assert dataset.test_origins is not None
    assert {*named} <= {*dataset.origins.tolist()}
    assert {*plain.test_origins.tolist()} - {*named} <= {*dataset.test_origins.tolist()}
    assert len(dataset.test_origins) == len(plain.test_origins)
    with pytest.raises(InputError, match=r"initial\.rows has 60; .*t\.csv has rows 0 to 59"):
        CsvDataset(path="t.csv").load([60])
    with pytest.raises(InputError, match=r"initial\.rows names a row twice"):
        CsvDataset(path="t.csv").load([6, 6])


def test_one_line_says_what_was_read() -> None:
    line = said(load(table(lambda n: (n / 4, "uvw"[n % 3], "xy"[n % 2])))).line()
    assert line == (
        "t.csv: 60 rows; 1 number, 1 category; label 'label' (by its name); 2 classes (x 30, y 30); "
        "48 training rows, 12 test rows split off by label"
    )


@pytest.mark.parametrize("name", ["BMI", "ORCID", "RDX", "GIF8", "ARROW1", "BM"])
def test_a_column_named_like_the_first_bytes_of_another_format_is_a_column(tmp_path, name):
    path = tmp_path / "t.csv"
    path.write_text(f"{name},age,label\n" + "".join(f"{i % 7}.5,{i},{'ab'[i % 2]}\n" for i in range(40)))
    dataset = CsvDataset(path=str(path)).load()
    assert dataset.shape == (2,)
    assert dataset.class_names == ("a", "b")
