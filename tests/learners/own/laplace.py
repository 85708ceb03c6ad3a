"""A Laplace approximation of a network's last layer: a Gaussian over its weights, centred at the trained ones."""

from dataclasses import dataclass

import torch

from al_bench.learners.posterior import Posterior


@dataclass
class LastLayerGaussian(Posterior):
    """w ~ N(ŵ, H⁻¹) with H = precision · I + Σ_n (diag p_n − p_n p_nᵀ) ⊗ φ_n φ_nᵀ.

    φ_n are the features of labelled point n and a 1 for the bias, p_n its predicted probabilities.
    """

    draws: int = 20
    precision: float = 1.0

    def sampler(self, member, draws, generator):
        def features(inputs):  # [n, D]
            return torch.nn.functional.pad(member.features(inputs).double(), (0, 1), value=1.0)

        layer = member.last_layer
        mean = torch.cat([layer.weight, layer.bias[:, None]], 1).detach().double()  # [C, D]
        hessian = self.precision * torch.eye(mean.numel()).to(mean)
        for inputs, _ in member.labelled():
            phi = features(inputs)
            p = (phi @ mean.T).softmax(1)
            curvature = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]  # [n, C, C]
            hessian += torch.einsum("nab,ni,nj->aibj", curvature, phi, phi).reshape_as(hessian)
        noise = torch.randn(mean.numel(), draws, generator=generator).to(mean)
        shifts = torch.linalg.solve_triangular(torch.linalg.cholesky(hessian).T, noise, upper=True)
        weights = mean + shifts.T.reshape(draws, *mean.shape)  # [K, C, D]
        return lambda inputs: torch.einsum("nd,kcd->nkc", features(inputs), weights).log_softmax(2).float()
