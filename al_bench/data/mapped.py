"""Inputs that stay in a file: a folder of .npy arrays, memory-mapped, read a chunk at a time.

The pool may be larger than memory. What is resident is what was asked for: the pages that a reading touched are given
back to the system at once (where it has madvise, as Linux and macOS do), and stay in its page cache as long as there
is room for them.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

from al_bench.data.arrays import NAMES, Layout, read_labels, shape_inputs, view_inputs
from al_bench.data.files import one_line
from al_bench.data.labels import encode
from al_bench.data.moments import safe_deviation
from al_bench.data.split import stratified_split
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.arrays import NpzDataset
    from al_bench.data.dataset import Dataset

CHUNK_BYTES = 2**24
"""Bytes of a file read together when all of it is read: 17 MB."""
SCATTERED = 32
"""Rows read together where they lie far apart: for each the system may map as much as 2 MB of the file."""


@dataclass(frozen=True, eq=False)
class MappedRows:
    """[N, *shape] inputs in a memory-mapped .npy file, indexed like a tensor by slices and by tensors of positions.

    Args:
        path: The file.
        array: The map, [all rows, ...], of any type of real numbers.
        rows: [N] which of them, or None for all.
        layout: Where the channels of images with channels are.
        centre, spread: [D] what is subtracted, and what is divided by then, in float64; None leaves [N, D] as it is.
        device: Where the chunks go.
    """

    path: Path
    array: np.ndarray
    rows: np.ndarray | None = None
    layout: Layout = Layout.auto
    centre: np.ndarray | None = None
    spread: np.ndarray | None = None
    device: torch.device = torch.device("cpu")  # noqa: RUF009, a constant

    def __len__(self) -> int:
        return len(self.array) if self.rows is None else len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, *shape], as the chunks have it."""
        return (len(self), *view_inputs(self.path, "x", self.array[:1], self.layout).shape[1:])

    @property
    def dtype(self) -> torch.dtype:
        """uint8 for images of bytes, else float32."""
        return torch.uint8 if self.array.dtype == np.uint8 and self.array.ndim > 2 else torch.float32

    def to(self, device: torch.device) -> MappedRows:
        """The same inputs, whose chunks go to `device`."""
        return replace(self, device=device)

    def __getitem__(self, wanted: slice | Tensor | int) -> Tensor:
        """[n, *shape] uint8 or float32 on the device, or [*shape] for one position: a copy of the rows wanted."""
        if isinstance(wanted, int):
            return self[range(len(self))[wanted] + torch.arange(1)][0]
        chunk = self.raw(wanted if isinstance(wanted, slice) else wanted.cpu().numpy())
        if self.centre is not None and self.spread is not None:
            chunk = (chunk.astype(np.float64) - self.centre) / self.spread
        kind = np.uint8 if self.dtype is torch.uint8 else np.float32
        return torch.from_numpy(np.ascontiguousarray(chunk, dtype=kind)).to(self.device)

    def raw(self, wanted: slice | np.ndarray) -> np.ndarray:
        """The rows wanted as the file has them, channels first: a copy."""
        places = wanted if self.rows is None else self.rows[wanted]
        if isinstance(places, slice) or self._span(places) <= 4 * CHUNK_BYTES:
            chunk = self._taken(places)
        else:
            chunk = np.concatenate(
                [self._taken(places[at : at + SCATTERED]) for at in range(0, len(places), SCATTERED)]
            )
        return view_inputs(self.path, "x", chunk, self.layout)

    def _span(self, places: np.ndarray) -> int:
        """Bytes of the file from the first to the last of some rows."""
        return (int(places.max()) - int(places.min()) + 1) * self.array[:1].nbytes if len(places) else 0

    def _taken(self, places: slice | np.ndarray) -> np.ndarray:
        """A copy of some rows of the file, whose pages are then given back."""
        chunk = np.array(self.array[places])
        if isinstance(self.array.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self.array.base.madvise(mmap.MADV_DONTNEED)
        return chunk

    def chunks(self) -> Iterator[tuple[int, np.ndarray]]:
        """(first row, `raw` rows) for all rows, `CHUNK_BYTES` at a time."""
        step = max(1, CHUNK_BYTES // max(1, self.array[:1].nbytes))
        for start in range(0, len(self), step):
            yield start, self.raw(slice(start, start + step))

    def digest(self, digest: hashlib.blake2b) -> None:
        """Add every byte to a digest."""
        for part in (self.centre, self.spread):
            digest.update(b"" if part is None else part.tobytes())
        for _, chunk in self.chunks():
            digest.update(np.ascontiguousarray(chunk).data)


def load_folder(config: NpzDataset, folder: Path) -> Dataset:
    """The dataset of a folder with x.npy and y.npy, and x_test.npy and y_test.npy if it has them.

    What `NpzDataset` says of the arrays holds here, too; the labels are read into memory, the inputs are not.

    Raises:
        InputError: a file is missing or malformed; the message names it, what is wrong and what is expected.
    """
    from al_bench.data.dataset import Dataset

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


def scan(inputs: MappedRows) -> tuple[np.ndarray, np.ndarray]:
    """Mean and (population) standard deviation by column or channel, in one pass over the file, in float64.

    Chunks are joined by Chan, Golub and LeVeque 1979 (Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances, eq. 2.1): M ← M + M' + δ² n n' / (n + n') with δ the difference of the means.

    Returns:
        [D] or [C] means and deviations on the file's own scale, 1 in place of a deviation that is zero.

    Raises:
        InputError: a value is NaN, infinite or beyond float32; the message names the row.
    """
    count, mean, square = 0, np.zeros(1), np.zeros(1)
    for start, chunk in inputs.chunks():
        exact = chunk.astype(np.float64)
        finite = (np.abs(exact) <= np.finfo(np.float32).max).reshape(len(exact), -1).all(axis=1)  # NaN is not
        if not finite.all():
            row = start + int(finite.argmin())
            row = row if inputs.rows is None else int(inputs.rows[row])
            raise InputError(f"{inputs.path}, row {row}: a value is NaN, infinite or beyond float32")
        axes = (0, *range(2, exact.ndim))
        number, centre = exact.size // exact.shape[1], exact.mean(axis=axes, keepdims=True)
        spread = np.square(exact - centre).sum(axis=axes)
        delta = centre.reshape(-1) - mean
        square = square + spread + np.square(delta) * count * number / (count + number)
        mean = mean + delta * number / (count + number)
        count += number
    return mean, safe_deviation(np.sqrt(square / count), mean)


def _file(folder: Path, name: str) -> Path | None:
    found = [folder / f"{spelling}.npy" for spelling in NAMES[name] if (folder / f"{spelling}.npy").is_file()]
    if len({path.resolve() for path in found}) > 1:
        raise InputError(f"{folder} has {' and '.join(path.name for path in found)}; one of them is expected")
    return found[0] if found else None


def _read(path: Path, mode: Literal["r"] | None) -> np.ndarray:
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


def _open(path: Path | None, layout: Layout) -> MappedRows:
    assert path is not None
    array = _read(path, "r")
    shape_inputs(path, "x", array, layout)
    return MappedRows(path, array, layout=layout)


def _labels(path: Path | None, rows: int) -> np.ndarray:
    assert path is not None
    return read_labels(path, "y", _read(path, None), rows)
