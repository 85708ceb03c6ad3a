"""Named random streams: one seed, one generator per purpose and round, none of which shifts another.

The stream `name` of round r under seed s is seeded by `SeedSequence(s, spawn_key=(crc32(name), r))`.
A new stream therefore changes no existing one, a resumed run draws what an unbroken one draws, and all
strategies under one seed share the initial set and the weights, order and masks of round 0.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Streams:
    """The random streams of one run.

    Args:
        seed: The run's seed, a non-negative integer.
    """

    seed: int

    def _sequence(self, name: str, round_: int, member: int) -> np.random.SeedSequence:
        key = (zlib.crc32(name.encode()), round_) if member == 0 else (zlib.crc32(name.encode()), round_, member)
        return np.random.SeedSequence(self.seed, spawn_key=key)

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
