"""`al-bench query audit=…` on the command line: nobody sees the audit, it is never trained on, and it judges."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from al_bench.cli.main import dispatch
from tests.labelling import people

STUDY = Path("results/labelling/cells")
WORDS = (
    *("query", "dataset=table", "dataset.path=pool.csv", "study=cells", "strategy=entropy", "seed=1"),
    *("posterior=deterministic", "training.steps=20", "schedule.batch=10", "schedule.budget=40"),
)


def batch(number: int) -> Path:
    return STUDY / f"batch-{number:03d}.csv"


def record(number: int) -> dict:
    return json.loads((STUDY / f"record/{number:03d}.json").read_text())


@pytest.fixture
def truth(tmp_path, monkeypatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    return people.write_table()


@pytest.fixture
def query(truth, capsys):
    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = dispatch([*WORDS, *words])
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


def refused(query, *words: str) -> str:
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    status, out, err = query(*words)
    assert (status, out) == (2, "")
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before
    (line,) = [line for line in err.splitlines() if not line.startswith("al-bench: ")]
    return line


@pytest.mark.parametrize("keys", [("audit=30",), ("audit=active", "audit_size=30")], ids=["random", "active"])
def test_an_audit_is_mixed_in_never_trained_on_and_judges_the_model(query, truth, keys):
    outs = []
    for number in range(4):
        status, out, err = query(*keys)
        assert status == 0, err
        outs.append(out)
        rows = people.read_batch(batch(number))
        assert all(row["predicted"] == row["probability"] == "" for row in rows)
        assert [row["rank"] for row in rows] == [str(rank) for rank in range(1, len(rows) + 1)]
        scores = [float(row["score"]) for row in rows if row["score"]]
        assert scores == sorted(scores, reverse=True)
        assert len(scores) == (len(rows) if number else 0)
        assert "audit" not in batch(number).with_suffix(".html").read_text()
        people.fill(batch(number), truth)
    status, out, _ = query(*keys)
    assert status == 0
    assert "schedule.budget=40 is reached: no further batch; --predict" in out
    assert re.search(
        r"audit: 30 of 30 (random|active) items asked, 30 of them labelled and none trained on: accuracy on new items "
        r"like the pool's [01]\.\d{3} \[0\.\d{3}, [01]\.\d{3}\]",
        out,
    )
    assert "40 labels" in out
    plan = record(0)["audit"]
    held_out = set(plan["items"])
    assert len(held_out) == (30 if keys[0] == "audit=30" else 200)
    audited = [entry["item"] for number in range(4) for entry in record(number)["asked"] if entry["audited"]]
    assert len(audited) == len(set(audited)) == 30
    for number in range(4):
        mine = {entry["item"] for entry in record(number)["asked"] if not entry["audited"]}
        assert not held_out & (mine | set(record(number)["labels"]))
        assert record(number)["audit"] == (plan if number == 0 else None)
    assert record(3)["audit_quality"]["items"] == sum(
        entry["audited"] for n in range(3) for entry in record(n)["asked"]
    )
    if keys[0] == "audit=active":
        assert [item for n in range(4) for item, _ in record(n)["audit_draws"]] != sorted(audited)
        assert {item for n in range(4) for item, _ in record(n)["audit_draws"]} == set(audited)


def test_the_accuracy_said_is_that_of_the_audits_items(query, truth):
    for number in range(4):
        query("audit=30")
        people.fill(batch(number), truth)
    out = query("audit=30")[1]
    said = float(re.search(r"like the pool's (\d\.\d+)", out)[1])
    assert query("audit=30", "--predict")[0] == 0
    predicted = {row["item"]: row["predicted"] for row in people.read_batch(STUDY / "predictions-000.csv")}
    items = record(0)["audit"]["items"]
    assert said == pytest.approx(sum(predicted[item] == truth[item] for item in items) / 30, abs=1e-3)


def test_what_is_skipped_is_said_with_what_it_could_change(query, truth):
    for number in range(2):
        query("audit=30")
        audited = [entry["item"] for entry in record(number)["asked"] if entry["audited"]]
        people.fill(batch(number), truth | {audited[0]: "skip"})
    out = query("audit=30")[1]
    assert re.search(r"with the 2 that have no label, whatever they are, it lies in \[0\.\d{3}, [01]\.\d{3}\]", out)


def test_few_labels_of_the_audit_are_said_to_be_too_few(query, truth):
    query("audit=30")
    people.fill(batch(0), truth)
    out = query("audit=30")[1]
    assert "8 of them labelled and none trained on: too few to judge the model (10 are needed)" in out


def test_the_audit_goes_on_where_the_key_is_left_out(query, truth):
    query("audit=30")
    people.fill(batch(0), truth)
    status, out, _ = query()
    assert status == 0
    assert "the audit of the first call goes on: audit=30" in out
    assert any(entry["audited"] for entry in record(1)["asked"])


def test_the_picks_are_those_of_a_study_in_which_the_audits_items_were_taken_out(query, truth):
    picks = []
    for number in range(3):
        query("audit=30")
        people.fill(batch(number), truth)
        picks.append([entry["item"] for entry in record(number)["asked"] if not entry["audited"]])
    lines = [f"{item},skip" for item in record(0)["audit"]["items"]]
    Path("out.csv").write_text("\n".join(["item,label", *lines]))
    for number in range(3):
        assert query("study=other", "--labels", "out.csv")[0] == 0
        file = Path(f"results/labelling/other/batch-{number:03d}.csv")
        assert people.items_of(file) == picks[number]
        people.fill(file, truth)


def test_audits_that_cannot_be_are_refused(query, truth):
    assert "audit is 'all'; it must be a number of items, active, or null" in refused(query, "audit=all")
    assert "audit is 5; it must be at least 10" in refused(query, "audit=5")
    assert "audit=300 is more than half of the 400 items" in refused(query, "audit=300")
    assert "audit_size is of audit=active" in refused(query, "audit=30", "audit_size=20")
    query()
    people.fill(batch(0), truth)
    assert "audit=30: this study began without an audit" in refused(query, "audit=30")


def test_another_audit_than_that_of_the_first_call_is_refused(query, truth):
    query("audit=active", "audit_size=30")
    people.fill(batch(0), truth)
    line = refused(query, "audit=30")
    assert "this study's audit was drawn at its first call with audit=active audit_size=30; give that" in line
    assert "audit=active audit_size=30" in refused(query, "audit=active", "audit_size=40")
    assert query("audit=active")[0] == 0


def test_a_lost_file_of_an_audited_batch_comes_back_as_it_was(query, truth):
    query("audit=30")
    before = batch(0).read_bytes()
    batch(0).unlink()
    assert query("audit=30")[0] == 0
    assert batch(0).read_bytes() == before


def test_where_nothing_is_left_to_pick_the_rest_of_the_audit_is_asked(query, truth):
    query("audit=30", "schedule.budget=null")
    people.fill(batch(0), truth)
    status, out, _ = query("audit=30", "schedule.budget=10")
    assert status == 0
    assert (
        "schedule.budget=10 is reached; only the audit has items left, so that all of the next batch are its own" in out
    )
    assert [entry["audited"] for entry in record(1)["asked"]] == [True] * 10
    people.fill(batch(1), truth)
    assert query("audit=30", "schedule.budget=30")[0] == 0
    assert record(2)["round"] == 0  # the strategy's first batch, as a batch of the audit alone is no round
    assert len(record(2)["labels"]) == 10


def test_predictions_while_a_batch_is_open_are_judged_by_what_was_asked_before(query, truth):
    for number in range(2):
        query("audit=30")
        people.fill(batch(number), truth)
    query("audit=30")
    out = query("audit=30", "--predict")[1]
    audited = sum(entry["audited"] for number in range(2) for entry in record(number)["asked"])
    assert f"audit: {audited} of 30 random items asked, {audited} of them labelled" in out
    people.fill(batch(2), truth, most=9)
    out = query("audit=30", "--predict")[1]
    begun = audited + sum(entry["audited"] for entry in record(2)["asked"])
    assert f"audit: {begun} of 30 random items asked" in out
    assert "that have no label, whatever they are, it lies in" in out


@pytest.mark.parametrize("keys", [("audit=30",), ("audit=active", "audit_size=30")], ids=["random", "active"])
def test_a_label_of_the_audit_that_is_corrected_is_taken_and_noted(query, truth, keys):
    for number in range(2):
        query(*keys)
        people.fill(batch(number), truth)
    query(*keys)
    item = next(entry["item"] for entry in record(0)["asked"] if entry["audited"])
    other = {"benign": "malignant", "malignant": "benign"}[truth[item]]
    people.fill(batch(0), truth | {item: other})
    people.fill(batch(2), truth)
    out = query(*keys)[1]
    assert f"{item} was {truth[item]!r} and is {other!r} now" in out
    assert record(3)["audit_labels"][item] == other
    assert item not in record(3)["labels"]


def test_rows_passed_over_stay_in_the_audit_and_count_once_they_are_filled(query, truth):
    query("audit=30")
    people.fill(batch(0), truth, most=12)
    assert query("audit=30", "--partial")[0] == 0
    missing = [entry["item"] for entry in record(0)["asked"][12:] if entry["audited"]]
    assert missing
    assert not set(missing) & set(record(1)["audit_labels"])
    people.fill(batch(0), truth)
    people.fill(batch(1), truth)
    assert query("audit=30")[0] == 0
    assert set(missing) <= set(record(2)["audit_labels"])
    assert not set(missing) & set(record(2)["labels"])
    assert not set(missing) & {entry["item"] for number in (1, 2) for entry in record(number)["asked"]}


def test_items_that_came_later_are_said_not_to_be_in_the_audit(query, truth):
    for number in range(2):
        query("audit=30")
        people.fill(batch(number), truth)
    table = Path("pool.csv").read_text().splitlines()
    Path("pool.csv").write_text("\n".join([*table, table[1], table[2]]) + "\n")
    assert "the 2 items that came to the pool after the first call are not represented in the audit" in query()[1]


def test_predictions_are_shown_again_once_the_whole_audit_was_asked(query, truth):
    query("audit=10", "schedule.budget=20")
    people.fill(batch(0), truth)
    query("audit=10", "schedule.budget=20")
    people.fill(batch(1), truth)
    assert [row["predicted"] for row in people.read_batch(batch(1))] == [""] * 15
    assert query("audit=10")[0] == 0
    rows = people.read_batch(batch(2))
    assert len(rows) == 10
    assert {row["predicted"] for row in rows} <= {"benign", "malignant"}


def test_files_for_labelling_tools_do_not_tell_the_audit_either(query, truth):
    query("audit=30", "--tasks", "label-studio", "dataset.classes=[benign,malignant]")
    people.fill(batch(0), truth)
    query("audit=30", "--tasks", "label-studio", "dataset.classes=[benign,malignant]")
    tasks = json.loads((STUDY / "label-studio-001.json").read_text())
    assert len(tasks) == len(record(1)["asked"])
    assert not any(task.get("predictions") for task in tasks)
    assert len({frozenset(task["data"]) for task in tasks}) == 1
    assert "audit" not in json.dumps(tasks)
