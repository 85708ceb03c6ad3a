"""The image sets of torchvision, as one uint8 tensor each and no per-image decoding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from al_bench.data.download import ensure_downloaded
from al_bench.data.files import data_root, one_line
from al_bench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from al_bench.data.dataset import Dataset


class Source(Enum):
    """The image sets, and what torchvision calls their classes."""

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
class ImageSet:
    """What is known of an image set before it is read.

    Args:
        title: Its name in messages.
        files: The files that are read, relative to the data root.
        archives: The archives that the user may give instead, and where; empty where torchvision reads none.
        class_names: Where those of torchvision are not the plain ones.
        moments: The mean and the standard deviation in common use, by channel; None: those of the training images.
    """

    title: str
    files: tuple[str, ...]
    archives: str
    class_names: tuple[str, ...] | None = None
    moments: tuple[tuple[float, ...], tuple[float, ...]] | None = None


def _idx_files(folder: str, train: str = "train", test: str = "t10k") -> tuple[str, ...]:
    """The four files of a set in MNIST's format."""
    return tuple(
        f"{folder}/raw/{part}-{kind}-ubyte" for part in (train, test) for kind in ("images-idx3", "labels-idx1")
    )


DIGIT_NAMES = tuple("0123456789")
CIFAR10_FILES = ("batches.meta", *(f"data_batch_{number}" for number in range(1, 6)), "test_batch")

IMAGE_SETS = {
    Source.mnist: ImageSet(
        "MNIST", _idx_files("MNIST"), "the four .gz files in MNIST/raw", DIGIT_NAMES, ((0.1307,), (0.3081,))
    ),
    Source.fashion_mnist: ImageSet(
        "Fashion-MNIST",
        _idx_files("FashionMNIST"),
        "the four .gz files in FashionMNIST/raw",
        moments=((0.2860,), (0.3530,)),
    ),
    Source.kmnist: ImageSet("KMNIST", _idx_files("KMNIST"), "the four .gz files in KMNIST/raw"),
    Source.emnist: ImageSet(
        "EMNIST",
        _idx_files("EMNIST", "emnist-balanced-train", "emnist-balanced-test"),
        "gzip.zip in EMNIST/raw",
    ),
    Source.cifar10: ImageSet(
        "CIFAR-10",
        tuple(f"cifar-10-batches-py/{file}" for file in CIFAR10_FILES),
        "cifar-10-python.tar.gz",
        moments=((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    ),
    Source.cifar100: ImageSet(
        "CIFAR-100",
        tuple(f"cifar-100-python/{file}" for file in ("meta", "train", "test")),
        "cifar-100-python.tar.gz",
    ),
    Source.svhn: ImageSet("SVHN", ("train_32x32.mat", "test_32x32.mat"), "", DIGIT_NAMES),
}


@dataclass
class TorchvisionDataset:
    """An image set that torchvision reads; it is downloaded once if it is not under the data root.

    Inputs are uint8 [N, C, H, W]. EMNIST is the balanced split of Cohen et al. (2017), 47 classes; its files hold
    every image transposed, and here rows and columns are swapped back so that letters stand upright. SVHN is the
    cropped-digits training part without the extra images; the digit 0 is class 0.

    `normalise=standard` uses the constants in common use for MNIST (0.1307, 0.3081), Fashion-MNIST and CIFAR-10, and
    the moments of the training images for the others.

    Args:
        source: Which set.
        root: The data root; see `al_bench.data.files.data_root`.
        normalise: `standard` for zero mean and unit variance by channel, `unit` for pixels in [0, 1].
    """

    source: Source = Source.mnist
    root: str | None = None
    normalise: Normalise = Normalise.standard

    is_benchmark: ClassVar[bool] = True
    """It comes with al-bench: `initial.kind=auto` is balanced."""

    def load(self) -> Dataset:
        """Read the set, downloading it first if need be.

        Raises:
            InputError: The files are missing and cannot be downloaded, or they are damaged, or torchvision cannot be
                imported.
        """
        from al_bench.data.dataset import Dataset

        facts = IMAGE_SETS[self.source]
        root = data_root(self.root)
        ensure_downloaded(
            root,
            self.source.name,
            facts.title,
            facts.files,
            lambda folder: _download(self.source, root, folder),
            _advice(facts, root),
        )
        train, test = _read(self.source, root)
        inputs, labels = _tensors(self.source, train)
        test_inputs, test_labels = _tensors(self.source, test)
        mean, std = self._moments(inputs)
        return Dataset(
            name=self.source.name,
            inputs=inputs,
            hidden_labels=labels,
            test_inputs=test_inputs,
            test_labels=test_labels,
            class_names=facts.class_names or tuple(train.classes),
            mean=mean,
            std=std,
        )

    def files(self) -> list[Path]:
        """The files that `load` reads; none where one of them is missing."""
        paths = [data_root(self.root) / file for file in IMAGE_SETS[self.source].files]
        return paths if all(path.is_file() for path in paths) else []

    def _moments(self, inputs: Tensor) -> tuple[Tensor | None, Tensor | None]:
        import torch

        from al_bench.data.scaling import channel_moments

        if self.normalise is Normalise.unit:
            return None, None
        moments = IMAGE_SETS[self.source].moments
        if moments is None:
            return channel_moments(inputs)
        mean, std = (torch.tensor(values).reshape(-1, 1, 1) for values in moments)
        return mean, std


def _advice(facts: ImageSet, root: Path) -> str:
    archives = f", or {facts.archives}" if facts.archives else ""
    return (
        f"put {facts.files[0]} … {facts.files[-1]} ({len(facts.files)} files{archives}) under {root}, "
        "or set dataset.root or AL_BENCH_DATA to the folder that holds them"
    )


def _torchvision_class(source: Source) -> tuple[Callable[..., Any], tuple[dict[str, Any], dict[str, Any]]]:
    """torchvision's class, and its arguments for the training and for the test part."""
    try:
        from torchvision import datasets
    except (ImportError, RuntimeError, OSError) as error:  # one built for another torch raises any of these
        raise InputError(
            f"torchvision cannot be imported ({one_line(error)}): install the release that belongs to this torch"
        ) from error
    if source is Source.svhn:
        return datasets.SVHN, ({"split": "train"}, {"split": "test"})
    split = {"split": "balanced"} if source is Source.emnist else {}
    return getattr(datasets, source.value), ({"train": True, **split}, {"train": False, **split})


def _read(source: Source, root: Path) -> list[Any]:
    """torchvision's objects of the training and the test part, from a root that has the files."""
    load, parts = _torchvision_class(source)
    try:
        return [load(root, download=False, **arguments) for arguments in parts]
    except Exception as error:  # damaged bytes lead the readers to errors of any type
        file = root / IMAGE_SETS[source].files[0]
        raise InputError(
            f"{IMAGE_SETS[source].title}: the files beside {file} cannot be read ({one_line(error)}): "
            "they are damaged; delete them and they will be downloaded again"
        ) from error


def _download(source: Source, root: Path, folder: Path) -> None:
    """Let torchvision download into `folder`; an archive that lies under `root`, whole, is unpacked instead."""
    from torchvision.datasets.utils import check_integrity

    load, parts = _torchvision_class(source)
    for file, md5 in _archives(source, load):
        if check_integrity(root / file, md5):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).symlink_to(root / file)
    for arguments in parts:
        load(folder, download=True, **arguments)


def _archives(source: Source, load: Any) -> list[tuple[str, str]]:
    """(file relative to the root, md5) of every archive that torchvision's class would download."""
    if source is Source.svhn:
        return [(load.split_list[part][1], load.split_list[part][2]) for part in ("train", "test")]
    if source in (Source.cifar10, Source.cifar100):
        return [(load.filename, load.tgz_md5)]
    if source is Source.emnist:
        return [("EMNIST/raw/gzip.zip", load.md5)]
    return [(f"{source.value}/raw/{file}", md5) for file, md5 in load.resources]


def _tensors(source: Source, part: Any) -> tuple[Tensor, Tensor]:
    """Inputs uint8 [N, C, H, W] and labels int64 [N] of a part that torchvision read."""
    import numpy as np
    import torch

    if source in (Source.cifar10, Source.cifar100):
        images = torch.from_numpy(np.ascontiguousarray(part.data.transpose(0, 3, 1, 2)))  # [N, 3, 32, 32]
        return images, torch.tensor(part.targets, dtype=torch.int64)
    if source is Source.svhn:
        return torch.from_numpy(np.ascontiguousarray(part.data)), torch.from_numpy(part.labels)
    images = part.data.mT if source is Source.emnist else part.data
    return images.contiguous().unsqueeze(1), part.targets  # [N, 1, 28, 28]
