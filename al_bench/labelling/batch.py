"""A batch: the items that are asked, with what is shown of them, and the record that it leaves in the folder."""

from __future__ import annotations

import msgspec

from al_bench.records import StopSetRecord

COLD, STRATEGY, AUDIT = "cold start", "strategy", "audit"
"""The kinds of a batch: chosen without a model, by the strategy, or nothing but what an audit has left."""
RANDOM, ACTIVE = "random", "active"
"""The kinds of an audit: items drawn uniformly, or where the model may be wrong."""


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


class AuditPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit holds out, drawn at the first call; see `al_bench.labelling.audit`.

    Args:
        kind: RANDOM or ACTIVE.
        size: Items to ask.
        items: The items held out: those to ask, in the order drawn; of an active audit its reserve.
    """

    kind: str
    size: int
    items: list[str]


class BatchRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How a batch came about; written before its files, and never changed.

    Args:
        number: From 0.
        kind: COLD, STRATEGY or AUDIT.
        round: The round of `al-bench run` that picks the same: batches of the strategy before this one; for a cold
            start, cold starts before it; 0 for an audit's own.
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
        audit: What the audit holds out; in the first record.
        audit_draws: The items of the audit that were drawn for this batch, in the order drawn, each with the
            probability that it had at its step; those with a label by then are not asked.
        audit_quality: What the audit said when the batch was chosen: `accuracy`, `low`, `high`, `items`.
        stop_set: How far the predictions for a random part of the pool are those of the batch before; None without a
            model, and in records of versions that did not measure it.
        stop_predicted: Item of that part to the class that the model of this batch predicts.
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
    audit: AuditPlan | None = None
    audit_draws: list[tuple[str, float]] = []
    audit_quality: dict[str, float] = {}
    stop_set: StopSetRecord | None = None
    stop_predicted: dict[str, str] = {}
    pool: str = ""
    version: str = ""
    time: str = ""

    @property
    def items(self) -> list[str]:
        """The items, in the order shown."""
        return [asked.item for asked in self.asked]
