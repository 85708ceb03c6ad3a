"""Curves over cost: the same as over labels where all labels cost the same, else read at common costs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from al_bench.analysis.arms import usable_runs
from al_bench.analysis.budget import COST, LABELS, common_costs, cost_of, over_cost
from al_bench.analysis.studies import studies, study_of
from al_bench.analysis.verdict import verdict
from al_bench.cli.compare import main as compare
from al_bench.cli.plot import main as plot
from al_bench.cli.report import main as report
from al_bench.storage.runs import find_runs
from tests.analysis.records import write_run
from tests.reference import cost as reference


def rounds(accuracy, costs, abstained=0):
    return [
        {"accuracy": value, "annotation": {"cost": spent, "abstained": abstained}}
        for value, spent in zip(accuracy, costs, strict=True)
    ]


def runs_in(folder):
    return usable_runs(find_runs([folder]), False, lambda line: None)


@pytest.fixture
def priced(tmp_path):
    """Random pays 10 a batch, margin 10 to 50; three seeds each."""
    generator = np.random.default_rng(0)
    for seed in range(3):
        for arm, top in (("random", 0.8), ("margin", 0.95)):
            accuracy = [round(0.4 + (top - 0.4) * step / 7 + 0.01 * generator.random(), 4) for step in range(8)]
            steps = np.full(7, 10) if arm == "random" else generator.integers(10, 50, 7)
            write_run(tmp_path, rounds(accuracy, [20, *(20 + steps.cumsum()).tolist()]), arm=arm, seed=seed)
    return tmp_path


def test_where_a_label_has_one_price_curves_over_cost_are_those_over_labels(tmp_path):
    for seed in range(3):
        for arm, gain in (("random", 0.0), ("margin", 0.1)):
            accuracy = [0.4 + 0.05 * step + gain * (step > 1) + 0.01 * seed for step in range(6)]
            write_run(tmp_path, rounds(accuracy, [7 * (20 + 10 * step) for step in range(6)]), arm=arm, seed=seed)
    over_labels, over = study_of(runs_in(tmp_path)), study_of(runs_in(tmp_path), budget=COST)
    assert (over.labels == 7 * over_labels.labels).all()
    for name, values in over_labels.values.items():
        assert (over.values[name] == values).all()
    said, meant = verdict(over), verdict(over_labels)
    assert said.winners == meant.winners
    for ours, theirs in zip(said.findings, meant.findings, strict=True):
        assert ours.area.mean == pytest.approx(theirs.area.mean)
        assert ours.area.p == pytest.approx(theirs.area.p)
        assert [saving.saved for saving in ours.saved] == pytest.approx(
            [saving.saved for saving in theirs.saved], nan_ok=True
        )


def test_a_record_without_an_annotator_costs_1_a_label(tmp_path):
    write_run(tmp_path, [0.5, 0.6])
    (run,) = over_cost(runs_in(tmp_path))
    assert run.labels == (20, 30)
    assert study_of(runs_in(tmp_path), budget=COST).counted[0].endswith("Every label cost 1.")


def test_runs_that_pay_differently_stand_at_the_last_network_paid_for(priced):
    recorded = runs_in(priced)
    paid = {run.folder: [cost_of(record) for record in run.rounds] for run in recorded}
    grid = reference.common_costs(list(paid.values()))
    assert common_costs(list(paid.values())) == grid
    for before, after in zip(recorded, over_cost(recorded), strict=True):
        costs = paid[before.folder]
        values = {cost: reference.value_at(costs, list(before.values), cost) for cost in grid}
        expected = {cost: value for cost, value in values.items() if value is not None and cost >= costs[0]}
        assert dict(zip(after.labels, after.values, strict=True)) == expected


@pytest.mark.parametrize("seed", range(40))
def test_common_costs_are_those_of_the_rule(seed):
    generator = np.random.default_rng(seed)
    costs = [
        np.unique(generator.integers(1, 50) + generator.integers(0, 300, generator.integers(1, 12))).tolist()
        for _ in range(generator.integers(1, 6))
    ]
    assert common_costs(costs) == reference.common_costs(costs)


def test_nothing_that_a_run_took_or_picked_is_lost_between_common_costs(priced):
    for before, after in zip(runs_in(priced), over_cost(runs_in(priced)), strict=True):
        last = after.rounds[-1]
        of_record = [record for record in before.rounds if cost_of(record) <= last.labelled]
        assert sum(record.seconds["train"] for record in after.rounds) == pytest.approx(0.1 * len(of_record))
        picked = [index for record in after.rounds for index in record.acquired or ()]
        expected = [index for record in before.rounds for index in record.acquired or ()]
        assert picked == expected[: len(picked)]


def test_the_verdict_and_the_tables_name_the_cost_and_what_it_counts(priced, capsys):
    assert compare([str(priced), "--over", "cost", "--json", str(priced / "out.json")]) == 0
    out = capsys.readouterr().out
    assert "Active learning saves cost on digits: margin needs" in out or "saves cost over random on digits" in out
    assert "Cost counts what annotators were paid for all items asked about" in " ".join(out.split())
    assert "Cost to reach an accuracy on digits" in out
    assert "labels saved" not in out
    (dataset,) = json.loads((priced / "out.json").read_text())["datasets"]
    assert dataset["over"] == "cost"
    assert all("labels" not in record for table in dataset["tables"] for record in table["records"])
    assert all("cost" in record for record in dataset["tables"][0]["records"])


def test_labels_count_what_was_asked_where_some_got_no_label(tmp_path):
    write_run(tmp_path, rounds([0.5, 0.6], [20, 30], abstained=3))
    assert "also the items asked about that got no label" in study_of(runs_in(tmp_path), budget=LABELS).counted[0]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (
            {"validation": 100, "test": 10_000},
            "not the 100 labels of the validation set and the 10,000 labels of the test",
        ),
        (
            {"validation": 0, "test": 359},
            "after it, not the 359 labels of the test part, which every arm needs, too. Shares",
        ),
        ({}, "not labels of a validation set and labels of the test part, which every arm needs, too."),
        ({"validation": 0, "test": 0}, "what was acquired after it. Shares saved are of what is counted."),
    ],
    ids=["both", "no validation set", "an older record", "neither"],
)
def test_labels_that_had_to_be_bought_beside_those_counted_are_named(tmp_path, parts, words):
    write_run(tmp_path, [0.5, 0.6], **parts)
    (said,) = study_of(runs_in(tmp_path)).counted
    assert words in said
    assert parts or "0 labels" not in said


def test_runs_with_several_test_parts_have_a_range(tmp_path):
    for seed, test in enumerate((100, 300)):
        write_run(tmp_path, [0.5, 0.6], seed=seed, validation=0, test=test)
    assert "not the 100 to 300 labels of the test part" in study_of(runs_in(tmp_path)).counted[0]


def test_a_plot_says_what_labels_count_where_it_adds_them_up(tmp_path, capsys):
    write_run(tmp_path, [0.5, 0.6], validation=0, test=100)
    words = [str(tmp_path), "--csv", str(tmp_path / "c.csv")]
    assert plot(words) == 0
    assert "Labels count" not in capsys.readouterr().err
    assert plot([*words, "--target", "0.55"]) == 0
    assert "Labels count the initial set and what was acquired after it, not the 100" in capsys.readouterr().err


def test_a_plot_over_cost_writes_costs(priced, capsys, tmp_path):
    out = tmp_path / "curves.csv"
    assert plot([str(priced), "--over", "cost", "--csv", str(out)]) == 0
    head, *rows = out.read_text().splitlines()
    assert head.split(",")[2] == "cost"
    assert "Cost counts" in capsys.readouterr().err
    (study,) = studies([priced], budget=COST)
    assert {int(row.split(",")[2]) for row in rows} <= set(study.labels.tolist())


def test_a_report_over_cost_says_so_and_takes_no_price(priced, capsys, tmp_path):
    out = tmp_path / "page.html"
    assert report([str(priced), "--over", "cost", "--no-items", "--out", str(out)]) == 0
    page = out.read_text()
    assert "Does active learning save cost on digits?" in page
    assert "Cost, in the unit of annotator.price" in page
    assert "--over cost" in page
    assert report([str(priced), "--over", "cost", "--price", "0.4", "--out", str(out)]) == 2
    assert "--price gives all labels one price" in capsys.readouterr().err


def test_published_numbers_are_over_labels(priced, capsys):
    out = priced / "x.png"
    assert plot([str(priced), "--over", "cost", "--paper", "batchbald2019_mnist", "--out", str(out)]) == 2
    assert "published numbers are accuracy against labels, not accuracy against cost" in capsys.readouterr().err
