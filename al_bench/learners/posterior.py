"""The posterior over networks: how many are trained, and how many functions are drawn from each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from al_bench.errors import InputError


@dataclass
class Posterior:
    """An equal mixture over `members` networks, each giving `draws` functions by dropout.

    The four kinds of the literature are corners of it: deterministic (1 member, 0 draws), MC dropout (1, K; Gal
    & Ghahramani 2016), deep ensembles (M, 0; Lakshminarayanan et al. 2017) and DEBAL's ensemble of MC-dropout
    networks (M, K; Pop & Fulop 2018), whose M·K functions are pooled.

    Args:
        members: M, networks that differ in their initial weights, order of the data and masks.
        draws: K, dropout masks a member when the pool is scored; 0 switches dropout off.
        vary: How the members differ beyond their seeds (query by committee): a key of model or training to the values
            that the members take in turn, as in {model.dropout_dense: [0.2, 0.5]}, or model to schema names, as in
            {model: [mlp, gal2017_cnn]}.
    """

    members: int = 1
    draws: int = 0
    vary: dict[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.members < 1:
            raise InputError(f"posterior.members is {self.members}; it must be at least 1")
        if self.draws < 0:
            raise InputError(f"posterior.draws is {self.draws}; give 0 (dropout off) or more")
        for key, values in self.vary.items():
            if not values:
                raise InputError(f"posterior.vary.{key} lists no values; give one or more, which members take in turn")

    def functions(self, dropout: bool) -> int:
        """How many distinct functions there are, given whether the network has active dropout."""
        return self.members * (max(self.draws, 1) if dropout else 1)
