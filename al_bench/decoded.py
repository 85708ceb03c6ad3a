"""torchvision's image sets, decoded once.

Importing torchvision takes 1.7 to 1.9 seconds and decoding CIFAR-10 another 1.1 to 1.5 (MNIST 0.3); from the cache, see
`al_bench.cache`, CIFAR-10 takes 0.7 (one core of a busy AMD EPYC). Tables take 0.2 seconds for 20,000 rows, words
among them, and are read anew.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, fields
from typing import Any

from al_bench import cache
from al_bench.config import RunConfig
from al_bench.data.dataset import Dataset
from al_bench.data.images import TorchvisionDataset
from al_bench.provenance import versions

KIND = "datasets"

logger = logging.getLogger("al_bench")


def load_dataset(config: RunConfig) -> Dataset:
    """`config.dataset.load()`, or the same from the cache.

    The entry's name covers the files (place, size, time of the last change), the keys of the dataset, all versions and
    the source of al-bench.
    """
    folder = cache.cache_folder(config.cache)
    files = config.dataset.files() if type(config.dataset) is TorchvisionDataset else []
    if folder is None or not files:
        return config.dataset.load()
    known = [(str(file), status.st_size, status.st_mtime_ns) for file in files for status in [file.stat()]]
    keys = asdict(config.dataset)
    name = cache.key({"source": cache.source(), "versions": versions(), "files": known, "keys": keys})
    store = cache.Cache(folder)
    with store.hold(KIND, name):
        if (found := store.load(KIND, name)) is not None:
            logger.info("dataset loaded from %s", store.path(KIND, name))
            return Dataset(**found | {"class_names": tuple(found["class_names"])})
        dataset: Dataset = config.dataset.load()
        store.store(KIND, name, entry(dataset))
    return dataset


def entry(dataset: Dataset) -> dict[str, Any]:
    """A dataset's fields, as the cache keeps them."""
    parts = {field.name: getattr(dataset, field.name) for field in fields(dataset)}
    return parts | {"class_names": list(dataset.class_names)}
