"""The candidates worth the memory: while a pool is scored, the products of those that a score puts first.

Letters: N candidates, n of them kept.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from al_bench.evidence import Product, Screen

SLACK = 8
"""Rows that have come in are held beside those kept, up to one in so many, before the weakest of all are dropped.

Each time moves up to n rows, and while N rows of random scores go by, about n ln(N/n) come in: N = 1e6 and n = 1e5
take 19 times.
"""


class Keeper:
    """Holds the products of the `limit` candidates that come first by (score falling, key rising), by position.

    What is kept is a function of scores and keys alone, not of the chunks. Memory: the products of `limit` rows and of
    max(chunk, `limit` / `SLACK`) more, allocated once; for all N candidates a score, a key.

    Args:
        limit: n.
        keys: [N] distinct, one a candidate.
    """

    def __init__(self, limit: int, keys: Tensor) -> None:
        self.limit, self._keys = limit, keys
        self._scores = torch.empty(0)  # [N] once a chunk was seen
        self._places = torch.empty(0, dtype=torch.int64)  # [held] rising
        self._held: dict[Product, Tensor] = {}  # [n and more, ...], the first `held` of them filled
        self._chunk = 0
        self._weakest: Tensor | None = None  # the last of the rows kept when some were dropped

    def see(self, rows: slice, scores: Tensor, products: Mapping[Product, Tensor]) -> None:
        """Take note of a chunk.

        Args:
            rows: Its candidates, those after the last chunk's.
            scores: [c] of them.
            products: [c, ...] each.
        """
        if not self._held:
            self._allocate(len(scores), scores, products)
        self._scores[rows] = scores + 0.0  # −0 + 0 = 0: equal scores are ordered by their keys
        places = torch.arange(rows.start, rows.stop, device=scores.device)
        fresh = self._before(places) if self._weakest is not None else torch.ones_like(places, dtype=torch.bool)
        count = int(fresh.sum())
        if len(self._places) + count > len(next(iter(self._held.values()))):
            self._drop()
        start = len(self._places)
        for name, part in products.items():
            self._held[name][start : start + count] = part[fresh.to(part.device)]
        self._places = torch.cat([self._places, places[fresh]])

    def _allocate(self, chunk: int, scores: Tensor, products: Mapping[Product, Tensor]) -> None:
        size = min(self.limit + max(chunk, self.limit // SLACK), len(self._keys))
        self._chunk = chunk
        self._keys = self._keys.to(scores.device)
        self._places = self._places.to(scores.device)
        self._scores = scores.new_empty(len(self._keys))
        self._held = {name: part.new_empty((size, *part.shape[1:])) for name, part in products.items()}

    def _before(self, places: Tensor) -> Tensor:
        """[c] whether candidates come before the weakest of the rows kept."""
        scores, score = self._scores[places], self._scores[self._weakest]
        return (scores > score) | ((scores == score) & (self._keys[places] < self._keys[self._weakest]))

    def _drop(self) -> None:
        """Keep the first `limit` of the rows held, moved together in their order, a part at a time and in place."""
        if len(self._places) <= self.limit:
            return
        order = self._keys[self._places].argsort()
        order = order[self._scores[self._places[order]].argsort(descending=True, stable=True)][: self.limit]
        self._weakest = self._places[order[-1]]
        order = order.sort().values  # a row moves forward only, so that none is overwritten before it has moved
        for tensor in self._held.values():
            for start, part in zip(range(0, self.limit, self._chunk), order.split(self._chunk), strict=True):
                tensor[start : start + len(part)] = tensor[part.to(tensor.device)]
        self._places = self._places[order]

    def kept(self) -> tuple[dict[Product, Tensor], Screen]:
        """The products of the rows kept, and which candidates they are, once all chunks were seen."""
        self._drop()
        return {name: held[: len(self._places)] for name, held in self._held.items()}, Screen(
            self._scores, self._places
        )
