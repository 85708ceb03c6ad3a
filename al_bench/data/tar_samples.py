"""The samples of a tar file as WebDataset writes them: members KEY.jpg and KEY.cls (or KEY.json) beside each other.

The members' headers are read once from the first to the last; of the members, those of labels alone are read here.
Nothing is unpacked, and no other member is looked into, whatever its name says that it is.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from al_bench.data.file_listing import IMAGE_SUFFIXES
from al_bench.data.files import one_line
from al_bench.data.labels import canonical
from al_bench.data.shards import stamp
from al_bench.data.table_header import LABEL_NAMES, plain_name
from al_bench.data.tar_image import TarImage
from al_bench.errors import InputError
from al_bench.records import LONGEST_ITEM

MEMBER = re.compile(r"(?P<key>(?:.*/)?[^./][^./]*)\.(?P<ending>[^/]+)")
"""A member's name: the key up to the first point behind the last slash, and the ending."""
PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
"""How a packed file begins: gzip, bzip2, xz, zstd."""
BLOCK = 512
MOST_LABEL, MOST_JSON = 4_096, 2**20
"""Bytes of a label's member that are read."""


@dataclass
class Sample:
    """The members of one key.

    Args:
        key: What their names begin with.
        image: The image; None where there is none.
        label: The label as text; None where there is none, "" where its member is empty.
        group: The value of the field that groups the samples; "" where there is none.
        fields: The names of the fields of its .json member.
    """

    key: str
    image: TarImage | None = None
    label: str | None = None
    group: str = ""
    fields: tuple[str, ...] = ()


@dataclass
class Fields:
    """Which fields of .json members are read, and what was seen on the way.

    Args:
        label: The field of the label; None takes the .cls member, else the field with a label's name.
        group: The field of the group; None for none.
        others: Ending of a member that is not read, to how many there are.
        from_json: How many labels are from .json members.
    """

    label: str | None = None
    group: str | None = None
    others: Counter[str] = field(default_factory=Counter)
    from_json: int = 0


def read_samples(path: Path, fields: Fields) -> Iterator[Sample]:
    """The samples of a tar file in its order.

    Args:
        path: The file.
        fields: Which fields of .json members are read; counts what is seen.

    Raises:
        InputError: The file is packed, cut short or no tar file, or a sample's members are not beside each other.
    """
    seen = stamp(path)
    done: set[str] = set()
    sample: Sample | None = None
    endings: set[str] = set()
    for tar, member in _members(path):
        match = MEMBER.fullmatch(member.name.removeprefix("./"))
        if match is None or not member.isreg() or member.issparse():
            fields.others["" if match is None else "." + match["ending"].lower()] += not member.isdir()
            continue
        key, ending = match["key"], match["ending"].lower()
        if sample is None or key != sample.key:
            if sample is not None:
                yield sample
            if key in done:
                raise InputError(
                    f"{path}: {member.name} stands apart from the other members of {key!r}, or two samples have that "
                    "key; a sample's members are expected beside each other, and each key once (tar --sort=name)"
                )
            done.add(_checked(path, key))
            sample, endings = Sample(key), set()
        if ending in endings:
            raise InputError(f"{path} has two members {key}.{ending}; each key is expected once")
        endings.add(ending)
        _take(path, tar, member, ending, sample, fields, seen)
    if sample is not None:
        yield sample


def _checked(path: Path, key: str) -> str:
    """A key that records can hold."""
    try:
        key.encode()
    except UnicodeEncodeError:
        raise InputError(f"{path} has a member {key!r} whose name is no UTF-8; rename it") from None
    if len(key) > LONGEST_ITEM:
        raise InputError(f"{path} has a key of {len(key):,} characters, {key[:40]}…; {LONGEST_ITEM:,} at most")
    return key


def _take(
    path: Path,
    tar: tarfile.TarFile,
    member: tarfile.TarInfo,
    ending: str,
    sample: Sample,
    fields: Fields,
    seen: tuple[int, int],
) -> None:
    """What a member says of its sample."""
    if f".{ending}" in IMAGE_SUFFIXES:
        if sample.image is not None:
            raise InputError(
                f"{path} has two images of the key {sample.key!r}, {sample.image.member} and {member.name}; one a "
                "sample is expected"
            )
        sample.image = TarImage(path, member.name, member.offset_data, member.size, seen)
    elif ending == "cls" and fields.label is None:
        sample.label = _text(path, tar, member, MOST_LABEL).strip()
    elif ending == "json":
        values = _json(path, tar, member)
        sample.fields = tuple(map(str, values))
        name = fields.label or _label_field(path, member, values)
        if name is not None and name in values and (fields.label is not None or sample.label is None):
            sample.label = _value(path, member, name, values[name])
            fields.from_json += 1
        if fields.group is not None and fields.group in values:
            sample.group = _value(path, member, fields.group, values[fields.group])
    else:
        fields.others[f".{ending}"] += 1


def _members(path: Path) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """The members of a tar file in its order.

    Raises:
        InputError: It is packed, cut short or no tar file.
    """
    with path.open("rb") as file:
        if (beginning := file.read(6)).startswith(PACKED):
            raise InputError(
                f"{path} is packed; plain tar files are expected, in which an image is found without unpacking the "
                "others: unpack it to a .tar, such as with gunzip"
            )
        if not beginning:
            raise InputError(f"{path} is empty; a tar file is expected")
        size = path.stat().st_size
        file.seek(0)
        try:
            with tarfile.open(fileobj=file, mode="r:") as tar:
                while (member := tar.next()) is not None:
                    tar.members = []  # type: ignore[attr-defined]  # of a million members each would stay
                    if member.isreg() and member.offset_data + member.size > size:
                        raise tarfile.ReadError("unexpected end of data")
                    yield tar, member
                end = tar.offset
        except (tarfile.TarError, OSError, ValueError, OverflowError, EOFError) as error:
            raise InputError(
                f"{path} cannot be read as a tar file ({one_line(error)}); it is damaged or cut short: bring it anew"
            ) from error
        file.seek(end)
        if file.read(BLOCK) != bytes(BLOCK):
            raise InputError(
                f"{path} has no end mark after byte {end:,} of {size:,}; it is damaged or cut short: bring it anew"
            )


def _text(path: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, most: int) -> str:
    if member.size > most:
        raise InputError(f"{path}: {member.name} has {member.size:,} bytes, and a label of {most:,} at most is read")
    content = tar.extractfile(member)
    assert content is not None
    try:
        return content.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: {member.name} is no UTF-8 text; a class's number or name is expected") from None


def _json(path: Path, tar: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any]:
    try:
        values = json.loads(_text(path, tar, member, MOST_JSON))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: {member.name} is no JSON ({one_line(error)})") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: {member.name} holds no JSON object, of which one field is the label")
    return values


def _label_field(path: Path, member: tarfile.TarInfo, values: dict[str, Any]) -> str | None:
    """The field with a label's name."""
    names = [name for name in values if plain_name(name) in LABEL_NAMES]
    if len(names) > 1:
        raise InputError(
            f"{path}: {member.name} has the fields {' and '.join(names)}; name the label's: dataset.label={names[0]}"
        )
    return names[0] if names else None


def _value(path: Path, member: tarfile.TarInfo, name: str, value: Any) -> str:
    if isinstance(value, dict | list) or (isinstance(value, float) and not value.is_integer()):
        shown = json.dumps(value)[:40]
        raise InputError(f"{path}: {member.name}: {name!r} is {shown}; a whole number or a word is expected")
    return "" if value is None else canonical(value)
