"""Valid files of every kind that al-bench reads, small and seeded."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

HEADER = ("size", "count", "colour", "label")
CLASSES = ("red fox", "otter", "Übel", "3")
WORDS = ("the", "river", "naïve", "don't", "12,5", "🦦", "«so»", "a\nb", "and;or", "<b>", "-")
NAMES = {"csv": "mine.csv", "npz": "mine.npz"}
Row = list[str]


def rows_of(generator: random.Random, count: int = 40) -> list[Row]:
    """The cells of a table: a number, a whole number, a category and a label, at times a column that names the rows."""
    classes = CLASSES[: generator.choice((2, 3, 3, 4))]
    rows = []
    for number in range(count):
        label = classes[number % len(classes)]
        size = f"{number % len(classes) + generator.gauss(0, 0.5):.3f}"
        rows.append([size, str(generator.randrange(900)), generator.choice(("red", "blue", "grün")), label])
    generator.shuffle(rows)
    header = list(HEADER)
    if generator.random() < 0.2:
        header, rows = ["id", *header], [[f"item-{number}", *row] for number, row in enumerate(rows)]
    if generator.random() < 0.1:
        rows = [[generator.choice(("", "nan", "?", cell)) if number == 0 else cell for cell in row] for number, row in
                enumerate(rows)]  # fmt: skip
    return [header, *rows]


def texts_of(generator: random.Random, count: int = 40) -> list[Row]:
    """The cells of a table of texts with labels, at times with a second text or a text that is empty."""
    rows = []
    for number in range(count):
        label = CLASSES[number % 3]
        words = [generator.choice((*WORDS, label)) for _ in range(generator.randrange(1, 12))]
        rows.append([" ".join(words), label])
    if generator.random() < 0.15:
        rows[generator.randrange(count)][0] = generator.choice(("", " ", "?", "nan", "=1+1", "\x07", "a" * 70_000))
    if generator.random() < 0.2:
        return [["title", "text", "label"], *([generator.choice(WORDS), *row] for row in rows)]
    return [["text", "label"], *rows]


def as_text(rows: Sequence[Row], separator: str = ",") -> bytes:
    """A table as text."""
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def as_json_lines(rows: Sequence[Row]) -> bytes:
    """A table as one JSON object a line."""
    header, *rest = rows
    return "".join(json.dumps(dict(zip(header, row, strict=True))) + "\n" for row in rest).encode()


def as_parquet(rows: Sequence[Row], folder: Path) -> bytes:
    """A table as Parquet. DuckDB starts threads: call this where no process is forked afterwards."""
    import duckdb

    source, target = folder / "source.csv", folder / "target.parquet"
    source.write_bytes(as_text(rows))
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.execute(f"COPY (SELECT * FROM read_csv('{source}')) TO '{target}' (FORMAT parquet)")
    return target.read_bytes()


def arrays_of(generator: random.Random, rows: int = 40) -> dict[str, np.ndarray]:
    """Inputs and labels: numbers or images of bytes, at times with a test part."""
    draws = np.random.default_rng(generator.randrange(2**32))
    shape = generator.choice([(4,), (4,), (8, 8), (3, 8, 8), (8, 8, 3)])
    labels = np.arange(rows) % 3
    inputs = draws.normal(size=(rows, *shape)) + labels.reshape(-1, *(1,) * len(shape))
    inputs = (inputs * 40 + 90).clip(0, 255).astype(np.uint8) if len(shape) > 1 else inputs.astype(np.float32)
    names = np.array(["ant", "bee", "cat"])
    arrays = {"x": inputs, "y": generator.choice([labels, names[labels], labels.astype(np.uint8)])}
    if generator.random() < 0.3:
        arrays |= {"x_test": inputs[:9] + 1, "y_test": arrays["y"][:9]}
    return arrays


def as_npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Arrays as one .npz file."""
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def packed(content: bytes) -> bytes:
    """Bytes packed with gzip, equal for equal bytes."""
    return gzip.compress(content, mtime=0)
