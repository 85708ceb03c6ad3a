"""A transformer whose inputs are rows of token ids and their mask, and whose outputs are one row of features a text."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from al_bench.models.dropout import Dropout

IDS, MASK = 0, 1
"""Positions in the second dimension of the inputs."""


class TokenNetwork(nn.Module):
    """[n, 2, T] token ids and mask to features [n, D].

    Args:
        transformer: A model of transformers, called with `input_ids` and `attention_mask`.
        pooling: mean: the mean of the last hidden states over the tokens; cls: that of the first token; classifier:
            what the model itself gives (its `logits`, the last layer left out).
        trims: Whether a batch is cut to its longest text; otherwise it has all T columns.
    """

    def __init__(self, transformer: nn.Module, pooling: str, trims: bool) -> None:
        super().__init__()
        self.transformer, self.pooling, self.trims = transformer, pooling, trims

    def forward(self, inputs: Tensor) -> Tensor:
        """[n, 2, T] to [n, D]."""
        ids, mask = inputs[:, IDS].long(), inputs[:, MASK].long()
        if self.trims and (self.training or not self._draws()):
            longest = int(mask.sum(1).max())
            ids, mask = ids[:, :longest], mask[:, :longest]
        output: Any = self.transformer(input_ids=ids, attention_mask=mask)
        if self.pooling == "classifier":
            return output.logits
        states = output.last_hidden_state
        if self.pooling == "cls":
            return states[:, 0]
        weights = mask.to(states.dtype)[:, :, None]
        return (states * weights).sum(1) / weights.sum(1)

    def _draws(self) -> bool:
        """Whether a layer within has masks to draw, one a position: these need all T columns in every batch."""
        return any(isinstance(module, Dropout) and module.p > 0 for module in self.modules())
