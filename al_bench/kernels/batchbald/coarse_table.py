"""Tables of fewer lines, which bound every gain from above.

The entropy of a predictive is concave in the posterior. If several lines of a table are replaced by one line with
their total weight and their mean posterior, E_{y_S} H[y_x | y_S] grows for every row x, and so does the gain (Jensen
1906): the gains of the coarse table are upper bounds of the gains of the table, and cost less. The bounds are close
where lines with similar posteriors are grouped, which happens once the labels determine the draw.

A group is divided at its mean, along the draw in which its lines differ most (weighted variance). The group that
differs most is divided first; several groups are divided at a time, since each division is a few operations on all
their lines.

Letters: m lines, s some of them, g groups, K draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from al_bench.kernels.batchbald.label_table import LabelTable

_ALIKE = 1e-10
"""Weighted variance of a posterior probability below which a group stays whole.

It is far above what rounding makes of equal lines, so that both halves of a divided group have lines; a group of so
small a variance hardly loosens a bound.
"""


@dataclass(frozen=True, eq=False)
class _Groups:
    """Weight [g], mean posterior [g, K], the largest variance [g] over draws, times the weight, and its draw [g]."""

    weight_g: Tensor
    mean_gk: Tensor
    variance_g: Tensor
    draw_g: Tensor

    @classmethod
    def of(cls, group_s: Tensor, count: int, weight_s: Tensor, posterior_sk: Tensor) -> _Groups:
        draws = posterior_sk.shape[1]
        weight_g = weight_s.new_zeros(count).index_add_(0, group_s, weight_s)
        mean_gk = weight_s.new_zeros(count, draws).index_add_(0, group_s, weight_s[:, None] * posterior_sk)
        mean_gk /= weight_g[:, None]
        square_sk = weight_s[:, None] * (posterior_sk - mean_gk[group_s]).square_()
        variance_g, draw_g = weight_s.new_zeros(count, draws).index_add_(0, group_s, square_sk).max(1)
        return cls(weight_g, mean_gk, variance_g, draw_g)

    def with_halves(self, divided: Tensor, halves: _Groups) -> _Groups:
        """These groups with each divided one replaced by its lower half; the upper halves are appended."""
        count = len(divided)

        def merged(old: Tensor, new: Tensor) -> Tensor:
            return torch.cat([old.index_copy(0, divided, new[:count]), new[count:]])

        return _Groups(
            merged(self.weight_g, halves.weight_g),
            merged(self.mean_gk, halves.mean_gk),
            merged(self.variance_g, halves.variance_g),
            merged(self.draw_g, halves.draw_g),
        )


def coarse_tables(table: LabelTable, sizes: Sequence[int]) -> list[LabelTable]:
    """Coarse tables of a table, each a refinement of the one before.

    H[Σ_m w_m p_m / Σ_m w_m] ≥ Σ_m w_m H[p_m] / Σ_m w_m for the predictives p_m of the lines m of a group.

    Args:
        table: An exact or a sampled table.
        sizes: The largest number of lines of each coarse table, ascending; sizes above half of the table's lines are
            left out.

    Returns:
        Tables whose `gains` [b], in nats, are for any candidate at least those of `table`, up to rounding. Memory:
        three copies of the posterior in float64.

    Source: Jensen 1906 (the inequality); the greedy division along one coordinate is this project's own.
    """
    sizes = [size for size in sizes if 2 * size <= len(table.weight_m)]
    if not sizes:
        return []
    weight_m, posterior_mk = table.weight_m.double(), table.posterior_mk.double()
    group_m = torch.zeros(len(weight_m), dtype=torch.int64, device=weight_m.device)
    groups = _Groups.of(group_m, 1, weight_m, posterior_mk)
    tables: list[LabelTable] = []
    for size in sizes:
        while (count := len(groups.weight_g)) < size and groups.variance_g.max() > _ALIKE:
            order = groups.variance_g.argsort(descending=True)[: size - count]
            divided = order[groups.variance_g[order] >= groups.variance_g[order[0]] / 4]
            position_g = torch.full_like(groups.draw_g, -1)
            position_g[divided] = torch.arange(len(divided), device=divided.device)
            lines = (position_g[group_m] >= 0).nonzero()[:, 0]
            group_s = group_m[lines]
            draw_s = groups.draw_g[group_s]
            upper_s = posterior_mk[lines, draw_s] > groups.mean_gk[group_s, draw_s]
            half_s = position_g[group_s] + upper_s * len(divided)
            halves = _Groups.of(half_s, 2 * len(divided), weight_m[lines], posterior_mk[lines])
            group_m[lines] = torch.where(upper_s, count + position_g[group_s], group_s)
            groups = groups.with_halves(divided, halves)
        tables.append(LabelTable(groups.weight_g.to(table.weight_m), groups.mean_gk.to(table.posterior_mk)))
    return tables
