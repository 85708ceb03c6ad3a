"""Images in tar shards (WebDataset): which files they are, and their parts as those of folders are given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from al_bench.data.file_listing import IMAGES, list_files, shown_counts
from al_bench.data.files import find_file
from al_bench.data.folder_layout import PARTS, Part
from al_bench.data.shard_names import ShardKind, list_shards
from al_bench.data.table_choices import MissingLabels
from al_bench.data.tar_image import TarImage
from al_bench.data.tar_samples import Fields, Sample, read_samples
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.image_folder import ImageFolder

TARS = ShardKind("tar", (".tar",), (".tgz", ".tbz2", ".txz", ".parquet"))
PACKED_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")


def tars_at(path: str, key: str, root: str | None) -> tuple[Path, tuple[Path, ...], dict[str, str]] | None:
    """The tar files that a key names: a folder of them without any image beside, or one; None where it names others.

    Args:
        path: The value of the config key.
        key: The config key.
        root: The value of `dataset.root`.

    Returns:
        The folder or file, the files in their order, and what else lies in the folder, to the reason it is not read.

    Raises:
        InputError: There is nothing of that name, a file is packed, or the files are no whole set.
    """
    where = find_file(path, key, root, folders=True)
    if where.is_file():
        if where.name.lower().endswith(PACKED_TARS):
            raise _packed(where)
        return (where, (where,), {}) if where.suffix.lower() == ".tar" else None
    top = [file for file in where.iterdir() if file.name.lower().endswith((".tar", *PACKED_TARS)) and file.is_file()]
    below = [name for names in PARTS.values() for name in names if any((where / name).glob("*.tar"))]
    if not (top or below) or list_files(where, IMAGES).names:
        return None
    if packed := [file for file in sorted(top) if not TARS.accepts(file) and not file.name.startswith(".")]:
        raise _packed(packed[0])
    shards = list_shards(where, TARS, key)
    if not shards.paths:
        return None
    order = {} if shards.numbered or len(shards.paths) == 1 else {"no count in the names": "in the order of the names"}
    return where, shards.paths, {**shards.unused, **order}


def _packed(path: Path) -> InputError:
    return InputError(
        f"{path} is a packed tar file; plain ones are expected, in which an image is found without unpacking the "
        "others: unpack it to a .tar, such as with gunzip"
    )


def parts_by_tars(keys: ImageFolder, validation: bool, pool: bool = False) -> dict[str, Part] | None:
    """The parts by name, from tar files; None where `dataset.path` names no tar files.

    Args:
        keys: How the user wants it read.
        validation: Whether the validation part is read.
        pool: Whether the images are a pool that people label, of which some have no label.

    Raises:
        InputError: A file is damaged, or a sample has no image or no label, or two have one key.
    """
    found = tars_at(str(keys.path), "dataset.path", keys.root)
    if found is None:
        return None
    if keys.label_file or keys.file:
        raise InputError(
            f"dataset.label_file: {found[0]} holds tar files, in which the labels lie beside the images (KEY.cls or "
            "KEY.json); leave dataset.label_file and dataset.file out"
        )
    parts = {"train": _part(keys, *found, pool)}
    for part, given, key in (
        ("validation", keys.validation if not pool else None, "dataset.validation"),
        ("test", keys.test_path, "dataset.test_path"),
    ):
        if given is None:
            continue
        other = tars_at(given, key, keys.root)
        if other is None:
            raise InputError(
                f"{key}: {given} is no tar file and no folder of them, and dataset.path is; give such a one"
            )
        if set(other[1]) & set(found[1]):
            raise InputError(
                f"{key}: {other[0]} is the same as dataset.path; a {part} part of other images is expected"
            )
        parts[part] = _part(keys, *other, False, prefix=f"{other[0].name}/" if part == "validation" else "")
    if validation and "validation" not in parts:
        raise InputError(
            "validation is file, and no tar files are a validation part: give dataset.validation=FOLDER, or a number "
            "of images to hold out, such as validation=100"
        )
    return parts


def _part(
    keys: ImageFolder, where: Path, paths: Sequence[Path], unused: dict[str, str], pool: bool, prefix: str = ""
) -> Part:
    """The images of one part, in the order of the files and of the members in each."""
    fields = Fields(keys.label, keys.group)
    first: dict[str, Path] = {}
    samples: list[Sample] = []
    for path in paths:
        for sample in read_samples(path, fields):
            if sample.key in first:
                raise InputError(
                    f"{path} has the key {sample.key!r}, and so has {first[sample.key]}; each is expected once"
                )
            first[sample.key] = path
            if sample.image is None:
                if sample.label is not None:
                    raise InputError(
                        f"{path}: the key {sample.key!r} has a label and no image (.jpg, .png, .webp …); repair the "
                        "tar file"
                    )
                continue  # such as a file of notes, which is counted
            samples.append(sample)
    if not samples:
        others = shown_counts(fields.others) or "nothing"
        raise InputError(f"{where} holds no sample with an image; it has {others}")
    remarks = [f"{len(paths):,} tar file{'s' * (len(paths) != 1)}"]
    images = [sample.image for sample in samples if sample.image is not None]
    absent = [number for number, sample in enumerate(samples) if not sample.label]
    if absent and not pool:
        if keys.missing_labels is MissingLabels.refuse or len(absent) == len(samples):
            raise InputError(_without_label(samples[absent[0]], images[absent[0]], len(absent), len(samples)))
        if keys.missing_labels is MissingLabels.drop:
            left_out = set(absent)
            samples = [sample for number, sample in enumerate(samples) if number not in left_out]
            images = [image for number, image in enumerate(images) if number not in left_out]
            remarks.append(f"{len(absent):,} images without a label left out")
    label = f"{fields.label!r} of the .json members" if fields.label else "the .cls members"
    if fields.from_json and fields.label is None:
        label = "the .json members" if fields.from_json == len(samples) else "the .cls and .json members"
    groups = None
    if keys.group is not None and not pool:
        groups = _groups(keys.group, samples, images)
    if fields.others:
        unused = {**unused, f"{sum(fields.others.values()):,} members": f"not read: {shown_counts(fields.others)}"}
    return Part(
        str(where),
        where if where.is_dir() else where.parent / where.stem,
        [prefix + sample.key for sample in samples],
        np.array([sample.label or ("" if pool else "missing") for sample in samples], dtype=object),
        groups,
        label if not pool or len(absent) < len(samples) else "",
        dict(unused),
        tuple(remarks),
        members=tuple(images),
    )


def _without_label(sample: Sample, image: TarImage, absent: int, total: int) -> str:
    """What to type where a sample has no label."""
    if absent == total and sample.fields:
        how = f"its .json has the fields {', '.join(sample.fields[:20])}: name the label's, dataset.label=FIELD"
    elif absent == total:
        how = "KEY.cls (a number or a name) or KEY.json with a field label is expected beside each"
    else:
        how = "set dataset.missing_labels=drop (without them) or dataset.missing_labels=class (a class of its own)"
    return f"{image} has no label ({absent:,} of {total:,} images); {how}"


def _groups(field: str, samples: Sequence[Sample], images: Sequence[TarImage]) -> np.ndarray:
    """[N] the group of each sample, by a field of its .json member.

    Raises:
        InputError: One has none.
    """
    for sample, image in zip(samples, images, strict=True):
        if not sample.group:
            raise InputError(f"{image}: dataset.group={field} is no field of its .json member, or is empty there")
    return np.array([sample.group for sample in samples], dtype=object)
