"""A record written by version 0.1.0, before lines had digests, is read, resumed and compared like any other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from al_bench.records import RunHeader
from al_bench.storage.identity import differences
from al_bench.storage.runs import read_run
from tests.conftest import record

FORMER = Path(__file__).parent / "former_record"
WORDS = (
    *("debug=smoke", "training.steps=8", "posterior.draws=4", "strategy=bald", "arm=former", "schedule.rounds=4"),
    "dataset.points=60",
)


@pytest.fixture
def former(run, tmp_path):
    """A function that lays the record's first rounds where the command looks for them."""

    def lay(rounds: int, **identity):
        folder = tmp_path / record("former").folder
        shutil.copytree(FORMER, folder)
        lines = (FORMER / "rounds.jsonl").read_text().splitlines(keepends=True)
        (folder / "rounds.jsonl").write_text("".join(lines[:rounds]))
        (folder / "status.json").write_text('{"status": "interrupted"}')
        header = json.loads((folder / "header.json").read_text())
        header["identity"] |= identity
        (folder / "header.json").write_text(json.dumps(header))
        return folder

    return lay


def test_it_is_read_whole_and_known_to_be_unprotected():
    stored = read_run(FORMER)
    assert [round_.labelled for round_ in stored.rounds] == [6, 10, 14, 18]
    assert stored.complete
    assert not stored.protected
    assert stored.rounds[0].metrics == {}


def test_it_goes_on_and_its_new_lines_have_digests(run, former):
    folder = former(2)
    done = run(*WORDS)
    assert done.status == 0, done.err
    lines = (folder / "rounds.jsonl").read_text().splitlines()
    assert lines[:2] == (FORMER / "rounds.jsonl").read_text().splitlines()[:2], "what was on record stays as it was"
    assert ["digest" in json.loads(line) for line in lines] == [False, False, True, True]
    assert "have no digests" in (folder / "run.log").read_text()


def test_from_then_on_a_change_of_its_former_lines_is_seen(run, former):
    folder = former(2)
    assert run(*WORDS).status == 0
    text = (folder / "rounds.jsonl").read_text()
    (folder / "rounds.jsonl").write_text(text.replace('"accuracy":0.', '"accuracy":0.1', 1))
    (folder / "status.json").write_text('{"status": "running"}')
    done = run(*WORDS)
    assert done.status == 2
    assert "line 3 of rounds.jsonl does not fit its digest" in done.err


def test_it_may_be_asked_for_more_rounds(run, former):
    folder = former(4)
    done = run(*(word for word in WORDS if "rounds" not in word), "schedule.rounds=5")
    assert done.status == 0, done.err
    assert [round_.labelled for round_ in read_run(folder).rounds] == [6, 10, 14, 18, 22]


def test_a_key_that_it_lacks_has_the_rule_of_its_time(run, former):
    folder = former(2)
    header = json.loads((folder / "header.json").read_text())
    del header["identity"]["scoring"]  # as in records of before that key
    (folder / "header.json").write_text(json.dumps(header))
    refused = run(*WORDS, "scoring=plain")
    assert refused.status == 2
    assert "scoring (here plain, there fast) differs" in refused.err
    assert run(*WORDS).status == 0


@pytest.mark.parametrize(
    ("key", "value", "there"),
    [("training.layer_weight_decay.blocks", "0.1", "absent"), ("evaluation.every", "2", "1")],
    ids=["an entry of a mapping", "a key with a default"],
)
def test_a_value_of_a_key_that_it_lacks_is_compared(run, former, key, value, there):
    folder = former(2)
    header = json.loads((folder / "header.json").read_text())
    header["identity"].pop(key, None)
    (folder / "header.json").write_text(json.dumps(header))
    done = run(*WORDS, f"{'+' if there == 'absent' else ''}{key}={value}")
    assert done.status == 2
    assert f"there {there}) differ" in done.err


@pytest.mark.parametrize(
    ("there", "here", "phrases"),
    [
        (",", "auto", []),
        (",", ";", ["dataset.separator (here ;, there ,)"]),
        (";", "auto", ["dataset.separator (here auto, there ;)"]),
    ],
    ids=["the former default", "another separator", "one that was named"],
)
def test_a_table_of_before_separators_were_recognised_is_the_same(there, here, phrases):
    header = RunHeader(study="s", dataset="d", arm="a", seed=0, identity={"dataset.separator": there})
    assert differences(header, {"dataset.separator": here}, {}, {}) == phrases
