"""BADGE on a pool that is not held: its embeddings are computed again in every pass."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from al_bench.kernels.badge.draws import draw_batch
from al_bench.kernels.badge.gradients import (
    check_finite,
    check_first_centre,
    gradient_norms,
    hypothetical_gradient,
    nearest_centre,
)
from al_bench.kernels.select import check_batch


def select_badge_in_passes(
    rows_count: int,
    read: Callable[[Callable[[Tensor, Tensor], Tensor]], Tensor],
    at: Callable[[int], tuple[Tensor, Tensor]],
    batch: int,
    generator: torch.Generator,
    *,
    first_centre: str = "uniform",
) -> Tensor:
    """`select_badge` of a pool that is not held: the embeddings are computed again in each of its about log₂ B passes.

    The draws are those of `select_badge` from the same generator, but for the rounding of distances, which are in
    float64 here: a row between two whose shares of the distances meet at the number drawn may be the other one.

    Args:
        rows_count: N.
        read: Of a function from the log-probabilities [n, C] and the features [n, D] of some rows to a number a row
            [n], the numbers of all rows [N]: one pass.
        at: The log-probabilities [C] and the features [D] of a row.
        batch: B, 0 ≤ B ≤ N.
        generator: As of `select_badge`.
        first_centre: As of `select_badge`; "largest_norm" takes a pass more.

    Returns:
        [B] int64 rows in the order drawn. Memory: 24 bytes a row, and the factors of the B centres.

    Raises:
        ValueError: the batch is negative or larger than N, or `first_centre` is unknown.
        ScoreError: an embedding is not finite.

    Source: As of `select_badge`.
    Departures: None of the law of the draws.
    """
    check_batch(batch, rows_count)
    check_first_centre(first_centre)
    return draw_batch(_Passes(rows_count, read, at, generator.device), batch, generator, first_centre)


class _Passes:
    """Embeddings that are computed when they are read; those of the centres are kept."""

    def __init__(
        self,
        count: int,
        read: Callable[[Callable[[Tensor, Tensor], Tensor]], Tensor],
        at: Callable[[int], tuple[Tensor, Tensor]],
        device: torch.device,
    ) -> None:
        self._read, self._at = read, at
        self._new_n = torch.full((count,), torch.inf, dtype=torch.float64, device=device)
        self._factors: dict[int, tuple[Tensor, Tensor]] = {}

    def new(self) -> Tensor:
        return self._new_n.clone()

    def squared_norms(self) -> Tensor:
        return self._checked(self._read(lambda log_probs, h: gradient_norms(hypothetical_gradient(log_probs), h)))

    def lower(self, squared_n: Tensor, centres: list[int]) -> None:
        factors = self._factors_of(centres)
        self._factors = {row: self._factors[row] for row in centres}  # the others are of rejected rows, or taken in
        found_n = self._read(lambda log_probs, h: _apart(hypothetical_gradient(log_probs), h, factors))
        torch.minimum(squared_n, self._checked(found_n), out=squared_n)

    def squared_distance(self, row: int, centres: list[int]) -> float:
        a_1c, h_1d = self._factors_of([row])
        return float(_apart(a_1c, h_1d, self._factors_of(centres)))

    def _factors_of(self, rows: list[int]) -> tuple[Tensor, Tensor]:
        """[n, C] and [n, D] the two factors of some rows."""
        for row in rows:
            if row not in self._factors:
                log_probs_c, h_d = self._at(row)
                self._factors[row] = hypothetical_gradient(log_probs_c[None])[0], h_d
        a_rows, h_rows = zip(*(self._factors[row] for row in rows), strict=True)
        return torch.stack(a_rows), torch.stack(h_rows)

    def _checked(self, values_n: Tensor) -> Tensor:
        check_finite(values_n)
        return values_n.to(self._new_n.device)


def _apart(a_nc: Tensor, h_nd: Tensor, centres: tuple[Tensor, Tensor]) -> Tensor:
    """[n] squared distances of some embeddings to the nearest of others, all by their factors, in float64."""
    a_bc, h_bd = centres
    sum_nb = gradient_norms(a_nc, h_nd)[:, None] + gradient_norms(a_bc, h_bd)
    product_nb = (a_nc.double() @ a_bc.double().T) * (h_nd.double() @ h_bd.double().T)
    return nearest_centre(sum_nb, product_nb, h_nd)
