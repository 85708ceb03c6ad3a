"""The posteriors of the literature that need no training beyond the networks' own: dropout, ensembles, and both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench.learners.posterior import Posterior, Sampler

if TYPE_CHECKING:
    import torch
    from torch import nn

    from al_bench.learners.member import Member


@dataclass
class Mixture(Posterior):
    """An equal mixture over `members` networks, each giving `draws` functions by dropout.

    p(y | x) = 1/M Σ_m 1/S Σ_s softmax(f(x; θ_m ⊙ mask_ms)), with masks that all rows share. The four kinds of the
    literature are corners of it: deterministic (1 member, 0 draws), MC dropout (1, S; Gal & Ghahramani 2016), deep
    ensembles (M, 0; Lakshminarayanan et al. 2017) and DEBAL's ensemble of MC-dropout networks (M, S; Pop & Fulop
    2018), whose M · S functions are pooled.

    Args:
        members: M, networks that differ in their initial weights, order of the data and masks.
        draws: S, dropout masks a member when the pool is scored; 0 switches dropout off.
        vary: See `Posterior`.

    Source:
        Gal and Ghahramani 2016 (1506.02142); Lakshminarayanan, Pritzel and Blundell 2017 (1612.01474); Pop and Fulop
        2018 (1811.03897).
    """

    weights_suffice: ClassVar[bool] = True

    def functions(self, networks: Sequence[nn.Module]) -> int:
        """K: M · max(S, 1), or M where no network has active dropout."""
        from al_bench.learners.mc_dropout.masks import active_dropout

        return super().functions(networks) if any(map(active_dropout, networks)) else self.members

    def sampler(self, member: Member, draws: int, generator: torch.Generator) -> Sampler:
        """S dropout masks; a member without dropout gives its point prediction, S times where others have dropout."""
        from al_bench.learners.mc_dropout.masks import MaskSet, active_dropout
        from al_bench.learners.mc_dropout.plain import PlainSampler
        from al_bench.learners.mc_dropout.thinned import ThinnedSampler
        from al_bench.learners.member import point_sampler

        if not active_dropout(member.network):
            return point_sampler(member.network, draws if any(map(active_dropout, member.networks)) else 1)
        masks = MaskSet(member.network, member.row, draws, generator)
        return (PlainSampler if member.plain else ThinnedSampler)(member.network, masks)
