"""The record on disk: torn lines, identity, resume, a longer run from a shorter one."""

import json

import pytest

from al_bench.errors import InputError
from al_bench.pool import PoolState
from al_bench.records import RoundRecord, RunHeader
from al_bench.storage.run_folder import RunFolder


def entry(round_, acquired, **fields):
    return RoundRecord(
        round=round_, labelled=2 + round_, accuracy=0.5, nll=1.0, ece=0.1, acquired=acquired,
        seconds={"train": 0.1}, **fields,
    )  # fmt: skip


IDENTITY, COMPONENTS = {"seed": 0, "schedule.batch": 1, "schedule.rounds": 3}, {"strategy": "bald"}
HEADER = RunHeader(
    study="s", dataset="d", arm="bald", seed=0, identity=IDENTITY, choices=COMPONENTS | {"debug": "smoke"},
    fingerprint="ab", device="cpu",
)  # fmt: skip


def written(path):
    with RunFolder.hold(path) as folder:
        folder.begin(HEADER, "seed: 0\n")
        folder.append(entry(0, [5]))
        folder.append(entry(1, [6]))
    return RunFolder(path)


def test_a_torn_last_line_is_dropped_and_its_round_run_again(tmp_path):
    written(tmp_path)
    whole = (tmp_path / "rounds.jsonl").read_bytes()
    for cut in range(1, len(whole.splitlines()[1]) + 1):
        (tmp_path / "rounds.jsonl").write_bytes(whole[:-cut])
        assert [record.round for record in RunFolder(tmp_path).rounds] == [0], cut
    with RunFolder.hold(tmp_path) as folder:
        folder.begin(HEADER, "")
        folder.append(entry(1, [6]))
    assert (tmp_path / "rounds.jsonl").read_bytes() == whole


def test_a_folder_reads_its_rounds_once(tmp_path):
    folder = written(tmp_path)
    (tmp_path / "rounds.jsonl").unlink()
    assert [record.round for record in folder.rounds] == [0, 1]
    assert folder.resume(PoolState.start(range(10), [0, 1])).round == 2


def test_resume_replays_the_acquisitions(tmp_path):
    state = written(tmp_path).resume(PoolState.start(range(10), [0, 1]))
    assert state.round == 2
    assert state.labelled.tolist() == [0, 1, 5, 6]


def test_another_configuration_in_the_folder_is_refused_with_the_keys(tmp_path):
    folder = written(tmp_path)
    with pytest.raises(InputError, match=r"schedule.batch \(here 2, there 1\) differs"):
        folder.check(IDENTITY | {"schedule.batch": 2}, COMPONENTS)


def test_another_strategy_with_the_same_keys_is_refused(tmp_path):
    folder = written(tmp_path)
    with pytest.raises(InputError, match=r"strategy \(here entropy, there bald\) differs"):
        folder.check(IDENTITY, {"strategy": "entropy"})
    folder.check(IDENTITY, {"strategy": "bald", "oracle": "any"})  # a component that the record does not know


def test_the_length_may_differ_where_it_is_left_out(tmp_path):
    folder = written(tmp_path)
    folder.check(IDENTITY | {"schedule.rounds": 9}, COMPONENTS, lengths=False)
    with pytest.raises(InputError, match=r"schedule.rounds \(here 9, there 3\) differs"):
        folder.check(IDENTITY | {"schedule.rounds": 9}, COMPONENTS)


def test_a_run_is_complete_when_it_says_so_and_its_last_round_is_there(tmp_path):
    folder = written(tmp_path)
    folder.mark("complete")
    assert not folder.complete
    folder.append(entry(2, None))
    assert folder.complete
    folder.mark("running")
    assert not folder.complete


def test_other_data_are_refused(tmp_path):
    import msgspec

    with pytest.raises(InputError, match="fingerprint is cd and was ab"):
        written(tmp_path).check_header(msgspec.structs.replace(HEADER, fingerprint="cd"))


def test_a_second_process_is_refused(tmp_path):
    with (
        RunFolder.hold(tmp_path),
        pytest.raises(InputError, match="another process"),
        RunFolder.hold(tmp_path),
    ):
        pass


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")], ids=str)
def test_nothing_that_json_cannot_hold_is_written(tmp_path, value):
    with pytest.raises(ValueError, match="JSON"):
        written(tmp_path).append(entry(2, None, notes={"delta": value}))
    assert len(RunFolder(tmp_path).rounds) == 2


def test_curve_csv_holds_the_rounds_and_the_users_own_metrics(tmp_path):
    folder = written(tmp_path)
    assert (tmp_path / "curve.csv").read_text().splitlines() == [
        "round,labelled,accuracy,nll,ece",
        "0,2,0.5,1.0,0.1",
        "1,3,0.5,1.0,0.1",
    ]
    folder.append(entry(2, None, metrics={"brier": 0.25}))
    assert (tmp_path / "curve.csv").read_text().splitlines()[::3] == [
        "round,labelled,accuracy,nll,ece,brier",
        "2,4,0.5,1.0,0.1,0.25",
    ]


def test_status_of_an_empty_folder_is_none(tmp_path):
    assert RunFolder(tmp_path).status is None
    RunFolder(tmp_path).mark("failed", error="x")
    assert RunFolder(tmp_path).status == "failed"
    assert json.loads((tmp_path / "status.json").read_text())["error"] == "x"


def test_a_longer_run_takes_the_place_of_the_last_round_at_once(tmp_path):
    folder = written(tmp_path)
    folder.append(entry(2, None))
    before = (tmp_path / "rounds.jsonl").read_bytes().splitlines(keepends=True)
    with RunFolder.hold(tmp_path) as longer:
        longer.extend(2, RunHeader(study="s", dataset="d", arm="a", seed=0, identity=IDENTITY | {"schedule.rounds": 9}))
        longer.begin(HEADER, "")
        assert (tmp_path / "rounds.jsonl").read_bytes() == b"".join(before), "until there is something better"
        longer.append(entry(2, [7]))
        after = (tmp_path / "rounds.jsonl").read_bytes().splitlines(keepends=True)
        assert after[:2] == before[:2]
        assert json.loads(after[2])["acquired"] == [7]
        longer.append(entry(3, None))
    again = RunFolder(tmp_path)
    assert [record.acquired for record in again.rounds] == [[5], [6], [7], None]
    assert again.header.identity["schedule.rounds"] == 9
    assert again.header.extended[0]["from_labels"] == 4
    assert again.same_length(IDENTITY | {"schedule.rounds": 9})


def test_rounds_without_digests_are_read_and_go_on(tmp_path):
    written(tmp_path)
    lines = []
    for line in (tmp_path / "rounds.jsonl").read_text().splitlines():
        fields = json.loads(line)
        del fields["digest"], fields["seconds"]["check"], fields["peak_memory_bytes"]["check"]
        lines.append(json.dumps(fields, separators=(",", ":")) + "\n")
    (tmp_path / "rounds.jsonl").write_text("".join(lines))
    header = json.loads((tmp_path / "header.json").read_text())
    del header["digests"]
    (tmp_path / "header.json").write_text(json.dumps(header))
    assert not RunFolder(tmp_path).protected
    with RunFolder.hold(tmp_path) as folder:
        folder.begin(HEADER, "")
        folder.append(entry(2, None))
    assert [record.round for record in RunFolder(tmp_path).rounds] == [0, 1, 2]
    (tmp_path / "rounds.jsonl").write_text("".join(lines).replace("[5]", "[4]"))
    assert RunFolder(tmp_path).rounds[0].acquired == [4], "nothing protects it yet"
