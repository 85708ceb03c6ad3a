"""A frozen network as encoders of items run it: what gives items their shape, and their features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


class FeatureNetwork:
    """A frozen network that is ready to run."""

    def sizes(self, items: Sequence[Any]) -> list[int]:
        """A number for each item; items of one number have one shape. By default all have the same.

        Args:
            items: n texts, or n images [C, H, W].
        """
        return [0] * len(items)

    def __call__(self, items: Sequence[Any], size: int) -> Tensor:
        """[n, D] float32 features.

        Args:
            items: n texts, or n images [C, H, W], of one size.
            size: That of `sizes`.
        """
        raise NotImplementedError


class PlainFunction(FeatureNetwork):
    """A function from n items to their features [n, D]."""

    def __init__(self, function: Callable[[Sequence[Any]], Tensor]) -> None:
        self.function = function

    def __call__(self, items: Sequence[Any], size: int) -> Tensor:
        return self.function(items)
