"""The row of largest gain, found by evaluating few: upper bounds exclude the others.

Letters: N rows, b of them, K draws, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from al_bench.kernels.batchbald.coarse_table import coarse_tables
from al_bench.kernels.batchbald.label_table import LabelTable

COARSE = (64, 256, 1024)
"""Lines of the coarse tables that a row meets before the whole one."""

SCREEN = 500
"""The fewest samples that screen rows."""

_USEFUL = 1 / 3
"""A coarse table that excludes less than this share of a block is not used any more for this pick."""

_WIDE = 16
"""Chunks in a block of rows to screen: what a small table costs for one chunk is less than a call."""


@dataclass(frozen=True, eq=False)
class Leading:
    """What is known once all rows but those evaluated are excluded.

    Args:
        gain: the largest, nats.
        error: its standard error; 0 where the table is exact.
        evaluated_n: [N] which rows were evaluated.
        evaluations: how many.
    """

    gain: float
    error: float
    evaluated_n: Tensor
    evaluations: int


def leading_gains(
    mc_log_probs_nkc: Tensor, table: LabelTable, bound_n: Tensor, free_n: Tensor, *, tie: float, chunk: int
) -> Leading:
    """Evaluate the free rows whose gain may be the largest, those of highest bound first.

    Args:
        mc_log_probs_nkc: [N, K, C] log-probabilities of K draws.
        table: of the labels of the rows picked so far.
        bound_n: [N] float64, what each gain is at most, for a sampled table up to its sampling error. It is tightened
            in place; for a row that is evaluated to its gain.
        free_n: [N] rows not picked yet, one at least.
        tie: nats by which rounding may part equal gains.
        chunk: rows per matrix product.
    """
    search = _Search(mc_log_probs_nkc, table, bound_n, 2 * tie, chunk)
    order = torch.where(free_n, bound_n, -math.inf).argsort(descending=True)[: int(free_n.sum())]
    for block in _blocks(order, chunk):
        if bound_n[block[0]] < search.least - 3 * search.error:
            break
        for rows in search.screened(block).split(chunk):
            search.evaluate(rows)
    evaluated_n = torch.zeros_like(free_n)
    evaluated = torch.cat(search.evaluated)
    evaluated_n[evaluated] = True
    return Leading(search.best, search.error, evaluated_n, len(evaluated))


def _blocks(order: Tensor, chunk: int) -> Iterator[Tensor]:
    """One chunk, whose best gain is the first to compare with, then wide blocks."""
    yield order[:chunk]
    if len(order) > chunk:
        yield from order[chunk:].split(chunk * _WIDE)


class _Search:
    """The best gain so far, and what excludes rows by it, cheapest first: coarse tables, then a tenth of the samples.

    A coarse table's bound is strict. A tenth's holds up to three standard errors: a sample moves the gains of two rows
    alike, so how far a row is above the best one is well known from few.
    """

    def __init__(self, mc_log_probs_nkc: Tensor, table: LabelTable, bound_n: Tensor, slack: float, chunk: int) -> None:
        self._mc_log_probs_nkc, self._table, self._bound_n = mc_log_probs_nkc, table, bound_n
        self._slack, self._chunk = slack, chunk
        self._coarse = coarse_tables(table, COARSE)
        self._tenth = _tenth(table)
        self._leader_kc = mc_log_probs_nkc[0]  # of no row yet
        self.best, self.error = -math.inf, 0.0
        self.evaluated: list[Tensor] = []

    @property
    def least(self) -> float:
        """A row of less gain is not the best, whatever rounding does."""
        return self.best - self._slack

    def evaluate(self, rows: Tensor) -> None:
        """The gains of some rows, by the whole table."""
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
        """Those of some rows that the bounds do not exclude."""
        if self.best == -math.inf:
            return rows
        for table in tuple(self._coarse):
            if len(rows):
                within = self._within(rows, table.gains(self._mc_log_probs_nkc[rows].exp()))
                if len(rows) >= self._chunk and len(rows) - len(within) < _USEFUL * len(rows):
                    self._coarse.remove(table)
                rows = within
        if self._tenth is not None and len(rows):
            probs_bkc = self._mc_log_probs_nkc[rows].exp()
            above = [self._tenth.above(part_bkc, self._leader_kc) for part_bkc in probs_bkc.split(self._chunk)]
            rows = self._within(rows, torch.cat([self.best + apart_b + 3 * error_b for apart_b, error_b in above]))
        return rows

    def _within(self, rows: Tensor, bound_b: Tensor) -> Tensor:
        self._bound_n[rows] = torch.minimum(self._bound_n[rows], bound_b)
        return rows[bound_b >= self.least]


def _tenth(table: LabelTable) -> LabelTable | None:
    """The first tenth of the samples, each draw equally often; None where they are few, or the table is exact."""
    if table.line_s is None:
        return None
    draws = table.posterior_mk.shape[1]
    samples = len(table.line_s) // 10 // draws * draws
    return table.beginning(samples) if samples >= SCREEN else None
