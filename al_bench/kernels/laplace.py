"""The Laplace approximation of a last layer: the curvature of its loss, and draws from the Gaussian that it gives.

Letters: L labelled points, C classes, D features (the constant of the bias among them), K draws, R rank, λ the prior's
precision. A parameter vector lists the weights [C, D] class by class.
"""

from __future__ import annotations

import torch
from torch import Tensor


def softmax_hessian(features_ld: Tensor, log_probs_lc: Tensor, weights_l: Tensor) -> Tensor:
    """[C D, C D] Σ_n w_n (diag p_n − p_n p_nᵀ) ⊗ φ_n φ_nᵀ: the Hessian of the summed cross-entropy of a softmax.

    Cost: O(L C² D²). Memory: the result, and a copy of the features.

    Args:
        features_ld: [L, D] φ, float64.
        log_probs_lc: [L, C] log p, nats.
        weights_l: [L] w.

    Source: Böhning 1992, Multinomial logistic regression algorithm.
    """
    probs = log_probs_lc.exp()
    classes, size = probs.shape[1], features_ld.shape[1]
    blocks = features_ld.new_zeros(classes, size, classes, size)
    for first in range(classes):
        for second in range(first + 1):
            factor = -probs[:, first] * probs[:, second]
            if first == second:
                factor = factor + probs[:, first]
            block = features_ld.T @ ((weights_l * factor)[:, None] * features_ld)
            blocks[first, :, second] = block
            blocks[second, :, first] = block
    return blocks.reshape(classes * size, classes * size)


def exact_factor(hessian: Tensor, precision: float) -> Tensor:
    """Lower Cholesky factor of H + λ·1.

    Args:
        hessian: [P, P] H.
        precision: λ, above 0.

    Source: MacKay 1992, A practical Bayesian framework for backpropagation networks.
    """
    return torch.linalg.cholesky(hessian + precision * torch.eye(len(hessian)).to(hessian))


def exact_shifts(factor: Tensor, draws: int, generator: torch.Generator) -> Tensor:
    """[K, P] draws from N(0, (H + λ·1)⁻¹).

    Args:
        factor: [P, P] lower Cholesky factor of H + λ·1.
        draws: K.
        generator: On the CPU.

    Source: MacKay 1992, A practical Bayesian framework for backpropagation networks.
    """
    noise = torch.randn(len(factor), draws, generator=generator, dtype=torch.float64).to(factor)
    return torch.linalg.solve_triangular(factor.T, noise, upper=True).T


def kronecker_factors(
    features_ld: Tensor, log_probs_lc: Tensor, weights_l: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Eigenvalues and eigenvectors of the two factors of H ≈ (1/L Σ_n w_n (diag p_n − p_n p_nᵀ)) ⊗ Σ_n φ_n φ_nᵀ.

    Cost: O(L D · min(L, D) + C³); the D × D matrix is built only where D is less than L.

    Args:
        features_ld: [L, D] φ, float64.
        log_probs_lc: [L, C] log p, nats.
        weights_l: [L] w.

    Returns:
        [C] and [C, C] of the classes; [R] and [D, R] of the features, R at most min(L, D): the rest are zeros.

    Source: Ritter, Botev and Barber 2018, A scalable Laplace approximation for neural networks (OpenReview Skdvd2xAZ);
    Daxberger et al. 2021 (2106.14806).
    """
    probs = log_probs_lc.exp()
    mean = torch.diag((weights_l[:, None] * probs).mean(0)) - (weights_l[:, None] * probs).T @ probs / len(probs)
    class_values, class_vectors = torch.linalg.eigh(mean)
    rows, size = features_ld.shape
    if size <= rows:
        values, vectors = torch.linalg.eigh(features_ld.T @ features_ld)
    else:
        values, left = torch.linalg.eigh(features_ld @ features_ld.T)
        vectors = features_ld.T @ left / values.clamp_min(1e-300).sqrt()
    positive = values > 1e-10 * values.max()
    return class_values.clamp_min(0), class_vectors, values[positive], vectors[:, positive]


def kronecker_shifts(
    factors: tuple[Tensor, Tensor, Tensor, Tensor], precision: float, draws: int, generator: torch.Generator
) -> Tensor:
    """[K, C, D] draws from N(0, (B ⊗ A + λ·1)⁻¹).

    A direction of eigenvalues β and α has variance 1 / (β α + λ); directions outside the span of the features 1 / λ.

    Args:
        factors: Eigenvalues and eigenvectors of B [C, C], then of A [D, D], as `kronecker_factors` gives them.
        precision: λ, above 0.
        draws: K.
        generator: On the CPU.

    Source: Ritter, Botev and Barber 2018, A scalable Laplace approximation for neural networks (OpenReview Skdvd2xAZ);
    Daxberger et al. 2021 (2106.14806).
    """
    class_values, class_vectors, values, vectors = factors
    shape = (draws, len(class_values), len(vectors))
    noise = torch.randn(shape, generator=generator, dtype=torch.float64).to(vectors)
    inside = noise @ vectors  # [K, C, R], again independent standard normal numbers
    scale = (class_values[:, None] * values + precision).rsqrt()
    shifts = torch.einsum("cb,kbr->kcr", class_vectors, scale * inside) - precision**-0.5 * inside
    return precision**-0.5 * noise + shifts @ vectors.T
