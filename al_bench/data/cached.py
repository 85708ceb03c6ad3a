"""torchvision's image sets, decoded once and then read from the cache (`al_bench.storage.cache`).

Importing torchvision takes 1.7 to 1.9 seconds and decoding CIFAR-10 another 1.1 to 1.5 (MNIST 0.3); from the cache
CIFAR-10 takes 0.7 in all, on one core of a busy AMD EPYC. Tables are not cached: 20,000 rows with columns of text take
0.2 seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from al_bench.data.checked import check_dataset
from al_bench.data.dataset import Dataset
from al_bench.data.images import TorchvisionDataset
from al_bench.data.user_data import UserData
from al_bench.storage import cache
from al_bench.storage.environment import versions

KIND = "datasets"

logger = logging.getLogger("al_bench")


def load_dataset(
    component: Any, cache_folder: str | None, initial_rows: Sequence[int | str] = (), validation: bool = False
) -> Dataset:
    """`component.load()`, or the same from the cache.

    Args:
        component: A configuration's dataset: a dataclass whose fields are its keys, with a method `load`.
        cache_folder: The value of a run's key `cache`.
        initial_rows: Rows of a user's file that a test part split off leaves alone.
        validation: Whether the validation part that a user's files name is read.

    The entry's name covers the files (path, size, time of the last change), the keys of the dataset, the versions of
    all packages and the source of al-bench.
    """
    if isinstance(component, UserData):
        return component.load(initial_rows, validation, cache_folder)
    folder = cache.cache_folder(cache_folder)
    files = component.files() if type(component) is TorchvisionDataset else []
    if folder is None or not files:
        return component.load()
    file_facts = [(str(file), status.st_size, status.st_mtime_ns) for file in files for status in [file.stat()]]
    name = cache.key({"source": cache.source(), "versions": versions(), "files": file_facts, "keys": asdict(component)})
    store = cache.Cache(folder)
    with store.hold(KIND, name):
        if (values := store.load(KIND, name)) is not None:
            try:
                cached = check_dataset(Dataset(**values | {"class_names": tuple(values["class_names"])}), "the cache")
            except Exception as error:  # an entry of other content than this code writes: whatever its use raises
                store.reject(KIND, name, f"its content is another ({type(error).__name__})")
            else:
                logger.info("dataset loaded from %s", store.path(KIND, name))
                return cached
        dataset: Dataset = component.load()
        store.store(KIND, name, as_dict(dataset))
    return dataset


def as_dict(dataset: Dataset) -> dict[str, Any]:
    """A dataset's fields by name, of the types that the cache can store."""
    user_data = ("origins", "test_origins", "reading", "validation")  # which no cached data set has
    parts = {field.name: getattr(dataset, field.name) for field in fields(dataset) if field.name not in user_data}
    return parts | {"class_names": list(dataset.class_names)}
