"""Greedy k-centre: every pick is the row farthest from all centres, so that the batch covers the pool."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from al_bench.errors import ScoreError


@dataclass(frozen=True, eq=False)
class KCentreBatch:
    """A batch and how well it covers.

    Args:
        rows: [B] int64, in the order picked.
        radii: [B] float64, after each pick the greatest distance of a row to its nearest centre.
    """

    rows: Tensor
    radii: Tensor


def select_k_centre(
    features_nd: Tensor,
    labelled_features_ld: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    chunk: int = 1024,
) -> KCentreBatch:
    """argmax_n min_c ‖x_n − c‖ over the centres c, which are the labelled points and the rows picked before.

    Of several rows equally far (to 1e-12) the one with the lowest of N random keys is picked; with no labelled
    point all rows are infinitely far, so the first centre is uniformly random. Squared distances are kept as a
    running minimum, one matrix-vector product a pick: O(N D) a pick, O(N L D) for the start, never N × N.
    Rows whose distance is within rounding of the greatest are measured again in float64 by differences, so
    that neither the picks nor the radii depend on the precision of the product.

    Args:
        features_nd: [N, D] features of the candidates, float32 or float64.
        labelled_features_ld: [L, D] features of the labelled points; L may be 0.
        batch: B, 0 ≤ B ≤ N.
        generator: source of the keys.
        chunk: rows, and centres, per block of distances.

    Returns:
        The batch. Memory: one centred copy of the features, and chunk × max(chunk, D).

    Raises:
        ValueError: the batch is negative or larger than N, or the shapes do not match.
        ScoreError: a feature is not finite.

    Source: Sener & Savarese 2018, algorithm 1 (k-Center-Greedy); Gonzalez 1985.
    """
    rows_count = len(features_nd)
    if not 0 <= batch <= rows_count:
        raise ValueError(f"a batch of {batch} rows cannot be chosen from {rows_count} rows")
    if features_nd.ndim != 2 or labelled_features_ld.shape[1:] != features_nd.shape[1:]:
        shapes = f"{list(features_nd.shape)} and {list(labelled_features_ld.shape)}"
        raise ValueError(f"features of shapes {shapes}; [N, D] and [L, D] with equal D are needed")
    for name, features in (("candidate", features_nd), ("labelled", labelled_features_ld)):
        bad = (~features.isfinite().all(1)).nonzero()
        if len(bad):
            raise ScoreError(f"a feature of {name} row {int(bad[0, 0])} is not finite ({len(bad)} rows are bad)")
    keys_n = torch.rand(rows_count, generator=generator, dtype=torch.float64, device=generator.device)
    distances = _Distances(features_nd, labelled_features_ld, batch, keys_n.to(features_nd.device), chunk)
    rows: list[int] = []
    radii: list[float] = []
    row, _ = distances.farthest() if batch else (0, 0.0)
    while len(rows) < batch:
        rows.append(row)
        distances.add(row)
        row, radius = distances.farthest() if len(rows) < rows_count else (0, 0.0)
        radii.append(radius)
    return KCentreBatch(
        torch.tensor(rows, dtype=torch.int64, device=features_nd.device),
        torch.tensor(radii, dtype=torch.float64),
    )


class _Distances:
    """Distances of the rows to their nearest centres: quick ones for all, exact ones where they decide."""

    def __init__(
        self, features_nd: Tensor, labelled_features_ld: Tensor, batch: int, keys_n: Tensor, chunk: int
    ) -> None:
        origin_d = features_nd.double().mean(0).to(features_nd.dtype) if len(features_nd) else 0.0
        self.points_nd = features_nd - origin_d  # small norms keep the rounding of |x|² − 2 x·c + |c|² small
        self.norms_n = self.points_nd.square().sum(1)
        self.keys_n = keys_n
        self.chunk = chunk
        labelled_ld = labelled_features_ld.to(features_nd.dtype) - origin_d
        labelled_norms_l = labelled_ld.square().sum(1)
        self.squared_n = torch.full_like(self.norms_n, math.inf)
        for start in range(0, len(features_nd) if len(labelled_ld) else 0, chunk):
            part = slice(start, start + chunk)
            for centres_ld, norms_l in zip(labelled_ld.split(chunk), labelled_norms_l.split(chunk), strict=True):
                partial_nl = torch.addmm(norms_l, self.points_nd[part], centres_ld.T, alpha=-2)
                nearest_n = partial_nl.amin(1) + self.norms_n[part]
                torch.minimum(self.squared_n[part], nearest_n, out=self.squared_n[part])
        # Twice the rounding of a product of D terms, of the size of the norms involved.
        self.largest_norm = max([t.max().item() for t in (self.norms_n, labelled_norms_l) if len(t)], default=0.0)
        self.rounding = 4 * torch.finfo(features_nd.dtype).eps * math.sqrt(features_nd.shape[1])
        # The centres, and for each row the exact distance to the first `measured` of them.
        self.original_nd = features_nd
        self.centres = len(labelled_features_ld)
        self.centres_cd = features_nd.new_empty(self.centres + batch, features_nd.shape[1])
        self.centres_cd[: self.centres] = labelled_features_ld
        self.exact_n = torch.full_like(self.norms_n, math.inf, dtype=torch.float64)
        self.measured_n = torch.zeros_like(keys_n, dtype=torch.int64)

    def add(self, row: int) -> None:
        """Row `row` becomes a centre and is no candidate any more."""
        self.centres_cd[self.centres] = self.original_nd[row]
        self.centres += 1
        squared_n = torch.addmv(self.norms_n, self.points_nd, self.points_nd[row], alpha=-2) + self.norms_n[row]
        torch.minimum(self.squared_n, squared_n, out=self.squared_n)
        self.squared_n[row] = -math.inf

    def farthest(self) -> tuple[int, float]:
        """The candidate farthest from its nearest centre, the lowest key among equals, and its distance."""
        if self.centres == 0:
            return int(self.keys_n.argmin()), math.inf
        threshold = self.squared_n.max() - 2 * self.rounding * (self.norms_n + self.largest_norm)
        rows = (self.squared_n >= threshold).nonzero()[:, 0]
        # Rows last measured at the same time need the same new centres.
        for measured in self.measured_n[rows].unique().tolist():
            new_cd = self.centres_cd[measured : self.centres]
            for group in rows[self.measured_n[rows] == measured].split(self.chunk):
                for part_cd in new_cd.split(self.chunk):
                    self.exact_n[group] = torch.minimum(self.exact_n[group], self._nearest(group, part_cd))
        self.measured_n[rows] = self.centres
        exact = self.exact_n[rows]
        radius = exact.max().item()
        equal = rows[exact >= radius * (1 - 1e-12)]
        return int(equal[self.keys_n[equal].argmin()]), radius

    def _nearest(self, rows: Tensor, centres_cd: Tensor) -> Tensor:
        points_nd = self.original_nd[rows].double()
        mode = "donot_use_mm_for_euclid_dist"
        return torch.cdist(points_nd, centres_cd.double(), compute_mode=mode).amin(1)
