"""The posterior of a forest: each of its trees is a function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.errors import InputError
from al_bench.learners.posterior import Posterior, Sampler

if TYPE_CHECKING:
    import torch
    from torch import nn

    from al_bench.learners.member import Member


@dataclass
class Trees(Posterior):
    """An equal mixture over the trees of a forest: p(y | x) = 1/K Σ_k p_k(y | x), which is the forest's own prediction.

    A tree gives the shares of the classes in the leaf, so with leaves of one class its vote; every probability is at
    least 10⁻⁶ (see `EstimatorLearner`). Its K trees are the draws of BALD, vote entropy, variation ratio and BatchBALD.

    Args:
        members: M, forests of other seeds.
        draws: S, the first trees of each forest; 0 takes all of them.

    Source:
        Breiman 2001, Random forests; Shaker and Hüllermeier 2020 (2001.00893) for the uncertainties of its trees.
    """

    def functions(self, networks: Sequence[nn.Module]) -> int:
        """Refused: networks have no trees.

        Raises:
            InputError: always; `EstimatorLearner` counts the trees of forests itself.
        """
        raise InputError("posterior=trees is for forests; choose model=random_forest, or another posterior")

    def sampler(self, member: Member, draws: int, generator: torch.Generator) -> Sampler:
        """Refused, as `functions` is.

        Raises:
            InputError: always.
        """
        raise InputError("posterior=trees is for forests; choose model=random_forest, or another posterior")
