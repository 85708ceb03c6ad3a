"""Rows of a training part chosen, repeated or disturbed, whatever its inputs are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from al_bench.data.dataset import Dataset, Inputs
from al_bench.data.mapped import MappedRows
from al_bench.data.sparse import SparseRows
from al_bench.errors import InputError

Rows = NDArray[np.int64]

BLOCK = 4096
"""Rows that noise is added to at a time."""


def take_inputs(inputs: Inputs, rows: Rows) -> Inputs:
    """The inputs [n, *shape] at some positions, in their order; a row may be there several times."""
    if isinstance(inputs, MappedRows):
        return inputs.take(rows if inputs.rows is None else inputs.rows[rows])
    if isinstance(inputs, SparseRows):
        return replace(inputs, csr=inputs.csr[rows])
    return inputs[torch.from_numpy(rows)]


def take_training(dataset: Dataset, rows: Rows) -> Dataset:
    """A data set with some rows of its training part, in their order; the first copy of a row stays a validation point.

    Args:
        dataset: Its validation part, if any, is among the rows.
        rows: [n] dataset indices.
    """
    changed: dict[str, Any] = {
        "inputs": take_inputs(dataset.inputs, rows),
        "hidden_labels": dataset.hidden_labels[torch.from_numpy(rows)],
    }
    if dataset.origins is not None:
        changed["origins"] = dataset.origins[rows]
    if dataset.validation is not None:
        held_out = np.isin(rows, dataset.validation.cpu().numpy())
        first = np.zeros(len(rows), dtype=bool)
        first[np.unique(rows, return_index=True)[1]] = True
        changed["validation"] = torch.from_numpy(np.flatnonzero(held_out & first))
    return replace(dataset, **changed)


def held_out_rows(dataset: Dataset) -> Rows:
    """The dataset indices of the validation part that the files name, which no stress changes."""
    return np.empty(0, np.int64) if dataset.validation is None else dataset.validation.cpu().numpy()


def spread(inputs: Tensor) -> NDArray[np.float64]:
    """[*shape] the standard deviation of every feature over the rows of inputs [N, *shape], in float64."""
    flat = inputs.flatten(1)
    total, square = np.zeros(flat.shape[1]), np.zeros(flat.shape[1])
    for start in range(0, len(flat), BLOCK):
        block = flat[start : start + BLOCK].double().cpu().numpy()
        total, square = total + block.sum(0), square + (block**2).sum(0)
    mean = total / len(flat)
    return np.sqrt(np.maximum(square / len(flat) - mean**2, 0)).reshape(inputs.shape[1:])


def disturbed(inputs: Tensor, scale: NDArray[np.float64], generator: np.random.Generator) -> Tensor:
    """Inputs [n, *shape] with x + s · ε, ε ~ N(0, 1) for every number; images of bytes are rounded and cut to 0 … 255.

    Args:
        scale: [*shape] s.
    """
    out = inputs.clone()
    for start in range(0, len(inputs), BLOCK):
        block = inputs[start : start + BLOCK].double().cpu().numpy()
        block = block + scale * generator.standard_normal(block.shape)
        if inputs.dtype == torch.uint8:
            block = np.clip(np.round(block), 0, 255)
        out[start : start + BLOCK] = torch.from_numpy(block).to(inputs.dtype)
    return out


def numbers_of(inputs: Inputs, key: str, dataset: Dataset) -> Tensor:
    """Inputs that noise can be added to.

    Raises:
        InputError: They are texts, sparse, or stay in a file.
    """
    if isinstance(inputs, Tensor):
        return inputs
    kind = {MappedRows: "stay in a file", SparseRows: "are sparse"}.get(type(inputs), "are texts")
    raise InputError(f"{key} adds noise to the numbers of the inputs, and those of {dataset.name} {kind}; set {key}=0")
