"""A user's own arrays: an .npz file with inputs and labels, or a folder of .npy files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.data.files import find_file
from al_bench.data.shapes import Layout
from al_bench.data.split import check_split, split_off_test_part
from al_bench.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from al_bench.data.array_files import NamedArray
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
        split_seed: Seed of the choice of rows, independent of the run's seed.
        standardise: See above.
        layout: See above.
        name: The dataset's name; the file's name without its ending if not given.
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
            InputError: A file is missing or malformed; the message names it, what is wrong and what is expected.
        """
        import torch

        from al_bench.data.array_files import load_inputs, map_inputs, open_folder, read_archive
        from al_bench.data.dataset import Dataset
        from al_bench.data.labels import encode

        path = find_file(str(self.path), "dataset.path", self.root, folders=True)
        in_memory = path.is_file()
        arrays = read_archive(path) if in_memory else open_folder(path)
        inputs = arrays["x"].inputs(self.layout)
        labels, class_names = encode(arrays["y"].labels(len(inputs)))
        if len(class_names) < 2:
            raise InputError(f"{arrays['y'].where} holds one class only; at least two are expected")
        if "x_test" in arrays:
            test_inputs, test_labels = self._test_part(arrays, inputs, class_names)
        else:
            rows, test_rows = split_off_test_part(
                str(path), labels, self.test_fraction, self.split_seed, "x_test and y_test"
            )
            inputs, test_inputs = inputs.take(rows), inputs.take(test_rows)
            labels, test_labels = labels[rows], labels[test_rows]
        scaled = (load_inputs if in_memory else map_inputs)(inputs, test_inputs, self.standardise)
        return Dataset(
            name=self.name or (path.name.split(".")[0] if in_memory else path.name),
            inputs=scaled.inputs,
            hidden_labels=torch.from_numpy(labels),
            test_inputs=scaled.test_inputs,
            test_labels=torch.from_numpy(test_labels),
            class_names=class_names,
            mean=scaled.mean,
            std=scaled.std,
        )

    def _test_part(
        self, arrays: dict[str, NamedArray], inputs: MappedRows, class_names: tuple[str, ...]
    ) -> tuple[MappedRows, np.ndarray]:
        """The arrays of a test part given by the user, which must fit the training part."""
        from al_bench.data.labels import encode

        test_inputs = arrays["x_test"].inputs(self.layout)
        if test_inputs.shape[1:] != inputs.shape[1:] or test_inputs.dtype != inputs.dtype:
            raise InputError(
                f"{test_inputs.where} becomes {test_inputs.dtype} of shape {test_inputs.shape[1:]} a row, and "
                f"{inputs.where} {inputs.dtype} of shape {inputs.shape[1:]}; they must agree"
            )
        test_labels, _ = encode(arrays["y_test"].labels(len(test_inputs)), class_names)
        if (test_labels < 0).any():
            row = int((test_labels < 0).argmax())
            raise InputError(
                f"{arrays['y_test'].where}, row {row}: its class does not occur among the labels of the training part"
            )
        return test_inputs, test_labels
