"""The keys of `al-bench query` beside those of a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from al_bench import checks
from al_bench.config.schema import RunConfig
from al_bench.errors import InputError


class AnswerRule(Enum):
    """What is trained on where labels of one item disagree."""

    refuse = "refuse"
    majority = "majority"
    latest = "latest"


FEWEST_AUDITED = 10
"""Items of an audit below which it says next to nothing."""


@dataclass
class QueryConfig(RunConfig):
    """Everything that defines a pool that people label, beside the files in its folder.

    Args:
        labelling: Where the folders of such studies live: LABELLING/STUDY.
        answers: What is trained on where labels of one item disagree: `refuse` names the two, `majority` takes the
            label of most annotators (a tie waits for one more), `latest` the last one given.
        labels_per_item: Annotators who label each item; an item with fewer labels counts as not labelled yet.
        audit: Items that judge the model and are never trained on: so many drawn at random, `active` for items where
            the model may be wrong, or none. Drawn at the first call.
        audit_size: Items that `audit=active` asks.
    """

    labelling: str = "results/labelling"
    answers: AnswerRule = AnswerRule.refuse
    labels_per_item: int = 1
    audit: int | str | None = None
    audit_size: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.at_least("labels_per_item", self.labels_per_item, 1)
        if isinstance(self.audit, str):
            checks.require(self.audit == "active", "audit", self.audit, "a number of items, active, or null for none")
        elif self.audit is not None:
            checks.at_least("audit", self.audit, FEWEST_AUDITED)
        checks.at_least("audit_size", self.audit_size, FEWEST_AUDITED)
        if not self.labelling.strip():
            raise InputError(f"labelling is {self.labelling!r}; name a folder, such as results/labelling")
