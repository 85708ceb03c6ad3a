"""The candidates of highest screening score: their products are stored while a pool is scored, the others' are not.

Letters: N candidates, n of them selected, c in a chunk.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from al_bench.evidence import Product, Screen

SLACK = 8
"""Buffer headroom: the buffer has room for limit · (1 + 1 / SLACK) rows and is cut back to `limit` when it is full.

A cut moves up to n rows, and while N rows of random scores go by, about n ln(N/n) enter the buffer: N = 1e6 and
n = 1e5 take 19 cuts.
"""


class TopCandidates:
    """Stores the products of the `limit` candidates that come first by (score descending, key ascending).

    Which they are is a function of scores and keys alone, not of the chunks. Memory: the products of `limit` rows and
    of max(chunk, `limit` / `SLACK`) more, allocated once; of each of the N candidates a score and a key.

    Args:
        limit: n.
        keys: [N] distinct, one a candidate; of equal scores the lower key comes first.
    """

    def __init__(self, limit: int, keys: Tensor) -> None:
        self.limit, self._keys = limit, keys
        self._scores = torch.empty(0)  # [N] once there was a chunk
        self._candidates = torch.empty(0, dtype=torch.int64)  # those in the buffer, ascending
        self._buffer: dict[Product, Tensor] = {}  # [n and more, ...], filled from the front
        self._chunk = 0
        self._cutoff: Tensor | None = None  # the last candidate that the latest cut left in the buffer

    @property
    def buffer_rows(self) -> int:
        """The rows that the buffer has room for; 0 before the first chunk."""
        return len(next(iter(self._buffer.values()))) if self._buffer else 0

    def update(
        self, rows: slice, scores: Tensor, products: Mapping[Product, Tensor], given: Tensor | None = None
    ) -> None:
        """Add a chunk.

        Args:
            rows: Its candidates, which follow those of the chunk before.
            scores: [c] screening scores.
            products: [c, ...] each, or only of the rows that are given.
            given: [c] whether a row may be among the n, see `Contenders`; None: every row.
        """
        if not self._buffer:
            self._allocate(len(scores), scores, products)
        self._scores[rows] = scores + 0.0  # −0 + 0 = 0: equal scores are ordered by their keys
        candidates = torch.arange(rows.start, rows.stop, device=scores.device)
        entering = (
            self._before_cutoff(candidates)
            if self._cutoff is not None
            else torch.ones_like(candidates, dtype=torch.bool)
        )
        given = torch.ones_like(entering) if given is None else given.to(entering.device)
        entering &= given
        count = int(entering.sum())
        if len(self._candidates) + count > self.buffer_rows:
            self._cut()
        start = len(self._candidates)
        for name, part in products.items():
            self._buffer[name][start : start + count] = part[entering[given].to(part.device)]
        self._candidates = torch.cat([self._candidates, candidates[entering]])

    def _allocate(self, chunk: int, scores: Tensor, products: Mapping[Product, Tensor]) -> None:
        size = min(self.limit + max(chunk, self.limit // SLACK), len(self._keys))
        self._chunk = chunk
        self._keys = self._keys.to(scores.device)
        self._candidates = self._candidates.to(scores.device)
        self._scores = scores.new_empty(len(self._keys))
        self._buffer = {name: part.new_empty((size, *part.shape[1:])) for name, part in products.items()}

    def _before_cutoff(self, candidates: Tensor) -> Tensor:
        """[c] whether candidates come before the cutoff."""
        scores, score = self._scores[candidates], self._scores[self._cutoff]
        return (scores > score) | ((scores == score) & (self._keys[candidates] < self._keys[self._cutoff]))

    def _cut(self) -> None:
        """Cut the buffer back to its first `limit` candidates, moved to the front in place, a part at a time."""
        if len(self._candidates) <= self.limit:
            return
        order = self._keys[self._candidates].argsort()
        order = order[self._scores[self._candidates[order]].argsort(descending=True, stable=True)][: self.limit]
        self._cutoff = self._candidates[order[-1]]
        order = order.sort().values  # a row moves forward only, so that none is overwritten before it has moved
        for tensor in self._buffer.values():
            for start, part in zip(range(0, self.limit, self._chunk), order.split(self._chunk), strict=True):
                tensor[start : start + len(part)] = tensor[part.to(tensor.device)]
        self._candidates = self._candidates[order]

    def result(self) -> tuple[dict[Product, Tensor], Screen]:
        """After the last chunk: the products [n, ...] of the first n candidates, and which candidates these are."""
        self._cut()
        products = {name: tensor[: len(self._candidates)] for name, tensor in self._buffer.items()}
        return products, Screen(self._scores, self._candidates)


class Contenders:
    """Which rows of a chunk may be among the first n of all, for a process that sees a part of the chunks.

    The n-th highest score of that part is no higher than that of all, so that a row below it is not among them. What
    the others have is not sent from a worker to the process that holds the first n.

    Args:
        limit: n.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._highest = torch.empty(0)
        self._waiting: list[Tensor] = []
        self._least: Tensor | None = None  # the n-th highest score when that was last looked at

    def among(self, scores: Tensor) -> Tensor:
        """[c] whether the rows of the next chunk, of scores [c], may be among the first n."""
        self._waiting.append(scores)
        if sum(map(len, self._waiting)) > self.limit // SLACK:
            seen = torch.cat([self._highest.to(scores), *self._waiting])
            self._waiting = []
            self._highest = seen.topk(min(self.limit, len(seen))).values
            self._least = self._highest[-1] if len(self._highest) == self.limit else None
        if self._least is None:
            return torch.ones_like(scores, dtype=torch.bool)
        return scores >= self._least
