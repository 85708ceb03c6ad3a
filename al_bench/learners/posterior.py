"""The posterior protocol: how many networks are trained, and how functions are drawn from each of them.

Letters: n rows, K functions in all, M members (trained networks), S draws a member, C classes; K = M · S.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from al_bench import checks
from al_bench.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from al_bench.learners.member import Member

Sampler = Callable[["Tensor"], "Tensor"]
"""Prepared inputs [n, *shape] to log-probabilities [n, K, C] (nats) of the same K functions at every call."""


@dataclass
class Posterior(ABC):
    """An equal mixture over M trained networks, from each of which S functions are drawn.

    A posterior of one's own is a dataclass that derives from this class and implements `sampler`; its fields are
    config keys. The learner trains the members, each from its own random streams, calls `after_fit` once for each
    member of each round, and `sampler` whenever functions are drawn: for the test part and for the pool.

    Args:
        members: M, networks that differ in their initial weights, order of the data and dropout masks.
        draws: S, functions drawn from each member when the pool is scored; 0 takes each member's point prediction.
        vary: How the members differ beyond their seeds (query by committee): a key of model or training to the values
            that the members take in turn, as in {model.dropout_dense: [0.2, 0.5]}, or model to schema names, as in
            {model: [mlp, gal2017_cnn]}.

    Attributes:
        weights_suffice: Whether the functions depend on the weights of the networks alone, so that round 0 may be
            loaded from the cache; False where the labelled points or `after_fit` take part.

    Raises:
        InputError: fewer than 1 member, a negative number of draws, or a key of `vary` without values.
    """

    weights_suffice: ClassVar[bool] = False

    members: int = 1
    draws: int = 0
    vary: dict[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.at_least("posterior.members", self.members, 1)
        checks.at_least("posterior.draws", self.draws, 0, " (dropout off)")
        for key, values in self.vary.items():
            if not values:
                raise InputError(f"posterior.vary.{key} lists no values; give one or more, which members take in turn")

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        return {
            f"vary.{key}": f"it has {len(values)} values, which the members take in turn, and posterior.members is "
            f"{self.members}; set posterior.members={len(values)}"
            for key, values in self.vary.items()
            if len(values) > self.members
        }

    def functions(self, networks: Sequence[nn.Module]) -> int:
        """K, how many distinct functions there are when the pool is scored: M · max(S, 1) unless overridden.

        Args:
            networks: The M networks, untrained.
        """
        return self.members * max(self.draws, 1)

    def training_rows(self, labels: Tensor, generator: torch.Generator) -> Tensor | None:
        """The labelled points that one member is trained on; None (the default): all of them, each once.

        Args:
            labels: [L] int64, of the labelled points.
            generator: Random numbers for this member and round, on the CPU.

        Returns:
            Positions among the labelled points; a position may occur more than once.
        """
        return None

    def after_fit(self, member: Member, generator: torch.Generator) -> None:
        """Do what has to be done once after a member was trained, such as more steps that collect its weights.

        The default does nothing. Called in every round for every member in turn, also where nothing is labelled yet.
        What it computes may be stored on the object, by `member.number`; a resumed run trains the round again and
        calls this again, so nothing has to be saved.

        Args:
            member: The trained network.
            generator: Random numbers for this member and round, on the CPU.
        """
        return

    @abstractmethod
    def sampler(self, member: Member, draws: int, generator: torch.Generator) -> Sampler:
        """Draw `draws` functions from one member.

        Args:
            member: The trained network and the labelled points that it was trained on.
            draws: S, at least 1: `posterior.draws`, or `evaluation.draws` for the test part.
            generator: Where every random number has to come from, on the CPU: equal generators give equal functions.

        Returns:
            Prepared inputs [n, *shape] to log-probabilities [n, S, C], nats: the same S functions for every row,
            every chunk and every call. It is called without gradients (inference mode).
        """
