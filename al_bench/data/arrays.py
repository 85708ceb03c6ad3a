"""A user's own arrays: an .npz file with inputs and labels, or a folder of .npy files."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.data.files import check_split, find_file, one_line
from al_bench.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from al_bench.data.dataset import Dataset

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


@dataclass
class NpzDataset:
    """The arrays `x` and `y` of an .npz file, and `x_test` and `y_test` where it has them.

    In place of the file, a folder with x.npy, y.npy and so on (numpy.save), whose inputs stay on disk and are read a
    chunk at a time: for pools larger than memory.

    Other spellings: X, x_train, X_train, train_images; Y, y_train, Y_train, train_labels; X_test, test_images;
    Y_test, test_labels. Other arrays are not read. Without a test part one is split off, stratified by label.

    `x` is one of
      - [N, D] numbers: inputs of shape [D], float32;
      - [N, H, W]: images of one channel;
      - [N, C, H, W] or [N, H, W, C] with C 1, 3 or 4: `layout=auto` takes the one axis that can be the channels,
        and asks where both can.
    uint8 images stay bytes and count as [0, 1]; other numbers become float32 as they are.
    `standardise` subtracts the mean and divides by the standard deviation of the training part, by column or by
    channel (constant ones become 0).

    `y` is [N] or [N, 1]: whole numbers, words or truth values; classes are sorted (numbers by value).

    Args:
        path: The file or folder. A relative path is looked for in the current folder, then under the data root.
        test_fraction: The share of the rows in a test part split off.
        split_seed: Which rows: independent of the run's seed.
        standardise: See above.
        layout: See above.
        name: What to call the dataset; the file's name without ending if not given.
        root: The data root; see `al_bench.data.files.data_root`.
    """

    path: str | None = None
    test_fraction: float = 0.2
    split_seed: int = 0
    standardise: bool = True
    layout: Layout = Layout.auto
    name: str | None = None
    root: str | None = None

    def __post_init__(self) -> None:
        if not self.path:
            raise InputError("dataset.path is not set; name the .npz file: dataset.path=arrays.npz")
        check_split(self.test_fraction, self.split_seed)

    def load(self) -> Dataset:
        """Read, check and, where there is no test part, split the arrays.

        Raises:
            InputError: The file is missing or malformed; the message names it, what is wrong and what is expected.
        """
        import torch

        from al_bench.data import moments
        from al_bench.data.dataset import Dataset
        from al_bench.data.labels import encode
        from al_bench.data.split import stratified_split

        path = find_file(str(self.path), "dataset.path", self.root, folders=True)
        if path.is_dir():
            from al_bench.data.mapped import load_folder

            return load_folder(self, path)
        arrays = _read(path)
        inputs = _inputs(path, "x", arrays["x"], self.layout)
        labels, names = encode(read_labels(path, "y", arrays["y"], len(inputs)))
        if len(names) < 2:
            raise InputError(f"{path}: y holds one class only; at least two are expected")
        if "x_test" in arrays:
            test_inputs = _inputs(path, "x_test", arrays["x_test"], self.layout)
            if test_inputs.shape[1:] != inputs.shape[1:] or test_inputs.dtype != inputs.dtype:
                raise InputError(
                    f"{path}: x_test is {test_inputs.dtype} of shape {test_inputs.shape[1:]} a row, "
                    f"x is {inputs.dtype} of shape {inputs.shape[1:]}; they must agree"
                )
            test_labels, _ = encode(read_labels(path, "y_test", arrays["y_test"], len(test_inputs)), names)
            if (test_labels < 0).any():
                row = int((test_labels < 0).argmax())
                raise InputError(f"{path}: y_test, row {row}: its class does not occur in y")
        else:
            rows, test_rows = stratified_split(labels, self.test_fraction, self.split_seed)
            if len(test_rows) == 0:
                raise InputError(
                    f"{path}: its {len(labels)} rows leave none for the test part; "
                    "give more rows, a larger dataset.test_fraction, or x_test and y_test"
                )
            test_inputs, inputs = inputs[test_rows], inputs[rows]
            test_labels, labels = labels[test_rows], labels[rows]
        mean = std = None
        if self.standardise and inputs.ndim == 2:
            inputs, test_inputs = moments.standardise(inputs, test_inputs)
        elif self.standardise:
            mean, std = moments.channel_moments(torch.from_numpy(inputs))
        kind = "uint8" if inputs.dtype == "uint8" else "float32"
        return Dataset(
            name=self.name or path.name.split(".")[0],
            inputs=torch.from_numpy(inputs.astype(kind, order="C", copy=False)),
            hidden_labels=torch.from_numpy(labels),
            test_inputs=torch.from_numpy(test_inputs.astype(kind, order="C", copy=False)),
            test_labels=torch.from_numpy(test_labels),
            class_names=names,
            mean=mean,
            std=std,
        )


def _read(path: Path) -> dict[str, np.ndarray]:
    """The arrays by the name the docstring gives them."""
    import numpy as np

    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise InputError(f"{path} holds a single array; an .npz file with x and y is expected: np.savez")
            with archive:
                found = {name: _spelling(path, name, archive.files) for name in NAMES}
                arrays = {name: archive[spelling] for name, spelling in found.items() if spelling is not None}
                there = ", ".join(archive.files) or "nothing"
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        # Of a file that is no archive at all NumPy says how to load it as a pickle, which nobody should.
        reason = "it is no archive, or one of objects" if "allow_pickle" in str(error) else one_line(error)
        raise InputError(
            f"{path} cannot be read as .npz ({reason}); a file written by np.savez without objects is expected"
        ) from error
    for name in ("x", "y"):
        if name not in arrays:
            raise InputError(f"{path} has no array {name} (nor {', '.join(NAMES[name][1:])}); it has {there}")
    if ("x_test" in arrays) != ("y_test" in arrays):
        raise InputError(f"{path} has one of x_test and y_test; both or neither are expected")
    return arrays


def _spelling(path: Path, name: str, files: list[str]) -> str | None:
    found = [spelling for spelling in NAMES[name] if spelling in files]
    if len(found) > 1:
        raise InputError(f"{path} has {' and '.join(found)}; one of them is expected")
    return found[0] if found else None


def _inputs(path: Path, name: str, x: np.ndarray, layout: Layout) -> np.ndarray:
    """[N, D] float64, or [N, C, H, W] uint8 or float32."""
    import numpy as np

    x = shape_inputs(path, name, x, layout)
    if x.dtype.kind == "f":
        finite = (np.abs(x) <= np.finfo(np.float32).max).reshape(len(x), -1).all(axis=1)  # NaN is not
        if not finite.all():
            raise InputError(f"{path}: {name}, row {int(finite.argmin())}: a value is NaN, infinite or beyond float32")
    if x.ndim == 2:
        return x.astype(np.float64)  # standardised in full precision, float32 afterwards
    return x if x.dtype == np.uint8 else x.astype(np.float32)


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
    import numpy as np

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
