"""Both parts of a user's arrays as a run takes them: in memory, or in their files; scaled by the training part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from al_bench.data import scaling
from al_bench.data.dataset import Inputs
from al_bench.data.mapped import MappedRows
from al_bench.data.parts import Repeated, RowDigests, repeated_rows


@dataclass(frozen=True)
class ScaledInputs:
    """Both parts' inputs, and what `Dataset.prepare` subtracts and divides by, as `Dataset` has them.

    Args:
        repeated: The rows that are in both parts; None where they were not counted.
    """

    inputs: Inputs
    test_inputs: Inputs
    repeated: Repeated | None
    mean: Tensor | None = None
    std: Tensor | None = None


def load_inputs(train: MappedRows, test: MappedRows, standardise: bool, counted: bool = True) -> ScaledInputs:
    """Both parts in memory: [N, D] scaled by column, images as they are with the moments of their channels.

    Args:
        train, test: Their rows.
        standardise: Whether they are scaled.
        counted: Whether rows that are in both parts are counted.

    Raises:
        InputError: A value is NaN, infinite or beyond float32.
    """
    for part in (train, test):
        for _ in part.checked_chunks():
            pass
    arrays = [part.read(slice(None)) for part in (train, test)]
    if standardise and arrays[0].ndim == 2:
        arrays = list(scaling.standardise(*arrays))
    dtype = np.uint8 if train.dtype is torch.uint8 else np.float32
    inputs, test_inputs = (torch.from_numpy(np.ascontiguousarray(array, dtype=dtype)) for array in arrays)
    repeated = repeated_rows(inputs.numpy(), test_inputs.numpy()) if counted else None
    if not standardise or inputs.ndim == 2:
        return ScaledInputs(inputs, test_inputs, repeated)
    return ScaledInputs(inputs, test_inputs, repeated, *scaling.channel_moments(inputs))


def map_inputs(train: MappedRows, test: MappedRows, standardise: bool, counted: bool = True) -> ScaledInputs:
    """`load_inputs` without the memory: the inputs stay in their files, each of which is read once.

    Args:
        train, test, standardise, counted: See `load_inputs`.

    Raises:
        InputError: A value is NaN, infinite or beyond float32.
    """
    rows, test_rows = RowDigests(), RowDigests()
    mean, std = train.moments(rows.add if counted else None)
    for chunk in test.checked_chunks():
        if counted:
            test_rows.add(chunk)
    both = (len(train), len(test), test_rows.count_in(rows), rows.count_in(test_rows))
    repeated = Repeated(*both) if counted else None
    if not standardise:
        return ScaledInputs(train, test, repeated)
    if len(train.shape) == 2:
        return ScaledInputs(train.standardise(mean, std), test.standardise(mean, std), repeated)
    largest = 255 if train.dtype is torch.uint8 else 1
    moments = (scaling.per_channel(moment / largest) for moment in (mean, std))
    return ScaledInputs(train, test, repeated, *moments)
