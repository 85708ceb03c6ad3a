"""The items of a data set: their digests, and in which batches those that have no features yet are computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from al_bench.data.encoders.network import FeatureNetwork
from al_bench.storage import features

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset, Inputs

HASHED_ROWS = 256
"""Items read together to be digested."""


class Missing:
    """The different items of a data set whose features are not there yet.

    Args:
        dataset: Raw inputs.
        parts: The digests of the items of the training and of the test part.
        there: The items that are there.
    """

    def __init__(self, dataset: Dataset, parts: list[list[bytes]], there: dict[bytes, int]) -> None:
        self.sources: list[tuple[Inputs, int]] = []
        self.digests: list[bytes] = []
        seen = set(there)
        for inputs, part in zip((dataset.inputs, dataset.test_inputs), parts, strict=True):
            for index, item in enumerate(part):
                if item not in seen:
                    seen.add(item)
                    self.sources.append((inputs, index))
                    self.digests.append(item)

    def __len__(self) -> int:
        return len(self.digests)

    def items(self, positions: Sequence[int]) -> list[Any]:
        """The texts or images at some positions among the missing items."""
        return [inputs[index] for inputs, index in (self.sources[position] for position in positions)]

    def batches(self, network: FeatureNetwork, batch: int) -> Iterator[tuple[int, list[int]]]:
        """(size, positions) of batches of items of one size, the largest size first."""
        by_size: dict[int, list[int]] = {}
        for start in range(0, len(self), HASHED_ROWS):
            positions = range(start, min(start + HASHED_ROWS, len(self)))
            for position, size in zip(positions, self._sizes(network, positions), strict=True):
                by_size.setdefault(size, []).append(position)
        for size in sorted(by_size, reverse=True):
            for start in range(0, len(by_size[size]), batch):
                yield size, by_size[size][start : start + batch]

    def _sizes(self, network: FeatureNetwork, positions: Sequence[int]) -> list[int]:
        if type(network).sizes is FeatureNetwork.sizes:
            return [0] * len(positions)
        return network.sizes(self.items(positions))


def item_digests(inputs: Inputs) -> list[bytes]:
    """A digest of every item: of a text its characters, of an image or a row its type, shape and bytes."""
    from torch import Tensor

    from al_bench.data.texts import Texts

    if isinstance(inputs, Texts):
        return [features.item_digest("text", text.encode("utf-8", "surrogatepass")) for text in inputs]
    out: list[bytes] = []
    for start in range(0, len(inputs), HASHED_ROWS):
        rows = inputs[start : start + HASHED_ROWS]
        assert isinstance(rows, Tensor)
        kind = f"{rows.dtype}{tuple(rows.shape[1:])}"
        out += [features.item_digest(kind, row.data) for row in rows.cpu().contiguous().numpy()]
    return out
