"""stop_set.bin: the classes predicted for the stop set, round by round, so that a resumed run knows the last ones.

An `ArrayFile`: first the dataset indices of the stop set [n], then by round the predicted classes [n], each in as few
bytes as hold them: 1,000 points and up to 256 classes take 1 kB a round.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_bench.pool import Indices
from al_bench.storage.array_file import ArrayFile

NAME = "stop_set.bin"


class StoredStopSet:
    """The predictions of a run for its stop set.

    Args:
        folder: The run's folder.
        start: What the digests begin with: `rounds.chain_start` of the run's header.
        indices: [n] dataset indices of the stop set. A file of another stop set, of another size for one, is of no use
            and begins anew.

    Raises:
        DamagedRecordError: the file holds anything else, or is of another run.
    """

    def __init__(self, folder: Path, start: str, indices: Indices) -> None:
        self._indices = indices
        self._file = ArrayFile(folder, NAME, start, "indices")
        if self._file.rounds and not np.array_equal(self._file.read(None), indices):
            self._file.path.unlink()
            self._file = ArrayFile(folder, NAME, start, "indices")

    def classes(self, round_: int) -> NDArray[np.int64] | None:
        """[n] the classes predicted in a round; None where they are not on disk."""
        return self._file.read(round_).astype(np.int64) if round_ in self._file.rounds else None

    def append(self, round_: int, classes: NDArray[np.int64]) -> None:
        """Add the classes [n] predicted in a round, on disk before this returns."""
        self._file.append(round_, _compact(classes), _compact(self._indices))


def _compact(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers from 0 in as few bytes as hold the largest."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))
