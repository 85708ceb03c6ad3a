"""The table of stopping rules: page, table and archives say the same."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from al_bench.analysis.stop_replay import Replay
from scripts import stopping_regret as script


@pytest.fixture(scope="module")
def long():
    """The replays of one short archive."""
    return script.replays_of({"until flat": script.SOURCES["until flat"]})


def rows_on_file():
    with script.TABLE.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_table_has_what_the_archives_hold(long):
    made = [{key: str(value) for key, value in row.items()} for row in script.rows_of(long)]
    assert made == [row for row in rows_on_file() if row["studies"] == "until flat"], "run scripts/stopping_regret.py"


@pytest.mark.slow
def test_the_page_and_the_whole_table_are_what_the_script_writes():
    results = script.replays_of()
    assert script.TABLE.read_text(encoding="utf-8") == script.table_text(script.rows_of(results))
    text = script.PAGE.read_text(encoding="utf-8")
    assert text == script.page(text, script.generated(results, script.left_out()))


def test_the_page_has_the_rows_of_the_table(long):
    page = script.PAGE.read_text(encoding="utf-8")
    for (group, rule), by_setting in long.items():
        if group.arms == "active":
            assert f"| {group.data} | {group.learner} | {rule} | {' | '.join(script.cells(by_setting))} |" in page


def test_the_advice_on_the_page_is_drawn_from_the_table():
    by_rule: dict[str, list[int]] = {}
    for row in rows_on_file():
        if (row["studies"], row["arms"]) == ("until flat", "active"):
            counts = by_rule.setdefault(row["rule"], [0, 0])
            counts[0] += int(row["too_early"])
            counts[1] += int(row["runs"])
    assert by_rule["stabilizing_predictions"] == [2, 30]
    assert by_rule["classification_change"] == [0, 30]
    assert by_rule["stabilizing_predictions, threshold=0.95"] == [14, 30]
    forests = [row for row in rows_on_file() if row["learner"] == "forest" and row["studies"] == "until flat"]
    loose = [row for row in forests if row["rule"].endswith("0.95") and row["arms"] == "active"]
    assert [row["too_early"] == row["runs"] for row in loose] == [True]


def test_a_row_counts_what_stopped_and_what_was_lost():
    early = Replay(True, 50, 100, 0.05, 80, True)
    late = Replay(False, 100, 100, 0.0, 60, False)
    row = script.row(script.Group("a", "texts", "linear", "active"), "rule", {"x": [early, late], "y": [late]})
    assert (row["settings"], row["runs"], row["never_fired"], row["too_early"]) == (2, 3, 2, 1)
    assert (row["too_early_lowest_setting"], row["too_early_highest_setting"]) == (0.0, 0.5)
    assert (row["regret_labels_median"], row["lost_points_largest"]) == (40.0, 5.0)


def test_an_archive_of_an_unknown_kind_is_refused():
    assert script.kind_of("ag_news_tfidf") == ("texts", "linear")
    with pytest.raises(ValueError, match="add its data"):
        script.kind_of("wine_forest")


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="lost its marks"):
        script.page("# When to stop\n", "")


def test_every_archive_has_a_kind():
    for folder in script.SOURCES.values():
        for path in Path(folder).glob("*.parquet"):
            script.kind_of(path.stem)
