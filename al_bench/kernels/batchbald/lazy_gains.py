"""The row of largest gain, found by evaluating few: upper bounds exclude the others.

Letters: N rows, b of them, K draws, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from al_bench.kernels.batchbald.coarse_table import coarse_tables
from al_bench.kernels.batchbald.label_table import LabelTable

COARSE_SIZES = (64, 256, 1024)
"""Lines of the coarse tables that bound a row's gain before the whole table computes it."""

FEWEST_SAMPLES = 500
"""A tenth of the samples bounds gains where it has at least this many samples."""

_USEFUL = 1 / 3
"""A coarse table that excludes less than this share of a block is not used any more for this pick."""

_WIDE = 16
"""Chunks per block of rows whose gains are bounded: for one chunk a call's overhead exceeds a small table's work."""


@dataclass(frozen=True, eq=False)
class TopGain:
    """The largest gain, after all rows that were not evaluated have been excluded.

    Args:
        gain: The largest gain, nats.
        error: Its standard error, nats; 0 where the table is exact.
        evaluated_n: [N] bool, the rows that were evaluated.
        evaluations: The number of rows evaluated.
    """

    gain: float
    error: float
    evaluated_n: Tensor
    evaluations: int


def top_gain(
    mc_log_probs_nkc: Tensor,
    table: LabelTable,
    bound_n: Tensor,
    free_n: Tensor,
    *,
    tie: float,
    chunk: int,
    coarse_sizes: Sequence[int] = COARSE_SIZES,
    fewest_samples: int = FEWEST_SAMPLES,
) -> TopGain:
    """max_x of the gain a(S ∪ x) − a(S) over the free rows x, of which only those of high upper bounds are evaluated.

    Args:
        mc_log_probs_nkc: [N, K, C] log-probabilities of K draws, nats.
        table: The labels of the rows picked so far.
        bound_n: [N] float64 upper bounds of the gains, nats; for a sampled table up to its sampling error. They are
            tightened in place, for an evaluated row to its gain.
        free_n: [N] bool, the rows not picked yet, at least one.
        tie: Nats by which rounding may separate equal gains.
        chunk: Rows per matrix product.
        coarse_sizes: Lines of the coarse tables that bound gains, ascending; may be empty.
        fewest_samples: A tenth of the samples bounds gains where it has at least this many.

    Returns:
        The largest gain, and which rows were evaluated to find it.

    Source: Minoux 1978 (lazy greedy); the bounds by coarse tables and by a part of the samples are this project's own.
    """
    search = _Search(
        mc_log_probs_nkc,
        table,
        bound_n,
        2 * tie,
        chunk,
        coarse=coarse_tables(table, coarse_sizes),
        tenth=_tenth_of_samples(table, fewest_samples),
    )
    order = torch.where(free_n, bound_n, -math.inf).argsort(descending=True)[: int(free_n.sum())]
    for block in _blocks(order, chunk):
        if bound_n[block[0]] < search.least - 3 * search.error:
            break
        for rows in search.screened(block).split(chunk):
            search.evaluate(rows)
    evaluated_n = torch.zeros_like(free_n)
    evaluated = torch.cat(search.evaluated)
    evaluated_n[evaluated] = True
    return TopGain(search.best, search.error, evaluated_n, len(evaluated))


def _blocks(order: Tensor, chunk: int) -> Iterator[Tensor]:
    """One chunk, whose best gain is the first that others are compared with, then wide blocks."""
    yield order[:chunk]
    if len(order) > chunk:
        yield from order[chunk:].split(chunk * _WIDE)


class _Search:
    """The best gain so far, and the bounds that exclude rows by it: coarse tables first, then a tenth of the samples.

    The bound of a coarse table is strict. The bound of a tenth of the samples holds up to three standard errors: a
    sample moves the gains of two rows alike, so that few samples tell the difference between a row and the best one.
    """

    def __init__(
        self,
        mc_log_probs_nkc: Tensor,
        table: LabelTable,
        bound_n: Tensor,
        slack: float,
        chunk: int,
        *,
        coarse: list[LabelTable],
        tenth: LabelTable | None,
    ) -> None:
        self._mc_log_probs_nkc, self._table, self._bound_n = mc_log_probs_nkc, table, bound_n
        self._slack, self._chunk = slack, chunk
        self._coarse, self._tenth_of_samples = coarse, tenth
        self._leader_kc = mc_log_probs_nkc[0]  # replaced by the first evaluation
        self.best, self.error = -math.inf, 0.0
        self.evaluated: list[Tensor] = []

    @property
    def least(self) -> float:
        """The gain below which a row cannot be the best, whatever rounding does."""
        return self.best - self._slack

    def evaluate(self, rows: Tensor) -> None:
        """Compute the gains of some rows with the whole table."""
        if not len(rows):
            return
        probs_bkc = self._mc_log_probs_nkc[rows].exp()
        gain_b = self._table.gains(probs_bkc)
        self._bound_n[rows] = gain_b
        self.evaluated.append(rows)
        if gain_b.max() > self.best:
            self.best = gain_b.max().item()
            self._leader_kc = probs_bkc[gain_b.argmax()]
            self.error = self._table.standard_error(self._leader_kc) if self._table.sampled else 0.0

    def screened(self, rows: Tensor) -> Tensor:
        """Those of the rows that the bounds do not exclude."""
        if self.best == -math.inf:
            return rows
        for table in tuple(self._coarse):
            if len(rows):
                within = self._within(rows, table.gains(self._mc_log_probs_nkc[rows].exp()))
                if len(rows) >= self._chunk and len(rows) - len(within) < _USEFUL * len(rows):
                    self._coarse.remove(table)
                rows = within
        if self._tenth_of_samples is not None and len(rows):
            probs_bkc = self._mc_log_probs_nkc[rows].exp()
            differences = [
                self._tenth_of_samples.gain_difference(part_bkc, self._leader_kc)
                for part_bkc in probs_bkc.split(self._chunk)
            ]
            rows = self._within(
                rows, torch.cat([self.best + difference_b + 3 * error_b for difference_b, error_b in differences])
            )
        return rows

    def _within(self, rows: Tensor, bound_b: Tensor) -> Tensor:
        self._bound_n[rows] = torch.minimum(self._bound_n[rows], bound_b)
        return rows[bound_b >= self.least]


def _tenth_of_samples(table: LabelTable, fewest: int) -> LabelTable | None:
    """The first tenth of the samples, each draw equally often; None if it has too few samples or the table is exact."""
    if table.line_s is None:
        return None
    draws = table.posterior_mk.shape[1]
    samples = len(table.line_s) // 10 // draws * draws
    return table.subsample(samples) if samples >= fewest else None
