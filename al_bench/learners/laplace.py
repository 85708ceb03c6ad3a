"""A Laplace approximation of the last layer: a Gaussian over its weights, centred at the trained ones.

Letters: n rows, L labelled points, C classes, D features and the constant of the bias, K draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from al_bench import checks
from al_bench.learners.posterior import Posterior, Sampler

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from al_bench.learners.member import Member

LARGEST_EXACT = 2_000
"""C · D up to which `curvature=auto` takes the exact Hessian."""


class Curvature(Enum):
    auto = "auto"
    exact = "exact"
    kronecker = "kronecker"


@dataclass
class Laplace(Posterior):
    """N(ŵ, (H + λ·1)⁻¹) over the weights of the last layer, with H = Σ_n w_n (diag p_n − p_n p_nᵀ) ⊗ φ_n φ_nᵀ.

    The sum runs over the labelled points; φ_n are the features of point n and a 1 for the bias, p_n its predicted
    probabilities, w_n its class weight. The layers before are as trained, and dropout is off. So BALD, BatchBALD and
    EPIG work without dropout. With `model=linear` no layer is left out.

    Args:
        members: M, networks of other seeds, each with a Gaussian of its own.
        draws: S, weights drawn from each Gaussian; 0 takes the trained ones.
        precision: λ; null: that of the training, 1 / C for model=linear, and 1 for other networks. It holds for the
            bias, too.
        curvature: exact: H as above, O(L C² D² + C³ D³). kronecker: H ≈ (1/L Σ_n w_n (diag p_n − p_n p_nᵀ)) ⊗
            Σ_n φ_n φ_nᵀ, for many features. auto: exact up to C · D = 2,000, kronecker above.

    Source:
        MacKay 1992; Ritter et al. 2018 for the Kronecker factors; Daxberger et al. 2021 (2106.14806) for the last
        layer.

    Departures:
        Of the classes those that have no labelled point take no part where the model is linear.
    """

    draws: int = 50
    precision: float | None = None
    curvature: Curvature = Curvature.auto

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.precision is not None:
            checks.above("posterior.precision", self.precision, 0, finite=True)
        self._gaussians: dict[int, LastLayerGaussian] = {}

    def after_fit(self, member: Member, generator: torch.Generator) -> None:
        """The curvature at the trained weights."""
        self._gaussians[member.number] = gaussian(member, self.precision, self.curvature)

    def sampler(self, member: Member, draws: int, generator: torch.Generator) -> Sampler:
        """Weights from the Gaussian of the last layer."""
        weights, present = self._gaussians[member.number].draw(draws, generator)

        def sample(inputs: Tensor) -> Tensor:
            import torch

            from al_bench.learners.linear_network import floor_absent

            features = torch.nn.functional.pad(member.features(inputs), (0, 1), value=1.0)
            logits = features.new_zeros(len(inputs), draws, len(present))
            logits[..., present] = (features @ weights.flatten(0, 1).T).unflatten(1, weights.shape[:2])
            return floor_absent(logits, present)

        return sample


@dataclass(frozen=True, eq=False)
class LastLayerGaussian:
    """A Gaussian over the weights of the classes that take part.

    Args:
        mean: [C', D] trained weights, the bias last, float64.
        present: [C] which classes take part.
        precision: λ.
        exact: [C' D, C' D] Cholesky factor of the precision; None where there are factors.
        factors: Eigenvalues and eigenvectors of `kernels.kronecker_factors`; None where it is exact.
    """

    mean: Tensor
    present: Tensor
    precision: float
    exact: Tensor | None
    factors: tuple[Tensor, Tensor, Tensor, Tensor] | None

    def draw(self, draws: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """[K, C', D] float32 weights, and which classes [C] they are of."""
        from al_bench import kernels

        if self.factors is None:
            assert self.exact is not None
            shifts = kernels.exact_shifts(self.exact, draws, generator).reshape(draws, *self.mean.shape)
        else:
            shifts = kernels.kronecker_shifts(self.factors, self.precision, draws, generator)
        return (self.mean + shifts).float(), self.present


def gaussian(member: Member, precision: float | None, curvature: Curvature) -> LastLayerGaussian:
    """The Gaussian at the trained weights of a member; the prior's where nothing is labelled.

    Args:
        member: Trained.
        precision: λ; None takes the network's own, else 1.
        curvature: See `Laplace`.
    """
    import torch

    from al_bench import kernels

    layer = member.last_layer
    with torch.no_grad():
        weights = torch.cat([layer.weight, layer.bias[:, None]], 1).double()
    present = getattr(member.network, "present", None)
    present = torch.ones(len(weights), dtype=torch.bool, device=weights.device) if present is None else present.clone()
    mean = weights[present]
    strength = float(getattr(member.network, "precision", 1.0)) if precision is None else precision
    parts = [(member.features(inputs).double(), labels) for inputs, labels in member.labelled()]
    if not parts:
        parts = [(weights.new_zeros(0, weights.shape[1] - 1), torch.zeros(0, dtype=torch.int64, device=weights.device))]
    features = torch.nn.functional.pad(torch.cat([part for part, _ in parts]), (0, 1), value=1.0)
    labels = torch.cat([part for _, part in parts])
    point_weights = features.new_ones(len(features))
    if member.class_weights is not None:
        point_weights = member.class_weights.to(features)[labels]
    log_probs = (features @ mean.T).log_softmax(1)
    is_exact = curvature is Curvature.exact or (curvature is Curvature.auto and mean.numel() <= LARGEST_EXACT)
    if is_exact or not len(features):
        hessian = kernels.softmax_hessian(features, log_probs, point_weights)
        return LastLayerGaussian(mean, present, strength, kernels.exact_factor(hessian, strength), None)
    factors = kernels.kronecker_factors(features, log_probs, point_weights)
    return LastLayerGaussian(mean, present, strength, None, factors)
