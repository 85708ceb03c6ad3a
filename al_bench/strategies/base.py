"""The contract of a strategy: hyper-parameters as fields, needs declared, rows out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from al_bench import checks, kernels
from al_bench.errors import InputError
from al_bench.evidence import Evidence, Product

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from torch import Tensor, nn

    from al_bench.learners.auxiliary import Auxiliary
    from al_bench.records import StopSetRecord


FORMER_METHODS = {
    "keeps": "max_candidates",
    "screen": "screening_score",
    "source": "feature_source",
    "targets": "num_targets",
}
"""Methods of a strategy that have been renamed: the old name to the new one."""


def __getattr__(name: str) -> Any:
    if name == "Setting":
        raise ImportError("al_bench.strategies.base.Setting is called RunFacts since al-bench 0.2.0")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run before any training.

    Args:
        name: The strategy's config name, for messages.
        functions: K, the number of distinct functions of the posterior.
        members: M, the number of networks of the posterior.
        batch: B, the number of points acquired a round.
        classes: C, the number of classes.
        labelled: L, the number of points labelled in round 0.
        labelled_classes: The number of distinct classes among them.
        draws_advice: What to type to get more functions from the learner.
        members_advice: What to type to get more members.
    """

    name: str
    functions: int
    members: int
    batch: int
    classes: int
    labelled: int
    labelled_classes: int
    draws_advice: str = "set posterior=ensemble"
    members_advice: str = "set posterior=ensemble or raise posterior.members"


@dataclass(frozen=True, eq=False)
class Selection:
    """A batch of candidates.

    Args:
        rows: [B] int64 positions in the evidence, in the order picked.
        scores: [B] the score of each row when it was picked, or None if the strategy has no scores.
        notes: Facts about this batch for the record (a saturation, an estimated parameter); plain JSON values.
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
        oracle: Whether it may read the true labels of the candidates: a bound, not a method. The run's header says so.
        reads_trials: Whether it reads `evidence.trial`, the test accuracy after trainings of its own: for oracles only.
        composed: Whether it is made of other strategies, and so can be no part of another one.
    """

    minimum_draws: ClassVar[int] = 0
    minimum_members: ClassVar[int] = 1
    oracle: ClassVar[bool] = False
    composed: ClassVar[bool] = False
    reads_trials: ClassVar[bool] = False

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Refuse a class that still overrides a method by the name it had before version 0.2.0."""
        super().__init_subclass__(**arguments)
        for old, new in FORMER_METHODS.items():
            if callable(getattr(cls, old, None)):
                raise InputError(
                    f"strategy class {cls.__name__} defines {old}(), which is called {new}() since al-bench 0.2.0: "
                    "rename the method"
                )

    @abstractmethod
    def needs(self, draws: bool) -> frozenset[Product]:
        """The products that the strategy reads.

        Args:
            draws: True where the posterior gives several draws, False where it gives a point prediction.
        """

    @abstractmethod
    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        """A batch of distinct rows.

        Args:
            evidence: The products declared in `needs`, for N candidates.
            batch: B, at most N.
            generator: The source of all randomness of the selection.
        """

    def feature_source(self, labelled: int) -> str:
        """Where the product `features` comes from: penultimate, a layer's name, input, or a .npy file.

        Args:
            labelled: L, the number of points labelled.
        """
        return "penultimate"

    def max_candidates(self) -> int | None:
        """Maximum number of candidates kept in memory, chosen by `screening_score`; None keeps all.

        It has no effect on a `ScoreStrategy`, whose evidence is dropped chunk by chunk.
        """
        return None

    def screening_score(self, evidence: Evidence) -> Tensor:
        """[n] scores of the rows of a chunk; the candidates of highest score are kept where `max_candidates` is set.

        The score must be a function of each row alone. It is called only where there are more candidates than
        `max_candidates()`. `select` then reads the scores of all candidates in `evidence.screen`, and returns positions
        in the evidence as usual.

        Raises:
            NotImplementedError: `max_candidates` is set and the strategy does not implement this method.
        """
        raise NotImplementedError(f"{type(self).__name__}.max_candidates() is set; implement screening_score()")

    def reads_in_passes(self, candidates: int) -> bool:
        """Whether `select` reads so many candidates through `evidence.passes`, none of whose evidence is then held."""
        return False

    def parts(self) -> Sequence[tuple[str, Strategy]]:
        """The strategies of which one picks the batch of a round, each with its option's name; this one alone."""
        return (("", self),)

    def acting(self, labelled: int, classes: int, signals: Sequence[StopSetRecord | None]) -> int:
        """Which of `parts` picks the batch of a round; a function of its arguments alone, so that runs can resume.

        Args:
            labelled: L, the number of points labelled.
            classes: C.
            signals: How far the predictions for the stop set moved, round 0 first, the round's own last.
        """
        return 0

    @property
    def reads_signals(self) -> bool:
        """Whether `acting` reads the signals, so that a run without a stop set is refused."""
        return False

    def reads_features_as(self) -> Strategy:
        """The strategy whose key `features` says where the product `features` comes from: this one."""
        return self

    def reduce(self, evidence: Evidence) -> dict[str, Tensor]:
        """[n, ...] what is needed of a chunk's rows, in place of its products; nothing: the products are stored.

        Where it gives something `select` finds it, of all candidates, in `evidence.reduced`, beside the products that
        are the same for all candidates. It is no part of a `ScoreStrategy`.
        """
        return {}

    def num_targets(self) -> int:
        """T, the number of target points in the product `target_mc_log_probs`."""
        return 0

    def num_folds(self) -> int:
        """The number of folds behind the product `held_out_log_probs`, at least 2 where it is declared."""
        return 0

    def auxiliary(self, network: nn.Module, row: Tensor) -> Auxiliary | None:
        """A module that is trained together with a network for the strategy, or None.

        Args:
            network: One member of the posterior, on its device.
            row: [1, *shape] one prepared input, on the same device.
        """
        return None

    def check(self, facts: RunFacts) -> None:
        """Refuse a run in which the strategy has no meaning, before any training.

        Args:
            facts: What is known of the run.

        Raises:
            InputError: too few draws or members; the message names the user's keys.
        """
        if facts.functions < self.minimum_draws:
            raise InputError(
                f"strategy {facts.name} needs at least {self.minimum_draws} distinct posterior draws and there "
                f"{'is' if facts.functions == 1 else 'are'} {facts.functions}: {facts.draws_advice}"
            )
        if facts.members < self.minimum_members:
            raise InputError(
                f"strategy {facts.name} needs a committee of at least {self.minimum_members} and posterior.members "
                f"is {facts.members}: {facts.members_advice}"
            )


class Stochastic(Enum):
    none = "none"
    power = "power"
    softmax = "softmax"
    softrank = "softrank"


@dataclass
class ScoreStrategy(Strategy):
    """A strategy that scores each row by itself and takes the rows of highest score.

    `score` is called on chunks of rows, and the evidence of the whole pool is never held.

    Args:
        stochastic: none: the B highest scores. Else the B rows are drawn one after another, each with a probability
            proportional, among the rows left, to score^β (power; for scores of at least 0), exp(β·score) (softmax) or
            rank^−β, the highest score having rank 1 (softrank): Kirsch et al. 2023 (2106.12059).
        beta: β, the inverse temperature of that draw: 0 is a uniformly random batch, ∞ the highest scores. It has no
            effect where `stochastic` is none.

    Attributes:
        scores_at_least_zero: No score is negative, so that a power of it can be taken. Where it is False,
            `stochastic=power` is refused before any training.
    """

    scores_at_least_zero: ClassVar[bool] = True
    stochastic: Stochastic = Stochastic.none
    beta: float = 1.0

    def __post_init__(self) -> None:
        checks.at_least("strategy.beta", self.beta, 0, finite=True)

    def check(self, facts: RunFacts) -> None:
        super().check(facts)
        if self.stochastic is Stochastic.power and not self.scores_at_least_zero:
            raise InputError(
                f"strategy.stochastic is power, and the scores of strategy {facts.name} may be negative, where a "
                "power has no meaning: set strategy.stochastic=softmax or softrank"
            )

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        if self.stochastic is not Stochastic.none:
            return {}
        return {"beta": "strategy.stochastic is none; set strategy.stochastic=softmax (or power, softrank)"}

    @abstractmethod
    def score(self, evidence: Evidence) -> Tensor:
        """[n] scores of the rows of a chunk, higher is more informative.

        It must be a function of the evidence alone: it is called again for some rows with half of their draws (to
        measure the noise of the ranking).
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
        features: auto: the encoder's features where there is an encoder (badge and bait, which are about the last
            layer, take that layer's input), else penultimate, the input of the network's last linear layer. Or
            penultimate; a layer's name: its output, averaged over positions where it is spatial;
            input: the prepared inputs, flattened; x.npy: rows of an array [training points, D] of your own, by dataset
            index.

    Attributes:
        last_layer: Whether the features must be the last linear layer's input, as the method is about its gradients.
    """

    last_layer: ClassVar[bool] = False
    features: str = "auto"

    def feature_source(self, labelled: int) -> str:
        return "penultimate" if self.features == "auto" else self.features
