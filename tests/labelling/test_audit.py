"""The audit of a study: what is drawn, how it is mixed in, and that it is unbiased through the command's functions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from al_bench.errors import InputError
from al_bench.labelling.audit import Audit, audit_of, count_for_batch, plan_audit
from al_bench.labelling.audit_order import mix
from al_bench.labelling.audit_report import judge
from al_bench.labelling.audit_statistics import clopper_pearson
from al_bench.labelling.batch import RANDOM, STRATEGY, AskedItem, AuditPlan, BatchRecord
from al_bench.rng import Streams


class Keys:
    """The keys of the configuration that an audit reads."""

    def __init__(self, audit: int | str | None, size: int = 100, seed: int = 0) -> None:
        self.audit, self.audit_size, self.seed = audit, size, seed


ITEMS = [f"item-{number}" for number in range(600)]
NUMBER = {item: number for number, item in enumerate(ITEMS)}


def test_a_random_audit_draws_every_item_equally_often():
    counts = np.zeros(60)
    for seed in range(2_000):
        for item in plan_audit(Keys(10, seed=seed), ITEMS[:60]).items:
            counts[NUMBER[item]] += 1
    assert counts.sum() == 20_000
    assert ((counts - 2_000 / 6) ** 2 / (2_000 / 6)).sum() < 100  # chi-square, 59 degrees of freedom: 99.93 %


@pytest.mark.parametrize(("audit", "key"), [(40, "audit"), ("active", "audit_size")], ids=["random", "active"])
def test_an_audit_of_more_than_half_is_refused(audit, key):
    with pytest.raises(InputError, match=f"{key}=40 is more than half of the 70 items.* at most {key}=35"):
        plan_audit(Keys(audit, 40), ITEMS[:70])


def recorded(audit: Audit, number: int, count: int) -> BatchRecord:
    draws = audit.draw(number, count, NUMBER, None)
    asked = [AskedItem(item=item, rank=rank, audited=True) for rank, (item, _) in enumerate(draws, 1)]
    plan = audit.plan if number == 0 else None
    return BatchRecord(
        number=number, kind=STRATEGY, round=0, method="", asked=asked, labels={}, audit=plan, audit_draws=draws
    )


def test_the_audit_is_drawn_in_its_order_whoever_has_a_label_already():
    audit = Audit(plan_audit(Keys(20), ITEMS), (), Streams(0))
    order = audit.plan.items
    draws = audit.draw(0, 5, set(ITEMS) - {order[1]}, None)
    assert [item for item, _ in draws] == order[:5]
    assert [q for _, q in draws] == pytest.approx([1 / 20, 1 / 19, 1 / 18, 1 / 17, 1 / 16])


def test_a_batch_of_which_nothing_is_answered_does_not_count_yet():
    first = recorded(Audit(plan_audit(Keys(20), ITEMS), (), Streams(0)), 0, 5)
    audit, _ = audit_of(Keys(20), [first], ITEMS, answered={first.items[2]})
    assert [item for item, _ in audit.due] == first.items
    second = recorded(audit, 1, 5)
    audit, _ = audit_of(Keys(20), [first, second], ITEMS, answered=first.items)
    assert [item for item, _ in audit.due] == first.items
    assert (len(audit.draws), audit.left) == (10, 10)
    audit, _ = audit_of(Keys(20), [first, second], ITEMS, answered=[*first.items, second.items[4]])
    assert [item for item, _ in audit.due] == [*first.items, *second.items]


def test_all_of_a_random_audit_counts_once_the_rest_has_labels_that_nobody_asked_for():
    first = recorded(Audit(plan_audit(Keys(20), ITEMS), (), Streams(0)), 0, 5)
    order = first.audit.items
    audit, _ = audit_of(Keys(20), [first], ITEMS, answered=order[:19])
    assert len(audit.due) == 5
    audit, _ = audit_of(Keys(20), [first], [item for item in ITEMS if item != order[19]], answered=order[:19])
    assert ([item for item, _ in audit.due], audit.left) == (order, 0)


def test_an_active_audit_with_a_model_that_changes_is_unbiased_for_the_last_model():
    generator = np.random.default_rng(0)
    chances = [generator.beta(0.3, 1.2, 600) for _ in range(4)]  # of being wrong, under the model of each batch
    wrong = np.random.default_rng(1).random(600) < chances[3]
    truth = dict.fromkeys(ITEMS, "a")
    estimates, unweighted = [], []
    for seed in range(600):
        audit = Audit(plan_audit(Keys("active", 40, seed), ITEMS), (), Streams(seed))
        for batch in range(4):

            def own_account(items, batch=batch):
                return np.array([chances[batch][NUMBER[item]] for item in items])

            draws = audit.draw(batch, 10, NUMBER, own_account if batch else None)
            audit = replace(audit, draws=(*audit.draws, *draws))
        assert audit.left == 0
        assert len({item for item, _ in audit.draws}) == 40
        predicted = [*map("ab".__getitem__, wrong.astype(int))]
        judged = judge(audit, truth, NUMBER, lambda items, of=predicted: [of[NUMBER[item]] for item in items])
        estimates.append(judged.accuracy.value)
        unweighted.append(np.mean([not wrong[NUMBER[item]] for item, _ in audit.draws]))
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert np.mean(estimates) == pytest.approx(1 - wrong.mean(), abs=3 * error)
    assert np.mean(unweighted) < 1 - wrong.mean() - 10 * error  # so weights are needed


def drawn(count: int) -> Audit:
    plan = AuditPlan(kind=RANDOM, size=20, items=ITEMS[:20])
    return Audit(plan, tuple((item, 0.0) for item in ITEMS[:count]), Streams(0))


def test_what_items_without_a_label_could_change_is_bounded_by_exact_intervals():
    labels = dict.fromkeys(ITEMS[:15], "a") | {ITEMS[15]: "b"}
    judged = judge(drawn(20), labels, NUMBER, lambda items: ["a"] * len(items))
    assert (judged.due, judged.labelled) == (20, 16)
    low, high = clopper_pearson(15, 20).low, clopper_pearson(19, 20).high
    assert judged.whatever == pytest.approx((low, high))
    assert (judged.accuracy.value, judged.accuracy.low) == pytest.approx((15 / 16, clopper_pearson(15, 16).low))


def test_items_that_are_gone_from_the_pool_count_no_more():
    judged = judge(drawn(20), dict.fromkeys(ITEMS[:16], "a"), set(ITEMS[:16]), lambda items: ["a"] * len(items))
    assert (judged.due, judged.labelled, judged.whatever) == (16, 16, None)


def test_what_an_active_audit_says_with_skips_is_bounded_by_what_they_could_be():
    audit = Audit(plan_audit(Keys("active", 40), ITEMS), (), Streams(0))
    audit = replace(audit, draws=tuple(audit.draw(0, 40, NUMBER, lambda items: np.linspace(0, 1, len(items)))))
    labels = {item: "ab"[place % 3 == 0] for place, (item, _) in enumerate(audit.draws) if place % 5}

    def judged(labels):
        return judge(audit, labels, NUMBER, lambda items: ["a"] * len(items))

    low, high = judged(labels).whatever
    missing = [item for item, _ in audit.draws if item not in labels]
    assert low == pytest.approx(judged(labels | dict.fromkeys(missing, "b")).accuracy.low)
    assert high == pytest.approx(judged(labels | dict.fromkeys(missing, "a")).accuracy.high)
    assert low < judged(labels).accuracy.low < judged(labels).accuracy.high < high


def test_classes_that_the_audit_has_too_few_of_leave_out_balanced_accuracy():
    truth = {item: "ab"[place % 2] for place, item in enumerate(ITEMS[:20])}
    assert judge(drawn(20), truth, NUMBER, lambda items: ["a"] * len(items)).balanced.value == 0.5
    judged = judge(drawn(20), truth, NUMBER, lambda items: ["a"] * len(items), classes=["a", "b", "c"])
    assert judged.recalls["c"] == 0
    assert judged.balanced is None


def test_few_labels_say_nothing():
    judged = judge(drawn(9), dict.fromkeys(ITEMS[:9], "a"), NUMBER, lambda items: ["a"] * len(items))
    assert judged.accuracy is None


@pytest.mark.parametrize(
    ("left", "picked", "wanted", "batch", "count"),
    [
        (100, 20, None, 20, 5),
        (3, 20, None, 20, 3),
        (100, 20, 100, 20, 20),
        (20, 20, 20, 20, 20),
        (0, 20, 100, 20, 0),
        (100, 50, 1_000, 50, 13),
        (100, 0, None, 30, 30),
    ],
    ids=[
        "one for four",
        "the last ones",
        "spread over the budget",
        "the last batch",
        "none left",
        "a long budget",
        "nothing picked",
    ],
)
def test_how_many_of_the_audit_are_in_a_batch(left, picked, wanted, batch, count):
    assert count_for_batch(left, picked, wanted, batch) == count


def asked(scores):
    return [AskedItem(item=f"pick-{rank}", rank=rank, score=score) for rank, score in enumerate(scores, 1)]


def test_items_mixed_in_have_ranks_and_scores_like_the_others_at_any_place():
    places = set()
    for seed in range(300):
        batch = mix(asked([0.9, 0.7, 0.4, 0.1]), ["x", "y", "z"], np.random.default_rng(seed))
        assert [entry.rank for entry in batch] == [1, 2, 3, 4, 5, 6, 7]
        scores = [entry.score for entry in batch]
        assert scores == sorted(scores, reverse=True)
        assert len(set(scores)) == 7
        assert [entry.item for entry in batch if not entry.audited] == ["pick-1", "pick-2", "pick-3", "pick-4"]
        assert {entry.item for entry in batch if entry.audited} == {"x", "y", "z"}
        places |= {entry.rank for entry in batch if entry.audited}
    assert places == {1, 2, 3, 4, 5, 6, 7}


def test_scores_that_repeat_are_repeated_and_none_stay_none():
    batch = mix(asked([3.0, 3.0, 2.0, 2.0]), ["x", "y"], np.random.default_rng(0))
    assert {entry.score for entry in batch} == {3.0, 2.0}
    assert all(entry.score is None for entry in mix(asked([None, None]), ["x"], np.random.default_rng(0)))
