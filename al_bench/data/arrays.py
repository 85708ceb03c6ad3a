"""A user's own arrays: an .npz file with inputs and labels, or a folder of .npy files."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from al_bench.data.files import check_split, find_file, one_line
from al_bench.data.shapes import NAMES, Layout, read_labels, shape_inputs
from al_bench.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from al_bench.data.dataset import Dataset
    from al_bench.data.mapped import MappedRows


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

        from al_bench.data import scaling
        from al_bench.data.dataset import Dataset
        from al_bench.data.labels import encode
        from al_bench.data.split import stratified_split

        path = find_file(str(self.path), "dataset.path", self.root, folders=True)
        if path.is_dir():
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
            inputs, test_inputs = scaling.standardise(inputs, test_inputs)
        elif self.standardise:
            mean, std = scaling.channel_moments(torch.from_numpy(inputs))
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


def load_folder(config: NpzDataset, folder: Path) -> Dataset:
    """The dataset of a folder with x.npy and y.npy, and x_test.npy and y_test.npy if it has them.

    What `NpzDataset` says of the arrays holds here, too; the labels are read into memory, the inputs are not.

    Raises:
        InputError: a file is missing or malformed; the message names it, what is wrong and what is expected.
    """
    from dataclasses import replace

    import numpy as np
    import torch

    from al_bench.data.dataset import Dataset
    from al_bench.data.labels import encode
    from al_bench.data.mapped import scan
    from al_bench.data.split import stratified_split

    files = {name: _file(folder, name) for name in NAMES}
    for name in ("x", "y"):
        if files[name] is None:
            raise InputError(f"{folder} has no {name}.npy; x.npy and y.npy are expected, as numpy.save writes them")
    if (files["x_test"] is None) != (files["y_test"] is None):
        raise InputError(f"{folder} has one of x_test.npy and y_test.npy; both or neither are expected")
    inputs = _open(files["x"], config.layout)
    labels, names = encode(_labels(files["y"], len(inputs)))
    if len(names) < 2:
        raise InputError(f"{files['y']} holds one class only; at least two are expected")
    if files["x_test"] is not None:
        test_inputs = _open(files["x_test"], config.layout)
        if test_inputs.shape[1:] != inputs.shape[1:] or test_inputs.dtype != inputs.dtype:
            raise InputError(
                f"{folder}: x_test is {test_inputs.dtype} of shape {test_inputs.shape[1:]} a row, "
                f"x is {inputs.dtype} of shape {inputs.shape[1:]}; they must agree"
            )
        test_labels, _ = encode(_labels(files["y_test"], len(test_inputs)), names)
        if (test_labels < 0).any():
            raise InputError(f"{files['y_test']}, row {int((test_labels < 0).argmax())}: its class is not in y.npy")
    else:
        rows, test_rows = stratified_split(labels, config.test_fraction, config.split_seed)
        if len(test_rows) == 0:
            raise InputError(
                f"{folder}: its {len(labels)} rows leave none for the test part; "
                "give more rows, a larger dataset.test_fraction, or x_test.npy and y_test.npy"
            )
        test_inputs, inputs = replace(inputs, rows=test_rows), replace(inputs, rows=rows)
        test_labels, labels = labels[test_rows], labels[rows]
    centre, spread = scan(inputs)
    scan(test_inputs)
    mean = std = None
    if config.standardise and len(inputs.shape) == 2:
        inputs, test_inputs = (replace(part, centre=centre, spread=spread) for part in (inputs, test_inputs))
    elif config.standardise:
        scale = 255 if inputs.dtype is torch.uint8 else 1
        mean, std = (torch.from_numpy((part / scale).astype(np.float32)).reshape(-1, 1, 1) for part in (centre, spread))
    return Dataset(
        name=config.name or folder.name,
        inputs=inputs,
        hidden_labels=torch.from_numpy(labels),
        test_inputs=test_inputs,
        test_labels=torch.from_numpy(test_labels),
        class_names=names,
        mean=mean,
        std=std,
    )


def _file(folder: Path, name: str) -> Path | None:
    found = [folder / f"{spelling}.npy" for spelling in NAMES[name] if (folder / f"{spelling}.npy").is_file()]
    if len({path.resolve() for path in found}) > 1:
        raise InputError(f"{folder} has {' and '.join(path.name for path in found)}; one of them is expected")
    return found[0] if found else None


def _open(path: Path | None, layout: Layout) -> MappedRows:
    from al_bench.data.mapped import MappedRows

    assert path is not None
    array = _read_array(path, "r")
    shape_inputs(path, "x", array, layout)
    return MappedRows(path, array, layout=layout)


def _labels(path: Path | None, rows: int) -> np.ndarray:
    assert path is not None
    return read_labels(path, "y", _read_array(path, None), rows)


def _read_array(path: Path, mode: Literal["r"] | None) -> np.ndarray:
    import numpy as np

    try:
        array = np.load(path, mmap_mode=mode, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(
            f"{path} cannot be read as .npy ({one_line(error)}); "
            "a file written by numpy.save without objects is expected"
        ) from error
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path} is an archive of arrays; a single one is expected, as numpy.save writes it")
    return array
