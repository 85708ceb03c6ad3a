"""What a run's header says of the features that an encoder made of a data set."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DIMENSIONS = 256
"""Of the dense features that strategies get where an encoder's are sparse."""


@dataclass(frozen=True)
class Encoding:
    """Where the features of a data set come from.

    Args:
        fingerprint: Of the raw data that the features were made of.
        digest: Of the features, test part included.
        dimension: D, numbers a point.
        facts: What the features depend on, for the header: weights and their digest, versions, device.
        remarks: What a reader must know, one sentence each, such as that strategies see fewer dimensions.
        points: Different points, test part included.
        cached: How many of them were read from the cache; None where nothing is cached.
        tokens: They are no features but token ids, which a transformer reads; the dimension is the longest text's.
    """

    fingerprint: str
    digest: str
    dimension: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    points: int = 0
    cached: int | None = None
    tokens: bool = False

    def for_header(self) -> dict[str, Any]:
        """The entry of a run's header."""
        remarks = {"remarks": list(self.remarks)} if self.remarks else {}
        return {"digest": self.digest, "dimension": self.dimension, **self.facts, **remarks}


def digest_of(parts: Sequence[Any]) -> str:
    """32 hex digits over the features of both parts, in the order of the data set.

    Args:
        parts: [N, D] and [T, D]: float32 tensors, or rows of a file or sparse ones, which digest themselves.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(str(tuple(part.shape)).encode())
        if hasattr(part, "update"):
            part.update(digest)
        else:
            digest.update(part.contiguous().numpy().data)
    return digest.hexdigest()
