"""Texts as rows of token ids and their mask: what a transformer reads, made once a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

BATCH = 1_000
"""Texts that are tokenised together."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of some texts.

    Args:
        rows: A row of token ids a text, its special tokens included.
        cut: How many texts were longer than allowed.
    """

    rows: list[list[int]]
    cut: int

    @property
    def longest(self) -> int:
        """Tokens of the longest text."""
        return max(map(len, self.rows), default=1)


def tokenise(tokeniser: Any, texts: Sequence[str], limit: int, padding: int) -> Tokens:
    """The token ids of texts, of each the first `limit`, special tokens included.

    Args:
        tokeniser: Of transformers.
        texts: Any.
        limit: The most tokens of a text.
        padding: The id of the padding token, which stands for a text without a token.
    """
    rows: list[list[int]] = []
    cut = 0
    for start in range(0, len(texts), BATCH):
        part = list(texts[start : start + BATCH])
        ids = tokeniser(part, add_special_tokens=True, truncation=False, verbose=False)["input_ids"]
        for position, row in enumerate(ids):
            if len(row) > limit:
                cut += 1
                row = tokeniser(part[position], truncation=True, max_length=limit)["input_ids"]
            rows.append([int(number) for number in row] or [padding])
    return Tokens(rows, cut)


def token_tensor(tokens: Tokens, width: int, padding: int) -> Tensor:
    """[N, 2, width] int32: the ids of each text, padded at the end, and 1 where there is a token.

    Args:
        tokens: Of N texts.
        width: At least the tokens of the longest.
        padding: The id that the rest of a row has.
    """
    result = torch.zeros((len(tokens.rows), 2, width), dtype=torch.int32)
    result[:, 0] = padding
    for number, row in enumerate(tokens.rows):
        result[number, 0, : len(row)] = torch.tensor(row, dtype=torch.int32)
        result[number, 1, : len(row)] = 1
    return result
