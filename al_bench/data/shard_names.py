"""Which files of a folder are the shards of a pool, and in which order: by the numbers in their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from al_bench.data.folder_layout import PARTS
from al_bench.errors import InputError, override

PACKED = (".gz", ".xz", ".bz2", ".zst")
OF_TOTAL = re.compile(r"(?P<name>.*?)(?P<number>\d+)-of-(?P<total>\d+)")
NUMBERED = re.compile(r"(?P<name>\D*)(?P<number>\d+).*")


@dataclass(frozen=True)
class ShardKind:
    """What the shards of a pool are.

    Args:
        noun: Such as Parquet; with "file" behind it.
        suffixes: Endings of their names, in lower case.
        rivals: Endings of files beside which nobody knows what belongs to the pool.
    """

    noun: str
    suffixes: tuple[str, ...]
    rivals: tuple[str, ...]

    def accepts(self, path: Path) -> bool:
        """Whether a path is one; hidden files, and those whose names begin with `_` (_SUCCESS, _metadata), are none."""
        return path.suffix.lower() in self.suffixes and path.is_file() and not path.name.startswith((".", "_"))


@dataclass(frozen=True)
class Shards:
    """The files of a pool.

    Args:
        paths: In their order.
        numbered: Whether their names count them, so that a missing one would be seen.
        unused: What else the folder holds, to the reason why it is not read.
    """

    paths: tuple[Path, ...]
    numbered: bool = True
    unused: Mapping[str, str] = field(default_factory=dict)


def list_shards(folder: Path, kind: ShardKind, key: str = "dataset.path") -> Shards:
    """The shards of a folder in their order.

    Args:
        folder: The folder.
        kind: What they are.
        key: The key that names it, in messages.

    Raises:
        InputError: A number is missing or there twice; or files of another kind, or folders of shards, lie beside them.
    """
    there = [path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "_"))]
    paths = [path for path in there if kind.accepts(path)]
    others = [path for path in there if path.is_file() and not kind.accepts(path)]
    if tables := [path.name for path in others if _ending(path) in kind.rivals]:
        first = paths[0].name if paths else f"no {kind.noun} file"
        raise InputError(
            f"{folder} has {first} and {tables[0]}; a pool is of one kind of file: move the other {len(tables)} out of "
            "the folder"
        )
    below = [path for path in there if path.is_dir() and any(kind.accepts(file) for file in path.rglob("*"))]
    if below:
        raise InputError(_folders_below(folder, below, kind, key))
    unused = {f"{len(others)} file{'s' * (len(others) != 1)}": f"no {kind.noun}"} if others else {}
    ordered, numbered = _in_order(folder, paths, kind, key)
    return Shards(tuple(ordered), numbered, unused)


def _ending(path: Path) -> str:
    """The last ending of a name, that of a packed file left out."""
    name = path.name.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    return Path(name).suffix


def _folders_below(folder: Path, below: Sequence[Path], kind: ShardKind, key: str) -> str:
    """What to type where the files lie in folders of the folder."""
    part_of = {path.name.lower(): path for path in below}
    found = {part: next((part_of[name] for name in names if name in part_of), None) for part, names in PARTS.items()}
    if key == "dataset.path" and found["train"] is not None:
        test = f" {override('dataset.test_path', str(found['test']))}" if found["test"] is not None else ""
        return (
            f"{folder} has its {kind.noun} files in folders of parts; name them: "
            f"{override('dataset.path', str(found['train']))}{test}"
        )
    return (
        f"{folder} has {kind.noun} files in its folder {below[0].name}; all files of a pool are expected in one "
        f"folder: name that one, {override(key, str(below[0]))}, or bring them into one"
    )


def _in_order(folder: Path, paths: Sequence[Path], kind: ShardKind, key: str) -> tuple[list[Path], bool]:
    """The files by their numbers, and whether they are numbered; else by their names."""
    stems = {path: path.name[: -len(path.suffix)] for path in paths}
    totals = {path: match for path, stem in stems.items() if (match := OF_TOTAL.match(stem))}
    if len(totals) == len(paths):
        names = sorted({match["name"] for match in totals.values()})
        counts = sorted({int(match["total"]) for match in totals.values()})
        if len(names) > 1:
            raise InputError(_several_sets(folder, names, kind, key))
        if len(counts) > 1:
            raise InputError(
                f"{folder} has shards of {' and of '.join(map(str, counts))} (…-of-…), of which some may be left from "
                "before; shards of one set are expected"
            )
        return _counted(folder, {path: int(match["number"]) for path, match in totals.items()}, counts[0]), True
    numbers = _numbers(list(stems.values()))
    if numbers is not None:
        return _counted(folder, dict(zip(paths, numbers, strict=True)), None), True
    names = sorted({match["name"] for stem in stems.values() if (match := NUMBERED.match(stem))})
    if len(names) > 1 and all(_is_part(name) for name in names):
        raise InputError(_several_sets(folder, names, kind, key))
    return sorted(paths, key=lambda path: _natural(stems[path])), False


def _numbers(stems: Sequence[str]) -> list[int] | None:
    """The number of each name, if one number alone differs between them, or the first does; None where there is none.

    part-00000-6f7b-c000 and part-00001-6f7b-c000 are 0 and 1, as are part-00000-6f7b and part-00001-91aa.
    """
    pieces = [re.split(r"(\d+)", stem) for stem in stems]
    if len({tuple(piece[::2]) for piece in pieces}) == 1:
        places = range(1, len(pieces[0]), 2)
        differing = [place for place in places if len({int(piece[place]) for piece in pieces}) > 1]
        if len(stems) == 1:
            return None
        return [int(piece[differing[0]]) for piece in pieces] if len(differing) == 1 else None
    firsts = [match for stem in stems if (match := NUMBERED.match(stem)) and match["name"]]
    numbers = [int(match["number"]) for match in firsts]
    same = len({match["name"] for match in firsts}) == 1
    return numbers if same and len(firsts) == len(stems) and len(set(numbers)) == len(stems) else None


def _counted(folder: Path, numbers: Mapping[Path, int], total: int | None) -> list[Path]:
    """The files by their numbers, from 0 or from 1 without a gap."""
    by_number: dict[int, Path] = {}
    for path, number in numbers.items():
        if number in by_number:
            raise InputError(
                f"{folder}: {path.name} is a second shard of its number, beside {by_number[number].name}; one file a "
                "number is expected"
            )
        by_number[number] = path
    first = 1 if min(by_number) == 1 and (total is None or max(by_number) == total) else 0
    last = first + total - 1 if total is not None else max(by_number)
    if extra := [path.name for number, path in by_number.items() if number > last]:
        raise InputError(f"{folder}: {extra[0]} is beyond the last shard, {last}; shards of one set are expected")
    if missing := [number for number in range(first, last + 1) if number not in by_number]:
        raise InputError(
            f"{folder}: the shard {missing[0]} is missing ({len(missing)} of {last - first + 1} are), and there are "
            f"{by_number[min(by_number)].name} to {by_number[max(by_number)].name}; bring it, or, if the pool is whole "
            "without it, number the files without a gap"
        )
    return [by_number[number] for number in sorted(by_number)]


def _is_part(name: str) -> bool:
    return name.strip("-_. ").lower() in {spelling for spellings in PARTS.values() for spelling in spellings}


def _several_sets(folder: Path, names: Sequence[str], kind: ShardKind, key: str) -> str:
    shown = " and ".join(f"{name}…" for name in names[:4])
    advice = (
        f"move each set into a folder of its own, and give {override(key, str(folder / 'train'))} "
        f"{override('dataset.test_path', str(folder / 'test'))}"
        if any(_is_part(name) for name in names)
        else "move the others out of the folder"
    )
    return f"{folder} has {kind.noun} files of several sets, {shown}; {advice}"


def _natural(stem: str) -> list[tuple[int, str]]:
    """What sorts names by their numbers: 9 before 10."""
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in re.split(r"(\d+)", stem)]
