"""A strategy that reads the pool in passes picks what it picks from held features, in any chunks and workers."""

from __future__ import annotations

import pytest
import torch

from al_bench.evidence import Evidence
from al_bench.experiment.acquire import score, select
from al_bench.experiment.gather import Gatherer
from al_bench.experiment.scoring_engines.local import LocalProcesses
from al_bench.rng import Streams
from al_bench.strategies.base import Selection, Strategy
from al_bench.strategies.coverage import CoresetGreedy
from al_bench.strategies.gradients import Badge
from tests.conftest import TINY, record
from tests.experiment.test_screening import learner


def chosen(strategy: Strategy, chunk: int = 512, workers: int = 1) -> tuple[Evidence, Selection]:
    """What is selected from, and a batch of 24 from 600 points."""
    one, state = learner(600, chunk=chunk)
    gatherer = Gatherer(one, strategy, state, Streams(0), engine=LocalProcesses(workers))
    scored = score(gatherer, torch.tensor(state.unlabelled))
    assert isinstance(scored, Evidence)
    return scored, select(scored, strategy, 24, Streams(0), 0)


@pytest.mark.parametrize("strategy", [CoresetGreedy, Badge])
def test_the_batch_is_that_of_held_features(strategy):
    whole, expected = chosen(strategy())
    assert whole.passes is None
    for held, chunk, workers in [(24, 512, 1), (24, 64, 1), (100, 64, 2), (596, 7, 1)]:
        scored, selection = chosen(strategy(features_held=held), chunk, workers)
        assert scored.passes is not None
        assert not {product.name for product in scored.products} & {"features", "point_log_probs"}, "nothing is held"
        assert selection.rows.tolist() == expected.rows.tolist(), (held, chunk, workers)
        assert selection.notes["passes"] == scored.passes.count >= 1
    scored, selection = chosen(strategy(features_held=597))
    assert scored.passes is None, "a pool that can be held is held"
    assert selection.rows.tolist() == expected.rows.tolist()


def test_k_centre_states_the_same_radius_and_fewer_passes_the_more_is_held():
    whole = chosen(CoresetGreedy())[1].notes
    few, many = (chosen(CoresetGreedy(features_held=held))[1].notes for held in (24, 400))
    assert few["radius"] == many["radius"] == pytest.approx(whole["radius"], rel=1e-12)
    assert many["passes"] < few["passes"]


@pytest.mark.parametrize("strategy", ["coreset_greedy", "badge"])
def test_a_run_says_how_many_passes_it_took(run, strategy):
    batches = []
    for held in ("null", "6"):
        ran = run(*TINY, f"strategy={strategy}", f"strategy.features_held={held}", "arm=noted", f"study=held-{held}")
        assert ran.status == 0, ran.err
        rounds = record("noted", study=f"held-{held}").rounds[:-1]
        batches.append([entry["acquired"] for entry in rounds])
        assert all(("passes" in entry["notes"]) is (held == "6") for entry in rounds)
    assert batches[0] == batches[1]
