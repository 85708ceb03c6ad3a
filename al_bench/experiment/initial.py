"""The sets that a run begins with: the initial labelled set, the validation set, and the pool without the latter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from al_bench.config.schema import InitialKind, Reference, RunConfig, default_kind
from al_bench.data.dataset import Dataset
from al_bench.data.encoders.reduced import truncated_svd
from al_bench.data.parts import choose_rows
from al_bench.data.sparse import SparseRows
from al_bench.errors import InputError
from al_bench.kernels.clusters import kmeans_batch
from al_bench.pool import Indices, PoolState, draw_initial
from al_bench.rng import Streams
from al_bench.storage.cache import cache_folder

MOST_CLUSTERED = 20_000
"""Points of the pool that K-means sees for a start from clusters, which bounds its time and memory."""


def draw_sets(
    config: RunConfig, dataset: Dataset, streams: Streams, encoded: Callable[[], Dataset]
) -> tuple[PoolState, Indices]:
    """The pool at round 0, and the validation set.

    Indices given by the user are never drawn into the validation set.

    Args:
        encoded: The data set as a network sees it, for a start from clusters.

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
    return PoolState.start(pool, draw_start(config, dataset, pool, streams, encoded)), validation


def draw_start(
    config: RunConfig, dataset: Dataset, pool: Indices, streams: Streams, encoded: Callable[[], Dataset]
) -> Indices:
    """[L] dataset indices of the initial set, drawn from the pool as `initial.kind` says.

    Raises:
        InputError: a class has fewer points than its share of a balanced start, or there is nothing to cluster.
    """
    kind, size = config.initial.kind, config.initial.size
    if kind is InitialKind.auto:
        kind = default_kind(type(config.dataset))
    if kind is InitialKind.clusters:
        return draw_from_clusters(dense(encoded(), cache_folder(config.cache)), pool, size, streams)
    labels = dataset.true_labels(torch.tensor(pool)).cpu().numpy()
    balanced, generator = kind is InitialKind.balanced, streams.numpy("initial")
    if balanced:
        pool, labels = pool[labels >= 0], labels[labels >= 0]
    try:
        return draw_initial(pool, labels, size, balanced, generator, dataset.class_names)
    except ValueError as error:
        raise InputError(f"initial.kind is balanced, but {error}; set initial.kind=random or clusters") from error


def dense(dataset: Dataset, folder: Path | None) -> Dataset:
    """A data set of dense inputs: sparse ones give way to their truncated SVD.

    Args:
        folder: Of what runs share, or None.
    """
    if not isinstance(dataset.inputs, SparseRows):
        return dataset
    return replace(dataset, inputs=truncated_svd(dataset.inputs, folder))


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


def draw_from_clusters(dataset: Dataset, pool: Indices, size: int, streams: Streams) -> Indices:
    """[L] the point nearest to the mean of each of L clusters of the pool's inputs; no label is read.

    argmin_x ‖x − μ_j‖ for the means μ_1 … μ_L of K-means, in the order of the clusters' sizes. The inputs are those
    that a network sees: an encoder's features, else standardised numbers, categories as 0/1 columns and images as rows
    of pixels. K-means runs on a random subset of `MOST_CLUSTERED` points where the pool has more.

    Args:
        pool: [P] dataset indices.
        size: L.

    Raises:
        InputError: the inputs are token ids.

    Source: Kang, Ryu and Kwon 2004, Using Cluster-Based Sampling to Select Initial Training Set for Active Learning in
        Text Classification; on features of pretrained networks, Yuan, Lin and Boyd-Graber 2020 (ALPS) and Hacohen,
        Dekel and Weinshall 2022 (TypiClust) start so.
    Departures: The means themselves are not labelled as further points (model examples, Kang et al.). Where clusters
        are empty, as copies can leave them, random points take their place.
    """
    if dataset.encoding is not None and dataset.encoding.tokens:
        raise InputError(
            "initial.kind is clusters, and the model's inputs are token ids, which have no distances; set "
            "initial.kind=random"
        )
    chosen = np.sort(streams.numpy("initial").choice(pool, min(len(pool), max(MOST_CLUSTERED, size)), replace=False))
    inputs = dataset.prepare(dataset.inputs[torch.tensor(chosen)]).flatten(1)
    return chosen[kmeans_batch(inputs, size, streams.torch("initial")).cpu().numpy()]
