"""What a strategy has to say of a batch is in the record: saturation, an estimated radius, a gap, an oracle's mark."""

from __future__ import annotations

import math

import pytest

from tests.conftest import TINY, record


def play(run, strategy: str, *overrides: str, study: str = "smoke"):
    """The record of a tiny run of three rounds."""
    ran = run(*TINY, f"strategy={strategy}", *overrides, "arm=noted", f"study={study}")
    assert ran.status == 0, ran.err
    return record("noted", study=study)


def notes(run, strategy: str, *overrides: str, study: str = "smoke") -> list[dict]:
    """The notes of the two rounds that acquire."""
    rounds = play(run, strategy, *overrides, study=study).rounds
    assert len(rounds) == 3
    assert rounds[-1]["notes"] == {}, "the last round acquires nothing"
    return [entry["notes"] for entry in rounds[:-1]]


def test_batchbald_says_from_which_pick_it_was_saturated(run):
    # Four draws hold log 4 nats at most, so that no pick can add 0.5 nats after the second.
    for said in notes(run, "batchbald", "strategy.saturation_tol=0.5"):
        assert 0 <= said["saturated_at"] <= 3
        assert said["sampled_from"] is None
        assert 0 <= said["joint_information"] <= math.log(4) + 1e-6


def test_batchbald_says_that_it_was_not_saturated_and_when_it_sampled(run):
    for said in notes(run, "batchbald", "strategy.saturation_tol=0", "strategy.exact_cap=20", "strategy.samples=40"):
        assert said["saturated_at"] is None
        assert said["sampled_from"] == 3  # 4³ configurations are more than 20


def test_batchbald_says_that_it_left_rows_out_and_from_which_pick_they_may_have_been_picked(run):
    for said in notes(run, "batchbald", "strategy.candidates_max=4"):
        assert said["candidates_kept"] == 4
        assert 0 <= said["capped_at"] <= 3
    for said in notes(run, "batchbald", study="other"):
        assert said["candidates_kept"] >= 490, "the whole pool"
        assert said["capped_at"] is None


def test_probcover_says_which_radius_it_estimated(run):
    for said in notes(run, "probcover"):
        assert said["estimated"] is True
        assert 0 < said["delta"] < math.inf
        assert said["capped"] is False
        assert 0 <= said["covered_before"] <= 500


def test_probcover_says_that_the_edges_were_capped(run):
    for said in notes(run, "probcover", "strategy.delta=1000", "strategy.edges_max=50"):
        assert said["estimated"] is False
        assert said["capped"] is True
        assert 0 <= said["delta"] < 1000


def test_the_robust_core_set_says_how_far_it_may_be_from_the_optimum(run):
    for said in notes(run, "coreset_robust", "strategy.time_limit=2"):
        assert said["lower_bound"] <= said["radius"] <= said["greedy_radius"]
        assert said["gap"] == pytest.approx(1 - said["lower_bound"] / said["radius"])
        assert said["optimal"] is (said["gap"] == 0)
        assert said["prefiltered"] is None


def test_the_robust_core_set_says_that_it_reduced_the_pool(run):
    for said in notes(run, "coreset_robust", "strategy.time_limit=2", "strategy.candidates_max=60"):
        assert said["prefiltered"] == 60


def test_greedy_core_set_and_typiclust_say_radius_and_clusters(run):
    assert all(said["radius"] > 0 for said in notes(run, "coreset_greedy"))
    # Clusters: six points are labelled in round 0 and ten in round 1, and four are acquired.
    assert [said["clusters"] for said in notes(run, "typiclust", study="other")] == [10, 14]


@pytest.mark.parametrize(("strategy", "oracle"), [("oracle_loss", True), ("entropy", False)])
def test_the_header_marks_an_oracle(run, strategy, oracle):
    assert play(run, strategy).header["oracle"] is oracle
