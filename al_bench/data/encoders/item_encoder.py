"""Encoders whose features of an item depend on that item alone, so that each is computed once, on any data set.

A row of a matrix product differs in its last bits with the shape of the product. So items go through the network in
batches of one size, in which every item has the same shape, the last batch filled up: the features are then a function
of the item, whatever else is computed with it, and whatever has been computed before.
"""

from __future__ import annotations

import logging
import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from al_bench import checks
from al_bench.data.encoders.encoder import Encoder, Workspace
from al_bench.data.encoders.items import Missing, item_digests
from al_bench.data.encoders.network import FeatureNetwork, PlainFunction
from al_bench.data.encoding import Encoding, digest_of
from al_bench.errors import InputError
from al_bench.progress import bar
from al_bench.storage import cache, features
from al_bench.storage.environment import cores, package_versions

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from al_bench.data.dataset import Dataset
    from al_bench.data.mapped import MappedRows

IN_MEMORY = 2**31
"""Bytes of features that are held in memory; more stay in the file: two gigabytes."""
WRITTEN_BATCHES = 8
"""Batches that are written to disk together."""

__all__ = ["FeatureNetwork", "ItemEncoder"]

logger = logging.getLogger("al_bench")


@dataclass
class ItemEncoder(Encoder):
    """An encoder that reads an item at a time; what it has computed is stored item by item.

    Args:
        batch: Items that go through the network together. Features differ in their last bits with it.

    Attributes:
        packages: The installed packages on whose versions the features depend.
        revision: To be raised where the code of the class gives other features than before.
        location_keys: The fields that only say where the weights are; the digest of the weights stands for them.
    """

    packages: ClassVar[tuple[str, ...]] = ("torch", "numpy")
    revision: ClassVar[int] = 1
    location_keys: ClassVar[tuple[str, ...]] = ()
    batch: int = 32

    def __post_init__(self) -> None:
        checks.at_least("encoder.batch", self.batch, 1)

    def check_inputs(self, dataset: Dataset) -> None:
        """Refuse a data set whose inputs the encoder cannot read; by default it reads any.

        Raises:
            InputError: saying what it reads, and what these are.
        """
        return

    def weights_digest(self) -> str:
        """A digest of everything beyond code and settings that the features depend on, such as a file of weights.

        Raises:
            InputError: something is missing: what to install, or what to put where.
        """
        return ""

    @abstractmethod
    def load(self, device: torch.device) -> FeatureNetwork | Callable[[Sequence[Any]], Tensor]:
        """The network, ready to run on a device; or a function from n items to their features [n, D].

        Raises:
            InputError: something is missing: what to install, or what to put where.
        """

    def facts(self, workspace: Workspace) -> dict[str, Any]:
        """All that the features of an item depend on, beyond the item, as the run's header says it."""
        facts = {
            "encoder": f"{type(self).__module__}.{type(self).__qualname__}",
            "revision": self.revision,
            "weights": self.weights_digest(),
            "own_code": workspace.own_code,
            "versions": package_versions(self.packages),
            "device": workspace.device.type,
        }
        return {key: value for key, value in facts.items() if value is not None}

    def store(self, workspace: Workspace, facts: dict[str, Any]) -> features.FeatureStore | None:
        """Where the features are stored; None where nothing is."""
        import torch

        if workspace.cache is None:
            return None
        device = workspace.device
        cuda = device.type == "cuda"
        machine = torch.cuda.get_device_name(device) if cuda else f"{cache.processor()}, {cores()} threads"
        settings = {key: value for key, value in asdict(self).items() if key not in self.location_keys}
        environment = [os.environ.get(name) for name in cache.ROUNDING]
        key = cache.key({"facts": facts, "settings": settings, "machine": machine, "environment": environment})
        return features.FeatureStore(workspace.cache / features.FOLDER / f"{type(self).__name__}-{key}")

    def encode(self, dataset: Dataset, workspace: Workspace) -> Dataset:
        self.check_inputs(dataset)
        facts = self.facts(workspace)
        store = self.store(workspace, facts)
        parts = [item_digests(inputs) for inputs in (dataset.inputs, dataset.test_inputs)]
        known = 0
        rows: np.ndarray
        with encoding_threads():
            if store is None:
                rows, position = self._compute(dataset, parts, {}, workspace, None, facts)
            else:
                try:
                    rows, position, known = self._through(store, dataset, parts, workspace, facts)
                except OSError as error:
                    logger.warning("no features are stored in %s: %s", store.path, error)
                    rows, position = self._compute(dataset, parts, {}, workspace, None, facts)
        inputs = [_inputs(rows, np.array([position[item] for item in part], dtype=np.int64)) for part in parts]
        digest = digest_of(inputs)
        dimension = int(rows.shape[1])
        encoding = Encoding(
            dataset.fingerprint(),
            digest,
            dimension,
            facts,
            points=len({*parts[0], *parts[1]}),
            cached=None if store is None else known,
        )
        return replace(dataset, inputs=inputs[0], test_inputs=inputs[1], mean=None, std=None, encoding=encoding)

    def describe(self, dataset: Dataset, workspace: Workspace) -> str:
        rows, cached, different = self._in_cache(dataset, workspace)
        shape = "" if rows is None else f"{rows.shape[1]:,} numbers an item, "
        return f"{shape}{cached:,} of {different:,} different items are in the cache"

    def count_missing(self, dataset: Dataset, workspace: Workspace) -> int:
        """How many different items have no features in the cache.

        Args: as `encode`.

        Raises:
            InputError: as `encode`.
        """
        _, cached, different = self._in_cache(dataset, workspace)
        return different - cached

    def _in_cache(self, dataset: Dataset, workspace: Workspace) -> tuple[np.ndarray | None, int, int]:
        """The rows of the store, if there are any, how many of the items are there, and how many differ."""
        self.check_inputs(dataset)
        items = {item for inputs in (dataset.inputs, dataset.test_inputs) for item in item_digests(inputs)}
        store = self.store(workspace, self.facts(workspace))
        rows, position = (None, {}) if store is None else store.find(list(items))
        return rows, len(position), len(items)

    def _through(
        self,
        store: features.FeatureStore,
        dataset: Dataset,
        parts: list[list[bytes]],
        workspace: Workspace,
        facts: dict[str, Any],
    ) -> tuple[np.ndarray, dict[bytes, int], int]:
        """The rows of a store once all items are in it, where each item is, and how many were before."""
        items = [*parts[0], *parts[1]]
        rows, position = store.find(items)
        if rows is not None and len(position) == len(set(items)):
            return rows, position, len(position)
        with store.hold():
            rows, position = store.find(items)  # another process may have been at it
            known = len(position)
            if known < len(set(items)):
                self._compute(dataset, parts, position, workspace, store, facts)
                features.prune(store.path.parent, keep=store)
                rows, position = store.find(items)
        if rows is None or len(position) < len(set(items)):
            raise OSError("what was written cannot be read")
        return rows, position, known

    def _compute(
        self,
        dataset: Dataset,
        parts: list[list[bytes]],
        there: dict[bytes, int],
        workspace: Workspace,
        store: features.FeatureStore | None,
        facts: dict[str, Any],
    ) -> tuple[np.ndarray, dict[bytes, int]]:
        """Compute the features of the items that are not there, batch by batch, and store them.

        Returns:
            The new rows (an empty array where they were stored), and where each new item is among them.
        """
        import torch

        missing = Missing(dataset, parts, there)
        loaded = self.load(workspace.device)
        network = loaded if isinstance(loaded, FeatureNetwork) else PlainFunction(loaded)
        computed: list[np.ndarray] = []
        order: list[bytes] = []
        waiting: list[tuple[list[bytes], np.ndarray]] = []

        def write() -> None:
            if store is not None and waiting:
                names = [name for batch, _ in waiting for name in batch]
                store.append(names, np.concatenate([rows for _, rows in waiting]), facts)
                waiting.clear()

        with bar("encoding", len(missing), "items") as progress:
            try:
                for size, positions in missing.batches(network, self.batch):
                    items = missing.items(positions)
                    filled = items + [items[-1]] * (self.batch - len(items))
                    with torch.inference_mode():
                        batch = network(filled, size)[: len(items)]
                    rows = self.check_features(batch, len(items))
                    names = [missing.digests[position] for position in positions]
                    if store is None:
                        computed.append(rows)
                        order += names
                    else:
                        waiting.append((names, rows))
                        if len(waiting) == WRITTEN_BATCHES:
                            write()
                    progress.update(len(items))
            finally:  # an interrupted run keeps what it has computed
                write()
        rows = np.concatenate(computed) if computed else np.empty((0, 0), np.float32)
        return rows, {item: row for row, item in enumerate(order)}

    def check_features(self, batch: object, count: int) -> np.ndarray:
        """[n, D] float32 on the CPU, from what a network gave for n items.

        Raises:
            InputError: It is not one row of finite numbers an item.
        """
        from torch import Tensor

        if not isinstance(batch, Tensor) or batch.ndim != 2 or len(batch) != count or batch.shape[1] == 0:
            shape = list(batch.shape) if isinstance(batch, Tensor) else f"a {type(batch).__name__}"
            raise InputError(f"{type(self).__name__} gives {shape} for {count} items; it must give one row an item")
        if not batch.isfinite().all():
            raise InputError(f"{type(self).__name__} gives features that are NaN or infinite")
        return batch.float().cpu().numpy()


def _inputs(rows: np.ndarray, positions: np.ndarray) -> Tensor | MappedRows:
    """[n, D] the features at some rows: in memory, or left in their file where there are many."""
    import torch

    from al_bench.data.mapped import MappedRows

    if isinstance(rows, np.memmap) and len(positions) * rows[:1].nbytes > IN_MEMORY:
        return MappedRows("the encoder's features", rows, positions)
    return torch.from_numpy(np.ascontiguousarray(rows[positions], dtype=np.float32))


@contextmanager
def encoding_threads() -> Iterator[None]:
    """Inside, networks run on all cores that the process may use: only one process encodes, the others wait for it."""
    import threadpoolctl
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(cores())
    try:
        with threadpoolctl.threadpool_limits(cores()):
            yield
    finally:
        torch.set_num_threads(before)
