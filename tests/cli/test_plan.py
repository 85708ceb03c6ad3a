"""`al-bench plan`: how many more labels, from pilots whose truth is known, and where it cannot be told."""

from __future__ import annotations

import json
import math

import msgspec
import pytest

from al_bench.cli import plan
from al_bench.labelling.batch import ACTIVE, AskedItem, AuditPlan, BatchRecord
from tests.analysis.records import write_run


def curve(top: float, rounds: int, shift: float = 0.0) -> list[float]:
    """Accuracies at 20, 40, … labels that tend to a level."""
    return [top - 0.45 * math.exp(-20 * (number + 1) / 90) + shift for number in range(rounds)]


def pilot(folder, tops, rounds=6, seeds=3):
    for arm, top in tops.items():
        for seed in range(seeds):
            write_run(folder, curve(top, rounds, seed / 1000), arm=arm, seed=seed, batch=20, test=500, validation=0)
    return folder / "study"


def planned(capsys, *words):
    """Exit status, output and error of the command."""
    status = plan.main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, out, err


def told(tmp_path, capsys, *words):
    """What `--json` has of the one plan."""
    file = tmp_path / "plan.json"
    status, _, err = planned(capsys, *words, "--json", file)
    assert status == 0, err
    (found,) = json.loads(file.read_text())["plans"]
    return found


def test_a_planted_pilot_reaches_its_target_within_the_interval(tmp_path, capsys):
    target = 0.9 - 0.45 * math.exp(-200 / 90)
    found = told(tmp_path, capsys, pilot(tmp_path, {"margin": 0.9}), "--target", target, "--price", 0.4)
    (arm,) = found["arms"]
    assert arm["answer"]["state"] == "foreseen"
    assert arm["answer"]["low"] <= 200 <= (arm["answer"]["high"] or math.inf)
    assert arm["answer"]["labels"] == pytest.approx(200, abs=25)
    assert arm["more"][0] == arm["answer"]["labels"] - 120
    assert found["leader"] is None


def test_money_and_hours_are_those_of_the_labels_still_needed(tmp_path, capsys):
    words = ("--budget", 200, "--price", 0.5, "--seconds", 90)
    status, out, _ = planned(capsys, pilot(tmp_path, {"margin": 0.9}), *words)
    assert status == 0
    assert "40.00" in out, "80 labels at 0.50"
    assert "about 2 hours" in out or "about 120 minutes" in out
    assert "not the 500 labels of the test part" in " ".join(out.split())


def test_a_budget_has_an_accuracy_with_an_interval(tmp_path, capsys):
    found = told(tmp_path, capsys, pilot(tmp_path, {"margin": 0.9}), "--budget", 220)
    (arm,) = found["arms"]
    truth = 0.9 - 0.45 * math.exp(-220 / 90) + 0.001
    assert arm["answer"]["value_low"] <= truth <= arm["answer"]["value_high"]


def test_a_target_too_far_is_not_told_and_the_next_step_is(tmp_path, capsys):
    status, out, _ = planned(capsys, pilot(tmp_path, {"margin": 0.8}), "--target", 0.99)
    assert status == 0
    assert "Cannot tell yet for margin: not even the upper end of the interval reaches it at 240 labels" in out
    assert "Label about 120 more" in " ".join(out.split())


def test_a_target_that_is_reached_needs_no_more(tmp_path, capsys):
    found = told(tmp_path, capsys, pilot(tmp_path, {"margin": 0.9}), "--target", 0.7)
    (arm,) = found["arms"]
    assert (arm["answer"]["state"], arm["answer"]["labels"], arm["more"][0]) == ("reached", 80, 0)


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_round_or_two_tell_nothing(tmp_path, capsys, rounds):
    status, out, _ = planned(capsys, pilot(tmp_path, {"margin": 0.9}, rounds), "--target", 0.85)
    assert status == 0
    assert f"{rounds} label count" in out
    assert f"Label about {20 * (3 - rounds)} more" in " ".join(out.split())


def test_the_leader_comes_with_what_became_of_others_like_it(tmp_path, capsys):
    words = (pilot(tmp_path, {"margin": 0.92, "random": 0.8}), "--target", 0.95)
    first = told(tmp_path, capsys, *words)["leader"]
    assert (first["title"], first["second"], first["labels"]) == ("margin", "random", 240)
    assert first["lead"] > 4
    assert 0 < first["like"]["stayed"] < first["like"]["near"] <= 1
    assert first["recommended"] == (first["like"]["near"] >= 0.8)


def test_strategies_that_are_level_have_no_leader(tmp_path, capsys):
    for seed in range(4):
        for arm, sign in (("margin", 1), ("random", -1)):
            noise = sign * (-1) ** seed * 0.01
            write_run(tmp_path, curve(0.9, 6, noise), arm=arm, seed=seed, batch=20, test=500)
    status, out, _ = planned(capsys, tmp_path / "study", "--target", 0.95)
    assert status == 0
    assert "Which strategy is best cannot be told yet" in out
    assert "A pilot shorter than the warm-up names the wrong one" in " ".join(out.split())


def test_two_seeds_name_no_leader(tmp_path, capsys):
    status, out, _ = planned(capsys, pilot(tmp_path, {"margin": 0.9, "random": 0.8}, seeds=2), "--target", 0.95)
    assert status == 0
    assert "the strategies share 2 seeds, and 3 are needed" in out


def record(number, labels, quality=None, audit=True, kind="random"):
    return BatchRecord(
        number=number,
        kind="strategy",
        round=number,
        method="strategy=margin",
        asked=[AskedItem(item=f"a{number}-{rank}", rank=rank) for rank in range(1, 21)],
        labels={f"i{item}": "x" for item in range(labels)},
        audit=AuditPlan(kind=kind, size=100, items=[f"u{item}" for item in range(100)]) if audit else None,
        audit_quality=quality or {},
    )


def labelling_folder(folder, records):
    (folder / "record").mkdir(parents=True)
    for entry in records:
        (folder / "record" / f"{entry.number:03d}.json").write_bytes(msgspec.json.encode(entry))
    return folder


def quality(accuracy, items=100):
    return {"accuracy": accuracy, "low": accuracy - 0.08, "high": min(1, accuracy + 0.08), "items": items}


def audited(folder, values, **further):
    entries = [record(n, 20 * n, quality(value) if n else None, **further) for n, value in enumerate([0.0, *values])]
    return labelling_folder(folder, entries)


def test_a_labelling_folder_is_planned_from_its_audit(tmp_path, capsys):
    folder = audited(tmp_path / "birds", curve(0.9, 6))
    found = told(tmp_path, capsys, folder, "--target", 0.85, "--price", 0.4)
    assert found["judged_by"] == "audit"
    assert found["answer"]["seen"] == 120
    assert found["answer"]["low"] <= 198 <= (found["answer"]["high"] or math.inf), "where the curve is at 0.85"
    assert any("100 items of the audit" in line for line in found["said"])
    assert "those of the audit" in " ".join(found["said"])
    assert "of curves seen through simulated audits of 100 items" in " ".join(found["said"])


def test_an_audits_interval_is_wider_than_a_test_parts(tmp_path, capsys):
    audit = told(tmp_path, capsys, audited(tmp_path / "birds", curve(0.9, 6)), "--budget", 200)["answer"]
    (arm,) = told(tmp_path, capsys, pilot(tmp_path, {"margin": 0.9}, seeds=1), "--budget", 200)["arms"]
    assert audit["value_high"] - audit["value_low"] > 1.2 * (arm["answer"]["value_high"] - arm["answer"]["value_low"])


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([record(0, 0, audit=False), record(1, 20, audit=False)], "this study has no audit"),
        ([record(0, 0), record(1, 20)], "the audit has judged no model yet"),
        ([record(0, 0), *(record(n, 20 * n, quality(0.6, 40)) for n in (1, 2, 3))], "has 40 labelled items"),
        ([record(0, 0), record(1, 20, quality(0.6))], "1 label count is on record, and 3 are needed"),
        ([record(n, 20 * n, quality(0.6), kind=ACTIVE) for n in range(4)], "and this one is active"),
    ],
    ids=["no audit", "not judged", "few items", "one call", "active"],
)
def test_a_labelling_folder_that_cannot_tell_says_why_and_is_no_error(tmp_path, capsys, entries, said):
    status, out, _ = planned(capsys, labelling_folder(tmp_path / "birds", entries), "--target", 0.95)
    assert status == 0
    assert "Cannot tell yet" in out
    assert said in " ".join(out.split())


def test_calls_at_which_the_audit_was_small_are_left_out(tmp_path, capsys):
    items = [10, 60, 100, 100, 100]
    entries = [record(n + 1, 20 * (n + 1), quality(0.5 + n / 20, count)) for n, count in enumerate(items)]
    folder = labelling_folder(tmp_path / "birds", [record(0, 0), *entries])
    from al_bench.labelling.audit_curve import audit_curve
    from al_bench.labelling.folder import LabellingFolder

    assert audit_curve(LabellingFolder(folder).records).seen.labels.tolist() == [40, 60, 80, 100]


def test_an_accuracy_at_the_target_that_may_be_luck_says_so(tmp_path, capsys):
    folder = audited(tmp_path / "birds", [0.7, 0.8, 0.86])
    status, out, _ = planned(capsys, folder, "--target", 0.85)
    assert status == 0
    assert "the lower end of its interval is 78.0 %" in " ".join(out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "1"], "--target is 1; an accuracy to plan for lies between 0 and 1"),
        (["--target", "95"], "95 % is --target 0.95"),
        (["--target", "0"], "--target is 0"),
        ([], "give --target 0.9, or --budget 500"),
        (["--target", "0.9", "--budget", "100"], "one of --target and --budget, not both"),
        (["--budget", "0"], "--budget is 0; it must be at least 1"),
        (["--target", "0.9", "--price", "-1"], "--price is -1; it must be at least 0"),
        (["--target", "0.9", "--json", "-"], "--json is '-'"),
    ],
)
def test_a_question_that_nothing_answers_is_refused_in_one_line(tmp_path, capsys, words, said):
    status, out, err = planned(capsys, pilot(tmp_path, {"margin": 0.9}), *words)
    assert (status, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_folder_that_is_not_there_is_refused(tmp_path, capsys):
    status, _, err = planned(capsys, tmp_path / "none", "--target", 0.9)
    assert status == 2
    assert "none" in err


def test_a_damaged_record_is_refused(tmp_path, capsys):
    folder = audited(tmp_path / "birds", [0.7, 0.8, 0.86])
    (folder / "record" / "002.json").write_text("{")
    status, _, err = planned(capsys, folder, "--target", 0.9)
    assert status == 2
    assert "002.json cannot be read" in err


def test_a_budget_beyond_twice_the_labels_says_how_many_would_do(tmp_path, capsys):
    status, out, _ = planned(capsys, pilot(tmp_path, {"margin": 0.9}), "--budget", 400)
    assert status == 0
    assert "400 labels are more than twice those seen. Label about 80 more" in " ".join(out.split())
