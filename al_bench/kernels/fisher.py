"""Fisher information of rows about the weights of the last layer, held in factors.

I(x) = Σ_y p(y) ∇log p(y) ∇log p(y)ᵀ = (diag(p) − p pᵀ) ⊗ h hᵀ = V Vᵀ, V = L ⊗ h, with h the layer's input and
L Lᵀ = diag(p) − p pᵀ. Sums and quadratic forms are computed block by block, and no N × C·D tensor exists.

Letters: N rows, C classes, D features. The classes are in G groups of c, with k columns of L each: in full G = 1,
c = C, k = C − 1; block by block G = C, c = k = 1. E = c D weights in a group.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from al_bench.errors import ScoreError
from al_bench.kernels.distances import check_features

FISHERS = ("full", "block_diagonal")

_ROWS = 4096
"""Rows whose factors are computed together, with several temporaries of their size."""

_GREATEST, _LEAST = 2e7, 1e-280
"""Bounds of the trace of a row's information in units of the regulariser λ: above, rounding decides the late picks of a
search in float64; below, products underflow, and compared with λ the information is 0."""


def fisher_factors(log_probs_nc: Tensor, fisher: str = "full") -> Tensor:
    """L [N, G, c, k] float64, with L Lᵀ = diag(p) − p pᵀ: the factor of the information about the logits.

    full: [N, 1, C, C − 1], the Cholesky factor in closed form, L_cc = √(p_c t_c+1 / t_c) and, for i > c,
    L_ic = −p_i √(p_c / (t_c t_c+1)) with the tail t_c = Σ_{j ≥ c} p_j: nothing is subtracted, so that
    probabilities of 0 and 1 and what is nearly that are exact to rounding.
    block_diagonal: [N, C, 1, 1], √(p_c (1 − p_c)): the information between classes is left out.
    A single class, of which nothing can be learned, gives [N, 1, 1, 1] of 0 in both.

    Args:
        log_probs_nc: [N, C] log-probabilities, nats; normalised here.
        fisher: "full" or "block_diagonal".

    Returns:
        [N, G, c, k] float64, k columns for each of G groups of c classes.

    Raises:
        ScoreError: a row's probabilities are not finite.

    Source: Tanabe & Sagae 1992 for the factor; Ash et al. 2021, sec. 3 for the Fisher embedding.
    """
    log_probs_nc = log_probs_nc.double()
    log_probs_nc = log_probs_nc - log_probs_nc.logsumexp(1, keepdim=True)
    bad = log_probs_nc.isnan().any(1).nonzero()
    if len(bad):
        raise ScoreError(f"the probabilities of row {int(bad[0, 0])} are not finite ({len(bad)} rows are bad)")
    probs_nc = log_probs_nc.exp()
    if fisher == "block_diagonal" or log_probs_nc.shape[1] == 1:
        return (probs_nc * -log_probs_nc.expm1()).sqrt()[:, :, None, None]
    classes = probs_nc.shape[1]
    factors_nck = probs_nc.new_empty(len(probs_nc), classes, classes - 1)
    for part_nck, part_nc in zip(factors_nck.split(_ROWS), probs_nc.split(_ROWS), strict=True):
        tails_nc = part_nc.flip(1).cumsum(1).flip(1)
        here_nk, next_nk = tails_nc[:, :-1], tails_nc[:, 1:]
        share_nk = torch.where(here_nk > 0, part_nc[:, :-1] / here_nk, 0.0).sqrt()
        below_nk = torch.where(next_nk > 0, share_nk / next_nk.sqrt(), 0.0)
        part_nck.copy_(-(part_nc[:, :, None] * below_nk[:, None, :]).tril(-1))
        part_nck[:, :-1].diagonal(dim1=1, dim2=2).copy_(share_nk * next_nk.sqrt())
    return factors_nck[:, None]


class FisherRows:
    """I(x) / λ of N rows in factors, L [N, G, c, k] and h / √λ [N, D].

    Args:
        log_probs_nc: [N, C] log-probabilities, nats.
        features_nd: [N, D] inputs h of the last layer.
        regulariser: λ > 0.
        fisher: "full" or "block_diagonal".
        chunk: Rows per block.
        name: What to call the rows in a message: "candidate" or "labelled".

    Raises:
        ScoreError: an input is not finite, or the trace of a row's information exceeds 2e7 λ.
    """

    def __init__(
        self, log_probs_nc: Tensor, features_nd: Tensor, regulariser: float, fisher: str, chunk: int, name: str
    ) -> None:
        check_features(features_nd, f"{name} ")
        self.factors_ngck = fisher_factors(log_probs_nc, fisher)
        self.features_nd, self.unit, self.chunk = features_nd, math.sqrt(regulariser), chunk
        norms = [torch.linalg.vector_norm(part, dim=1, dtype=torch.float64) for part in features_nd.split(chunk)]
        squared_n = torch.cat(norms).div(self.unit).square()  # by parts: each is copied to float64
        trace_n = squared_n * torch.cat([part.square().sum((1, 2, 3)) for part in self.factors_ngck.split(chunk)])
        greatest = float(trace_n.max()) if len(trace_n) else 0.0
        if greatest < _LEAST:
            self.factors_ngck = torch.zeros_like(self.factors_ngck)
        if greatest > _GREATEST:
            raise ScoreError(
                f"the Fisher information of {name} row {int(trace_n.argmax())} has a trace of {greatest:.1e} "
                f"regularisers; float64 allows {_GREATEST:.0e}: scale the features down or the regulariser up"
            )

    def parts(self) -> list[tuple[Tensor, Tensor]]:
        """L [n, G, c, k] and h [n, D] of each block of rows."""
        return list(zip(self.factors_ngck.split(self.chunk), self.features_nd.split(self.chunk), strict=True))

    def scaled(self, features_nd: Tensor) -> Tensor:
        """h / √λ in float64."""
        return features_nd.double() / self.unit

    def vectors(self, row: int) -> Tensor:
        """V [G, E, k] of a row."""
        factor_gck, feature_d = self.factors_ngck[row], self.scaled(self.features_nd[row])
        return (factor_gck[:, :, None, :] * feature_d[:, None]).flatten(1, 2)

    def information(self) -> Tensor:
        """Σ_x I(x) / λ [G, E, E], block by block: for classes i ≤ j, Σ_x (L Lᵀ)_ij h hᵀ."""
        groups, classes = self.factors_ngck.shape[1:3]
        size = self.features_nd.shape[1]
        total_gee = self.factors_ngck.new_zeros(groups, classes * size, classes * size)
        for factors_ngck, part_nd in self.parts():
            logits_ngcc, part_nd = factors_ngck @ factors_ngck.mT, self.scaled(part_nd)
            for g in range(groups):
                for i in range(classes):
                    weighted_nje = (logits_ngcc[:, g, i, i:, None] * part_nd[:, None, :]).flatten(1)
                    total_gee[g, i * size : (i + 1) * size, i * size :].addmm_(part_nd.T, weighted_nje)
        return total_gee.triu_().add_(total_gee.triu(1).mT)

    def quadratic(self, matrix_gee: Tensor) -> Tensor:
        """Vᵀ A V [N, G, k, k] for a symmetric A, by hᵀ A_ij h."""
        groups, classes = self.factors_ngck.shape[1:3]
        size, width = self.features_nd.shape[1], self.factors_ngck.shape[3]
        results_ngkk = self.factors_ngck.new_empty(len(self.features_nd), groups, width, width)
        for results, (factors_ngck, part_nd) in zip(results_ngkk.split(self.chunk), self.parts(), strict=True):
            part_nd = self.scaled(part_nd)
            forms_ngcc = part_nd.new_empty(len(part_nd), groups, classes, classes)
            for g in range(groups):
                for i in range(classes):
                    products_ne = part_nd @ matrix_gee[g, i * size : (i + 1) * size, i * size :]
                    form_nj = (products_ne.view(len(part_nd), -1, size) @ part_nd[:, :, None])[:, :, 0]
                    forms_ngcc[:, g, i, i:] = form_nj
                    forms_ngcc[:, g, i:, i] = form_nj
            results.copy_(factors_ngck.mT @ forms_ngcc @ factors_ngck)
        return results_ngkk
