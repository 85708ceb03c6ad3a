"""Raw texts in the place of a data set's inputs: what an encoder turns into features before anything is trained."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Texts:
    """N texts, indexed like a tensor by slices and by tensors of positions; what these give are Texts again.

    Args:
        values: [N] the texts. They are copied, and do not change.
        device: The device that features of these texts belong on; the texts themselves stay where they are.
    """

    values: Sequence[str]
    device: torch.device = torch.device("cpu")  # noqa: RUF009, a constant

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    @property
    def shape(self) -> tuple[int]:
        """(N,): a text has no shape of its own."""
        return (len(self.values),)

    @property
    def dtype(self) -> type[str]:
        """str, where a tensor has its own type."""
        return str

    def to(self, device: torch.device) -> Texts:
        """The same texts, for features on `device`."""
        return replace(self, device=device)

    @overload
    def __getitem__(self, positions: int) -> str: ...
    @overload
    def __getitem__(self, positions: slice | Tensor) -> Texts: ...
    def __getitem__(self, positions: int | slice | Tensor) -> str | Texts:
        """The texts at some positions, in their order; the text itself for an int.

        Args:
            positions: An int, a slice, or [n] int64 positions on any device, negative ones counted from the end.

        Raises:
            IndexError: There is no such position.
        """
        if isinstance(positions, int):
            return self.values[positions]
        if isinstance(positions, slice):
            return replace(self, values=self.values[positions])
        return replace(self, values=[self.values[position] for position in positions.tolist()])

    def update(self, digest: hashlib.blake2b) -> None:
        """Add every text to a digest, each with its length, so that no two sequences of texts give the same bytes."""
        for text in self.values:
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little"))
            digest.update(encoded)
