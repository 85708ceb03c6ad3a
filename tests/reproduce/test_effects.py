"""Effects against values worked by hand."""

from __future__ import annotations

import math

import pytest

from al_bench.reproduce.effects import compute_effect
from tests.reproduce.planted import claim, flat, preset, rising, run

T3 = 4.302652729911275  # Student's 0.975 quantile, two degrees of freedom


def test_a_difference_is_paired_by_seed():
    arms = {"one": flat("one", [92, 84, 79]), "other": flat("other", [90, 80, 73])}
    result = compute_effect(claim(metric="accuracy_difference", arm="one", versus="other", at=100), arms)
    assert result.n == 3
    assert result.value == pytest.approx(4)  # of 2, 4, 6
    assert result.high - result.value == pytest.approx(T3 * 2 / math.sqrt(3))
    assert result.value - result.low == pytest.approx(T3 * 2 / math.sqrt(3))


def test_only_shared_seeds_count():
    arms = {"one": flat("one", [92, 84, 79, 50]), "other": flat("other", [90, 80, 73])}
    assert compute_effect(claim(metric="accuracy_difference", arm="one", versus="other", at=100), arms).n == 3


def test_a_span_is_the_area_over_its_length():
    arms = {"one": {0: run("one", 0, [0, 100, 200], [0.0, 0.5, 0.5])}}
    result = compute_effect(claim(metric="accuracy", arm="one", **{"from": 0, "to": 200}), arms)
    assert result.value == pytest.approx(37.5)
    assert result.n == 1
    assert math.isnan(result.low)


def test_two_arms_are_compared_at_the_label_counts_of_both():
    bent = {seed: run("one", seed, [0, 50, 100], [0.0, 0.8, 0.8]) for seed in range(3)}
    straight = {seed: run("other", seed, [0, 100], [0.0, 0.8]) for seed in range(3)}
    keys = {"arm": "one", "versus": "other", "from": 0, "to": 100}
    result = compute_effect(claim(metric="accuracy_difference", **keys), {"one": bent, "other": straight})
    assert result.value == pytest.approx(0)  # each from its own counts: 60 less 40 points
    keys |= {"from": 50}
    result = compute_effect(claim(metric="accuracy_difference", **keys), {"one": bent, "other": straight})
    assert result.value == pytest.approx(0)


def test_only_a_claims_own_seeds_count():
    arms = {"one": flat("one", [92, 84, 79, 50])}
    result = compute_effect(claim(metric="accuracy", arm="one", at=100, seeds=[1, 2]), arms)
    assert (result.n, result.value) == (2, pytest.approx(81.5))
    result = compute_effect(claim(metric="accuracy", arm="one", at=100, seeds=[2]), {"one": flat("one", [92, 84])})
    assert (result.n, result.note) == (0, "no complete run of one")


def test_the_first_test_there_comes_before_the_crossing_of_a_noisy_curve():
    # The isotonic fit pools 0.9 and 0.7 to 0.8 and crosses 0.85 halfway between its last points.
    arms = {"one": {seed: run("one", seed, [10, 20, 30, 40], [0.5, 0.9, 0.7, 0.9]) for seed in range(2)}}
    keys = {"metric": "labels", "arm": "one", "target": 0.85}
    assert compute_effect(claim(**keys), arms).value == pytest.approx(35)
    assert compute_effect(claim(**keys, rule="first"), arms).value == pytest.approx(20)


def test_seeds_that_end_early_are_said():
    one = flat("one", [90, 91, 92]) | {3: run("one", 3, [50], [0.9])}
    result = compute_effect(claim(metric="accuracy", arm="one", at=150), {"one": one})
    assert (result.n, result.value) == (3, pytest.approx(91))
    assert result.note == "1 of 4 seeds have no evaluation there"


def test_no_evaluation_at_the_count_is_no_effect():
    result = compute_effect(claim(metric="accuracy", arm="one", at=70), {"one": flat("one", [90, 91, 92])})
    assert (result.n, result.note) == (0, "no evaluation at 70 labels")


def test_an_arm_without_runs_is_named():
    result = compute_effect(
        claim(metric="accuracy_difference", arm="one", versus="other", at=50), {"one": flat("one", [90])}
    )
    assert (result.n, result.note) == (0, "no complete run of other")


def test_no_shared_seed_is_said():
    later = {seed + 9: run for seed, run in flat("other", [90, 90]).items()}
    result = compute_effect(
        claim(metric="labels_ratio", arm="one", versus="other", target=0.9), {"one": flat("one", [90]), "other": later}
    )
    assert (result.n, result.note) == (0, "one and other share no seed")


def test_labels_are_geometric_means_of_crossings():
    result = compute_effect(claim(metric="labels", arm="one", target=0.9), {"one": rising("one", [100, 200, 400])})
    assert result.value == pytest.approx(200)
    half = T3 * math.log(2) / math.sqrt(3)
    assert (result.low, result.high) == (pytest.approx(200 * math.exp(-half)), pytest.approx(200 * math.exp(half)))


def test_labels_not_reached_are_a_bound():
    result = compute_effect(claim(metric="labels", arm="one", target=0.9), {"one": rising("one", [100, 110, 900])})
    assert math.isinf(result.high)
    assert math.isfinite(result.low)
    assert result.note.startswith("1 of 3 seeds do not reach 90 % by 400 labels")


def test_a_quotient_of_labels():
    arms = {"one": rising("one", [100, 100, 100]), "other": rising("other", [200, 200, 200])}
    result = compute_effect(claim(metric="labels_ratio", arm="one", versus="other", target=0.9), arms)
    assert (result.value, result.low, result.high) == tuple(map(pytest.approx, (0.5, 0.5, 0.5)))


def test_where_only_the_other_is_censored_the_quotient_is_at_most():
    arms = {"one": rising("one", [100, 100, 100]), "other": rising("other", [900, 900, 900])}
    result = compute_effect(claim(metric="labels_ratio", arm="one", versus="other", target=0.9), arms)
    assert (result.value, result.low, result.high) == (pytest.approx(0.25), -math.inf, pytest.approx(0.25))
    assert result.note == "other does not reach 90 % under 3 of 3 seeds: at most"


def test_where_only_the_arm_is_censored_the_quotient_is_at_least():
    arms = {"one": rising("one", [900, 900, 900]), "other": rising("other", [200, 200, 200])}
    result = compute_effect(claim(metric="labels_ratio", arm="one", versus="other", target=0.9), arms)
    assert (result.value, result.low, result.high) == (pytest.approx(2), pytest.approx(2), math.inf)


def test_where_both_are_censored_nothing_is_known():
    arms = {"one": rising("one", [900, 100, 100]), "other": rising("other", [900, 200, 200])}
    result = compute_effect(claim(metric="labels_ratio", arm="one", versus="other", target=0.9), arms)
    assert (result.n, math.isnan(result.value)) == (3, True)
    assert "both" in result.note


def balanced(arm, counts):
    """Runs from 4 to 8 labels over two classes."""
    return {
        seed: run(arm, seed, [4, 8], [0.5, 0.5], class_counts=[[2, 2], [2 + first, 2 + second]])
        for seed, (first, second) in enumerate(counts)
    }


def test_balance_is_the_entropy_of_what_was_acquired():
    arms = {"one": balanced("one", [(2, 2)] * 3), "other": balanced("other", [(4, 0)] * 3)}
    result = compute_effect(claim(metric="balance_difference", arm="one", versus="other", at=8), arms)
    assert (result.value, result.low, result.high) == tuple(map(pytest.approx, (1, 1, 1)))
    arms["other"] = balanced("other", [(3, 1)] * 3)
    result = compute_effect(claim(metric="balance_difference", arm="one", versus="other", at=8), arms)
    assert result.value == pytest.approx(1 - 0.8112781244591328)


def ranked(best, middle, worst):
    """Three arms whose errors differ by far more than their spread."""
    return {
        "badge": flat("badge", [best, best + 0.1, best - 0.1, best]),
        "random": flat("random", [middle + 0.1, middle, middle, middle - 0.1]),
        "coreset": flat("coreset", [worst, worst - 0.1, worst, worst + 0.1]),
    }


PLACE = {"metric": "penalty_place", "arm": "badge", "settings": [["badge", "random", "coreset"]], "band": [0, 1.5]}


@pytest.mark.parametrize(("values", "expected"), [((95, 90, 80), 1), ((85, 90, 80), 2), ((70, 90, 80), 3)])
def test_the_place_by_column_average(values, expected):
    place = preset(PLACE, arms=("badge", "random", "coreset")).claims[0]
    result = compute_effect(place, ranked(*values))
    assert (result.n, result.value, result.low, result.high) == (4, expected, expected, expected)


def test_arms_that_are_beaten_equally_often_share_their_places():
    place = preset(PLACE, arms=("badge", "random", "coreset")).claims[0]
    result = compute_effect(place, ranked(90, 90, 80))
    assert (result.value, result.low, result.high) == (1, 1, 2)
    assert result.note == "2 arms share this place"
    result = compute_effect(place, ranked(80, 90, 80))
    assert (result.value, result.low, result.high) == (2, 2, 3)


def test_a_matrix_without_a_winner_leaves_every_place():
    place = preset(PLACE, arms=("badge", "random", "coreset")).claims[0]
    result = compute_effect(place, {arm: flat(arm, [90, 80, 70]) for arm in ("badge", "random", "coreset")})
    assert math.isnan(result.value)
    assert (result.low, result.high) == (1, 3)


def test_one_seed_has_no_place():
    place = preset(PLACE, arms=("badge", "random", "coreset")).claims[0]
    result = compute_effect(place, {arm: flat(arm, [90]) for arm in ("badge", "random", "coreset")})
    assert (result.n, math.isnan(result.low)) == (1, True)
