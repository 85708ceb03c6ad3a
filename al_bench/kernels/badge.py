"""BADGE: k-means++ on the gradients that the last layer would have, were the prediction the label."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from al_bench.errors import ScoreError
from al_bench.kernels.distances import safe_scale
from al_bench.kernels.select import check_batch

FIRST_CENTRES = ("uniform", "largest_norm")

_REJECTIONS = 16
"""Proposals rejected in a row before all distances are updated."""

_ROWS = 4096
"""Rows per matrix product: with 512 features 8 MiB."""

_NORM_ROWS = 1024
"""Rows whose norms are computed together, in float64: what torch converts for that should stay in a core's cache."""


def hypothetical_gradient(log_probs_nc: Tensor) -> Tensor:
    """a = p − onehot(argmax_c p) [N, C], the gradient of the cross-entropy with the prediction as its label.

    This is the gradient with respect to the logits. With respect to the last layer's weights it is a ⊗ h [N, C, D] with
    h the layer's input, with respect to its bias a itself. Of several equally probable classes the lowest is the label.

    Args:
        log_probs_nc: [N, C] log-probabilities of the prediction, nats.

    Returns:
        [N, C] in the dtype of the argument, each row of sum 0.

    Source: Ash et al. 2020, eq. 1.
    """
    highest_n = log_probs_nc.max(dim=1)
    # p − 1 by expm1: exact to rounding where p is nearly 1 and the embedding nearly 0.
    return log_probs_nc.exp().scatter_(1, highest_n.indices[:, None], highest_n.values.expm1()[:, None])


def select_badge(
    log_probs_nc: Tensor,
    features_nd: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    first_centre: str = "uniform",
) -> Tensor:
    """P(x | S) ∝ min_{c ∈ S} ‖g_x − g_c‖², k-means++ sampling on the gradient embeddings g = a ⊗ h, row by row.

    ‖g_i − g_j‖² = ‖a_i‖²‖h_i‖² + ‖a_j‖²‖h_j‖² − 2 (a_i·a_j)(h_i·h_j) needs the two factors only, and no N × C·D
    tensor. A distance within rounding of 0 counts as 0; where all distances are 0, the pick is uniform among the rows
    not chosen yet. No row is chosen twice.

    The draw is by rejection: a row is proposed with the distances of the last update, which are at least the current
    ones, and accepted with probability current / last. The distribution is the same, and only the proposed row's
    current distance is computed. All distances are updated each time the number of centres has doubled, or after
    `_REJECTIONS` rejections in a row: the features are read about log₂ B times and not B times. Two uniform numbers
    are drawn from the generator per proposal, one for the first row and for a row drawn uniformly.

    Args:
        log_probs_nc: [N, C] log-probabilities of the prediction, nats.
        features_nd: [N, D] inputs of the last layer, in the same dtype; with a column of ones the gradient by
            the bias is part of the embedding.
        batch: B, 0 ≤ B ≤ N.
        generator: source of the uniform numbers; how many are drawn depends on the rejections.
        first_centre: "uniform" as in the paper's algorithm, or "largest_norm" as in the authors' code (equal
            norms: uniform among them).

    Returns:
        [B] int64 rows in the order drawn.

    Raises:
        ValueError: the batch is negative or larger than N, the shapes do not match, or `first_centre` is unknown.
        ScoreError: an embedding is not finite.

    Source: Ash et al. 2020, algorithm 1; Arthur & Vassilvitskii 2007.
    Departures: None of the law of the draws; the paper does not say what follows once all distances are 0.
    """
    rows_count = len(log_probs_nc)
    check_batch(batch, rows_count)
    if log_probs_nc.ndim != 2 or features_nd.ndim != 2 or len(features_nd) != rows_count:
        shapes = f"{list(log_probs_nc.shape)} and {list(features_nd.shape)}"
        raise ValueError(f"log-probabilities and features of shapes {shapes}; [N, C] and [N, D] are needed")
    if first_centre not in FIRST_CENTRES:
        raise ValueError(f"first_centre is {first_centre!r}; it must be one of {', '.join(FIRST_CENTRES)}")
    a_nc = hypothetical_gradient(log_probs_nc)
    if (scale := safe_scale(features_nd)) != 1:
        features_nd = features_nd / scale  # the probabilities depend on ratios of distances only
    norms_n = _squared_norms(a_nc) * _squared_norms(features_nd)
    bad = (~norms_n.isfinite()).nonzero()
    if len(bad):
        raise ScoreError(f"the gradient of row {int(bad[0, 0])} is not finite ({len(bad)} rows are bad)")
    nearest = _Nearest(a_nc, features_nd, norms_n)
    free_n = torch.ones(rows_count, dtype=torch.bool, device=log_probs_nc.device)
    rows: list[int] = []
    while len(rows) < batch:
        row = nearest.draw(rows, generator) if rows else None
        if row is None:
            largest = not rows and first_centre == "largest_norm"
            row = _pick(norms_n == norms_n.max() if largest else free_n, _uniform_number(generator))
        rows.append(row)
        free_n[row] = False
    return torch.tensor(rows, dtype=torch.int64, device=log_probs_nc.device)


class _Nearest:
    """Squared distances of the rows to the nearest of the first `num_centres` centres, from which rows are drawn."""

    def __init__(self, a_nc: Tensor, features_nd: Tensor, norms_n: Tensor) -> None:
        self.a_nc, self.features_nd, self.norms_n = a_nc, features_nd, norms_n
        self.rounding = (8 + math.sqrt(features_nd.shape[1])) * torch.finfo(features_nd.dtype).eps
        self.squared_n = torch.full_like(norms_n, torch.inf)
        self.cumulative_n = self.squared_n
        self.num_centres = 0

    def draw(self, centres: list[int], generator: torch.Generator) -> int | None:
        """A row drawn in proportion to its squared distance, or None where all distances are 0."""
        if len(centres) >= 2 * self.num_centres:
            self._update(centres)
        rejections = 0
        while (total := self.cumulative_n[-1].item()) > 0:
            propose, accept = _uniform_number(generator), _uniform_number(generator)
            # A row of weight 0 repeats the cumulative sum of the row before it, so that it is never proposed.
            at = int(torch.searchsorted(self.cumulative_n, propose * total, right=True))
            row = at if at < len(self.squared_n) else int(self.squared_n.nonzero()[-1, 0])
            if len(centres) == self.num_centres:
                return row
            now = self._squared_distances(slice(row, row + 1), centres[self.num_centres :]).item()
            if row not in centres and accept * self.squared_n[row].item() < now:
                return row
            rejections += 1
            if rejections == _REJECTIONS:
                self._update(centres)
        return None

    def _update(self, centres: list[int]) -> None:
        """Take the new centres into all distances."""
        for start in range(0, len(self.squared_n), _ROWS):
            part = slice(start, start + _ROWS)
            nearest_n = self._squared_distances(part, centres[self.num_centres :])
            torch.minimum(self.squared_n[part], nearest_n, out=self.squared_n[part])
        self.squared_n[centres] = 0.0
        self.cumulative_n = self.squared_n.cumsum(0)
        self.num_centres = len(centres)

    def _squared_distances(self, part: slice, centres: list[int]) -> Tensor:
        """[n] squared distances of some rows to the nearest of some centres, float64."""
        sum_nb = self.norms_n[part, None] + self.norms_n[centres]
        product_nb = (self.a_nc[part] @ self.a_nc[centres].T).double()
        product_nb *= self.features_nd[part] @ self.features_nd[centres].T
        squared_nb = sum_nb - 2 * product_nb
        return squared_nb.masked_fill_(squared_nb <= self.rounding * sum_nb, 0.0).amin(1)


def _uniform_number(generator: torch.Generator) -> float:
    """A uniform number from [0, 1)."""
    return torch.rand((), generator=generator, dtype=torch.float64, device=generator.device).item()


def _pick(allowed_n: Tensor, uniform: float) -> int:
    """The allowed row at the share `uniform` ∈ [0, 1) of the allowed rows, in their order."""
    rows = allowed_n.nonzero()[:, 0]
    return int(rows[int(uniform * len(rows))])


def _squared_norms(vectors_nd: Tensor) -> Tensor:
    """[N] in float64, without a float64 copy of all the vectors."""
    parts = (torch.linalg.vector_norm(part, dim=1, dtype=torch.float64) for part in vectors_nd.split(_NORM_ROWS))
    return torch.cat([*parts, vectors_nd.new_empty(0, dtype=torch.float64)]).square_()
