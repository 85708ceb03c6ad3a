"""A dataset: inputs, in memory or in a file, with labels that are hidden until they are acquired."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from al_bench.data.column_codes import ColumnCode
from al_bench.data.encoding import Encoding
from al_bench.data.mapped import MappedRows
from al_bench.data.reading import Reading
from al_bench.data.sparse import SparseRows
from al_bench.data.texts import Texts
from al_bench.errors import InputError

Inputs = Tensor | MappedRows | SparseRows | Texts
"""Raw inputs, indexed by slices and by tensors of positions; what an index gives is a tensor, or texts of Texts."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training part, of which the pool and the validation set are subsets, and a test part.

    Args:
        name: The dataset's name, used in folders and titles.
        inputs: [N, *shape] the training part: uint8 for images or float32; a tensor, or rows of a file. Or [N] texts,
            which an encoder turns into features before anything is trained.
        hidden_labels: [N] int64, the true classes; −1 for a point of none of the classes. Only `labels` and
            `true_labels` read them, and only the round loop calls these: a strategy never receives a Dataset, so it
            cannot see the label of an unlabelled point.
        test_inputs: [T, *shape], of the same type as `inputs`.
        test_labels: [T] int64.
        class_names: One name a class, C in all.
        mean, std: float32, broadcastable to [n, *shape]: what `prepare` subtracts and divides by, on the scale [0, 1]
            for uint8 inputs; None leaves the values as they are.
        origins: [N] what the user calls each training point: the row of the file, counted from 0 without the header
            (int64), or a text such as the column `dataset.id`; None where an index is all there is.
        test_origins: [T] of the same.
        reading: What was read of a user's data, to be said before a run.
        encoding: What the inputs were before an encoder made features of them; None where they are raw.
        validation: [V] int64 dataset indices of the validation part that the files name, read where `validation=file`.
        given_labels: [N] int64 what a simulated annotator says of every point, −1 where it gives no label; None where
            it always says the true class.
        column_codes: How each column of a table became inputs; empty where the inputs are no such columns.
    """

    name: str
    inputs: Inputs
    hidden_labels: Tensor
    test_inputs: Inputs
    test_labels: Tensor
    class_names: tuple[str, ...]
    mean: Tensor | None = None
    std: Tensor | None = None
    origins: np.ndarray | None = None
    test_origins: np.ndarray | None = None
    reading: Reading | None = None
    encoding: Encoding | None = None
    validation: Tensor | None = None
    given_labels: Tensor | None = None
    column_codes: tuple[ColumnCode, ...] = ()

    @property
    def size(self) -> int:
        """N, the number of training points."""
        return len(self.inputs)

    @property
    def classes(self) -> int:
        """C, the number of classes."""
        return len(self.class_names)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one input, (D,) or (C, H, W)."""
        return tuple(self.inputs.shape[1:])

    def labels(self, indices: Tensor) -> Tensor:
        """[n] labels of the dataset indices [n], as the annotator gives them."""
        labels = self.hidden_labels if self.given_labels is None else self.given_labels
        return labels[indices.to(labels.device)]

    def true_labels(self, indices: Tensor) -> Tensor:
        """[n] the true classes of the dataset indices [n], for records and for oracles; −1 for none of the classes."""
        return self.hidden_labels[indices.to(self.hidden_labels.device)]

    def items(self, indices: ArrayLike) -> list[int | str]:
        """What the user calls some training points: their origins, else the indices themselves."""
        if self.origins is None:
            return [int(index) for index in np.asarray(indices)]
        return [value if isinstance(value, str) else int(value) for value in self.origins[np.asarray(indices)].tolist()]

    @property
    def is_text(self) -> bool:
        """Whether the inputs are raw texts."""
        return isinstance(self.inputs, Texts)

    def check_trainable(self) -> None:
        """Refuse raw texts, from which no model learns.

        Raises:
            InputError: naming the encoder to choose.
        """
        if self.is_text:
            raise self._untrainable()

    def _untrainable(self) -> InputError:
        return InputError(
            f"dataset {self.name} holds texts, which no model takes as they are: give encoder=tfidf, or another "
            "encoder of texts"
        )

    def numbers(self, positions: slice | Tensor) -> Tensor:
        """Raw inputs [n, *shape] at some positions of the training part.

        Raises:
            InputError: The inputs are texts.
        """
        self.check_trainable()
        batch = self.inputs[positions]
        assert isinstance(batch, Tensor)
        return batch

    def prepare(self, batch: Tensor | Texts) -> Tensor:
        """Raw inputs [n, *shape] as float32 for the network: bytes scaled to [0, 1], then (x − mean) / std.

        Raises:
            InputError: The inputs are texts.
        """
        if isinstance(batch, Texts):
            raise self._untrainable()
        out = batch.to(torch.float32)
        if batch.dtype == torch.uint8:
            out = out / 255
        if self.mean is not None:
            out = out - self.mean
        if self.std is not None:
            out = out / self.std
        return out

    def to(self, device: torch.device) -> Dataset:
        """The same data on `device`; this very data set where all of it is there."""
        parts = [value for value in vars(self).values() if isinstance(value, Inputs)]
        if all(getattr(part, "device", device) == device for part in parts):
            return self
        moved: dict[str, Any] = {
            key: value.to(device) for key, value in vars(self).items() if isinstance(value, Inputs)
        }
        return replace(self, **moved)

    def fingerprint(self) -> str:
        """16 hex digits over shapes, types and every byte of raw inputs and labels, test part included."""
        return self._fingerprint if self.encoding is None else self.encoding.fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=8)
        for part in (self.inputs, self.hidden_labels, self.test_inputs, self.test_labels):
            digest.update(f"{part.dtype}{tuple(part.shape)}".encode())
            if isinstance(part, MappedRows | SparseRows | Texts):
                part.update(digest)
            else:
                digest.update(part.detach().cpu().contiguous().numpy().data)
        if self.validation is not None:
            digest.update(self.validation.cpu().numpy().data)
        return digest.hexdigest()
