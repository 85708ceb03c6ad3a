"""The judge: planted passes and failures, and that neither comes from too few seeds or a wide interval."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from msgspec.structs import replace

from al_bench.analysis.statistics.paired import MOST_SEEDS, estimate
from al_bench.reproduce.effects import Effect
from al_bench.reproduce.judge import ClaimVerdict, all_pass, decide, judge, seeds_to_decide
from al_bench.reproduce.tables import claims_table
from tests.reproduce.planted import flat, preset, rising

INF = math.inf


def decided(low, high, band, n=3):
    return decide(Effect(n, (low + high) / 2, low, high), band)[0]


@pytest.mark.parametrize(
    ("low", "high", "band", "verdict"),
    [
        (0.5, 2, (0, INF), ClaimVerdict.passed),
        (-2, -0.5, (0, INF), ClaimVerdict.failed),
        (-0.5, 2, (0, INF), ClaimVerdict.not_enough_seeds),
        (-0.9, 0.9, (-1, 1), ClaimVerdict.passed),
        (1.1, 2, (-1, 1), ClaimVerdict.failed),
        (-2, -1.1, (-1, 1), ClaimVerdict.failed),
        (-2, 2, (-1, 1), ClaimVerdict.not_enough_seeds),
        (0.5, 1.5, (-1, 1), ClaimVerdict.not_enough_seeds),
        (0, 0, (0, INF), ClaimVerdict.failed),  # no difference at all is not "above"
        (0, 0, (-1, 1), ClaimVerdict.passed),
        (1, 3, (1, INF), ClaimVerdict.not_enough_seeds),
        (-INF, 0.9, (-INF, 1), ClaimVerdict.passed),  # a bound
        (-INF, 1.1, (-INF, 1), ClaimVerdict.not_enough_seeds),
        (1.1, INF, (-INF, 1), ClaimVerdict.failed),
    ],
)
def test_inside_outside_across(low, high, band, verdict):
    assert decided(low, high, band) is verdict


@pytest.mark.parametrize(("low", "high", "edges"), [(-2, 0, "-1"), (0, 2, "1"), (-2, 2, "-1 and 1")])
def test_the_edges_that_an_interval_lies_across_are_named(low, high, edges):
    assert decide(Effect(3, 0, low, high), (-1, 1))[1] == f"the interval lies across {edges}"


@pytest.mark.parametrize(
    ("mean", "sd", "band", "logarithmic"),
    [
        (0.9, 1.5, (0.0, INF), False),
        (-0.9, 1.5, (0.0, INF), False),
        (0.5, 0.6, (-1.0, 1.0), False),
        (math.log(0.9), 0.3, (-INF, 1.0), True),
    ],
    ids=["above an edge", "below it", "inside a band", "a quotient below 1"],
)
def test_so_many_planted_seeds_decide_the_claim_in_four_of_five_studies(mean, sd, band, logarithmic):
    planted = Effect(5, math.nan, math.nan, math.nan, "", mean, sd, logarithmic)
    seeds = seeds_to_decide(planted, band)
    generator = np.random.default_rng(0)
    decided_studies, studies = 0, 2_000
    for values in generator.normal(mean, sd, (studies, seeds)):
        result = estimate(values)
        low, high = (math.exp(result.low), math.exp(result.high)) if logarithmic else (result.low, result.high)
        decided_studies += decide(Effect(seeds, 0, low, high), band)[0] is not ClaimVerdict.not_enough_seeds
    assert decided_studies / studies == pytest.approx(0.8, abs=0.08)


def test_an_undecided_claim_says_how_many_seeds_it_would_take():
    claims = judge(
        preset(ABOVE, arms=("one", "other")),
        "laptop",
        {"one": flat("one", [95, 90, 94]), "other": flat("other", [90, 92, 91])},
    )
    assert claims[0].verdict is ClaimVerdict.not_enough_seeds
    assert re.search(r"; about \d+ seeds would decide it \(80 % power at this mean and spread\)", claims[0].reason)


def test_a_mean_on_the_edge_takes_more_seeds_than_anybody_has():
    assert seeds_to_decide(Effect(5, 1, 0.5, 1.5, "", 1.0, 0.4), (1.0, INF)) == MOST_SEEDS
    assert "100,000 or more seeds" in decide(Effect(5, 1, 0.5, 1.5, "", 1.0, 0.4), (1.0, INF))[1]


def test_a_place_has_no_spread_to_say_seeds_from():
    assert seeds_to_decide(Effect(5, 2, 1, 3), (-INF, 2)) is None


def test_seeds_that_are_missing_are_said():
    planted = preset(ABOVE, arms=("one", "other"))
    planted.sizes["laptop"] = replace(planted.sizes["laptop"], seeds=(0, 1, 2, 3, 4))
    claims = judge(planted, "laptop", {"one": flat("one", [95, 95.2, 94.8]), "other": flat("other", [90, 90, 90])})
    assert claims[0].verdict is ClaimVerdict.passed
    assert claims[0].reason == "the interval lies inside (3 of the 5 seeds planned)"
    (row,) = claims_table(planted, "laptop", claims).rows
    assert row[3] == "3 of 5"


def test_arms_with_unequal_seeds_are_judged_on_those_that_they_share():
    arms = [
        {"name": "one", "overrides": [], "seeds": {"laptop": [0, 1, 2, 3, 4]}},
        {"name": "other", "overrides": ["strategy=random"]},
    ]
    runs = {"one": flat("one", [95, 95.2, 94.8, 0, 0]), "other": flat("other", [90, 90, 90])}
    planted = preset(ABOVE, arm=arms)
    (judged,) = judge(planted, "laptop", runs)
    assert (judged.verdict, judged.effect.n) == (ClaimVerdict.passed, 3)
    assert judged.reason == "the interval lies inside"  # three of three: seeds 3 and 4 are of one arm alone
    (row,) = claims_table(planted, "laptop", (judged,)).rows
    assert row[3] == "3"


@pytest.mark.parametrize("n", [1, 2])
def test_fewer_than_three_seeds_are_never_enough(n):
    assert decided(5, 6, (0, INF), n) is ClaimVerdict.not_enough_seeds
    assert decided(-6, -5, (0, INF), n) is ClaimVerdict.not_enough_seeds


def test_no_interval_is_not_enough():
    nan = math.nan
    verdict, reason = decide(Effect(3, nan, nan, nan, "seeds of both end early"), (0, INF))
    assert verdict is ClaimVerdict.not_enough_seeds
    assert "seeds of both end early" in reason


def test_nothing_run_says_what_is_missing():
    verdict, reason = decide(Effect(0, math.nan, math.nan, math.nan, "no complete run of bald"), (0, INF))
    assert (verdict, reason) == (ClaimVerdict.not_run, "no complete run of bald")


ABOVE = {"metric": "accuracy_difference", "arm": "one", "versus": "other", "at": 100, "band": [1, INF]}


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        ([95.0, 95.2, 94.8], ClaimVerdict.passed),
        ([90.3, 90.2, 90.1], ClaimVerdict.failed),
        ([99, 90, 89], ClaimVerdict.not_enough_seeds),
        ([95.0, 95.2], ClaimVerdict.not_enough_seeds),
        ([], ClaimVerdict.not_run),
    ],
)
def test_planted_differences(ours, verdict):
    arms = {"one": flat("one", ours), "other": flat("other", [90, 90, 90])}
    (judged,) = judge(preset(ABOVE), "laptop", arms)
    assert judged.verdict is verdict
    assert all_pass((judged,)) is (verdict is ClaimVerdict.passed)


@pytest.mark.parametrize(
    ("ours", "is_given"), [([90.3, 90.2, 90.1], True), ([95.0, 95.2, 94.8], False), ([99, 90, 89], False)]
)
def test_a_finding_is_the_reason_of_a_failure_alone(ours, is_given):
    arms = {"one": flat("one", ours), "other": flat("other", [90, 90, 90])}
    planted = preset({**ABOVE, "findings": {"laptop": "Looked into: the draws."}})
    for scale, expected in (("laptop", is_given), ("paper", False)):
        (judged,) = judge(planted, scale, arms)
        assert judged.reason.endswith(". Looked into: the draws.") is expected
        assert judged.verdict is judge(preset(ABOVE), scale, arms)[0].verdict


RATIO = {"metric": "labels_ratio", "arm": "one", "versus": "other", "target": 0.9, "band": [-INF, 1]}


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        ([100, 110, 105], [200, 190, 205], ClaimVerdict.passed),
        ([300, 310, 290], [200, 190, 205], ClaimVerdict.failed),
        ([100, 300, 200], [200, 190, 205], ClaimVerdict.not_enough_seeds),
        ([100, 110, 105], [900, 900, 900], ClaimVerdict.passed),  # the baseline never gets there
        ([900, 900, 900], [200, 190, 205], ClaimVerdict.failed),
        ([390, 380, 300], [900, 900, 900], ClaimVerdict.not_enough_seeds),
        ([900, 900, 900], [900, 900, 900], ClaimVerdict.not_enough_seeds),
    ],
)
def test_planted_labels(ours, theirs, verdict):
    (judged,) = judge(preset(RATIO), "laptop", {"one": rising("one", ours), "other": rising("other", theirs)})
    assert judged.verdict is verdict, judged


CURVE = {
    "id": "curve", "text": "One", "arm": "one", "tolerance": 1.5, "source": "logs",
    "points": [[50, 88.0, 89.0, 90.0], [100, 92.0, 92.5, 93.0]],
}  # fmt: skip


def test_a_curve_is_a_claim_a_point():
    planted = preset({}, curve=[CURVE])
    assert [claim.id for claim in planted.claims] == ["curve_50", "curve_100"]
    assert [claim.band for claim in planted.claims] == [(86.5, 91.5), (90.5, 94.5)]
    claims = judge(planted, "laptop", {"one": flat("one", [89.2, 89.0, 88.7])})
    assert [claim.verdict for claim in claims] == [ClaimVerdict.passed, ClaimVerdict.failed]
    assert claims[0].effect.value == pytest.approx(89.0)  # the median


def test_all_claims_must_pass_and_reports_do_not_count():
    report = {"id": "seen", "text": "Seen", "metric": "accuracy", "arm": "one", "at": 50, "source": "-"}
    arms = {"one": flat("one", [95.0, 95.2, 94.8]), "other": flat("other", [90, 90, 90])}
    claims = judge(preset(ABOVE, report=[report]), "laptop", arms)
    assert [claim.verdict for claim in claims] == [ClaimVerdict.passed, ClaimVerdict.reported]
    assert all_pass(claims)
    assert not all_pass(claims[1:])  # with no claim there is nothing to pass
    assert not all_pass(judge(preset(ABOVE, curve=[CURVE]), "laptop", arms))


def test_a_claim_of_another_scale_is_left_out():
    planted = preset({**ABOVE, "scales": ["paper"]})
    assert judge(planted, "laptop", {}) == ()
    assert len(judge(planted, "paper", {})) == 1
