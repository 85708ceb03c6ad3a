"""Another class in the place of the true one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def other_class(classes: NDArray[np.int64], count: int, uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """[N] a class drawn uniformly from those that an item is not of.

    j = ⌊u · (C − 1)⌋, and one more where j ≥ y: the j-th of the classes without y.

    Args:
        classes: [N] y, the true classes.
        count: C, at least 2.
        uniform: [N] u, uniform on [0, 1).
    """
    drawn = np.minimum((uniform * (count - 1)).astype(np.int64), count - 2)
    return drawn + (drawn >= classes)
