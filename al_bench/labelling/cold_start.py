"""The batch while there are no two labelled classes, from which no model learns: typical items, or random ones."""

from __future__ import annotations

import numpy as np
import torch

from al_bench.config.schema import InitialKind, RunConfig
from al_bench.data.dataset import Dataset
from al_bench.experiment.initial import MOST_CLUSTERED, dense, draw_from_clusters
from al_bench.kernels.typiclust import select_typiclust
from al_bench.pool import Indices, draw_initial
from al_bench.rng import Streams
from al_bench.storage.cache import cache_folder


def cold_start(
    config: RunConfig, dataset: Dataset, candidates: Indices, labelled: Indices, batch: int, turn: int, automatic: bool
) -> tuple[Indices, str]:
    """The items to ask first: TypiClust on an encoder's features, else at random, which equals `initial.kind=random`.

    Of more than 20,000 items a random part of so many is clustered.

    Args:
        config: `initial.kind=random` or `clusters` says how; its seed counts.
        dataset: As a network sees it.
        candidates: [N] dataset indices that may be asked, ascending.
        labelled: [L] those that have a label.
        batch: B.
        turn: Cold starts before this one.
        automatic: Whether nobody said how.

    Returns:
        [B] dataset indices in the order picked, and how they were chosen.

    Source: Hacohen, Dekel and Weinshall 2022 (TypiClust), which is made for the first labels.
    """
    streams = Streams(config.seed)
    batch = min(batch, len(candidates))
    kind = config.initial.kind
    if kind is InitialKind.clusters and not automatic:
        return draw_from_clusters(dense(dataset, cache_folder(config.cache)), candidates, batch, streams), "clusters"
    if kind is InitialKind.random and not automatic:
        return _random(candidates, batch, streams, turn), "at random"
    if dataset.encoding is None or dataset.encoding.tokens:
        return _random(candidates, batch, streams, turn), "at random, as there is no encoder"
    some, part = candidates, ""
    if len(candidates) > MOST_CLUSTERED:
        some = np.sort(streams.numpy("cold_start", turn).choice(candidates, MOST_CLUSTERED, replace=False))
        part = f" of {MOST_CLUSTERED:,} random items"
    reduced = dense(dataset, cache_folder(config.cache))
    features = reduced.prepare(reduced.numbers(torch.tensor(some))).flatten(1).cpu()
    known = reduced.prepare(reduced.numbers(torch.tensor(labelled))).flatten(1).cpu() if len(labelled) else features[:0]
    chosen = select_typiclust(features, known, batch, streams.torch("cold_start", turn))
    return some[chosen.rows.numpy()], f"TypiClust on the encoder's features{part}"


def _random(candidates: Indices, batch: int, streams: Streams, turn: int) -> Indices:
    return draw_initial(candidates, np.zeros(len(candidates)), batch, False, streams.numpy("initial", turn))
