"""From the splits of a data set of the hub to a Dataset: written to files once, read as images, texts or a table."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.data.csv_table import CsvDataset
from al_bench.data.dataset import Dataset
from al_bench.data.hub import HubKind
from al_bench.data.hub_splits import open_splits
from al_bench.data.image_folder import ImageFolder
from al_bench.data.table_header import LABEL_NAMES, plain_name
from al_bench.data.text_columns import TEXT_NAMES
from al_bench.data.text_data import TextDataset
from al_bench.data.user_data import UserData
from al_bench.errors import InputError, override
from al_bench.storage import cache

if TYPE_CHECKING:
    from al_bench.data.hub import HubDataset

VALIDATION_NAMES = ("validation", "valid", "val", "dev")
FOLDER = "hub"
"""The folder of the files written, in the cache's folder."""
LIMIT = 20 * 2**30
"""Bytes that the data sets of the hub may take there, the one in use not counted."""


@dataclass(frozen=True)
class Chosen:
    """What of a data set is read.

    Args:
        splits: Part (`train`, `validation`, `test`) to the name of its split.
        label: The label's column.
        kind: What the rows are read as.
        image: The column of the images, where they are images.
        unused: Split or column that is not read, to the reason.
    """

    splits: dict[str, str]
    label: str
    kind: HubKind
    image: str | None
    unused: dict[str, str]


def build(keys: HubDataset, initial_rows: Sequence[int | str], validation: bool, setting: str | None) -> Dataset:
    """The data set.

    Args:
        keys: How the user wants it read.
        initial_rows: Rows of the training split, or names of image files, that a test part split off leaves alone.
        validation: Whether the validation split is read.
        setting: The value of a run's key `cache`.

    Raises:
        InputError: It cannot be opened, or its meaning is not certain.
    """
    with ExitStack() as stack:
        splits = stack.enter_context(open_splits(keys, cached=cache.cache_folder(setting) is not None))
        chosen = _choose(keys, splits, validation)
        folder = stack.enter_context(_files(keys, splits, chosen, setting))
        component = _component(keys, chosen, folder)
        try:
            dataset = component.load(initial_rows, validation, setting)
        except InputError as error:
            raise InputError(str(error).replace(f"{folder}{os.sep}", f"{keys.path}: ")) from error
    assert dataset.reading is not None
    name = keys.name or str(keys.path).rstrip("/").rpartition("/")[2]
    unused = {what: why for what, why in dataset.reading.unused.items() if not what.startswith("row ")}
    split = dataset.reading.split.replace(".parquet", "").replace(".csv", "")
    how = "named by dataset.label" if keys.label else "the column of class labels, or by its name"
    reading = replace(
        dataset.reading,
        source=str(keys.path),
        label=f"{chosen.label!r} ({how})",
        unused=unused | chosen.unused,
        split=split,
        test_from=f"the split {chosen.splits['test']}" if "test" in chosen.splits else "",
    )
    return replace(dataset, name=name, reading=reading)


def _choose(keys: HubDataset, splits: dict[str, Any], validation: bool) -> Chosen:
    """Which splits and columns are read, and as what."""
    chosen = {"train": _train_split(keys, splits)}
    test = "test" if keys.test == "auto" and "test" in splits else keys.test
    if test not in ("auto", "none"):
        _require(keys, splits, test, "test")
        chosen["test"] = test
    held_out = keys.validation or next((name for name in VALIDATION_NAMES if name in splits), None)
    if keys.validation:
        _require(keys, splits, keys.validation, "validation")
    if validation:
        if held_out is None:
            raise InputError(
                f"validation is file, and {keys.path} has no split validation (its splits are {', '.join(splits)}); "
                "give dataset.validation=SPLIT, or a number of rows to hold out, such as validation=100"
            )
        chosen["validation"] = held_out
    elif keys.validation:
        raise InputError(
            f"dataset.validation names the split {keys.validation}, which is read with validation=file only; add that, "
            "or leave dataset.validation out"
        )
    if len(set(chosen.values())) < len(chosen):
        raise InputError(f"{keys.path}: the parts {', '.join(f'{p}={s}' for p, s in chosen.items())} share a split")
    unused = {
        f"split {name}": "a validation part; read with validation=file" if name == held_out else "of no part"
        for name in splits
        if name not in chosen.values()
    }
    features = splits[chosen["train"]].features
    label = _label(keys, features)
    images = [name for name, feature in features.items() if type(feature).__name__ == "Image"]
    kind = keys.kind
    if kind is HubKind.auto:
        strings = [name for name, feature in features.items() if _is_text(feature) and name not in (label, keys.group)]
        named = [name for name in strings if plain_name(name) in TEXT_NAMES]
        has_text = keys.text is not None or bool(named) or (bool(strings) and len(strings) == len(features) - 1)
        kind = HubKind.images if images else HubKind.text if has_text else HubKind.table
    image = None
    if kind is HubKind.images:
        if keys.image is not None:
            _require_column(keys, features, keys.image, "image")
        elif len(images) != 1:
            which = f"the columns {', '.join(images)} are images" if images else "no column is of images"
            raise InputError(f"{keys.path}: {which}; name it: dataset.image=COLUMN")
        image = keys.image or images[0]
        unused |= {name: "no image and no label" for name in features if name not in (image, label, keys.group)}
    return Chosen(chosen, label, kind, image, unused)


def _train_split(keys: HubDataset, splits: dict[str, Any]) -> str:
    if keys.train is not None:
        _require(keys, splits, keys.train, "train")
        return keys.train
    if "train" in splits:
        return "train"
    if len(splits) == 1:
        return next(iter(splits))
    raise InputError(f"{keys.path} has no split train; name one of {', '.join(splits)}: dataset.train=SPLIT")


def _require(keys: HubDataset, splits: dict[str, Any], name: str, key: str) -> None:
    if name not in splits:
        raise InputError(f"dataset.{key}: {keys.path} has no split {name!r}; its splits are {', '.join(splits)}")


def _require_column(keys: HubDataset, features: Any, name: str, key: str) -> None:
    if name not in features:
        raise InputError(f"dataset.{key}: {keys.path} has no column {name!r}; its columns are {', '.join(features)}")


def _label(keys: HubDataset, features: Any) -> str:
    """The label's column."""
    if keys.label is not None:
        _require_column(keys, features, keys.label, "label")
        return keys.label
    classes = [name for name, feature in features.items() if type(feature).__name__ == "ClassLabel"]
    named = [name for name in classes or features if plain_name(name) in LABEL_NAMES]
    if len(classes) == 1 or (len(named) == 1):
        return named[0] if len(named) == 1 else classes[0]
    readings = " or ".join(override("dataset.label", name) for name in (classes or list(features))[:6])
    raise InputError(f"{keys.path}: nothing says which column is the label; set {readings}")


def _is_text(feature: Any) -> bool:
    return type(feature).__name__ == "Value" and feature.dtype in ("string", "large_string")


@contextmanager
def _files(keys: HubDataset, splits: dict[str, Any], chosen: Chosen, setting: str | None) -> Iterator[Path]:
    """A folder with the rows as files: that in the cache, written where it is missing; else one for a while."""
    parts = {part: splits[name] for part, name in chosen.splits.items()}
    root = cache.cache_folder(setting)
    if root is None:
        with tempfile.TemporaryDirectory() as temporary:
            _write(Path(temporary), keys, parts, chosen)
            yield Path(temporary)
        return
    facts = {part: split._fingerprint for part, split in parts.items()}
    columns = [chosen.label, chosen.kind.value, chosen.image, keys.group]
    key = cache.key({"splits": facts, "columns": columns, "version": 1})
    folder = root / FOLDER / key
    with cache.Cache(root).hold(FOLDER, key):
        if not (folder / "complete").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            _write(folder, keys, parts, chosen)
            (folder / "complete").write_text(json.dumps(facts))
        os.utime(folder / "complete")  # used just now
        _prune(root / FOLDER, folder)
        yield folder


def _prune(folder: Path, spare: Path) -> None:
    """Drop the data sets unused for longest until the rest takes no more than `LIMIT` bytes; `spare` stays."""
    entries = []
    for path in folder.iterdir():
        mark = path / "complete"
        if path.is_dir() and path != spare and mark.is_file():
            size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            entries.append((mark.stat().st_mtime_ns, size, path))
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total <= LIMIT:
            return
        shutil.rmtree(path, ignore_errors=True)
        total -= size


def _write(folder: Path, keys: HubDataset, parts: dict[str, Any], chosen: Chosen) -> None:
    """Write the rows of every part."""
    for part, split in parts.items():
        labels = _labels(keys, split, chosen.label)
        if part != "train" and all(label is None for label in labels):
            key = "dataset.test=none, or another split" if part == "test" else "another split, or leave it out"
            raise InputError(
                f"{keys.path}: the split {chosen.splits[part]} has no labels in {chosen.label!r}, as those of contests "
                f"have not; set {key}"
            )
        if chosen.kind is HubKind.images:
            _write_images(folder, part, split, labels, chosen, keys.group)
        else:
            frame = split.to_pandas()
            frame[chosen.label] = labels
            frame.to_parquet(folder / f"{part}.parquet", index=False)


def _labels(keys: HubDataset, split: Any, column: str) -> list[Any]:
    """[N] labels, by name where the data set names its classes; None where there is none."""
    feature, values = split.features[column], split[column][:]
    if type(feature).__name__ == "ClassLabel":
        return [None if value is None or value < 0 else feature.names[value] for value in values]
    if type(feature).__name__ != "Value":
        kind = type(feature).__name__
        raise InputError(f"{keys.path}: the column {column!r} is of the kind {kind} and no label; name another")
    return list(values)


def _write_images(
    folder: Path, part: str, split: Any, labels: Sequence[Any], chosen: Chosen, group: str | None
) -> None:
    """The images of a part as files named by their rows, and a table of their labels."""
    import pandas as pd
    from datasets import Image

    (folder / "images" / part).mkdir(parents=True)
    files = []
    for row, cell in enumerate(split.cast_column(chosen.image, Image(decode=False))[chosen.image]):
        files.append(f"{part}/{row}.png")  # the ending says that it is an image, its bytes which kind
        path = folder / "images" / files[-1]
        content = (cell or {}).get("bytes")
        if content is None and cell and cell.get("path") and Path(cell["path"]).is_file():
            content = Path(cell["path"]).read_bytes()
        path.write_bytes(content or b"")
    columns = {"file": files, "label": labels}
    if group is not None:
        columns["group"] = split[group][:]
    pd.DataFrame(columns).to_parquet(folder / f"{part}.parquet", index=False)


def _component(keys: HubDataset, chosen: Chosen, folder: Path) -> UserData:
    """How the files are read."""
    paths = {part: str(folder / f"{part}.parquet") for part in chosen.splits}
    shared: dict[str, Any] = {
        key: getattr(keys, key) for key in ("test_fraction", "split_seed", "missing_labels", "similar_labels")
    }
    shared |= {"test_path": paths.get("test"), "validation": paths.get("validation")}
    if chosen.kind is HubKind.images:
        own = {key: getattr(keys, key) for key in ("size", "resize", "mode", "white", "normalise", "damaged")}
        group = None if keys.group is None else "group"
        path = str(folder / "images")
        return ImageFolder(
            path=path, label_file=paths["train"], file="file", label="label", group=group, **shared, **own
        )
    shared |= {"path": paths["train"], "label": chosen.label, "group": keys.group}
    if chosen.kind is HubKind.text:
        return TextDataset(text=keys.text, join=keys.join, empty=keys.empty, **shared)
    own = {key: getattr(keys, key) for key in ("categorical", "drop", "keep", "missing")}
    return CsvDataset(**shared, **own)
