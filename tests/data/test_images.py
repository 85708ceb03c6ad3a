"""torchvision's sets: on faked files in the real formats, and on real ones where they are."""

from __future__ import annotations

import gzip
import tracemalloc
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import torch
import torchvision.datasets as sets

from al_bench.data.images import IMAGE_SETS, Normalise, Source, TorchvisionDataset
from al_bench.data.repeated_mnist import RepeatedMNIST
from al_bench.data.scaling import channel_moments
from al_bench.errors import InputError
from tests.data.faked import digits, md5, write_idx, write_mnist, write_pickle


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request fails as it does without a name server; the list fills with what was asked for."""
    asked: list[str] = []

    def fail(request: Any, *_: object, **__: object) -> None:
        asked.append(getattr(request, "full_url", str(request)))
        raise urllib.error.URLError("[Errno -2] Name or service not known")

    monkeypatch.setattr("urllib.request.urlopen", fail)
    return asked


@pytest.mark.parametrize("source", Source, ids=lambda source: source.name)
def test_without_network_one_line_says_what_to_put_where(
    source: Source, empty_root: Path, no_network: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError) as caught:
        TorchvisionDataset(source).load()
    message = str(caught.value)
    assert no_network
    assert message.startswith(f"{IMAGE_SETS[source].title} is not in {empty_root} and could not be downloaded (")
    assert "Name or service not known" in message
    assert IMAGE_SETS[source].files[0] in message
    assert IMAGE_SETS[source].files[-1] in message
    assert "dataset.root or AL_BENCH_DATA" in message
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")
    assert [file.name for file in empty_root.iterdir()] == [f".{source.name}.lock"]


@pytest.mark.parametrize("source", [Source.mnist, Source.fashion_mnist, Source.kmnist], ids=lambda source: source.name)
def test_sets_of_mnists_kind(source: Source, empty_root: Path, no_network: list[str]) -> None:
    write_mnist(empty_root, source.value)
    data = TorchvisionDataset(source).load()
    images, labels = digits(50)
    assert data.name == source.name
    assert data.inputs.dtype == torch.uint8
    assert np.array_equal(data.inputs.numpy(), images[:, None])
    assert data.hidden_labels.tolist() == labels.tolist()
    assert data.hidden_labels.dtype == torch.int64
    assert data.test_inputs.shape == (20, 1, 28, 28)
    assert data.classes == 10
    assert data.fingerprint() == TorchvisionDataset(source, str(empty_root)).load().fingerprint()
    assert not no_network
    assert not list(empty_root.glob(".*"))  # reading takes no lock


def test_emnist_stands_upright(empty_root: Path) -> None:
    """The files hold each image transposed: an L is stored with its foot at the right of the top row."""
    write_mnist(empty_root, "EMNIST", "emnist-balanced-train", "emnist-balanced-test", classes=47)
    upright = np.zeros((28, 28), dtype=np.uint8)
    upright[4:24, 6] = 255  # the stem, from top to bottom
    upright[23, 6:20] = 255  # the foot, at the bottom, to the right
    images, _ = digits(50)
    images[0] = upright.T
    write_idx(empty_root / "EMNIST/raw/emnist-balanced-train-images-idx3-ubyte", images)
    data = TorchvisionDataset(Source.emnist).load()
    assert np.array_equal(data.inputs[0, 0].numpy(), upright)
    assert data.inputs.is_contiguous()
    assert data.classes == 47
    assert data.class_names[:11] == (*"0123456789", "A")
    assert data.class_names[36:] == tuple("abdefghnqrt")


def test_cifar100(empty_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = empty_root / "cifar-100-python"
    pixels = np.random.default_rng(0).integers(0, 256, (6, 3072), dtype=np.uint8)
    names = [f"thing {number}" for number in range(100)]
    part = {"data": pixels, "fine_labels": [99, 0, 1, 2, 3, 4], "coarse_labels": [0] * 6}
    sums = {name: write_pickle(folder / name, part) for name in ("train", "test")}
    meta = write_pickle(folder / "meta", {"fine_label_names": names, "coarse_label_names": ["all"]})
    monkeypatch.setattr(sets.CIFAR100, "train_list", [["train", sums["train"]]])
    monkeypatch.setattr(sets.CIFAR100, "test_list", [["test", sums["test"]]])
    monkeypatch.setattr(sets.CIFAR100, "meta", {**sets.CIFAR100.meta, "md5": meta})
    data = TorchvisionDataset(Source.cifar100).load()
    assert np.array_equal(data.inputs.numpy(), pixels.reshape(6, 3, 32, 32))
    assert data.hidden_labels.tolist() == [99, 0, 1, 2, 3, 4]
    assert data.class_names == tuple(names)
    assert data.inputs.is_contiguous()


def test_svhn(empty_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3, 4), dtype=np.uint8)
    lists = dict(sets.SVHN.split_list)
    for part in ("train", "test"):
        file = empty_root / f"{part}_32x32.mat"
        scipy.io.savemat(file, {"X": pixels, "y": np.array([[10], [1], [9], [10]], dtype=np.uint8)})
        lists[part] = [lists[part][0], file.name, md5(file)]
    monkeypatch.setattr(sets.SVHN, "split_list", lists)
    data = TorchvisionDataset(Source.svhn).load()
    assert data.inputs.shape == (4, 3, 32, 32)
    assert np.array_equal(data.inputs[3, 2].numpy(), pixels[:, :, 2, 3])
    assert data.hidden_labels.tolist() == [0, 1, 9, 0]  # the files call the digit 0 class 10
    assert data.class_names == tuple("0123456789")


def test_normalise(empty_root: Path) -> None:
    write_mnist(empty_root)
    write_mnist(empty_root, "KMNIST")
    unit = TorchvisionDataset(Source.mnist, normalise=Normalise.unit).load()
    assert float(unit.prepare(unit.inputs).max()) == 1
    standard = TorchvisionDataset(Source.mnist).load()
    expected = (standard.inputs.double() / 255 - 0.1307) / 0.3081
    torch.testing.assert_close(standard.prepare(standard.inputs).double(), expected, rtol=0, atol=1e-5)
    own = TorchvisionDataset(Source.kmnist).load()
    prepared = own.prepare(own.inputs)
    assert float(prepared.mean()) == pytest.approx(0, abs=1e-5)
    assert float(prepared.std(correction=0)) == pytest.approx(1, abs=1e-5)


def test_damaged_files_are_named(empty_root: Path) -> None:
    write_mnist(empty_root)
    file = empty_root / "MNIST/raw/train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError) as caught:
        TorchvisionDataset().load()
    assert str(caught.value).startswith(f"MNIST: the files beside {file} cannot be read (")
    assert "delete them" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_archives_under_the_root_serve_without_a_network(
    empty_root: Path, no_network: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_mnist(empty_root)
    resources = []
    for file in sorted((empty_root / "MNIST/raw").iterdir()):
        packed = file.with_name(file.name + ".gz")
        packed.write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
        resources.append((packed.name, md5(packed)))
    monkeypatch.setattr(sets.MNIST, "resources", resources)
    data = TorchvisionDataset().load()
    assert np.array_equal(data.inputs.numpy(), digits(50)[0][:, None])
    assert not no_network
    assert all((empty_root / "MNIST/raw" / name).is_file() for name, _ in resources)


def test_download_is_quiet_and_happens_once(
    empty_root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write_mnist(tmp_path / "server")
    fetched = []

    def fetch(url: str, download_root: str, filename: str, md5: str) -> None:
        print("progress")
        fetched.append(filename)
        file = filename.removesuffix(".gz")
        (Path(download_root) / file).write_bytes((tmp_path / "server/MNIST/raw" / file).read_bytes())

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", fetch)
    first = TorchvisionDataset().load()
    assert len(fetched) == 4
    assert TorchvisionDataset().load().fingerprint() == first.fingerprint()
    assert len(fetched) == 4
    assert capfd.readouterr() == ("", "")


def test_repeated_mnist_adds_fixed_noise_after_standardising(empty_root: Path) -> None:
    write_mnist(empty_root)
    clean = TorchvisionDataset().load()
    data = RepeatedMNIST().load()
    assert data.inputs.shape == (150, 1, 28, 28)
    assert data.inputs.dtype == torch.float32
    assert data.mean is None
    assert data.std is None
    noise = data.inputs.view(3, 50, 1, 28, 28) - clean.prepare(clean.inputs)  # image i of copy c at c · N + i
    for copy in noise:
        assert float(copy.std()) == pytest.approx(0.1, rel=0.02)
        assert float(copy.mean()) == pytest.approx(0, abs=0.002)
    correlation = torch.corrcoef(noise.reshape(3, -1)) - torch.eye(3)
    assert float(correlation.abs().max()) < 0.02
    assert data.hidden_labels.tolist() == clean.hidden_labels.tolist() * 3
    assert torch.equal(data.test_inputs, clean.prepare(clean.test_inputs))
    assert data.fingerprint() == RepeatedMNIST().load().fingerprint()
    assert data.fingerprint() != RepeatedMNIST(noise_seed=1).load().fingerprint()
    assert torch.equal(RepeatedMNIST(copies=1).load().inputs, data.inputs[:50])  # noise with one copy too


def test_repeated_mnist_without_noise_repeats(empty_root: Path) -> None:
    write_mnist(empty_root)
    inputs = RepeatedMNIST(copies=2, noise=0.0).load().inputs
    assert torch.equal(inputs[:50], inputs[50:])


def test_repeated_mnist_is_built_in_place(empty_root: Path) -> None:
    write_mnist(empty_root)
    RepeatedMNIST(copies=1).load()  # imports and caches
    tracemalloc.start()
    try:
        data = RepeatedMNIST(copies=200).load()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    size = data.inputs.numel() * 4
    assert size <= peak < 1.2 * size


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"copies": 0}, r"dataset\.copies is 0; it must be at least 1"),
        ({"noise": -0.1}, r"dataset\.noise is -0\.1"),
        ({"noise": float("inf")}, r"dataset\.noise is inf"),
        ({"noise_seed": -1}, r"dataset\.noise_seed is -1"),
    ],
    ids=["copies", "negative noise", "infinite noise", "noise_seed"],
)
def test_repeated_mnist_refuses(keys: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        RepeatedMNIST(**keys)


@pytest.mark.parametrize(
    ("source", "shape", "largest"),
    [
        (Source.mnist, (60000, 1, 28, 28), 6742),
        (Source.fashion_mnist, (60000, 1, 28, 28), 6000),
        (Source.cifar10, (50000, 3, 32, 32), 5000),
    ],
    ids=["mnist", "fashion_mnist", "cifar10"],
)
def test_real_sets(source: Source, shape: tuple[int, ...], largest: int, real_root: Callable[[str], str]) -> None:
    data = TorchvisionDataset(source, real_root(IMAGE_SETS[source].files[-1])).load()
    assert data.inputs.shape == shape
    assert len(data.test_inputs) == len(data.test_labels) == 10000
    assert int(torch.bincount(data.hidden_labels).max()) == largest
    assert data.classes == 10
    mean, std = channel_moments(data.inputs)
    assert data.mean is not None
    assert data.std is not None
    torch.testing.assert_close(data.mean, mean, rtol=0, atol=1e-4)
    torch.testing.assert_close(data.std, std, rtol=0, atol=1e-4)
    prepared = data.prepare(data.inputs[::7])  # an odd step: MNIST's even and odd images are of two sources
    assert float(prepared.mean()) == pytest.approx(0, abs=0.01)
    assert float(prepared.std()) == pytest.approx(1, abs=0.01)
