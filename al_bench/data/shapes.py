"""The shapes in which a user's arrays may come, and how each is read: inputs [N, D] or [N, C, H, W], labels [N]."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import numpy as np

from al_bench.errors import InputError

NAMES = {
    "x": ("x", "X", "x_train", "X_train", "train_images"),
    "y": ("y", "Y", "y_train", "Y_train", "train_labels"),
    "x_test": ("x_test", "X_test", "test_images"),
    "y_test": ("y_test", "Y_test", "test_labels"),
}


CHANNELS = (1, 3, 4)


class Layout(Enum):
    """Where the channels of [N, ·, ·, ·] images are."""

    auto = "auto"
    channels_first = "channels_first"
    channels_last = "channels_last"


def shape_inputs(path: Path, name: str, x: np.ndarray, layout: Layout) -> np.ndarray:
    """A view of real numbers as [N, D] or [N, C, H, W].

    Raises:
        InputError: no such numbers, or no such shape.
    """
    if x.dtype.kind not in "buif":
        raise InputError(f"{path}: {name} holds {x.dtype}; real numbers are expected")
    if x.ndim not in (2, 3, 4) or 0 in x.shape:
        raise InputError(f"{path}: {name} has the shape {x.shape}; [N, D], [N, H, W] or images with channels expected")
    return view_inputs(path, name, x, layout)


def view_inputs(path: Path, name: str, x: np.ndarray, layout: Layout) -> np.ndarray:
    """`shape_inputs` without the checks: the number of rows may be 0."""
    if x.ndim == 3:
        return x[:, None]
    return _channels_first(path, name, x, layout) if x.ndim == 4 else x


def _channels_first(path: Path, name: str, x: np.ndarray, layout: Layout) -> np.ndarray:
    first, last = x.shape[1] in CHANNELS, x.shape[3] in CHANNELS
    if layout is Layout.auto and first == last:
        what = "either the second or the last axis may be the channels" if first else "no axis can be the channels"
        raise InputError(
            f"{path}: {name} has the shape {x.shape}: {what}; set dataset.layout to channels_first or channels_last"
        )
    is_first = layout is Layout.channels_first or (layout is Layout.auto and first)
    return x if is_first else x.transpose(0, 3, 1, 2)


def read_labels(path: Path, name: str, y: np.ndarray, rows: int) -> np.ndarray:
    """[N] labels of a type that has classes."""

    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise InputError(f"{path}: {name} has the shape {y.shape}; [N] class labels are expected (not one-hot)")
    if len(y) != rows:
        raise InputError(f"{path}: {name} has {len(y)} labels for {rows} inputs; they must be as many")
    if y.dtype.kind not in "buifSU":
        raise InputError(f"{path}: {name} holds {y.dtype}; whole numbers or words are expected")
    if y.dtype.kind == "f" and not (np.isfinite(y) & (np.round(y) == y)).all():
        row = int((np.isfinite(y) & (np.round(y) == y)).argmin())
        raise InputError(f"{path}: {name}, row {row}: {y[row]} is no class label; whole numbers or words are expected")
    return np.char.decode(y, "utf-8") if y.dtype.kind == "S" else y
