"""The bounds pick what training says is best, and say the accuracy that the next round then has."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
import torch

from al_bench import kernels
from al_bench.errors import InputError
from al_bench.evidence import Evidence, Product
from al_bench.strategies.ceilings import OracleBatch, OracleGreedy
from al_bench.strategies.coverage import CoresetGreedy
from al_bench.strategies.uncertainty import Margin, Random
from tests.conftest import TINY, record
from tests.kernels.instances import seeded
from tests.reference import ceilings as twin


def instance(seed: int) -> tuple[Evidence, list[float]]:
    """Evidence of 20 rows, and what each adds to the accuracy; a second row of one kind adds nothing."""
    worth = torch.randint(-3, 6, (20,), generator=seeded(seed)).tolist()

    def trial(rows: Sequence[int]) -> float:
        kinds: dict[int, int] = {}
        for row in rows:
            kinds.setdefault(row % 7, worth[row])
        return 0.5 + sum(kinds.values()) / 100

    products = {
        Product.mean_log_probs: torch.randn(20, 3, generator=seeded(seed + 1)).log_softmax(1),
        Product.features: torch.randn(20, 2, generator=seeded(seed + 2)),
        Product.labelled_features: torch.randn(3, 2, generator=seeded(seed + 3)),
    }
    return Evidence(20, products, 3, trial=trial), worth


@pytest.mark.parametrize("trials", [1, 3, 50], ids="{} tried".format)
def test_the_greedy_oracle_equals_loops_over_trials(trials):
    fallbacks = 0
    for seed in range(40):
        given, _ = instance(seed)
        batch = 20 if seed % 8 == 0 else 1 + seed % 6
        chosen = OracleGreedy(trials=trials).select(given, batch, seeded(seed))
        generator = seeded(seed)
        by_margin = kernels.select_top(kernels.margin(given.mean_log_probs), 20, generator).tolist()
        tried: list[list[int]] = []
        taken: list[int] = []
        for row in chosen.rows.tolist():  # the rows that are tried depend on those picked before
            free = [n for n in range(20) if n not in taken]
            order = torch.randperm(len(free), generator=generator).tolist()
            tried.append([free[n] for n in order[:trials]])
            taken.append(row)
        rows, accuracies, fell_back = twin.greedy_oracle(tried, by_margin, given.trial)
        assert chosen.rows.tolist() == rows, f"seed {seed}"
        assert chosen.scores.tolist() == pytest.approx(accuracies)
        assert chosen.notes["fallbacks"] == fell_back
        fallbacks += fell_back
    assert fallbacks > 10


def test_the_batch_oracle_takes_the_best_of_what_the_strategies_pick():
    names = ["margin", "random", "coreset_greedy"]
    winners = set()
    for seed in range(30):
        given, _ = instance(seed)
        chosen = OracleBatch(strategies=names).select(given, 4, seeded(seed))
        generator = seeded(seed)
        batches = [
            (name, part.select(given, 4, generator).rows.tolist())
            for name, part in zip(names, (Margin(), Random(), CoresetGreedy()), strict=True)
        ]
        name, rows = twin.best_batch(batches, given.trial)
        assert (chosen.notes["picked_by"], chosen.rows.tolist()) == (name, rows), f"seed {seed}"
        assert chosen.notes["accuracy"] == max(chosen.notes["accuracies"].values()) == given.trial(rows)
        winners.add(name)
    assert winners == set(names)


def test_batches_of_a_random_part_differ():
    given, _ = instance(0)
    seen: list[tuple[int, ...]] = []
    spied = Evidence(20, given.products, 3, trial=lambda rows: float(seen.append(tuple(rows)) is None))
    OracleBatch(strategies=["margin"], batches=6, rows_max=10).select(spied, 3, seeded(0))
    assert len(seen) == 6
    assert len(set(seen)) > 3


@pytest.mark.parametrize("strategy", ["oracle_greedy", "oracle_batch"])
@pytest.mark.parametrize("model", [(), ("model=linear", "posterior=deterministic")], ids=["network", "linear"])
def test_the_accuracy_in_the_notes_is_that_of_the_next_round(run, strategy, model):
    few = ("strategy.trials=2",) if strategy == "oracle_greedy" else ("strategy.strategies=[margin,random,badge]",)
    words = TINY if not model else ("debug=smoke",)
    done = run(*words, f"strategy={strategy}", *few, *model, "arm=bound")
    assert done.status == 0, done.err
    rounds = record("bound").rounds
    for entry, following in itertools.pairwise(rounds):
        assert entry["notes"]["accuracy"] == following["accuracy"]
    if strategy == "oracle_greedy":
        assert rounds[0]["notes"]["accuracy_before"] > 0


def test_what_a_batch_is_chosen_from_must_be_strategies_each_once():
    with pytest.raises(InputError, match=r"strategy.strategies is \['margin', 'margin'\]"):
        OracleBatch(strategies=["margin", "margin"])
    with pytest.raises(InputError, match=r"strategy.strategies is 'switch', made of other strategies"):
        OracleBatch(strategies=["switch"])
    with pytest.raises(LookupError, match="reads trials"):
        OracleGreedy().select(Evidence(3, {Product.mean_log_probs: torch.zeros(3, 2)}), 1, seeded(0))
