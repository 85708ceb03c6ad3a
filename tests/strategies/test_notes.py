"""What a strategy has to say of a batch is in the record: saturation, an estimated radius, a gap, an oracle's mark."""

from __future__ import annotations

import math

import pytest

from tests.conftest import TINY, record


def recorded(run, strategy: str, *overrides: str, study: str = "smoke"):
    """The record of a tiny run of three rounds."""
    ran = run(*TINY, f"strategy={strategy}", *overrides, "arm=noted", f"study={study}")
    assert ran.status == 0, ran.err
    return record("noted", study=study)


def notes(run, strategy: str, *overrides: str, study: str = "smoke") -> list[dict]:
    """The notes of the two rounds that acquire."""
    rounds = recorded(run, strategy, *overrides, study=study).rounds
    assert len(rounds) == 3
    assert rounds[-1]["notes"] == {}, "the last round acquires nothing"
    return [entry["notes"] for entry in rounds[:-1]]


def test_batchbald_says_from_which_pick_it_was_saturated(run):
    # Four draws hold log 4 nats at most, so that no pick can add 0.5 nats after the second.
    for noted in notes(run, "batchbald", "strategy.saturation_tol=0.5"):
        assert 0 <= noted["saturated_at"] <= 3
        assert noted["sampled_from"] is None
        assert 0 <= noted["joint_information"] <= math.log(4) + 1e-6


def test_batchbald_says_that_it_was_not_saturated_and_when_it_sampled(run):
    for noted in notes(run, "batchbald", "strategy.saturation_tol=0", "strategy.exact_cap=20", "strategy.samples=40"):
        assert noted["saturated_at"] is None
        assert noted["sampled_from"] == 3  # 4³ configurations are more than 20


def test_batchbald_says_that_it_left_rows_out_and_from_which_pick_they_may_have_been_picked(run):
    for noted in notes(run, "batchbald", "strategy.candidates_max=4"):
        assert noted["candidates_kept"] == 4
        assert 0 <= noted["capped_at"] <= 3
    for noted in notes(run, "batchbald", study="other"):
        assert noted["candidates_kept"] >= 490, "the whole pool"
        assert noted["capped_at"] is None


def test_probcover_says_which_radius_it_estimated(run):
    for noted in notes(run, "probcover"):
        assert noted["estimated"] is True
        assert 0 < noted["delta"] < math.inf
        assert noted["capped"] is False
        assert 0 <= noted["covered_before"] <= 500


def test_probcover_says_that_the_edges_were_capped(run):
    for noted in notes(run, "probcover", "strategy.delta=1000", "strategy.edges_max=50"):
        assert noted["estimated"] is False
        assert noted["capped"] is True
        assert 0 <= noted["delta"] < 1000


def test_the_robust_core_set_says_how_far_it_may_be_from_the_optimum(run):
    for noted in notes(run, "coreset_robust", "strategy.time_limit=2"):
        assert noted["lower_bound"] <= noted["radius"] <= noted["greedy_radius"]
        assert noted["gap"] == pytest.approx(1 - noted["lower_bound"] / noted["radius"])
        assert noted["optimal"] is (noted["gap"] == 0)
        assert noted["prefiltered"] is None


def test_the_robust_core_set_says_that_it_reduced_the_pool(run):
    for noted in notes(run, "coreset_robust", "strategy.time_limit=2", "strategy.candidates_max=60"):
        assert noted["prefiltered"] == 60


def test_greedy_core_set_and_typiclust_say_radius_and_clusters(run):
    assert all(noted["radius"] > 0 for noted in notes(run, "coreset_greedy"))
    # Clusters: six points are labelled in round 0 and ten in round 1, and four are acquired.
    assert [noted["clusters"] for noted in notes(run, "typiclust", study="other")] == [10, 14]


def test_herding_says_what_it_covers_and_uherding_how_it_adapts(run):
    for noted in notes(run, "maxherding", "strategy.targets_max=50"):
        assert noted["targets"] == 50
        assert 0 < noted["coverage"] <= 1
    adapted = notes(run, "uherding", study="other")
    assert all(1 <= noted["temperature"] <= 19.9 for noted in adapted)
    radii = [noted["radius"] for noted in adapted]
    assert 0 < radii[1] <= 2
    assert all(noted["temperature"] == 1 for noted in notes(run, "uherding", "strategy.calibration_folds=0", study="c"))


@pytest.mark.parametrize("strategy", ["dropquery", "alfamix"])
def test_strategies_of_the_last_layer_say_how_many_predictions_changed(run, strategy):
    for noted in notes(run, strategy):
        assert 0 <= noted["candidates"] <= 494
        assert noted.get("threshold", 0) in (0, 1)


def test_cluster_margin_says_how_many_rows_it_clustered(run):
    for noted in notes(run, "cluster_margin", "strategy.rows_max=60"):
        assert (noted["clustered"], noted["clusters"]) == (60, 6)
        assert 1 <= noted["clusters_met"] <= 6


@pytest.mark.parametrize(
    ("strategy", "oracle"), [("oracle_loss", True), ("oracle_greedy", True), ("oracle_batch", True), ("entropy", False)]
)
def test_the_header_marks_an_oracle(run, strategy, oracle):
    assert recorded(run, strategy).header["oracle"] is oracle
