"""The record on disk: torn lines, damage, identity, resume."""

import json

import pytest

from al_bench.errors import InputError
from al_bench.pool import PoolState
from al_bench.storage.run_folder import RunFolder, read_rounds


def entry(round_, acquired):
    return {
        "round": round_,
        "labelled": 2 + round_,
        "accuracy": 0.5,
        "nll": 1.0,
        "ece": 0.1,
        "acquired": acquired,
        "seconds": {"train": 0.1},
    }


IDENTITY, COMPONENTS = {"seed": 0, "schedule.batch": 1}, {"strategy": "bald"}
HEADER = {"identity": IDENTITY, "choices": COMPONENTS | {"debug": "smoke"}, "fingerprint": "ab", "device": "cpu"}


def written(path):
    folder = RunFolder(path)
    with folder.open(IDENTITY, COMPONENTS):
        folder.begin(HEADER, "seed: 0\n")
        folder.append(entry(0, [5]))
        folder.append(entry(1, [6]))
    return folder


def test_a_torn_last_line_is_dropped_and_its_round_played_again(tmp_path):
    folder = written(tmp_path)
    whole = (tmp_path / "rounds.jsonl").read_bytes()
    for cut in range(1, len(whole.splitlines()[1]) + 1):
        (tmp_path / "rounds.jsonl").write_bytes(whole[:-cut])
        assert [entry["round"] for entry in folder.rounds] == [0], cut
    with folder.open(IDENTITY, COMPONENTS):
        folder.begin(HEADER, "")
        folder.append(entry(1, [6]))
    assert (tmp_path / "rounds.jsonl").read_bytes() == whole


def test_damage_before_the_last_line_is_named_by_line(tmp_path):
    written(tmp_path)
    lines = (tmp_path / "rounds.jsonl").read_text().splitlines()
    (tmp_path / "rounds.jsonl").write_text("\n".join([lines[0][:-3], lines[1]]) + "\n")
    with pytest.raises(InputError, match="line 1: not round 0"):
        read_rounds(tmp_path / "rounds.jsonl")


def test_rounds_out_of_order_are_damage(tmp_path):
    written(tmp_path)
    lines = (tmp_path / "rounds.jsonl").read_text().splitlines()
    (tmp_path / "rounds.jsonl").write_text("\n".join(lines[::-1]) + "\n")
    with pytest.raises(InputError, match="line 1"):
        read_rounds(tmp_path / "rounds.jsonl")


def test_resume_replays_the_acquisitions(tmp_path):
    state = written(tmp_path).resume(PoolState.start(range(10), [0, 1]))
    assert state.round == 2
    assert state.labelled.tolist() == [0, 1, 5, 6]


def test_another_configuration_in_the_folder_is_refused_with_the_keys(tmp_path):
    folder = written(tmp_path)
    with (
        pytest.raises(InputError, match=r"schedule.batch \(here 2, there 1\) differs"),
        folder.open({"seed": 0, "schedule.batch": 2}, COMPONENTS),
    ):
        pass


def test_another_strategy_with_the_same_keys_is_refused(tmp_path):
    folder = written(tmp_path)
    with pytest.raises(InputError, match=r"strategy \(here entropy, there bald\) differs"):
        folder.check(IDENTITY, {"strategy": "entropy"})
    folder.check(IDENTITY, {"strategy": "bald", "oracle": "any"})  # a component that the record does not know


def test_a_run_is_complete_when_it_says_so_and_its_last_round_is_there(tmp_path):
    folder = written(tmp_path)
    folder.mark("complete")
    assert not folder.complete
    folder.append(entry(2, None))
    assert folder.complete
    folder.mark("running")
    assert not folder.complete


def test_other_data_are_refused(tmp_path):
    with pytest.raises(InputError, match="fingerprint is cd and was ab"):
        written(tmp_path).check_header(HEADER | {"fingerprint": "cd"})


def test_a_second_process_is_refused(tmp_path):
    folder = RunFolder(tmp_path)
    with folder.open({}, {}), pytest.raises(InputError, match="another process"), RunFolder(tmp_path).open({}, {}):
        pass


def test_nothing_that_json_cannot_hold_is_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        written(tmp_path).append(entry(2, None) | {"nll": float("nan")})
    assert len(RunFolder(tmp_path).rounds) == 2


def test_curve_csv_holds_the_rounds(tmp_path):
    written(tmp_path)
    assert (tmp_path / "curve.csv").read_text().splitlines() == [
        "round,labelled,accuracy,nll,ece",
        "0,2,0.5,1.0,0.1",
        "1,3,0.5,1.0,0.1",
    ]


def test_status_of_an_empty_folder_is_none(tmp_path):
    assert RunFolder(tmp_path).status is None
    RunFolder(tmp_path).mark("failed", error="x")
    assert RunFolder(tmp_path).status == "failed"
    assert json.loads((tmp_path / "status.json").read_text())["error"] == "x"
