"""A batch: the items that are asked, with what is shown of them, and the record that it leaves in the folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

COLD, STRATEGY = "cold start", "strategy"
"""The kinds of a batch: chosen without a model, or by the strategy."""


class AskedItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item of a batch, as its file shows it.

    Args:
        item: Its name, see `al_bench.data.item_names`.
        rank: Its place among those asked, from 1, in the order picked.
        predicted, probability: The class that the model gives the highest probability, and that; None without a model.
        score: The strategy's score when it was picked; None where the strategy has none.
        audited: Whether it belongs to an audit: its label is never trained on, and no file for people says so.
    """

    item: str
    rank: int
    predicted: str | None = None
    probability: float | None = None
    score: float | None = None
    audited: bool = False


class BatchRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How a batch came about; written before its files, and never changed.

    Args:
        number: From 0.
        kind: COLD or STRATEGY.
        round: The round of `al-bench run` that picks the same: batches of the strategy before this one; for a cold
            start, cold starts before it.
        method: How the items were chosen, in words.
        asked: The items, in the order shown.
        labels: Item to class, of all items that were trained on, in the order in which the labels came.
        audit_labels: The same of the audit's items, which are not trained on.
        skipped: Items that people took out.
        passed: Items of earlier batches that had no label yet, under --partial.
        changes: What became of labels that the record before had: (item, its class, its new class or "").
        classes: The classes, in the order of their numbers.
        settings: Resolved keys of the configuration that the choice depends on.
        where: The predicted class that was asked within; "" for all.
        quality: Metric to value on the test part that `dataset.test_path` names; empty without one.
        pool: Digest of the items of the pool, whose list lies beside the record.
        version: Of al-bench.
        time: When, in UTC, ISO 8601.
    """

    number: int
    kind: str
    round: int
    method: str
    asked: list[AskedItem]
    labels: dict[str, str]
    audit_labels: dict[str, str] = {}
    skipped: list[str] = []
    passed: list[str] = []
    changes: list[tuple[str, str, str]] = []
    classes: list[str] = []
    settings: dict[str, str] = {}
    where: str = ""
    quality: dict[str, float] = {}
    pool: str = ""
    version: str = ""
    time: str = ""

    @property
    def items(self) -> list[str]:
        """The items, in the order shown."""
        return [asked.item for asked in self.asked]


class Mixed(Protocol):
    """What mixes further items into a batch, such as an audit's.

    `query` calls it once a batch, before anything is written, with the items that were picked in the order picked; it
    returns all items of the batch in the order to show them, further ones marked `audited`, with ranks and scores that
    look like the others'. `held_out` are never picked and never trained on, and where `hides_predictions` no batch file
    shows what the model predicts.
    """

    @property
    def held_out(self) -> frozenset[str]:
        """All items of the audit, asked or not."""

    @property
    def hides_predictions(self) -> bool:
        """Whether predictions are shown for no item."""

    def mix(self, number: int, picked: Sequence[AskedItem]) -> list[AskedItem]:
        """The items of batch `number` in the order shown."""


class Unmixed:
    """No audit: a batch is what was picked."""

    held_out: frozenset[str] = frozenset()
    hides_predictions = False

    def mix(self, number: int, picked: Sequence[AskedItem]) -> list[AskedItem]:
        """The items picked."""
        return list(picked)
