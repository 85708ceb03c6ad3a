"""Small sets in the formats that the real ones have on disk."""

from __future__ import annotations

import hashlib
import pickle
import struct
from pathlib import Path

import numpy as np


def write_idx(path: Path, values: np.ndarray) -> None:
    """The IDX format of MNIST: two zero bytes, 8 for unsigned bytes, the number of axes, their lengths, the bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    path.write_bytes(header + values.astype(np.uint8).tobytes())


def digits(points: int, classes: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """[points, 28, 28] random bytes and [points] labels that go round the classes."""
    images = np.random.default_rng(seed).integers(0, 256, (points, 28, 28), dtype=np.uint8)
    return images, np.arange(points) % classes


def write_mnist(root: Path, folder: str = "MNIST", train: str = "train", test: str = "t10k", classes: int = 10) -> None:
    """Fifty training and twenty test images where torchvision looks for a set of MNIST's kind."""
    for prefix, points, seed in ((train, 50, 0), (test, 20, 1)):
        images, labels = digits(points, classes, seed)
        write_idx(root / folder / "raw" / f"{prefix}-images-idx3-ubyte", images)
        write_idx(root / folder / "raw" / f"{prefix}-labels-idx1-ubyte", labels)


def write_pickle(path: Path, content: dict[str, object]) -> str:
    """A pickle of protocol 2, like CIFAR's, and its md5."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol=2))
    return md5(path)


def md5(path: Path) -> str:
    """The md5 of a file, as torchvision checks it."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
