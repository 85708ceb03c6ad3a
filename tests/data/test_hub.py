"""Data sets by the package `datasets`: folders that it wrote, read as images, texts and tables; what is missing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from al_bench.data.hub import HubDataset
from al_bench.data.texts import Texts
from al_bench.errors import InputError

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (26, 8, 8, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


@pytest.fixture
def datasets(empty_root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The package, without a network."""
    package = pytest.importorskip("datasets")
    monkeypatch.setattr(package.config, "HF_DATASETS_CACHE", empty_root / "hf")
    package.disable_progress_bars()
    return package


def load(path: str, with_validation: bool = False, cache: str | None = "cache", **keys: Any) -> Any:
    return HubDataset(path=path, **keys).load(validation=with_validation, cache=cache)


def image_splits(datasets: Any) -> Any:
    features = datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(names=["dog", "cat"])})

    def split(rows: range) -> Any:
        images = [Image.fromarray(PIXELS[row]) for row in rows]
        return datasets.Dataset.from_dict({"img": images, "label": [row % 2 for row in rows]}, features=features)

    return datasets.DatasetDict({"train": split(range(20)), "test": split(range(20, 26))})


def text_split(datasets: Any, rows: range, label: int | None = None) -> Any:
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})
    labels = [row % 2 if label is None else label for row in rows]
    return datasets.Dataset.from_dict(
        {"text": [f"row {row} of it" for row in rows], "label": labels}, features=features
    )


def test_images_are_read_by_their_feature_with_the_names_of_the_classes(datasets: Any) -> None:
    image_splits(datasets).save_to_disk("saved")
    for cache in ("cache", "cache", None):
        data = load("saved", cache=cache)
        assert data.name == "saved"
        assert data.class_names == ("cat", "dog")
        assert torch.equal(data.inputs, torch.from_numpy(PIXELS[:20].transpose(0, 3, 1, 2).copy()))
        assert torch.equal(data.test_inputs, torch.from_numpy(PIXELS[20:].transpose(0, 3, 1, 2).copy()))
        assert data.hidden_labels.tolist() == [1, 0] * 10
        assert data.items([0, 19]) == ["train/0.png", "train/19.png"]
        assert data.reading.split == "20 training rows, 6 test rows from test"
        assert data.reading.source == "saved"


@pytest.mark.parametrize("form", ["save_to_disk", "parquet"])
def test_texts_of_splits(datasets: Any, form: str) -> None:
    splits = datasets.DatasetDict(
        {name: text_split(datasets, rows) for name, rows in (("train", range(20)), ("validation", range(20, 26)))}
    )
    if form == "parquet":
        Path("saved").mkdir()
        for name, split in splits.items():
            split.to_parquet(f"saved/{name}-00000-of-00001.parquet")
    else:
        splits.save_to_disk("saved")
    data = load("saved")
    assert isinstance(data.inputs, Texts)
    assert data.class_names == ("neg", "pos")
    assert (data.size, len(data.test_labels)) == (16, 4)
    assert data.inputs[0] == f"row {data.items([0])[0]} of it"
    assert data.reading.unused == {"split validation": "a validation part; read with validation=file"}
    held_out = load("saved", with_validation=True)
    assert list(held_out.inputs[held_out.validation]) == [f"row {row} of it" for row in range(20, 26)]
    tested = load("saved", test="validation")
    assert list(tested.test_inputs) == [f"row {row} of it" for row in range(20, 26)]


def test_tables_are_what_is_neither(datasets: Any) -> None:
    columns = {"a": RNG.normal(size=30).tolist(), "colour": ["red", "blue"] * 15, "y": [f"c{n % 3}" for n in range(30)]}
    datasets.Dataset.from_dict(columns).save_to_disk("saved")
    data = load("saved")
    assert data.class_names == ("c0", "c1", "c2")
    assert data.shape == (3,)
    assert load("saved", drop=["colour"]).shape == (1,)


def test_faults_name_the_data_set_and_not_the_files_that_were_made_of_it(datasets: Any) -> None:
    datasets.Dataset.from_dict({"text": ["a b", "", "c d", "e f"], "label": [0, 1, 0, 1]}).save_to_disk("saved")
    with pytest.raises(InputError) as caught:
        load("saved")
    assert str(caught.value).startswith(
        "saved: train.parquet: column 'text', row 1 (counted from 0): the text is empty"
    )


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no such split": ({"test": "tests"}, "dataset.test: saved has no split 'tests'; its splits are train, test"),
    "no such training split": ({"train": "all"}, "dataset.train: saved has no split 'all'"),
    "a part twice": ({"test": "train"}, "the parts train=train, test=train share a split"),
    "no such column": ({"label": "class"}, "dataset.label: saved has no column 'class'; its columns are text, label"),
    "no images": ({"kind": "images"}, "saved: no column is of images; name it: dataset.image=COLUMN"),
    "no validation split": ({"with_validation": True}, "has no split validation .its splits are train, test."),
    "a validation split that is not wanted": ({"validation": "test"}, "read with validation=file only"),
    "a test split without labels": ({}, "the split test has no labels in 'label', .* set dataset.test=none"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_line(datasets: Any, name: str) -> None:
    from al_bench.data.hub import HubKind

    label = -1 if "without labels" in name else None
    splits = {"train": text_split(datasets, range(12)), "test": text_split(datasets, range(12, 18), label)}
    datasets.DatasetDict(splits).save_to_disk("saved")
    keys, message = FAULTS[name]
    if "kind" in keys:
        keys = {"kind": HubKind[keys["kind"]]}
    with pytest.raises(InputError, match=message) as caught:
        load("saved", **keys)
    assert "\n" not in str(caught.value)


def test_a_format_that_may_hold_code_is_refused(datasets: Any) -> None:
    Path("saved").mkdir()
    Path("saved/rows.xml").write_text("<rows><row/></rows>")
    with pytest.raises(InputError, match="saved is in the format 'xml', which is not read, as it may hold code"):
        load("saved")


def test_a_script_in_a_folder_is_never_run(datasets: Any) -> None:
    Path("saved").mkdir()
    Path("saved/saved.py").write_text("open('ran', 'w')\n")
    with pytest.raises(InputError, match="saved"):
        load("saved")
    assert not Path("ran").exists()


def test_without_a_network_the_message_says_what_to_put_where(datasets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(**keys: Any) -> None:
        raise ConnectionError(f"Couldn't reach {keys['path']!r} on the Hub")

    monkeypatch.setattr(datasets, "load_dataset_builder", unreachable)
    with pytest.raises(InputError) as caught:
        load("nobody/nothing")
    assert "nobody/nothing cannot be fetched, and there is no such folder here" in str(caught.value)
    assert str(caught.value).endswith("bring the folder here and give dataset.path=FOLDER")


def test_without_the_package_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(
        InputError, match=r"the package datasets, which is not installed: pip install 'al-bench\[hub\]', or"
    ):
        load("nobody/nothing")


@pytest.mark.parametrize(
    "path", [None, "./none", "/none/at/all"], ids=["no path", "a relative path", "an absolute path"]
)
def test_a_path_that_is_none(datasets: Any, path: str | None) -> None:
    with pytest.raises(InputError, match=r"dataset.path is not set|there is no folder"):
        load(path)  # type: ignore[arg-type]


def test_a_report_asks_no_hub(datasets: Any) -> None:
    from al_bench.data.download import offline

    with (
        offline(),
        pytest.raises(InputError, match="nobody/nothing is a data set of the hub, which is asked for a run"),
    ):
        load("nobody/nothing")


def test_the_rows_of_a_data_set_are_written_once(datasets: Any) -> None:
    image_splits(datasets).save_to_disk("saved")
    load("saved")
    written = {path: path.stat().st_mtime_ns for path in Path("cache/hub").rglob("*.png")}
    assert len(written) == 26
    load("saved")
    assert {path: path.stat().st_mtime_ns for path in Path("cache/hub").rglob("*.png")} == written


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_without_a_cache_a_folder_of_files_leaves_nothing_in_that_of_the_package(datasets: Any, kind: str) -> None:
    Path("rows").mkdir()
    columns = {"a": RNG.normal(size=30).tolist(), "y": [f"c{n % 3}" for n in range(30)]}
    frame = datasets.Dataset.from_dict(columns).to_pandas()
    if kind == "parquet":
        frame.to_parquet("rows/train.parquet", index=False)
    elif kind == "csv":
        frame.to_csv("rows/train.csv", index=False)
    else:
        frame.to_json("rows/train.jsonl", orient="records", lines=True)
    uncached = load("rows", cache="off")
    assert not Path(datasets.config.HF_DATASETS_CACHE).exists()
    cached = load("rows", cache="cache")
    assert Path(datasets.config.HF_DATASETS_CACHE).exists()
    assert torch.equal(uncached.inputs, cached.inputs)
