"""How evenly points are spread over classes: the entropy of their shares. Nothing here imports torch."""

from __future__ import annotations

import math
from collections.abc import Sequence


def class_entropy(counts: Sequence[float]) -> float:
    """H(p) = −Σ_c p_c log p_c of class counts [C], p = counts / Σ counts: nats.

    0 where one class has all points (Pop & Fulop 2018 for its use). SciPy's entropy is the same to the last bit or two
    and takes half a second to import.
    """
    total = sum(counts)
    return math.fsum(-count / total * math.log(count / total) for count in counts if count) + 0.0


def relative_class_entropy(counts: Sequence[float]) -> float:
    """The entropy of class counts [C] over that of equal shares: H(p) / log C, from 0 to 1.

    NaN for an empty set or a single class, where nothing can be balanced.
    """
    if sum(counts) <= 0 or len(counts) < 2:
        return math.nan
    return class_entropy(counts) / math.log(len(counts))
