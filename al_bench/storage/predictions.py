"""predictions.bin: the mean predictions for the test part, round by round, where `evaluation.keep=probabilities` asks.

An `ArrayFile`: first the test part's true classes [N], then by round the natural logarithms of the probabilities
[N, C].
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_bench.storage.array_file import ArrayFile

NAME = "predictions.bin"


class StoredPredictions:
    """The predictions of a run's folder.

    Args:
        folder: The run's folder.
        start: What the digests begin with: `rounds.chain_start` of the run's header.

    Raises:
        DamagedRecordError: the file holds anything else.
    """

    def __init__(self, folder: Path, start: str) -> None:
        self._file = ArrayFile(folder, NAME, start, "classes")
        self.path = self._file.path

    @property
    def rounds(self) -> list[int]:
        """The rounds that have predictions, ascending."""
        return self._file.rounds

    def labels(self) -> NDArray[np.int64]:
        """[N] true classes of the test part."""
        return self._file.read(None)

    def log_probs(self, round_: int) -> NDArray[Any]:
        """[N, C] log-probabilities of a round, nats."""
        return self._file.read(round_)

    def append(self, round_: int, log_probs: NDArray[Any], labels: NDArray[np.int64]) -> None:
        """Add the predictions of a round, on disk before this returns.

        Args:
            round_: From 0.
            log_probs: [N, C], 32 or 64 bits.
            labels: [N] true classes, written where the file begins.
        """
        self._file.append(round_, log_probs, labels)
