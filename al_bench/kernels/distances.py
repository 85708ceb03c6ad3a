"""Euclidean distances between many rows: quick ones by matrix products, exact ones where they decide.

‖x − y‖² = ‖x‖² − 2 x·y + ‖y‖² is one matrix product, but it cancels where the norms are larger than the distance.
`Points` therefore holds a copy of the rows, shifted by their mean and scaled by a power of two, bounds the rounding of
a quick squared distance, and measures chosen pairs again in float64 from the rows as they were given.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from al_bench.errors import ScoreError

_CHUNK_ELEMENTS = 2**22

_SMALL = 1e-12
"""Features whose scale is between this and its inverse are left as they are: float32 holds 1e-38 to 3e38."""


def power_scale(*features: Tensor) -> float:
    """A power of two near the largest magnitude: division by it is exact, and afterwards no square overflows."""
    ends = [end for part in features if part.numel() for end in part.aminmax()]  # no copy of the features' size
    largest = max((abs(float(end)) for end in ends), default=0.0)
    tiny = 4 * torch.finfo(features[0].dtype).tiny
    return max(2.0 ** (math.frexp(largest)[1] - 1), tiny) if 0 < largest < math.inf else 1.0


def safe_scale(*features: Tensor) -> float:
    """`power_scale` where squares of the [N, D] features would overflow or underflow, else 1."""
    scale = power_scale(*features)
    return 1.0 if _SMALL <= scale <= 1 / _SMALL else scale


def check_features(features_nd: Tensor, name: str = "") -> None:
    """Refuse features that are no [N, D] matrix of finite numbers.

    Args:
        features_nd: the features.
        name: what to call the rows in the message, such as "labelled ".

    Raises:
        ValueError: the shape is not [N, D].
        ScoreError: names the first row that is not finite and how many there are.
    """
    if features_nd.ndim != 2:
        raise ValueError(f"features of shape {list(features_nd.shape)}; the shape must be [N, D]")
    # A sum is finite only if all terms are, and needs no mask of N × D; where it overflows, the terms are tested.
    # The sum is in the features' own dtype: a sum in float64 would first copy all of them to float64.
    if not features_nd.sum(1).isfinite().all():
        bad = (~features_nd.isfinite().all(1)).nonzero()
        if len(bad):
            raise ScoreError(f"a feature of {name}row {int(bad[0, 0])} is not finite ({len(bad)} rows are bad)")


def check_feature_pair(features_nd: Tensor, labelled_features_ld: Tensor) -> None:
    """Refuse features of candidates and of labelled points that are no finite matrices of one width.

    Args:
        features_nd: [N, D] features of the candidates.
        labelled_features_ld: [L, D] features of the labelled points; L may be 0.

    Raises:
        ValueError: the shapes are not [N, D] and [L, D].
        ScoreError: a feature is not finite; the message names the first such row.
    """
    if features_nd.ndim != 2 or labelled_features_ld.shape[1:] != features_nd.shape[1:]:
        shapes = f"{list(features_nd.shape)} and {list(labelled_features_ld.shape)}"
        raise ValueError(f"features of shapes {shapes}; [N, D] and [L, D] with equal D are needed")
    check_features(features_nd, "candidate ")
    check_features(labelled_features_ld, "labelled ")


class Points:
    """N rows on the CPU, and Euclidean distances between them.

    Args:
        features_nd: [N, D] finite features; half precision becomes float32.

    Attributes:
        quick_nd: [N, D] (x − mean) × scale in the features' dtype, no element larger than 1.
        norms_n: [N] squared norms of the quick rows.
        scale: a power of two; all distances of this class are multiplied by it.
        rounding: the error of a quick squared distance of rows i and j is at most rounding × (‖i‖² + ‖j‖²).
    """

    def __init__(self, features_nd: Tensor) -> None:
        features_nd = features_nd.detach().cpu()
        self._given_nd = features_nd if features_nd.dtype in (torch.float32, torch.float64) else features_nd.float()
        limits = torch.finfo(self._given_nd.dtype)
        first = _power_of_two(self._given_nd, limits)
        self.quick_nd = self._given_nd * first
        if len(self.quick_nd):
            self.quick_nd -= _mean(self.quick_nd).to(self.quick_nd.dtype)
        second = _power_of_two(self.quick_nd, limits)
        self.quick_nd *= second
        self._scales = (first, second)
        self.scale = first * second
        self.norms_n = torch.linalg.vector_norm(self.quick_nd, dim=1).square()
        self.rounding = (8 + 4 * math.sqrt(features_nd.shape[1])) * limits.eps

    def __len__(self) -> int:
        return len(self._given_nd)

    def from_first(self, rows: Tensor | slice) -> Tensor:
        """[n, D] float64: the rows minus row 0, scaled."""
        return self._scaled(rows) - self._scaled(slice(0, 1))

    def exact(self, rows: Tensor, others: Tensor) -> Tensor:
        """[n] float64 distances, scaled, of rows[i] to others[i]."""
        size = max(1, _CHUNK_ELEMENTS // max(1, self._given_nd.shape[1]))
        parts = zip(rows.split(size), others.split(size), strict=True)
        return torch.cat([torch.linalg.vector_norm(self._scaled(i) - self._scaled(j), dim=1) for i, j in parts])

    def _scaled(self, rows: Tensor | slice) -> Tensor:
        first, second = self._scales
        return self._given_nd[rows].double() * first * second


def _mean(values_nd: Tensor) -> Tensor:
    """[D] float64, a part at a time: torch's own makes a copy of all values in float64."""
    parts = values_nd.split(max(1, _CHUNK_ELEMENTS // max(1, values_nd.shape[1])))
    return torch.stack([part_nd.sum(0, dtype=torch.float64) for part_nd in parts]).sum(0) / len(values_nd)


def _power_of_two(values_nd: Tensor, limits: torch.finfo) -> float:
    """2^−e that brings the largest magnitude into [0.5, 1], as far as the dtype has the number; 1 for zeros."""
    low, high = values_nd.aminmax() if values_nd.numel() else (torch.zeros(()), torch.zeros(()))
    largest = max(-low.item(), high.item())
    exponent = math.frexp(largest)[1]
    bound = round(-math.log2(limits.tiny))
    return 2.0 ** -min(max(exponent, -bound), bound) if largest > 0 else 1.0
