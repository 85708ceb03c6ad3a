"""Strategies made of others: one after another, and a score spread over the classes; and Random by clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from al_bench import checks, kernels
from al_bench.errors import InputError
from al_bench.evidence import Evidence, Product
from al_bench.records import StopSetRecord
from al_bench.stopping.rule import StoppingRule, first_stop
from al_bench.stopping.rules import RULES
from al_bench.strategies.base import RunFacts, ScoreStrategy, Selection, Strategy
from al_bench.strategies.density import LowBudgetStrategy
from al_bench.strategies.parts import build_part

if TYPE_CHECKING:
    import torch
    from torch import nn

    from al_bench.learners.auxiliary import Auxiliary


@dataclass
class Switch(Strategy):
    """One strategy up to a number of labels, or to a stopping rule's signal, and another after it (Doucet et al. 2024).

    `tcm` is this with TypiClust, then margin.

    Args:
        first, then: Options of al-bench.
        after: The number of labels from which `then` picks; null: five labels a class, unless there is a signal.
        signal: A stopping rule; `then` picks from the first round in which it says to stop (it stops nothing).
        signal_threshold: The rule's threshold; null: its own.
        first_keys, then_keys: Keys of the two strategies, as in `+strategy.then_keys.stochastic=power`.
        features: The key `features` of those of the two that have it.

    Cost:
        That of the strategy that picks.

    Source:
        Doucet, Estermann, Aczel and Wattenhofer 2024, Bridging Diversity and Uncertainty in Active Learning with
        Self-Supervised Pre-Training (2403.03728): TypiClust, then margin.

    Departures:
        Five labels a class is a choice of this bench: the paper gives a rule for its budgets. A signal is not in the
        paper; it reads the predictions for the stop set (`evaluation.stop_set`). Works from an empty labelled set
        where `first` does.
    """

    composed: ClassVar[bool] = True
    first: str = "typiclust"
    then: str = "margin"
    after: int | None = None
    signal: str | None = None
    signal_threshold: float | None = None
    first_keys: dict[str, Any] = field(default_factory=dict)
    then_keys: dict[str, Any] = field(default_factory=dict)
    features: str = "auto"

    def __post_init__(self) -> None:
        if self.after is not None:
            checks.at_least("strategy.after", self.after, 1)
        if self.signal is not None:
            checks.one_of("strategy.signal", self.signal, RULES)
            if self.after is not None:
                raise InputError(
                    f"strategy.after is {self.after} and strategy.signal is {self.signal}: set one of them to null"
                )
        elif self.signal_threshold is not None:
            raise InputError(
                f"strategy.signal_threshold is {self.signal_threshold} and there is no signal; set "
                f"strategy.signal={next(iter(RULES))}, or leave the threshold out"
            )
        self.rule()
        self.parts()

    def rule(self) -> StoppingRule | None:
        """The rule whose signal is waited for; None where labels are counted."""
        if self.signal is None:
            return None
        rule = RULES[self.signal]
        try:
            return rule() if self.signal_threshold is None else rule(threshold=self.signal_threshold)
        except InputError as error:
            raise InputError(str(error).replace("stopping.threshold", "strategy.signal_threshold")) from error

    @cached_property
    def _parts(self) -> tuple[tuple[str, Strategy], ...]:
        return (
            (self.first, build_part(self.first, "strategy.first", self.first_keys, self.features)),
            (self.then, build_part(self.then, "strategy.then", self.then_keys, self.features)),
        )

    def parts(self) -> Sequence[tuple[str, Strategy]]:
        return self._parts

    @property
    def reads_signals(self) -> bool:
        return self.signal is not None

    def acting(self, labelled: int, classes: int, signals: Sequence[StopSetRecord | None]) -> int:
        """0 for `first`, 1 for `then`."""
        if (rule := self.rule()) is not None:
            return int(first_stop(rule, signals, classes) is not None)
        return int(labelled >= self._start(classes))

    def _start(self, classes: int) -> int:
        """The number of labels from which `then` picks."""
        return 5 * classes if self.after is None else self.after

    def check(self, facts: RunFacts) -> None:
        (first, one), (then, other) = self._parts
        if self.signal is not None or facts.labelled < self._start(facts.classes):
            one.check(replace(facts, name=first))
        reached = facts.labelled if self.signal is not None else max(facts.labelled, self._start(facts.classes))
        seen = facts.labelled_classes if reached == facts.labelled else facts.classes
        other.check(replace(facts, name=then, labelled=max(reached, 1), labelled_classes=seen))

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset().union(*(part.needs(draws) for _, part in self._parts))

    def auxiliary(self, network: nn.Module, row: torch.Tensor) -> Auxiliary | None:
        """The module of the part that has one."""
        modules = (part.auxiliary(network, row) for _, part in self._parts)
        return next((module for module in modules if module is not None), None)

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        """The batch of `first`; in a run the part that acts is asked by itself."""
        return self._parts[0][1].select(evidence, batch, generator)


@dataclass
class ClassBalance(Strategy):
    """The rows of highest score of each predicted class, so many that labels and picks are as even as can be.

    The batch is allotted one row after another to the class argmin_c (labels + picks of c), among those that rows are
    predicted to be of; each class gives its rows of highest score.

    Args:
        of: The strategy that scores the rows: an option of al-bench that scores each row by itself.
        of_keys: Its keys, as in `+strategy.of_keys.stochastic=power`: then each class's rows are drawn.
        features: Its key `features`, where it has one.

    Cost:
        That of the score, and O(N + B log C). Memory: a score and a class a row.

    Source:
        Schröder, Müller, Niekler and Potthast 2023, Small-Text (2107.10314), whose ClassBalancer wraps a strategy so.

    Departures:
        One label after another, where the source allots shares. A predicted class may be wrong, and one that is never
        predicted gets nothing. Works from an empty labelled set where the score does.
    """

    composed: ClassVar[bool] = True
    of: str = "margin"
    of_keys: dict[str, Any] = field(default_factory=dict)
    features: str = "auto"

    def __post_init__(self) -> None:
        if not isinstance(part := build_part(self.of, "strategy.of", self.of_keys, self.features), ScoreStrategy):
            raise InputError(
                f"strategy.of is {self.of!r}, which does not score each row by itself; choose such as margin, entropy, "
                f"least_confidence or bald, in place of {type(part).__name__}"
            )

    @cached_property
    def _part(self) -> ScoreStrategy:
        part = build_part(self.of, "strategy.of", self.of_keys, self.features)
        assert isinstance(part, ScoreStrategy)
        return part

    @property
    def minimum_draws(self) -> int:  # type: ignore[override]
        return self._part.minimum_draws

    @property
    def minimum_members(self) -> int:  # type: ignore[override]
        return self._part.minimum_members

    def reads_features_as(self) -> Strategy:
        return self._part

    def check(self, facts: RunFacts) -> None:
        self._part.check(replace(facts, name=f"{self.of} of {facts.name}"))

    def num_targets(self) -> int:
        return self._part.num_targets()

    def auxiliary(self, network: nn.Module, row: torch.Tensor) -> Auxiliary | None:
        return self._part.auxiliary(network, row)

    def needs(self, draws: bool) -> frozenset[Product]:
        return self._part.needs(draws) | {Product.mean_log_probs, Product.labelled_labels}

    def reduce(self, evidence: Evidence) -> dict[str, torch.Tensor]:
        """[n] scores and predicted classes of the rows of a chunk."""
        scores = self._part.score(evidence).float()
        kernels.check_scores(scores, -float("inf"), float("inf"), f"the {type(self._part).__name__} score")
        kernels.check_scores(kernels.least_confidence(evidence.mean_log_probs), 0, 1, "1 − the largest probability")
        return {"scores": scores, "predicted": evidence.mean_log_probs.argmax(1)}

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        import torch

        reduced = evidence.reduced or self.reduce(evidence)
        scores, predicted = reduced["scores"].cpu(), reduced["predicted"].cpu()
        labelled = evidence.labelled_labels.cpu()
        classes = max(evidence.classes, *(int(part.max()) + 1 for part in (labelled, predicted) if len(part)))
        counts, available = torch.bincount(labelled, minlength=classes), torch.bincount(predicted, minlength=classes)
        sequence = kernels.balanced_classes(counts, available, batch, generator)
        rows = torch.empty_like(sequence)
        for label in sequence.unique().tolist():
            of_class, turns = (predicted == label).nonzero()[:, 0], (sequence == label).nonzero()[:, 0]
            rows[turns] = of_class[self._part.pick(scores[of_class], len(turns), generator).rows]
        allotted = torch.bincount(sequence, minlength=classes)
        return Selection(rows, scores[rows], {"predicted_classes": allotted.tolist()})


@dataclass
class RandomStratified(LowBudgetStrategy):
    """B rows, every row with probability B / N, of which each cluster of the features gets its share, rounded.

    The baseline Random, adapted: K-means clusters are strata, and the rows are drawn by systematic sampling over them.
    Like Random it reads no prediction; a method that is no better than this one gains from coverage alone.

    Args:
        clusters: The number of clusters; null: as many as classes.

    Cost:
        O(N D k) an iteration of K-means with k clusters, at most 50, after one pass over the N rows. Memory: a few
        copies of the features.

    Source:
        Stratified and systematic sampling (Madow and Madow 1944), with clusters of the features as strata.

    Departures:
        No paper's method. Labelled points are not used. Works from an empty labelled set: `features=auto` then takes
        the input.
    """

    clusters: int | None = None

    def __post_init__(self) -> None:
        if self.clusters is not None:
            checks.at_least("strategy.clusters", self.clusters, 1)

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.features})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        clusters = max(1, evidence.classes) if self.clusters is None else self.clusters
        return Selection(kernels.stratified_batch(evidence.features, batch, generator, clusters=clusters))
