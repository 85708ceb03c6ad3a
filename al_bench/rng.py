"""Named random streams: one seed, one generator per purpose and round, none of which shifts another.

The stream `name` of round r under seed s is seeded by `SeedSequence(s, spawn_key=(crc32(name), r))`.
A new stream therefore changes no existing one, a resumed run draws what an unbroken one draws, and all
strategies under one seed share the initial set and the weights, order and masks of round 0.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


PURPOSES = {
    "initial": ("initial",),
    "training": (
        *(
            "weights",
            "auxiliary",
            "order",
            "augmentation",
            "dropout",
            "bootstrap",
            "estimator",
            "posterior",
            "global",
            "successor",
            "tuning",
        ),
    ),
    "selection": ("candidates", "targets", "masks", "selection", "calibration_folds"),
}
"""Purpose to the streams that its seed drives, where it has one of its own; all others follow the run's seed."""

_PURPOSE_OF = {name: purpose for purpose, names in PURPOSES.items() for name in names}


def crossed_seeds(seed: int, levels: Sequence[int]) -> list[int]:
    """The seeds of the purposes in a crossed study: the digits of the run's seed, each purpose a digit of its own.

    With levels l_1, l_2, …: s_1 = seed mod l_1, s_2 = ⌊seed / l_1⌋ mod l_2, and so on, in the order of `PURPOSES`.

    Args:
        seed: The run's.
        levels: How many seeds each purpose has; for the first purposes, the others follow the run's seed.
    """
    return [seed // math.prod(levels[:place]) % level for place, level in enumerate(levels)]


@dataclass(frozen=True)
class Streams:
    """The random streams of one run.

    Args:
        seed: The run's seed, a non-negative integer.
        initial, training, selection: Seeds of the streams of these purposes; None: the run's seed.
    """

    seed: int
    initial: int | None = None
    training: int | None = None
    selection: int | None = None

    def seed_of(self, purpose: str) -> int:
        """The seed of the streams of one of `PURPOSES`."""
        own: int | None = getattr(self, purpose)
        return self.seed if own is None else own

    def _sequence(self, name: str, round_: int, member: int) -> np.random.SeedSequence:
        key = (zlib.crc32(name.encode()), round_) if member == 0 else (zlib.crc32(name.encode()), round_, member)
        seed = self.seed_of(_PURPOSE_OF[name]) if name in _PURPOSE_OF else self.seed
        return np.random.SeedSequence(seed, spawn_key=key)

    def child(self, name: str) -> Streams:
        """Streams of their own, all of which the stream `name` of round 0 seeds: they shift none of these."""
        return Streams(self.integer(name))

    def integer(self, name: str, round_: int = 0, member: int = 0) -> int:
        """A 63-bit integer, for libraries that take a seed and no generator."""
        return int(self._sequence(name, round_, member).generate_state(1, np.uint64)[0] >> np.uint64(1))

    def numpy(self, name: str, round_: int = 0, member: int = 0) -> np.random.Generator:
        """A NumPy generator for the stream `name` of round `round_` (of ensemble member `member`)."""
        return np.random.Generator(np.random.PCG64(self._sequence(name, round_, member)))

    def torch(self, name: str, round_: int = 0, member: int = 0, device: str = "cpu") -> torch.Generator:
        """A torch generator for the stream `name` of round `round_` (of ensemble member `member`)."""
        import torch

        return torch.Generator(device).manual_seed(self.integer(name, round_, member))
