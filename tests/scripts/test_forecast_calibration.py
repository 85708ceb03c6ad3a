"""How good forecasts are: the script, its table, the guide's page and the numbers in the package say the same."""

from __future__ import annotations

import csv

import msgspec
import numpy as np
import pytest

from al_bench.analysis.forecast_calibration import FILE, Calibration, calibration
from scripts import forecast_calibration as script


def rows_on_file():
    with script.TABLE.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def digits():
    """The forecasts and the pilots of one study."""
    return script.everything([script.RESULTS / "runs" / "digits"])


def test_a_study_made_anew_is_what_the_table_has(digits):
    cases, _ = digits
    on_file = [row for row in rows_on_file() if row["study"] == "digits"]
    assert len(on_file) == 2 * 4, "1, 3 and 5 seeds and an audit, each at two shares of the labels"
    for row in on_file:
        alike = [
            each
            for each in cases
            if each.audit == row["judged_by"].startswith("audit")
            and (each.seeds, each.share) == (int(row["seeds"]), int(row["seen_percent"]))
        ]
        assert len(alike) == int(row["forecasts"])
        error = np.mean([np.abs(each.wrong).mean() for each in alike])
        assert error == pytest.approx(float(row["error"]), abs=2e-4)


def test_the_package_has_the_coverage_and_the_widths_of_the_table():
    whole = {
        (row["judged_by"].startswith("audit"), int(row["seeds"]), row["seen_percent"]): row
        for row in rows_on_file()
        if row["what"] == "interval" and row["study"] == "all"
    }
    made = calibration()
    assert {(scores.audit, scores.seeds) for scores in made.scores} == {key[:2] for key in whole}
    for (audit, seeds, share), row in whole.items():
        scores = made.scores_of(seeds, audit)
        assert scores.coverage[share] == float(row["share"])
        assert scores.width[share] == float(row["width"])
    leaders = [row for row in rows_on_file() if row["seen_percent"] == "30 and 50"]
    said = [share for leads in made.leads for share in (leads.stayed, leads.near)]
    assert said == [float(row["share"]) for row in leaders]
    assert (made.studies, made.data_sets) == (28, 10)


def test_the_page_has_the_table():
    text = script.PAGE.read_text(encoding="utf-8")
    assert text == script.page(text, rows_on_file())


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="lost its marks"):
        script.page("# When to stop\n", rows_on_file())


def test_a_calibration_of_unknown_keys_is_refused():
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(FILE.read_bytes()[:-3] + b', "more": 1}', type=Calibration)


def case(data, scores, scale=0.1):
    curves = script.Curves("study", data, "arm", np.ones(1), np.ones((1, 1)), np.ones((1, 1)))
    scores = np.array(scores, dtype=float)
    return script.Case(curves, False, 1, 30, scores, np.full(len(scores), scale), scores * scale)


def test_quantiles_leave_as_much_on_either_side_and_every_data_set_weighs_the_same():
    even = [case("a", [score]) for score in np.linspace(-1, 1, 1001)]
    assert script.quantiles(even) == pytest.approx((-0.9, 0.9), abs=0.005)
    assert script.quantiles([*even, *(case("b", [5.0]) for _ in range(3))])[1] == 5.0
    assert script.covered(case("a", [-2.0, 0, 1]), (-1, 1)) == pytest.approx((2 / 3, 0.2))


def test_exchangeable_data_sets_are_covered_as_often_as_is_aimed_at():
    generator = np.random.default_rng(0)
    cases = [case(f"d{n % 20}", generator.normal(size=3)) for n in range(2000)]
    ends = {name: script.quantiles(each for each in cases if each.curves.data != name) for name in ("d0", "d1", "d2")}
    shares = [script.covered(each, ends[each.curves.data])[0] for each in cases if each.curves.data in ends]
    assert np.mean(shares) == pytest.approx(0.9, abs=0.03)


def test_a_simulated_audit_has_the_accuracies_on_average_and_its_items_go_on():
    generator = np.random.default_rng(0)
    values, changed = np.array([0.5, 0.7, 0.65, 0.8]), np.array([np.nan, 0.25, 0.1, np.nan])
    said = np.array([script.audited(values, changed, 100, generator) for _ in range(2000)])
    np.testing.assert_allclose(said.mean(axis=0), values, atol=0.005)
    np.testing.assert_allclose(said.std(axis=0), np.sqrt(values * (1 - values) / 100), rtol=0.1)
    assert np.corrcoef(said[:, 2], said[:, 1])[0, 1] > 0.7, "the same items judge each round"


def test_pilots_are_of_seeds_that_no_other_pilot_has():
    assert list(script.groups(5)) == [(0,), (1,), (2,), (0, 1, 2), (0, 1, 2, 3, 4)]
    assert [len(group) for group in script.groups(10)] == [1, 1, 1, 3, 3, 3, 5, 5, 10]


def test_a_leader_that_stays_is_behind_nobody(digits):
    _, pilots = digits
    assert {pilot.seeds for pilot in pilots} == {3, 5}
    assert all(pilot.behind >= 0 and pilot.lead >= 0 for pilot in pilots)


def test_the_page_says_how_much_less_single_studies_were_covered():
    single = [
        float(row["share"])
        for row in rows_on_file()
        if row["what"] == "interval" and row["study"] != "all" and row["seen_percent"] == "30"
    ]
    words = f"at 30 % of the labels between {100 * min(single):.0f} and {100 * max(single):.0f} % were"
    assert words in script.PAGE.read_text(encoding="utf-8")
