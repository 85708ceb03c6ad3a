"""What a file that was called a table is, by its content: packed, text, Parquet, or none of them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from al_bench.data.files import one_line
from al_bench.data.size_limits import TEXT_COPIES, UNREADABLE, check_size, unpack
from al_bench.errors import InputError

TOO_LARGE = "leave out rows or columns, or write the inputs as arrays: dataset=npz"

OPENERS: dict[bytes, tuple[str, Callable[..., Any]]] = {
    b"\x1f\x8b": ("gzip", gzip.open),
    b"\xfd7zXZ\x00": ("xz", lzma.open),
    b"BZh": ("bzip2", bz2.open),
}
"""First bytes of a packed file: what it is, and how it is read."""

AS_CSV = "open it there and save it as CSV (UTF-8)"
AS_ARRAYS = "images are read from a folder of them: dataset=images dataset.path=FOLDER"
AS_TABLE = "pickles can run code and are not read: write it with to_csv or to_parquet"
OTHER_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Office file", AS_CSV),
    (b"\x89PNG", "a PNG image", AS_ARRAYS),
    (b"\xff\xd8\xff", "a JPEG image", AS_ARRAYS),
    (b"GIF8", "a GIF image", AS_ARRAYS),
    (b"II*\x00", "a TIFF image", AS_ARRAYS),
    (b"MM\x00*", "a TIFF image", AS_ARRAYS),
    (b"BM", "a BMP image", AS_ARRAYS),
    (b"%PDF", "a PDF document", "copy the table into a spreadsheet and save it as CSV (UTF-8)"),
    (b"\x93NUMPY", "a NumPy array", "write its inputs x and labels y with numpy.savez and use dataset=npz"),
    (b"\x89HDF", "an HDF5 file", "write the table with pandas.DataFrame.to_csv or to_parquet"),
    (
        b"SQLite format 3",
        "an SQLite database",
        "export the table as CSV: sqlite3 -header -csv FILE 'select * from TABLE'",
    ),
    (b"ARROW1", "an Arrow or Feather file", "write it with pandas.DataFrame.to_parquet"),
    (b"ORC", "an ORC file", "write it with pandas.DataFrame.to_parquet"),
    (b"\x80\x02", "a Python pickle", AS_TABLE),
    (b"\x80\x03", "a Python pickle", AS_TABLE),
    (b"\x80\x04", "a Python pickle", AS_TABLE),
    (b"\x80\x05", "a Python pickle", AS_TABLE),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it, or pack it with gzip"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"RDX", "an R data file", "write it with write.csv(..., row.names=FALSE)"),
    (b"$FL2", "an SPSS file", AS_CSV),
)
"""First bytes, what such a file is, and what to do."""

TEXT_KINDS: tuple[tuple[str, str, str], ...] = (
    (r"\s*<(!doctype|html|\?xml|table|svg)\b", "an HTML or XML page", "download the file behind it, or save it as CSV"),
    (r"\s*(%.*\n|\n)*@relation\b", "an ARFF file", "remove the lines with @ or %, and give dataset.header=absent"),
    (r"version https://git-lfs", "a Git LFS pointer, not the data", "fetch the data: git lfs pull"),
    (r"\s*\|[^\n]*\|\s*\n\s*\|\s*:?-{2,}", "a table of Markdown", "save it as CSV"),
    (r"\{\\rtf", "a rich-text document", "save it as plain text"),
    (r"%PDF", "a PDF document", "copy the table into a spreadsheet and save it as CSV (UTF-8)"),
    (
        r"[^\s,;:]+( +\d+:[^\s,;:]+)+ *(\r?\n|$)",
        "a LIBSVM file",
        "read it with sklearn.datasets.load_svmlight_file, write x and y with numpy.savez and use dataset=npz",
    ),
)  # fmt: skip
"""How a text begins that is no table, what it is, and what to do."""


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Args:
        raw: Its bytes, unpacked.
        parquet: Whether they are Parquet.
        remarks: What a reader must know.
    """

    raw: bytes
    parquet: bool = False
    remarks: tuple[str, ...] = ()


def read_content(path: Path) -> Content:
    """The bytes of a file, unpacked where it is packed.

    Raises:
        InputError: The file is unreadable, is of another kind, or unpacks to very much; the message says what it is and
            what to do.
    """
    try:
        check_size(path, path.stat().st_size, TOO_LARGE, TEXT_COPIES)
        raw, remarks = path.read_bytes(), []
        for start, (name, opener) in OPENERS.items():
            if raw.startswith(start):
                with opener(path) as file:
                    raw = unpack(path, file, len(raw), TOO_LARGE)
                if not path.name.endswith((".gz", ".xz", ".bz2")):
                    remarks.append(f"{path.name} is packed with {name}")
                break
        if raw.startswith(b"PK\x03\x04"):
            raw = _zip_member(path, raw)
    except UNREADABLE as error:
        raise InputError(f"{path} cannot be unpacked ({one_line(error)}); it is damaged or cut short") from error
    if raw.startswith(b"PAR1"):
        return Content(raw, True, tuple(remarks))
    for start, kind, advice in OTHER_KINDS:
        if raw.startswith(start) and not (start.isalnum() and _is_plain_text(raw[:200])):
            raise InputError(f"{path} is {kind}; {advice}")
    return Content(raw, False, tuple(remarks))


def _is_plain_text(beginning: bytes) -> bool:
    """Whether a file begins as a table may, such as one whose first column is called BMI or ORCID."""
    return beginning.isascii() and b"\n" in beginning and b"\0" not in beginning


def _zip_member(path: Path, raw: bytes) -> bytes:
    """The one file in a zip archive."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
    except zipfile.BadZipFile:
        raise InputError(
            f"{path} is a zip archive or a spreadsheet (.xlsx), and damaged; {AS_CSV.replace('it there', 'it')}"
        ) from None
    with archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if "[Content_Types].xml" in names or any(name.startswith("xl/") for name in names):
            raise InputError(f"{path} is an Excel spreadsheet (.xlsx); {AS_CSV}")
        if "mimetype" in names:
            with archive.open("mimetype") as file:
                if file.read(50).startswith(b"application/vnd.oasis"):
                    raise InputError(f"{path} is an OpenDocument spreadsheet; {AS_CSV}")
        if any(name.endswith("/data.pkl") for name in names):
            raise InputError(f"{path} is a PyTorch file, which holds a pickle; {AS_TABLE}")
        if names and all(name.endswith(".npy") for name in names):
            raise InputError(f"{path} is an .npz file of arrays; use dataset=npz")
        if len(names) != 1:
            raise InputError(f"{path} is a zip archive of {len(names)} files; unpack it and name one of them")
        with archive.open(names[0]) as file:
            return unpack(path, file, len(raw), TOO_LARGE)


def decode(path: Path, content: Content, encoding: str | None) -> tuple[str, list[str]]:
    """The text of a file, and remarks on its encoding.

    Args:
        path: The file, for messages.
        content: Its bytes.
        encoding: As Python calls it; None recognises UTF-8, UTF-16 and UTF-32.

    Raises:
        InputError: The bytes are no text, or of an encoding that only the user can know.
    """
    raw = content.raw
    if encoding is not None:
        try:
            return raw.decode(encoding), []
        except (ValueError, LookupError) as error:
            raise InputError(
                f"{path}: dataset.encoding={encoding}: {one_line(error)}; name the file's encoding"
            ) from None
    marks = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    for mark, name in marks.items():
        if raw.startswith(mark):
            try:
                return raw.decode(name), [f"{path.name} is {name.upper()}"]
            except UnicodeDecodeError:
                break
    for name, zeros in (("utf-16-le", raw[1:400:2]), ("utf-16-be", raw[0:400:2])):
        few = raw[:400].count(0) <= 0.6 * len(raw[:400])
        if len(raw) % 2 == 0 and zeros.count(0) > len(zeros) * 0.7 and few:
            try:
                return raw.decode(name), [f"{path.name} is {name.upper()}"]
            except UnicodeDecodeError:
                break
    if b"\x00" in raw[: 2**20]:
        raise InputError(
            f"{path} is no text (it holds zero bytes); a table is expected as CSV, TSV, JSON lines or Parquet"
        )
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        raise InputError(_unknown_encoding(path, raw, error.start)) from None


def _unknown_encoding(path: Path, raw: bytes, at: int) -> str:
    """That a text is no UTF-8, with what the word in question reads in two encodings."""
    line = raw.count(b"\n", 0, at) + 1
    begin = max(raw.rfind(mark, 0, at) for mark in (b",", b";", b"\t", b"\n", b'"', b"|")) + 1
    word = re.split(rb'[,;\t\r\n"|]', raw[begin : at + 24])[0]
    readings = " or ".join(
        f"dataset.encoding={name} (reads {word.decode(name, 'replace').strip()!r})"
        for name in ("latin-1", "cp1252" if any(0x80 <= byte < 0xA0 for byte in word) else "cp1250")
    )
    return f"{path} is not UTF-8 (line {line}); say which encoding it has, such as {readings}"


def check_text_kind(path: Path, text: str) -> None:
    """Refuse a text that is no table.

    Raises:
        InputError: saying what it is and what to do.
    """
    for pattern, kind, advice in TEXT_KINDS:
        if re.match(pattern, text[:2000], re.IGNORECASE):
            raise InputError(f"{path} is {kind}; {advice}")
