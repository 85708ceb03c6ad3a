"""The files of one sort, images or texts, under a folder, by name; everything else in it is counted and left out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from al_bench.data.files import one_line
from al_bench.errors import InputError

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pgm", ".ppm", ".pnm"}
)
"""Endings, in lower case, of files that are taken for images, damaged ones too."""
IMAGE_BYTES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
"""How a file without such an ending begins that is an image nevertheless; so do RIFF files of the kind WEBP."""


def is_image(path: Path) -> bool:
    """Whether a file is taken for an image: by its ending, else by its first bytes."""
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return True
    if not path.is_file():  # to open a named pipe would wait for ever
        return False
    try:
        with path.open("rb") as file:
            beginning = file.read(12)
    except OSError:
        return False
    return beginning.startswith(IMAGE_BYTES) or (beginning[:4] == b"RIFF" and beginning[8:] == b"WEBP")


@dataclass(frozen=True)
class FileSort:
    """What the files of a data set are.

    Args:
        noun: Such as image; its plural ends in s.
        kinds: The kinds that are read, for messages.
        table_advice: What may be given in place of a folder a class.
        accepts: Whether a file is one of them.
    """

    noun: str
    kinds: str
    table_advice: str
    accepts: Callable[[Path], bool]

    def count(self, number: int) -> str:
        """`1 image`, `2,000 images`."""
        return f"{number:,} {self.noun}{'s' * (number != 1)}"


IMAGES = FileSort(
    "image",
    "JPEG, PNG, WebP, TIFF, BMP, GIF and PGM or PPM files",
    "dataset.label_file=FILE, a table with the columns file and label",
    is_image,
)
TEXTS = FileSort(
    "text",
    "files that end in .txt",
    "a table of texts and labels in one file: dataset.path=FILE",
    lambda path: path.suffix.lower() == ".txt",
)


@dataclass
class Listing:
    """What a folder holds.

    Args:
        sort: What is looked for.
        names: Names of the files of that sort relative to the folder, with slashes, sorted.
        hidden: Hidden files and folders: their names begin with a dot, or are __MACOSX.
        others: Ending of a file of another sort, to how many there are; an empty one for files without.
        empty: Folders directly below that hold no file of the sort.
    """

    sort: FileSort
    names: list[str] = field(default_factory=list)
    hidden: int = 0
    others: Counter[str] = field(default_factory=Counter)
    empty: list[str] = field(default_factory=list)

    def left_out(self) -> dict[str, str]:
        """What is left out, to the reason."""
        out = {}
        if self.others:
            count = sum(self.others.values())
            endings = sorted(self.others.items(), key=lambda item: (-item[1], item[0]))[:8]
            kinds = ", ".join(f"{number:,} {ending or 'without ending'}" for ending, number in endings)
            out[f"{count:,} file{'s' * (count != 1)}"] = f"no {self.sort.noun}s: {kinds}"
        if self.hidden:
            out[f"{self.hidden:,} hidden file{'s' * (self.hidden != 1)}"] = "hidden"
        return out


def list_files(folder: Path, sort: FileSort) -> Listing:
    """All files of a sort under a folder; links are followed, but not in circles.

    Raises:
        InputError: A folder cannot be read.
    """
    listing = Listing(sort)
    _visit(folder, "", listing, frozenset())
    listing.names.sort()
    filled = {name.partition("/")[0] for name in listing.names if "/" in name}
    listing.empty = sorted(set(listing.empty) - filled)
    return listing


def _visit(folder: Path, prefix: str, listing: Listing, above: frozenset[str]) -> None:
    """Add what a folder holds, under names that begin with `prefix`, to a listing."""
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name == "__MACOSX":
                    listing.hidden += 1
                elif entry.is_dir():
                    if not prefix:
                        listing.empty.append(entry.name)
                    _visit(Path(entry.path), f"{prefix}{entry.name}/", listing, above | {real})
                elif listing.sort.accepts(Path(entry.path)):
                    listing.names.append(prefix + entry.name)
                else:
                    listing.others[os.path.splitext(entry.name)[1].lower()] += 1
    except OSError as error:
        raise InputError(f"{folder} cannot be read ({one_line(error)}); make it readable, or leave it out") from error


class FileNames:
    """The files of a folder, found by a path below it, or by their name alone, with its ending or without."""

    def __init__(self, listing: Listing) -> None:
        self._exact = set(listing.names)
        self._short: dict[str, set[str]] = {}
        for name in listing.names:
            without = os.path.splitext(name)[0]
            for short in {name.rpartition("/")[2], without, without.rpartition("/")[2]}:
                self._short.setdefault(short, set()).add(name)

    def find(self, text: str) -> str | None:
        """The file that a text names; None where none is, or several are."""
        name = text.replace("\\", "/").removeprefix("./")
        if name in self._exact:
            return name
        matches: set[str] = self._short.get(name, set())
        return next(iter(matches)) if len(matches) == 1 else None

    def several(self, text: str) -> list[str]:
        """The files that a text may name, where it names more than one."""
        matches = sorted(self._short.get(text.replace("\\", "/").removeprefix("./"), set()))
        return matches if len(matches) > 1 else []


def shown_counts(counts: Mapping[str, int], most: int = 6) -> str:
    """`RGB 300, L 20`, the most frequent first."""
    items = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    more = f", … {len(items) - most} more" if len(items) > most else ""
    return ", ".join(f"{name} {count:,}" for name, count in items[:most]) + more
