"""Bounds on what a strategy can reach: the learner is trained with the labels of many batches, and the best taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from al_bench import checks, kernels
from al_bench.evidence import FIXED, Evidence, Product
from al_bench.strategies.base import FeatureStrategy, RunFacts, Selection, Strategy
from al_bench.strategies.parts import build_part

if TYPE_CHECKING:
    import torch
    from torch import nn

    from al_bench.learners.auxiliary import Auxiliary


def trial_of(evidence: Evidence) -> Callable[[Sequence[int]], float]:
    """The trials of the evidence.

    Raises:
        LookupError: there are none.
    """
    if evidence.trial is None:
        raise LookupError("the strategy reads trials, and the evidence has none: set reads_trials = True")
    return evidence.trial


@dataclass
class OracleGreedy(Strategy):
    """argmax_x of the test accuracy after training with x's label, too, over random rows x, one pick after another.

    A bound, not a method. Where none of the rows tried raises the accuracy, the pick is the row of smallest margin
    p₁ − p₂.

    Args:
        trials: The number of random rows tried for each pick.

    Cost:
        `trials` + 1 trainings and evaluations a pick, B of them a round, after one pass over the N rows for each of the
        K draws.

    Source:
        Werner, Burchert, Stubbemann and Schmidt-Thieme 2024, A Cross-Domain Benchmark for Active Learning
        (2408.00426), their greedy oracle.

    Departures:
        It reads labels of the pool and of the test part, which no method may do. It is greedy, so that another batch
        may be better yet. A trial is trained from scratch with the random streams of the next round: the accuracy in
        the notes is that of the next round, unless `training.warm_start` is on.
    """

    oracle: ClassVar[bool] = True
    reads_trials: ClassVar[bool] = True
    trials: int = 20

    def __post_init__(self) -> None:
        checks.at_least("strategy.trials", self.trials, 1)

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.mean_log_probs})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        import torch

        from al_bench.progress import bar

        trial, rows_count = trial_of(evidence), evidence.rows
        by_margin = kernels.select_top(kernels.margin(evidence.mean_log_probs), rows_count, generator).tolist()
        before = current = trial([])
        rows: list[int] = []
        accuracies: list[float] = []
        fallbacks = 0
        with bar("trials", batch * self.trials, "trainings") as trainings:
            for _ in range(batch):
                free_n = torch.ones(rows_count, dtype=torch.bool)
                free_n[rows] = False
                free = free_n.nonzero()[:, 0]
                order = torch.randperm(len(free), generator=generator, device=generator.device).cpu()
                tried = free[order[: self.trials]].tolist()
                reached = []
                for row in tried:
                    reached.append(trial([*rows, row]))
                    trainings.update()
                if max(reached) > current:
                    rows.append(tried[reached.index(max(reached))])
                    current = max(reached)
                else:
                    rows.append(next(row for row in by_margin if free_n[row]))
                    current = trial(rows)
                    fallbacks += 1
                accuracies.append(current)
        notes = {"accuracy_before": before, "accuracy": current, "fallbacks": fallbacks}
        return Selection(torch.tensor(rows, dtype=torch.int64), torch.tensor(accuracies), notes)


@dataclass
class OracleBatch(FeatureStrategy):
    """argmax over the batches of several strategies of the test accuracy after training with their labels, too.

    A bound, not a method: the best of what the strategies would pick in each round.

    Args:
        strategies: Options of al-bench.
        batches: Batches of each strategy.
        rows_max: Each batch is chosen from this many random candidates at most, so that the batches of one strategy
            differ; null: from all of them.

    Cost:
        That of every strategy, and a training and an evaluation for each batch. Memory: the evidence of all strategies.

    Source:
        BoSS: A Best-of-Strategies Selector as an Oracle for Deep Active Learning (2603.13109), 2026.

    Departures:
        It reads labels of the pool and of the test part, which no method may do. The source has 100 batches a round,
        and trains the last layer alone; here training is the run's own. All strategies read the same features: the
        input of the last layer where one of them is about it. A trial is trained from scratch with the random streams
        of the next
        round: the accuracy in the notes is that of the next round, unless `training.warm_start` is on.
    """

    oracle: ClassVar[bool] = True
    reads_trials: ClassVar[bool] = True
    composed: ClassVar[bool] = True
    strategies: list[str] = field(
        default_factory=lambda: ["random", "margin", "badge", "coreset_greedy", "typiclust", "maxherding"]
    )
    batches: int = 1
    rows_max: int | None = 2_500

    def __post_init__(self) -> None:
        good = len(self.strategies) == len(set(self.strategies)) > 0
        checks.require(good, "strategy.strategies", list(self.strategies), "one or more names, each once")
        checks.at_least("strategy.batches", self.batches, 1)
        if self.rows_max is not None:
            checks.at_least("strategy.rows_max", self.rows_max, 1)
        self._built  # noqa: B018 - names and keys are checked here

    @cached_property
    def _built(self) -> dict[str, Strategy]:
        return {name: build_part(name, "strategy.strategies", {}) for name in self.strategies}

    @property
    def last_layer(self) -> bool:  # type: ignore[override]
        return any(isinstance(part, FeatureStrategy) and part.last_layer for part in self._built.values())

    @property
    def minimum_draws(self) -> int:  # type: ignore[override]
        return max(part.minimum_draws for part in self._built.values())

    @property
    def minimum_members(self) -> int:  # type: ignore[override]
        return max(part.minimum_members for part in self._built.values())

    def num_targets(self) -> int:
        return max(part.num_targets() for part in self._built.values())

    def num_folds(self) -> int:
        return max(part.num_folds() for part in self._built.values())

    def auxiliary(self, network: nn.Module, row: torch.Tensor) -> Auxiliary | None:
        """The module of the strategy that has one."""
        modules = (part.auxiliary(network, row) for part in self._built.values())
        return next((module for module in modules if module is not None), None)

    def check(self, facts: RunFacts) -> None:
        for name, part in self._built.items():
            part.check(replace(facts, name=f"{name} of {facts.name}"))

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset().union(*(part.needs(draws) for part in self._built.values()))

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        import torch

        from al_bench.progress import bar

        trial = trial_of(evidence)
        reached: dict[str, float] = {}
        best = (-1.0, "", torch.empty(0, dtype=torch.int64))
        with bar("trials", len(self._built) * self.batches, "trainings") as trainings:
            for name, part in self._built.items():
                for _ in range(self.batches):
                    among = self._among(evidence.rows, batch, generator)
                    rows = among[part.select(_of_rows(evidence, part, among), batch, generator).rows.cpu()]
                    accuracy = trial(rows.tolist())
                    trainings.update()
                    reached[name] = max(reached.get(name, 0.0), accuracy)
                    if accuracy > best[0]:
                        best = (accuracy, name, rows)
        return Selection(best[2], notes={"accuracy": best[0], "picked_by": best[1], "accuracies": reached})

    def _among(self, rows_count: int, batch: int, generator: torch.Generator) -> torch.Tensor:
        """The rows that a batch is chosen from, ascending."""
        import torch

        most = rows_count if self.rows_max is None else max(self.rows_max, batch)
        if most >= rows_count:
            return torch.arange(rows_count)
        order = torch.randperm(rows_count, generator=generator, device=generator.device)
        return order[:most].sort().values.cpu()


def _of_rows(evidence: Evidence, part: Strategy, rows: torch.Tensor) -> Evidence:
    """The evidence of some rows, those products alone that a strategy declares."""
    needs = part.needs(True) | part.needs(False)
    products = {
        name: value if name in FIXED else value[rows.to(value.device)]
        for name, value in evidence.products.items()
        if name in needs
    }
    return Evidence(len(rows), products, evidence.classes)
