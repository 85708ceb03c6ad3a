"""An audit: items whose labels judge the model and are never trained on, mixed into the batches so that nobody knows.

What is labelled for training was chosen, so scores on it flatter or insult. An audit is drawn at the first call, from
all items, before any choice was made, and is on record from then on.

    audit=N       N items, drawn uniformly, which are asked in the order drawn: those so far are a uniform draw, too
    audit=active  a reserve, drawn uniformly; for every batch some of it is drawn where the model of that call may be
                  wrong, and the probability of each draw is on record (see `active_testing`)

Both are asked beside what the strategy picks, about one for four picked, or more where `schedule.budget` ends earlier.
How many are drawn for a batch depends on counts alone, not on labels. An item that has a label by then, or is not in
the pool any more, is drawn and not asked: were another one drawn in its place, the draws would not be uniform.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from al_bench.config.query_schema import QueryConfig
from al_bench.errors import InputError
from al_bench.labelling.active_testing import draw
from al_bench.labelling.audit_statistics import Floats
from al_bench.labelling.batch import ACTIVE, RANDOM, AuditPlan, BatchRecord
from al_bench.rng import Streams

RESERVE = 10
"""Items of an active audit's reserve for each that it asks, where half of the items are as many."""
PICKED_FOR_EACH = 4
"""Items picked by the strategy for each of the audit, in a batch."""

Draws = list[tuple[str, float]]
"""Items in the order drawn, each with the probability that it had at its step, among those of the plan left then."""
ExpectedLoss = Callable[[Sequence[str]], Floats]
"""Items to the probability that the model is wrong about each, by its own account."""


@dataclass(frozen=True)
class Audit:
    """The audit of a study.

    Args:
        plan: What is held out.
        draws: All draws so far.
        waiting: How many of them are of the last batch, where nobody has answered any of it yet.
        streams: The random streams of the study's seed.
    """

    plan: AuditPlan
    draws: tuple[tuple[str, float], ...]
    streams: Streams
    waiting: int = 0

    @property
    def held_out(self) -> frozenset[str]:
        """The items that are never picked and never trained on."""
        return frozenset(self.plan.items)

    @property
    def is_active(self) -> bool:
        """Whether items were drawn where the model may be wrong."""
        return self.plan.kind == ACTIVE

    @property
    def left(self) -> int:
        """How many items are still to be drawn."""
        return self.plan.size - len(self.draws)

    @property
    def rest(self) -> list[str]:
        """The items held out that were not drawn."""
        drawn = {item for item, _ in self.draws}
        return [item for item in self.plan.items if item not in drawn]

    @property
    def due(self) -> tuple[tuple[str, float], ...]:
        """The draws by which the model is judged: all but those of a batch that nobody has begun to fill."""
        return self.draws[: len(self.draws) - self.waiting]

    def draw(self, number: int, count: int, here: Collection[str], expected: ExpectedLoss | None) -> Draws:
        """The draws for a batch.

        Args:
            number: Of the batch.
            count: Items wanted.
            here: Items that are in the pool now.
            expected: What the model says; None without one, when all items are alike.
        """
        rest = self.rest
        if not self.is_active:
            return [(item, 1 / (len(rest) - step)) for step, item in enumerate(rest[:count])]
        loss = np.ones(len(rest))
        if expected is not None:
            known = np.array([item in here for item in rest], dtype=bool)
            loss[known] = expected([item for item in rest if item in here])
            loss[~known] = loss[known].mean() if known.any() else 1.0
        rows = draw(loss, min(count, self.left), self.streams.numpy("audit_draws", number))
        return [(rest[row], q) for row, q in rows]


def plan_audit(config: QueryConfig, items: Sequence[str]) -> AuditPlan | None:
    """Draw what an audit holds out; None where there is to be none.

    Args:
        config: Its keys `audit`, `audit_size` and `seed` count.
        items: All items of the pool.

    Raises:
        InputError: it would leave too few items to learn from.
    """
    if config.audit is None:
        return None
    size = config.audit_size if isinstance(config.audit, str) else config.audit
    half = len(items) // 2
    if size > half:
        key = "audit_size" if isinstance(config.audit, str) else "audit"
        raise InputError(
            f"{key}={size} is more than half of the {len(items):,} items, and none of the audit's is trained on; give "
            f"at most {key}={half}"
        )
    generator = Streams(config.seed).numpy("audit")
    if isinstance(config.audit, str):
        rows = np.sort(generator.choice(len(items), min(RESERVE * size, half), replace=False))
        return AuditPlan(kind=ACTIVE, size=size, items=[items[row] for row in rows])
    return AuditPlan(kind=RANDOM, size=size, items=[items[row] for row in generator.choice(len(items), size, False)])


def audit_of(
    config: QueryConfig,
    records: Sequence[BatchRecord],
    items: Sequence[str],
    answered: Collection[str] = (),
    typed: Collection[str] = (),
) -> tuple[Audit | None, list[str]]:
    """The audit of a study, and what there is to say of where it comes from.

    Args:
        config: The typed configuration.
        records: Of all batches; without one the audit is drawn.
        items: All items of the pool.
        answered: Items of which somebody said something.
        typed: Keys that the user typed.

    Raises:
        InputError: the study's audit is another one, or it began without.
    """
    if "audit_size" in typed and not isinstance(config.audit, str):
        raise InputError("audit_size is of audit=active; set audit=active, or give the number of random items: audit=N")
    if not records:
        plan = plan_audit(config, items)
        lines = [] if plan is None else [_describe_plan(plan, len(items))]
        return (None if plan is None else Audit(plan, (), Streams(config.seed))), lines
    plan = records[0].audit
    if config.audit is not None:
        _check_same(config, plan, "audit_size" in typed)
    if plan is None:
        return None, []
    draws = tuple((item, q) for record in records for item, q in record.audit_draws)
    waiting = 0 if set(records[-1].items).intersection(answered) else len(records[-1].audit_draws)
    audit = Audit(plan, draws, Streams(config.seed), waiting)
    pool = set(items)
    if not audit.is_active and not waiting and not {item for item in audit.rest if item in pool}.difference(answered):
        rest = audit.draw(len(records), audit.left, pool, None)  # nobody has to be asked for the whole audit to count
        audit = replace(audit, draws=(*draws, *rest))
    return audit, [] if config.audit is not None else [f"the audit of the first call goes on: {_keys(plan)}"]


def _check_same(config: QueryConfig, plan: AuditPlan | None, size_given: bool) -> None:
    if plan is None:
        raise InputError(
            f"audit={config.audit}: this study began without an audit, and items left over by a strategy are no fair "
            "draw; leave audit out, or begin another study: study=NAME"
        )
    is_active = isinstance(config.audit, str)
    size = config.audit_size if is_active else config.audit
    if is_active != (plan.kind == ACTIVE) or ((size_given or not is_active) and size != plan.size):
        raise InputError(
            f"audit={config.audit}: this study's audit was drawn at its first call with {_keys(plan)}; give that, or "
            "begin another study: study=NAME"
        )


def _keys(plan: AuditPlan) -> str:
    return f"audit=active audit_size={plan.size}" if plan.kind == ACTIVE else f"audit={plan.size}"


def _describe_plan(plan: AuditPlan, items: int) -> str:
    """What an audit takes out of a pool."""
    if plan.kind == ACTIVE:
        return (
            f"audit: {len(plan.items):,} of {items:,} items are drawn as a reserve that is never trained on, and "
            f"{plan.size} of it are asked, mixed into the batches; nobody sees predictions while it runs"
        )
    return (
        f"audit: {plan.size} of {items:,} items are drawn at random, never trained on and asked, mixed into the "
        "batches; nobody sees predictions while it runs"
    )


def count_for_batch(left: int, picked: int, wanted: int | None, batch: int) -> int:
    """Items of the audit in a batch.

    Args:
        left: Items of the audit that are left.
        picked: Items that were picked for this batch; with none, the audit's fill it.
        wanted: Labels to come by `schedule.budget`, this batch's included; None without a budget.
        batch: Items picked for each later batch.
    """
    if not picked:
        return min(left, batch)
    share = math.ceil(picked / PICKED_FOR_EACH)
    if wanted is not None:
        batches = 1 + math.ceil(max(0, wanted - picked) / batch)
        share = max(share, math.ceil(left / batches))
    return min(left, share)
