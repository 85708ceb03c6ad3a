"""The contract of a strategy: hyper-parameters as fields, needs declared, rows out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from al_bench import kernels
from al_bench.errors import InputError
from al_bench.evidence import Evidence, Product

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from al_bench.learners.auxiliary import Auxiliary


@dataclass(frozen=True)
class Setting:
    """What is known of a run before any training.

    Args:
        name: The strategy's config name, for messages.
        functions: K, distinct functions of the posterior.
        members: M, networks of the posterior.
        batch: B, points acquired a round.
        classes: C.
        labelled: Points labelled in round 0.
        labelled_classes: Distinct classes among them.
    """

    name: str
    functions: int
    members: int
    batch: int
    classes: int
    labelled: int
    labelled_classes: int


@dataclass(frozen=True, eq=False)
class Selection:
    """A batch of candidates.

    Args:
        rows: [B] int64 positions in the evidence, in the order picked.
        scores: [B] the score each had when picked, or None where the strategy has none.
        notes: What the record should say of this batch (a saturation, an estimated parameter); plain JSON values.
    """

    rows: Tensor
    scores: Tensor | None = None
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Strategy(ABC):
    """Chooses a batch of candidate rows from evidence.

    Attributes:
        minimum_draws: The fewest distinct posterior draws that give the strategy a meaning.
        minimum_members: The fewest members of the posterior.
        oracle: It may read the true labels of the candidates: a bound, not a method. Marked in the run's header.
    """

    minimum_draws: ClassVar[int] = 0
    minimum_members: ClassVar[int] = 1
    oracle: ClassVar[bool] = False

    @abstractmethod
    def needs(self, draws: bool) -> frozenset[Product]:
        """The products the strategy reads, where the posterior gives several draws or (False) a point."""

    @abstractmethod
    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        """A batch of `batch` distinct rows."""

    def source(self, labelled: int) -> str:
        """Where the product `features` comes from: penultimate, a layer's name, input, or a .npy file.

        Args:
            labelled: L, how many points are labelled.
        """
        return "penultimate"

    def keeps(self) -> int | None:
        """How many candidates' evidence is held at most, those of highest `screen`; None: that of all.

        Of no effect on a score strategy, for which none is held.
        """
        return None

    def screen(self, evidence: Evidence) -> Tensor:
        """[n] scores of the rows of a chunk: which evidence to keep, the highest; for a strategy that `keeps` some.

        A function of each row alone. Called only where there are more candidates than are kept; `select` then finds the
        scores of all in `evidence.screen`, and returns rows of the evidence as ever.
        """
        raise NotImplementedError(f"{type(self).__name__} keeps some candidates' evidence and does not say whose")

    def targets(self) -> int:
        """T, the points of the product `target_mc_log_probs`."""
        return 0

    def auxiliary(self, network: nn.Module, row: Tensor) -> Auxiliary | None:
        """What is trained beside a network for the strategy, given one prepared input row [1, *shape]."""
        return None

    def check(self, setting: Setting) -> None:
        """Refuse a setting in which the strategy has no meaning.

        Raises:
            InputError: before any training, in the user's key names.
        """
        if setting.functions < self.minimum_draws:
            raise InputError(
                f"strategy {setting.name} needs at least {self.minimum_draws} distinct posterior draws and there "
                f"{'is' if setting.functions == 1 else 'are'} {setting.functions}: set posterior=mc_dropout with a "
                "model that has dropout and posterior.draws above 1, or posterior=ensemble"
            )
        if setting.members < self.minimum_members:
            raise InputError(
                f"strategy {setting.name} needs a committee of at least {self.minimum_members} and posterior.members "
                f"is {setting.members}: set posterior=ensemble or raise posterior.members"
            )


class Stochastic(Enum):
    none = "none"
    power = "power"
    softmax = "softmax"
    softrank = "softrank"


@dataclass
class ScoreStrategy(Strategy):
    """A strategy that gives each row a score of its own and takes the highest.

    The runner calls `score` on chunks of rows and never holds the evidence of the whole pool.

    Args:
        stochastic: none: the B highest scores. Else the B rows are drawn one after another, each with a probability
            proportional, among the rows left, to score^β (power; for scores of at least 0), exp(β·score) (softmax) or
            rank^−β, the highest score having rank 1 (softrank): Kirsch et al. 2023 (2106.12059).
        beta: β, the inverse temperature of that draw: 0 is a uniformly random batch, ∞ the highest scores. Without a
            draw it has no effect.

    Attributes:
        scores_at_least_zero: No score is negative, so that a power of it can be taken. Where it is False,
            `stochastic=power` is refused before any training.
    """

    scores_at_least_zero: ClassVar[bool] = True
    stochastic: Stochastic = Stochastic.none
    beta: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.beta < math.inf:
            raise InputError(f"strategy.beta is {self.beta}; it must be at least 0 and finite")

    def check(self, setting: Setting) -> None:
        super().check(setting)
        if self.stochastic is Stochastic.power and not self.scores_at_least_zero:
            raise InputError(
                f"strategy.stochastic is power, and the scores of strategy {setting.name} may be negative, where a "
                "power has no meaning: set strategy.stochastic=softmax or softrank"
            )

    @abstractmethod
    def score(self, evidence: Evidence) -> Tensor:
        """[n] scores of the rows of a chunk, higher is more informative.

        A function of the evidence alone: it is called again for some rows with half of their draws (`health.ranking`).
        """

    def pick(self, scores: Tensor, batch: int, generator: torch.Generator) -> Selection:
        """The rows of the `batch` highest of the scores [N] (ties in an order drawn from the generator), or a draw."""
        if self.stochastic is Stochastic.none:
            rows = kernels.select_top(scores, batch, generator)
        else:
            rows = kernels.select_stochastic(scores, batch, self.stochastic.value, self.beta, generator)
        return Selection(rows, scores[rows])

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        """The rows of the `batch` highest scores."""
        return self.pick(self.score(evidence), batch, generator)


@dataclass
class FeatureStrategy(Strategy):
    """A strategy that works in a feature space.

    Args:
        features: penultimate: the input of the network's last linear layer. A layer's name: its output, averaged
            over positions where it is spatial. input: the prepared inputs, flattened. x.npy: rows of an array
            [training points, D] of your own, by dataset index.
    """

    features: str = "penultimate"

    def source(self, labelled: int) -> str:
        return self.features
