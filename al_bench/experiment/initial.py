"""The sets that a run begins with: the initial labelled set, the validation set, and the pool without the latter."""

from __future__ import annotations

import numpy as np
import torch

from al_bench.config.schema import InitialKind, Reference, RunConfig
from al_bench.data.dataset import Dataset
from al_bench.data.parts import choose_rows
from al_bench.errors import InputError
from al_bench.pool import Indices, PoolState, draw_initial
from al_bench.rng import Streams


def draw_sets(config: RunConfig, dataset: Dataset, streams: Streams) -> tuple[PoolState, Indices]:
    """The pool at round 0, and the validation set.

    Indices given by the user are never drawn into the validation set.

    Raises:
        InputError: the training part is too small for the sizes asked for.
    """
    given = np.array(config.initial.indices or [], dtype=np.int64)
    if config.initial.rows is not None:
        origins = np.arange(dataset.size) if dataset.origins is None else dataset.origins
        given = choose_rows(origins, config.initial.rows, dataset.name)
    if len(outside := given[(given < 0) | (given >= dataset.size)]):
        raise InputError(f"initial.indices has {outside[0]}; {dataset.name} has indices 0 to {dataset.size - 1}")
    if len(np.unique(given)) != len(given):
        raise InputError("initial.indices names an index twice")
    validation = _validation(config.validation, dataset, given, streams)
    pool = np.setdiff1d(np.arange(dataset.size), validation)
    if config.reference is Reference.full:
        return PoolState.start(pool, pool), validation
    if config.initial.indices is not None or config.initial.rows is not None:
        return PoolState.start(pool, given), validation
    if config.initial.size > len(pool):
        raise InputError(f"initial.size is {config.initial.size} and the pool has {len(pool)} points; lower it")
    labels = dataset.labels(torch.tensor(pool)).cpu().numpy()
    balanced = config.initial.kind is InitialKind.balanced
    try:
        initial = draw_initial(pool, labels, config.initial.size, balanced, streams.numpy("initial"))
    except ValueError as error:
        raise InputError(f"initial.kind is balanced, but {error}; set initial.kind=random") from error
    return PoolState.start(pool, initial), validation


def _validation(wanted: int | str, dataset: Dataset, given: np.ndarray, streams: Streams) -> Indices:
    """The validation set: points at random, none of those that the user named, or the validation part of the files."""
    if isinstance(wanted, str):
        if dataset.validation is None:
            raise InputError(
                f"validation is file, and {dataset.name} has no validation part; give a number of points to hold out, "
                "such as validation=100"
            )
        held_out = dataset.validation.cpu().numpy()
        if len(inside := np.intersect1d(given, held_out)):
            named = dataset.items(inside[:1])[0]
            raise InputError(f"initial names {named!r}, which is in the validation part; name a point of the pool")
        return held_out
    rest = np.setdiff1d(np.arange(dataset.size), given)
    if wanted >= len(rest):
        raise InputError(f"validation is {wanted} and {dataset.name} has {len(rest)} points to take it from; lower it")
    return streams.numpy("validation").choice(rest, wanted, replace=False)
