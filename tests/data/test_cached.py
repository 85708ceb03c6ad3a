"""A dataset that is slow to decode is decoded once, and is the same from the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torchvision import datasets

from al_bench.data import cached
from al_bench.data.cached import load_dataset
from al_bench.data.dataset import Dataset
from al_bench.data.images import Normalise, Source, TorchvisionDataset
from al_bench.data.synthetic import Synthetic
from tests.data.faked import write_mnist, write_pickle


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twenty images as CIFAR-100's files have them."""
    import numpy as np

    folder = tmp_path / "data" / "cifar-100-python"
    images = np.random.default_rng(0).integers(0, 256, (20, 3072), dtype=np.uint8)
    meta = write_pickle(folder / "meta", {"fine_label_names": [f"class {number}" for number in range(100)]})
    sums = [
        [part, write_pickle(folder / part, {"data": images, "fine_labels": [value + shift for value in range(20)]})]
        for part, shift in (("train", 0), ("test", 3))
    ]
    monkeypatch.setattr(datasets.CIFAR100, "train_list", sums[:1])
    monkeypatch.setattr(datasets.CIFAR100, "test_list", sums[1:])
    monkeypatch.setattr(datasets.CIFAR100, "meta", {**datasets.CIFAR100.meta, "md5": meta})
    return tmp_path / "data"


@pytest.fixture
def decodings(monkeypatch):
    """How often a dataset was decoded, one entry a time."""
    seen = []
    for kind in (TorchvisionDataset, Synthetic):
        load = kind.load
        monkeypatch.setattr(kind, "load", lambda config, load=load: (seen.append(config), load(config))[1])
    return seen


def load(root: Path, cache: str | None = None, **keys) -> Dataset:
    return load_dataset(TorchvisionDataset(Source.cifar100, str(root), **keys), cache or str(root.parent / "cache"))


def entries(root: Path) -> list[Path]:
    return sorted((root.parent / "cache" / cached.KIND).glob("*.pt"))


def test_the_second_run_decodes_nothing_and_has_the_same_data(root, decodings):
    first, second = load(root), load(root)
    assert len(decodings) == 1
    assert first.fingerprint() == second.fingerprint()
    assert first.class_names == second.class_names
    assert first.name == second.name == "cifar100"
    for name in ("inputs", "hidden_labels", "test_inputs", "test_labels", "mean", "std"):
        decoded, cached_part = getattr(first, name), getattr(second, name)
        assert decoded.dtype == cached_part.dtype
        assert torch.equal(decoded, cached_part)
    assert second.inputs.is_contiguous()


def test_other_keys_and_other_files_are_decoded_anew(root, decodings):
    load(root)
    assert load(root, normalise=Normalise.unit).mean is None
    assert len(decodings) == len(entries(root)) == 2
    os.utime(root / "cifar-100-python" / "train", (1000, 1000))
    load(root)
    assert len(decodings) == len(entries(root)) == 3


def test_a_damaged_entry_is_decoded_anew(root, decodings):
    whole = load(root).fingerprint()
    (entry,) = entries(root)
    entry.write_bytes(entry.read_bytes()[:-5])
    assert load(root).fingerprint() == whole
    assert len(decodings) == 2


@pytest.mark.slow
def test_torchvision_is_not_even_imported_the_second_time(tmp_path):
    write_mnist(tmp_path / "digits")
    program = (
        "import sys; from al_bench.data.images import TorchvisionDataset\n"
        "from al_bench.storage import cache; from al_bench.data.cached import load_dataset\n"
        "cache.source = lambda: 'the same, whoever edits al-bench meanwhile'\n"
        "data = load_dataset(TorchvisionDataset(root=sys.argv[1]), sys.argv[2])\n"
        "print(data.fingerprint(), 'torchvision' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "digits"), str(tmp_path / "cache")]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(2)
    )
    assert first[0] == second[0]
    assert (first[1], second[1]) == ("True", "False")


def test_generated_missing_and_uncached_datasets_are_not_looked_up(root, tmp_path, decodings):
    load_dataset(Synthetic(), str(tmp_path / "cache"))
    load(root, "off")
    load(root, "off")
    assert len(decodings) == 3
    assert not (tmp_path / "cache").exists()
    assert TorchvisionDataset(Source.cifar10, str(tmp_path)).files() == []
