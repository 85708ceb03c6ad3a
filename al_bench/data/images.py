"""The image sets of torchvision, as one uint8 tensor each and no per-image decoding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.data.download import Parcel, obtain
from al_bench.data.files import data_root, one_line
from al_bench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from al_bench.data.dataset import Dataset


class Source(Enum):
    """The sets that can be had."""

    mnist = "MNIST"
    fashion_mnist = "FashionMNIST"
    kmnist = "KMNIST"
    emnist = "EMNIST"
    cifar10 = "CIFAR10"
    cifar100 = "CIFAR100"
    svhn = "SVHN"


class Normalise(Enum):
    """What `Dataset.prepare` does beyond scaling bytes to [0, 1]."""

    standard = "standard"
    unit = "unit"


@dataclass(frozen=True)
class Facts:
    """What is known of a set before it is read.

    Args:
        title: Its proper name.
        files: What must be under the root.
        packed: The archives that serve as well, as the user should place them; empty: none.
        classes: Class names, where those of torchvision are not plain.
        moments: The mean and standard deviation everybody uses, by channel; None: those of the training images.
    """

    title: str
    files: tuple[str, ...]
    packed: str
    classes: tuple[str, ...] | None = None
    moments: tuple[tuple[float, ...], tuple[float, ...]] | None = None


def _idx(folder: str, train: str = "train", test: str = "t10k") -> tuple[str, ...]:
    return tuple(
        f"{folder}/raw/{part}-{kind}-ubyte" for part in (train, test) for kind in ("images-idx3", "labels-idx1")
    )


DIGITS = tuple("0123456789")
CIFAR10_FILES = ("batches.meta", *(f"data_batch_{number}" for number in range(1, 6)), "test_batch")

FACTS = {
    Source.mnist: Facts("MNIST", _idx("MNIST"), "the four .gz files in MNIST/raw", DIGITS, ((0.1307,), (0.3081,))),
    Source.fashion_mnist: Facts(
        "Fashion-MNIST",
        _idx("FashionMNIST"),
        "the four .gz files in FashionMNIST/raw",
        moments=((0.2860,), (0.3530,)),
    ),
    Source.kmnist: Facts("KMNIST", _idx("KMNIST"), "the four .gz files in KMNIST/raw"),
    Source.emnist: Facts(
        "EMNIST",
        _idx("EMNIST", "emnist-balanced-train", "emnist-balanced-test"),
        "gzip.zip in EMNIST/raw",
    ),
    Source.cifar10: Facts(
        "CIFAR-10",
        tuple(f"cifar-10-batches-py/{file}" for file in CIFAR10_FILES),
        "cifar-10-python.tar.gz",
        moments=((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    ),
    Source.cifar100: Facts(
        "CIFAR-100",
        tuple(f"cifar-100-python/{file}" for file in ("meta", "train", "test")),
        "cifar-100-python.tar.gz",
    ),
    Source.svhn: Facts("SVHN", ("train_32x32.mat", "test_32x32.mat"), "", DIGITS),
}


@dataclass
class TorchvisionDataset:
    """A set that torchvision reads; it is downloaded once if it is not under the root.

    Inputs are uint8 [N, C, H, W]. EMNIST is the balanced split of Cohen et al. (2017), 47 classes; its files hold
    every image transposed, and here rows and columns are swapped back so that letters stand upright. SVHN is the
    cropped-digits training part without the extra images; the digit 0 is class 0.

    `normalise=standard` uses the constants everybody uses for MNIST (0.1307, 0.3081), Fashion-MNIST and CIFAR-10,
    and the training images' own moments for the others.

    Args:
        source: Which set.
        root: The data root; see `al_bench.data.files.data_root`.
        normalise: `standard` for zero mean and unit variance by channel, `unit` for pixels in [0, 1].
    """

    source: Source = Source.mnist
    root: str | None = None
    normalise: Normalise = Normalise.standard

    def load(self) -> Dataset:
        """Read the set, downloading it first if need be.

        Raises:
            InputError: Not there and not to be had, damaged, or torchvision does not load.
        """
        from al_bench.data.dataset import Dataset

        facts = FACTS[self.source]
        root = data_root(self.root)
        parcel = Parcel(self.source.name, facts.title, facts.files, _advice(facts, root))
        train, test = obtain(
            root, parcel, lambda folder: _read(self.source, folder), lambda folder: _fetch(self.source, root, folder)
        )
        inputs, labels = _tensors(self.source, train)
        test_inputs, test_labels = _tensors(self.source, test)
        mean, std = self._moments(inputs)
        return Dataset(
            name=self.source.name,
            inputs=inputs,
            hidden_labels=labels,
            test_inputs=test_inputs,
            test_labels=test_labels,
            class_names=facts.classes or tuple(train.classes),
            mean=mean,
            std=std,
        )

    def files(self) -> list[Path]:
        """The files that `load` reads; none where one of them is missing."""
        found = [data_root(self.root) / file for file in FACTS[self.source].files]
        return found if all(file.is_file() for file in found) else []

    def _moments(self, inputs: Tensor) -> tuple[Tensor | None, Tensor | None]:
        import torch

        from al_bench.data.scaling import channel_moments

        if self.normalise is Normalise.unit:
            return None, None
        known = FACTS[self.source].moments
        if known is None:
            return channel_moments(inputs)
        return torch.tensor(known[0]).reshape(-1, 1, 1), torch.tensor(known[1]).reshape(-1, 1, 1)


def _advice(facts: Facts, root: Path) -> str:
    first, last = facts.files[0], facts.files[-1]
    packed = f", or {facts.packed}" if facts.packed else ""
    return (
        f"put {first} … {last} ({len(facts.files)} files{packed}) under {root}, "
        "or set dataset.root or AL_BENCH_DATA to the folder that holds them"
    )


def _maker(source: Source) -> tuple[Callable[..., Any], tuple[dict[str, Any], dict[str, Any]]]:
    """torchvision's class, and the arguments for its training and its test part."""
    try:
        from torchvision import datasets
    except (ImportError, RuntimeError, OSError) as error:  # one built for another torch raises any of these
        raise InputError(
            f"torchvision does not load ({one_line(error)}): install the release that belongs to this torch"
        ) from error
    if source is Source.svhn:
        return datasets.SVHN, ({"split": "train"}, {"split": "test"})
    extra = {"split": "balanced"} if source is Source.emnist else {}
    return getattr(datasets, source.value), ({"train": True, **extra}, {"train": False, **extra})


def _read(source: Source, root: Path) -> list[Any]:
    """torchvision's two parts, from a root that has the files."""
    maker, parts = _maker(source)
    try:
        return [maker(root, download=False, **arguments) for arguments in parts]
    except Exception as error:  # the readers raise whatever the bytes lead them to
        folder = root / FACTS[source].files[0]
        raise InputError(
            f"{FACTS[source].title}: the files beside {folder} cannot be read ({one_line(error)}): "
            "they are damaged; delete them and they will be downloaded again"
        ) from error


def _fetch(source: Source, root: Path, folder: Path) -> None:
    """Let torchvision download into `folder`, from the archives that lie under `root` if they are whole."""
    from torchvision.datasets.utils import check_integrity

    maker, parts = _maker(source)
    for file, md5 in _archives(source, maker):
        if check_integrity(root / file, md5):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).symlink_to(root / file)
    for arguments in parts:
        maker(folder, download=True, **arguments)


def _archives(source: Source, maker: Any) -> list[tuple[str, str]]:
    """The archives torchvision would download: file relative to the root, and md5."""
    if source is Source.svhn:
        return [(maker.split_list[part][1], maker.split_list[part][2]) for part in ("train", "test")]
    if source in (Source.cifar10, Source.cifar100):
        return [(maker.filename, maker.tgz_md5)]
    if source is Source.emnist:
        return [("EMNIST/raw/gzip.zip", maker.md5)]
    return [(f"{source.value}/raw/{file}", md5) for file, md5 in maker.resources]


def _tensors(source: Source, part: Any) -> tuple[Tensor, Tensor]:
    """uint8 [N, C, H, W] and int64 [N]."""
    import numpy as np
    import torch

    if source in (Source.cifar10, Source.cifar100):
        images = torch.from_numpy(np.ascontiguousarray(part.data.transpose(0, 3, 1, 2)))  # [N, 3, 32, 32]
        return images, torch.tensor(part.targets, dtype=torch.int64)
    if source is Source.svhn:
        return torch.from_numpy(np.ascontiguousarray(part.data)), torch.from_numpy(part.labels)
    images = part.data.mT if source is Source.emnist else part.data
    return images.contiguous().unsqueeze(1), part.targets  # [N, 1, 28, 28]
