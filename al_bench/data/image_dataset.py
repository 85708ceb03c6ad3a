"""From the image files of a folder to a Dataset: labels, pixels, parts, and what to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from al_bench.data.class_names import printable_names
from al_bench.data.dataset import Dataset
from al_bench.data.division import Division, GivenParts, divide, part_remarks
from al_bench.data.file_listing import IMAGES
from al_bench.data.files import find_file
from al_bench.data.folder_layout import Part, parts_by_folder, pool_by_folder
from al_bench.data.image_decoding import Decoded, decode
from al_bench.data.image_facts import Wish, remarks
from al_bench.data.image_table import parts_by_table
from al_bench.data.image_tars import parts_by_tars
from al_bench.data.images import Normalise
from al_bench.data.labels import encode_some
from al_bench.data.mapped import MappedRows
from al_bench.data.parts import Repeated, choose_rows
from al_bench.data.reading import Reading
from al_bench.data.scaled_inputs import load_inputs, map_inputs
from al_bench.data.table_labels import merge_similar
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.image_folder import ImageFolder

TEST_KEY = "dataset.test_path"
ORDER = ("train", "validation", "test")


def build(
    keys: ImageFolder, initial_rows: Sequence[int | str], validation: bool, cache: str | None, pool: bool = False
) -> Dataset:
    """The data set of a folder of images.

    Args:
        keys: How the user wants it read.
        initial_rows: Names of files that a test part split off leaves alone.
        validation: Whether the validation part is read.
        cache: The value of a run's key `cache`.
        pool: Whether the images are a pool that people label; see `UserData.load_pool`.

    Raises:
        InputError: The folder is no data set, its meaning is not certain, or a file is damaged.
    """
    by_tars = parts_by_tars(keys, validation, pool)
    for key, name in (("group", keys.group), ("label", keys.label)):
        if name and not keys.label_file and by_tars is None:
            raise InputError(
                f"dataset.{key}={name} names a column, and there is no table of the images: give "
                "dataset.label_file=FILE, a table with the columns file, label and the groups"
            )
    if by_tars is not None:
        by_name = by_tars
    elif keys.label_file or (
        pool and keys.test_path and find_file(keys.test_path, TEST_KEY, keys.root, True).is_file()
    ):
        by_name = parts_by_table(keys, validation, pool)
    else:
        by_name = pool_by_folder(keys, IMAGES) if pool else parts_by_folder(keys, IMAGES, validation)
    parts = [by_name[name] for name in ORDER if name in by_name]
    where = parts[0].where
    wish = Wish(keys.pixels(), keys.mode, keys.resize, keys.white)
    sources = [part.source(number) for part in parts for number in range(len(part.names))]
    decoded = decode(where, sources, wish, cache)
    starts = np.cumsum([0, *(len(part.names) for part in parts)])
    good = _readable(keys, parts, decoded, starts)
    notes = [remark for part in parts for remark in part.remarks]
    unused = {what: why for part in parts for what, why in part.unused.items()}
    unused |= _damaged(parts, decoded, starts)
    if missing := sum(part.missing for part in parts):
        unused[f"{missing:,} row{'s' * (missing != 1)} of the table"] = "no such image: dataset.damaged=skip"

    rows_of = [good[(good >= start) & (good < end)] for start, end in pairwise(starts)]
    texts = np.concatenate([part.labels for part in parts])[good]
    texts, merged = merge_similar(where, texts, keys.similar_labels)
    notes += [merged] if merged else []
    numbers, class_names = encode_some(where, texts, keys.class_order)
    class_names = printable_names(class_names)
    names = np.array([name for part in parts for name in part.names], dtype=object)[good]
    sizes = dict(zip((name for name in ORDER if name in by_name), map(len, rows_of), strict=True))
    given = GivenParts(
        train=sizes["train"],
        validation=sizes.get("validation", 0),
        test=sizes.get("test", 0),
        validation_from=_source(by_name.get("validation")),
        test_from=_source(by_name.get("test")),
    )
    if not pool and len(np.unique(numbers[: given.train])) < 2:
        raise InputError(
            f"{where} holds images of one class only ({class_names[int(numbers[0])]!r}); at least two are expected: a "
            "folder for each class, in the folder that dataset.path names"
        )
    division = divide(
        where,
        numbers,
        given,
        keys,
        groups=np.concatenate([part.groups for part in parts if part.groups is not None])[good] if keys.group else None,
        group_key=keys.group,
        kept=choose_rows(names[: given.train], initial_rows, where) if len(initial_rows) else None,
        alternative="a folder test/ beside train/, or dataset.test_path=FOLDER",
        pool=pool,
    )
    inputs = MappedRows(where, decoded.pixels, good[division.rows])
    test_inputs = MappedRows(where, decoded.pixels, good[division.test_rows])
    scaled_by = MappedRows(where, decoded.pixels, good[division.training_rows])
    standardise = keys.normalise is Normalise.standard
    load = map_inputs if decoded.mapped else load_inputs
    moments = load(scaled_by, test_inputs, standardise, counted=False)
    whole = (
        replace(moments, inputs=inputs if decoded.mapped else inputs[:]) if division.validation is not None else moments
    )
    counts = division.counts(numbers, class_names)
    shape = decoded.pixels.shape[1:]
    notes += remarks(decoded.facts, shape, wish) + part_remarks(counts, "image") + _repeated(decoded, good, division)
    count = "×".join(map(str, shape))
    return Dataset(
        name=keys.name or parts[0].folder.resolve().name,
        inputs=whole.inputs,
        hidden_labels=torch.from_numpy(numbers[division.rows]),
        test_inputs=whole.test_inputs,
        test_labels=torch.from_numpy(numbers[division.test_rows]),
        class_names=class_names,
        mean=whole.mean,
        std=whole.std,
        origins=names[division.rows],
        test_origins=names[division.test_rows],
        validation=division.validation_indices,
        reading=Reading(
            source=str(keys.path),
            rows=len(names),
            unit="images",
            kinds={f"shape {count} ({'grey' if shape[0] == 1 else 'RGB'})": ()},
            label=parts[0].label,
            counts=counts,
            split=division.split,
            test_from=division.test_from,
            unused=unused,
            remarks=tuple(notes),
        ),
    )


def _source(part: Part | None) -> str:
    """What a part is called in messages: its folder or table."""
    return "" if part is None else Path(part.where).name + "/" * Path(part.where).is_dir()


def _readable(keys: ImageFolder, parts: Sequence[Part], decoded: Decoded, starts: np.ndarray) -> np.ndarray:
    """[n] rows of the images that can be read.

    Raises:
        InputError: One cannot, and the user does not want such files left out; or none of the training part can.
    """
    faults = decoded.facts.faults
    if faults and not keys.skips_damaged:
        row = min(faults)
        part, position = _file(parts, starts, row)
        more = f" ({len(faults):,} of {starts[-1]:,} images cannot be read)" if len(faults) > 1 else ""
        raise InputError(
            f"{part.source(position)} cannot be read: {faults[row]}{more}; repair or remove it, or leave such files "
            "out with dataset.damaged=skip"
        )
    good = np.array([row for row in range(starts[-1]) if row not in faults], dtype=np.int64)
    for part, start, end in zip(parts, starts[:-1], starts[1:], strict=True):
        if not ((good >= start) & (good < end)).any():
            raise InputError(f"{part.where} holds no image that can be read")
    return good


def _damaged(parts: Sequence[Part], decoded: Decoded, starts: np.ndarray) -> dict[str, str]:
    """The files that cannot be read, as what is left out, to the reason."""
    rows = sorted(decoded.facts.faults)
    if not rows:
        return {}
    files = [_file(parts, starts, row) for row in rows[:5]]
    named = [
        f"{part.names[position]} ({decoded.facts.faults[row]})"
        for (part, position), row in zip(files, rows[:5], strict=True)
    ]
    more = f", … {len(rows) - 5} more" if len(rows) > 5 else ""
    return {f"{len(rows):,} damaged image{'s' * (len(rows) != 1)}": f"{', '.join(named)}{more}"}


def _file(parts: Sequence[Part], starts: np.ndarray, row: int) -> tuple[Part, int]:
    """The part of a row, and its position there."""
    number = int(np.searchsorted(starts, row, side="right")) - 1
    return parts[number], row - int(starts[number])


def _repeated(decoded: Decoded, good: np.ndarray, division: Division) -> list[str]:
    """A remark on test images that are in the training part, pixel for pixel."""
    digests = [decoded.facts.digests[row] for row in good.tolist()]
    train = {digests[row] for row in division.rows.tolist()}
    repeated = sum(digests[row] in train for row in division.test_rows.tolist())
    return Repeated(len(division.rows), len(division.test_rows), repeated).remarks("images")
