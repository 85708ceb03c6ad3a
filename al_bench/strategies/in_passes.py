"""Strategies that can work on a pool whose features are not held in memory, by reading it several times."""

from __future__ import annotations

from dataclasses import dataclass

from al_bench import checks
from al_bench.errors import InputError
from al_bench.strategies.base import FeatureStrategy, RunFacts


@dataclass
class PassesStrategy(FeatureStrategy):
    """A strategy in a feature space that holds the features of all candidates, or reads them in passes.

    Args:
        features_held: null: the features of all candidates are held. A number: of a larger pool those of so many rows
            at most, and the pool is read and scored again in every pass, for the same batch but for rounding; the
            record says how many passes there were.
    """

    features_held: int | None = None

    def __post_init__(self) -> None:
        if self.features_held is not None:
            checks.at_least("strategy.features_held", self.features_held, 1)

    def check(self, facts: RunFacts) -> None:
        super().check(facts)
        if self.features_held is not None and self.features_held < facts.batch:
            raise InputError(
                f"strategy.features_held is {self.features_held} and schedule.batch is {facts.batch}, whose features "
                "are held in any case: raise strategy.features_held, or set it to null to hold those of all candidates"
            )

    def reads_in_passes(self, candidates: int) -> bool:
        return self.features_held is not None and candidates > self.features_held
