"""Seeds of single purposes: the keys `seeds.*` of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench import checks
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.rng import Streams

PURPOSES_OF_SEEDS = ("initial", "training", "selection")
MOST_LEVELS = 10_000
"""Seeds of one purpose in a crossed study."""


@dataclass
class Seeds:
    """Seeds of single purposes, so that what each adds to the spread can be told apart.

    Args:
        initial: Of the initial set; null: `seed`.
        training: Of what training draws: weights, order, dropout, augmentation, bootstraps; null: `seed`.
        selection: Of what picking draws: candidates, posterior draws, ties and the strategy's own choices; null:
            `seed`.
        crossed: How many seeds of each of these a crossed study has, as [3,3] or [3,3,2]: run seed=0 to 8, or to 17,
            of which the first gives initial 0, 1, 2, 0, …, and training 0, 0, 0, 1, …; in place of the keys above.
    """

    initial: int | None = None
    training: int | None = None
    selection: int | None = None
    crossed: list[int] | None = None

    def __post_init__(self) -> None:
        for key in PURPOSES_OF_SEEDS:
            if (value := getattr(self, key)) is not None:
                checks.at_least(f"seeds.{key}", value, 0)
                if self.crossed is not None:
                    raise InputError(f"seeds.{key} and seeds.crossed are both given; give one of them")
        if self.crossed is not None:
            rule = f"one to three whole numbers from 1 to {MOST_LEVELS:,}: of initial, training and selection"
            good = 1 <= len(self.crossed) <= len(PURPOSES_OF_SEEDS) and all(
                1 <= level <= MOST_LEVELS for level in self.crossed
            )
            checks.require(good, "seeds.crossed", list(self.crossed), rule)

    def streams(self, seed: int) -> Streams:
        """The random streams of a run.

        Args:
            seed: The run's.
        """
        from al_bench.rng import Streams, crossed_seeds  # NumPy: not for --help

        if self.crossed is not None:
            return Streams(seed, *crossed_seeds(seed, self.crossed))
        return Streams(seed, self.initial, self.training, self.selection)
