"""What a stopping rule is: a function of the signals of the rounds so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from al_bench.records import StopSetRecord

Signals = Sequence[StopSetRecord | None]
"""One entry a round, round 0 first: how the predictions for the stop set moved; None for a round without them."""


class StoppingRule(Protocol):
    """A dataclass whose fields are its config keys.

    A rule reads what a run records of its stop set (see `al_bench.records.StopSetRecord`) and nothing else, so that it
    costs nothing, reads no label and can be replayed on any record.
    """

    def fires(self, signals: Signals, classes: int) -> bool:
        """Whether the last of these rounds is the one to stop after.

        Args:
            signals: Of the rounds so far, round 0 first, at least one.
            classes: C, of the data set.
        """
        ...


def first_stop(rule: StoppingRule, signals: Signals, classes: int) -> int | None:
    """The first round after which a rule stops, replayed on a record; None where it never fires.

    Args:
        rule: The rule.
        signals: Of all rounds of a run.
        classes: C, of the data set.
    """
    for end in range(1, len(signals) + 1):
        if rule.fires(signals[:end], classes):
            return end - 1
    return None
