"""torchvision's image sets, decoded once.

Importing torchvision takes 1.7 to 1.9 seconds and decoding CIFAR-10 another 1.1 to 1.5 (MNIST 0.3); from the cache
(`al_bench.storage.cache`) CIFAR-10 takes 0.7, on one core of a busy AMD EPYC. Tables take 0.2 seconds for 20,000 rows,
words among them, and are read anew.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, fields
from typing import Any

from al_bench.data.dataset import Dataset
from al_bench.data.images import TorchvisionDataset
from al_bench.storage import cache
from al_bench.storage.environment import versions

KIND = "datasets"

logger = logging.getLogger("al_bench")


def load_dataset(component: Any, cache_folder: str | None) -> Dataset:
    """`component.load()`, or the same from the cache.

    Args:
        component: The dataset of a configuration: its keys, and `load`.
        cache_folder: The key `cache` of a run.

    The entry's name covers the files (place, size, time of the last change), the keys of the dataset, all versions and
    the source of al-bench.
    """
    folder = cache.cache_folder(cache_folder)
    files = component.files() if type(component) is TorchvisionDataset else []
    if folder is None or not files:
        return component.load()
    known = [(str(file), status.st_size, status.st_mtime_ns) for file in files for status in [file.stat()]]
    keys = asdict(component)
    name = cache.key({"source": cache.source(), "versions": versions(), "files": known, "keys": keys})
    store = cache.Cache(folder)
    with store.hold(KIND, name):
        if (found := store.load(KIND, name)) is not None:
            logger.info("dataset loaded from %s", store.path(KIND, name))
            return Dataset(**found | {"class_names": tuple(found["class_names"])})
        dataset: Dataset = component.load()
        store.store(KIND, name, entry(dataset))
    return dataset


def entry(dataset: Dataset) -> dict[str, Any]:
    """A dataset's fields, as the cache keeps them."""
    parts = {field.name: getattr(dataset, field.name) for field in fields(dataset)}
    return parts | {"class_names": list(dataset.class_names)}
