"""The first page of a report: labels and money, recall by class, and advice that follows from the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from al_bench.analysis.report.judgement import judge
from al_bench.analysis.report.overview import Price, overview
from al_bench.analysis.studies import studies
from al_bench.cli.report import main
from tests.analysis.records import write_run

NAMES = ["cat", "dog", "owl"]
TESTED = [60, 30, 10]


def rounds(values: list[float], owl: list[float]) -> list[dict]:
    """Accuracies, and recalls of owl: what is not recognised is taken for a dog."""
    entries = []
    for value, rare in zip(values, owl, strict=True):
        right = round(10 * rare)
        entries.append(
            {
                "accuracy": value,
                "metrics": {"balanced_accuracy": (2 + rare) / 3},
                "class_counts": [10, 8, 2],
                "class_metrics": {"recall": [1.0, 1.0, rare], "precision": [1.0, 0.9, 1.0]},
                "confusion": [[60, 0, 0], [0, 30, 0], [0, 10 - right, right]],
            }
        )
    return entries


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Margin reaches 80 % at 30 labels and random at 40, under four seeds; owl is recognised by margin alone."""
    for seed in range(4):
        less = 0.001 * seed
        header = {"class_names": NAMES, "classes": 3, "test": 100, "test_class_counts": TESTED}
        random = rounds([0.6, 0.7, 0.8 - less, 0.82 - less], [0, 0, 0.1, 0.2])
        margin = rounds([0.6, 0.8 - less, 0.88 - less, 0.9 - less], [0, 0.2, 0.4, 0.5])
        write_run(tmp_path, random, arm="random", seed=seed, **header)
        write_run(tmp_path, margin, arm="margin,batch=10", seed=seed, **header)
        write_run(tmp_path, random, arm="bald", seed=seed, **header)
    return tmp_path


def page(folder: Path, metric: str = "accuracy", targets=(0.79,), price: Price | None = None):
    (study,) = studies([folder], metric=metric)
    return overview(judge(study, targets), price)


def test_labels_and_money_are_in_one_table_with_the_best_first(folder):
    table = page(folder, price=Price(0.5, "", " EUR")).arms
    assert table.title == "Accuracy, labels and money"
    assert table.columns == ("strategy", "% with 50 labels", "labels to 79 %", "cost", "saved", "better?")
    assert [row[0] for row in table.rows] == ["margin,batch=10", "bald", "random"]
    best = table.rows[0]
    assert best[2:4] == ("30", "15.00 EUR")
    assert best[5] == "shown"
    (base,) = (row for row in table.rows if row[0] == "random")
    assert base[2:] == ("40", "20.00 EUR", "", "")


def test_what_labels_and_money_count_is_said_with_what_they_do_not(folder):
    note = page(folder, price=Price(0.5, "", " EUR")).arms.note
    assert "labels: medians; a label costs 0.50 EUR." in note
    assert "Labels count the initial set and what was acquired after it, not labels of a validation set and the" in note
    assert "At the same price those 100 come to 50.00 EUR, whichever the strategy." in note
    assert "come to" not in page(folder).arms.note


def test_a_target_out_of_reach_is_more_than_what_was_labelled(folder):
    table = page(folder, targets=(0.89,), price=Price(2, "$")).arms
    (base,) = (row for row in table.rows if row[0] == "random")
    assert base[2:4] == ("more than 50", "more than $100")


def test_recall_by_class_has_the_rarest_first_and_the_class_asked_for_before_all(folder):
    table = page(folder).recall
    assert [row[0] for row in table.rows] == ["owl", "dog", "cat"]
    assert table.rows[0] == ("owl", "10", "2", "20", "2", "50")
    table = page(folder, "recall:cat", targets=(0.9,)).recall
    assert [row[0] for row in table.rows] == ["cat", "owl", "dog"]


def test_the_advice_names_the_winner_its_labels_its_cost_and_the_weakest_class(folder):
    first, surer, unknown, weak = page(folder, price=Price(0.5, "", " EUR")).advice
    assert first.startswith(
        "Use margin,batch=10: on digits and up to 50 labels, it is shown to be better than random on average, if "
        "differences over seeds are roughly symmetric. For 79 % plan for "
    )
    assert "about 30 labels, 15.00 EUR at 0.50 EUR a label, on data like these." in first
    assert surer.startswith("Before much depends on it, bring both to 10 seeds (12 runs one after another")
    assert unknown.startswith("The records do not say how these runs were begun")
    assert "Look at the class owl: with margin,batch=10 and 50 labels 50 % of its test points are recognised" in weak
    assert "50 % are taken for dog (of 10 test points only, so this is rough)." in weak


def test_what_to_type_is_folded_below_the_advice(tmp_path):
    for seed in range(2):
        for arm in ("random", "bald"):
            write_run(tmp_path, [0.5, 0.6], arm=arm, seed=seed, command=["study=s", f"strategy={arm}"])
    out = tmp_path / "r.html"
    assert main([str(tmp_path), "--out", str(out)]) == 0
    html = out.read_text()
    lead = html[html.index("<h3>What next</h3>") : html.index("<nav")]
    assert "<summary>What to type for it</summary>" in lead
    assert "al-bench run -m study=s" in lead
    assert "strategy=random,bald seed=2,3,4</span>" in lead


def test_nobody_is_advised_to_use_a_strategy_that_is_not_shown_to_be_better(tmp_path):
    for seed in range(3):
        write_run(tmp_path, [0.5, 0.6, 0.7 + 0.01 * seed], arm="random", seed=seed)
        write_run(tmp_path, [0.5, 0.6, 0.7 + 0.02 * (2 - seed)], arm="bald", seed=seed)
    advice = page(tmp_path, targets=()).advice
    assert advice[0].startswith("Run bald and random up to 5 seeds")
    assert not any("Use bald" in line for line in advice)


def test_two_seeds_are_too_few_and_no_baseline_is_said(tmp_path):
    for seed in range(2):
        write_run(tmp_path / "a", [0.5, 0.6], arm="random", seed=seed)
        write_run(tmp_path / "a", [0.5, 0.9], arm="bald", seed=seed)
    assert page(tmp_path / "a", targets=()).advice[0] == (
        "Run bald and random up to 5 seeds (6 runs one after another, under a minute by those on record): 2 seeds "
        "leave open what is better."
    )
    write_run(tmp_path / "b", [0.5, 0.9], arm="bald")
    assert "without it nothing can be said" in page(tmp_path / "b", targets=()).advice[0]


def test_older_records_have_a_first_page_without_classes(tmp_path):
    for seed in range(3):
        write_run(tmp_path, [0.5, 0.6], arm="random", seed=seed)
        write_run(tmp_path, [0.5, 0.9], arm="bald", seed=seed)
    first = page(tmp_path, targets=())
    assert first.recall is None
    assert first.arms.rows[0][0] == "bald"


def test_the_page_leads_with_the_metric_asked_for_and_names_no_keys_above_the_tables(folder, tmp_path):
    words = [str(folder), "--metric", "recall:owl", "--price", "0.40 EUR", "--out", str(tmp_path / "r.html")]
    assert main(words) == 0
    html = (tmp_path / "r.html").read_text()
    lead = html[html.index("<main>") : html.index("<nav")]
    assert "Does active learning save labels on digits, judged by recall of owl?" in lead
    for text in ("What next", "Recall of owl, labels and money", "Recall by class", "0.40 EUR"):
        assert text in lead
    assert lead.count("<svg") == 1
    assert "all arms:" not in lead
    assert "--metric recall:owl --price" in html


@pytest.mark.parametrize("price", ["0", "-1", "free", "1,50", "0.4 EUR a piece"])
def test_a_price_that_is_none_is_one_line(folder, tmp_path, capsys, price):
    assert main([str(folder), "--price", price, "--out", str(tmp_path / "r.html")]) == 2
    assert "it must be what a label costs, such as 0.40 or '0.40 EUR'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("0.40", "0.40"), ("0.40 EUR", "0.40 EUR"), ("$2", "$2.00"), (".5€", "0.50€")],
    ids=["a number", "EUR", "dollar", "euro"],
)
def test_a_price_keeps_the_currency_where_it_was_typed(typed, shown):
    from al_bench.cli.report import PriceOfLabel

    assert PriceOfLabel().convert(typed, None, None).of(1) == shown
