"""The digests of rounds.jsonl: what was changed, lost, moved or is foreign is seen, and equal runs are equal bytes."""

from __future__ import annotations

import json
import random

import pytest

from al_bench.records import RoundRecord, RunHeader
from al_bench.storage.rounds import DamagedRecordError, chain_start, encode, read_rounds

HEADER = RunHeader(
    study="s", dataset="d", arm="a", seed=0, identity={"seed": 0, "schedule.rounds": 4}, fingerprint="ab",
    digests="blake2b",
)  # fmt: skip


def a_round(number: int, last: bool = False, **fields) -> RoundRecord:
    values = {
        "round": number,
        "labelled": 2 + 2 * number,
        "accuracy": 0.5 + number / 10,
        "nll": 1.25e-05,
        "ece": 0.1,
        "acquired": None if last else [5 * number, 5 * number + 1],
        "scores": None if last else [0.7, 0.1 + number],
        "notes": {"saturated_at": None, "text": 'a "digest":"x"'},
        "seconds": {"train": 1.5, "score": 2e-05},
        "peak_memory_bytes": {"train": 1024},
    }
    return RoundRecord(**values | fields)


def lines_of(header: RunHeader = HEADER, **fields) -> list[bytes]:
    digest, lines = chain_start(header), []
    for number in range(4):
        line, digest = encode(a_round(number, number == 3, **fields), digest)
        lines.append(line)
    return lines


def read(path, lines: list[bytes], header: RunHeader = HEADER):
    (path / "rounds.jsonl").write_bytes(b"".join(lines))
    return read_rounds(path / "rounds.jsonl", header)


def test_what_was_written_is_read(tmp_path):
    rounds = read(tmp_path, lines_of())
    assert rounds.records == tuple(a_round(number, number == 3) for number in range(4))
    assert rounds.protected == 4
    assert not rounds.torn
    assert rounds.ends[-1] == (tmp_path / "rounds.jsonl").stat().st_size


def test_equal_runs_have_equal_digests_whatever_they_took_and_however_long_they_are():
    longer = RunHeader(
        study="t", dataset="d", arm="b", seed=0, identity={"schedule.rounds": 9, "seed": 0}, fingerprint="ab"
    )
    one, other = lines_of(), lines_of(longer, seconds={"train": 9.0})
    assert [json.loads(line)["digest"] for line in one] == [json.loads(line)["digest"] for line in other]


@pytest.mark.parametrize(
    "change",
    [
        ('"acquired":[5,6]', '"acquired":[5,7]'),
        ('"accuracy":0.6', '"accuracy":0.7'),
        ('"train":1.5', '"train":1.6'),
        ('"train":1024', '"train":1025'),
        ('"digest":"', '"digest":"0'),
        (',"digest"', ',"digesu"'),
        ('"check":"', '"check":"0'),
        ('"seconds"', '"secondz"'),
        ('"peak_memory_bytes"', '"peak_memory_byte"'),
        ('"nll":1.25e-05', '"nll":1.25e-15'),
    ],
    ids=lambda change: change[0],
)
def test_an_edit_of_a_line_is_refused_with_its_number(tmp_path, change):
    lines = lines_of()
    before, after = (part.encode() for part in change)
    assert before in lines[1]
    lines[1] = lines[1].replace(before, after, 1)
    with pytest.raises(DamagedRecordError, match=r"line 2 of rounds\.jsonl .*; restore the file, or move the folder"):
        read(tmp_path, lines)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda lines, foreign: lines[:1] + lines[2:], id="a line lost"),
        pytest.param(lambda lines, foreign: [lines[1], lines[0], *lines[2:]], id="two lines swapped"),
        pytest.param(lambda lines, foreign: [*foreign[:2], *lines[2:]], id="the beginning of another run"),
        pytest.param(lambda lines, foreign: [*lines[:3], foreign[3]], id="the end of another run"),
        pytest.param(lambda lines, foreign: foreign, id="all of another run"),
        pytest.param(lambda lines, foreign: [*lines[:2], lines[1], *lines[2:]], id="a line twice"),
    ],
)
def test_lost_moved_and_foreign_lines_are_refused(tmp_path, damage):
    another = RunHeader(study="s", dataset="d", arm="a", seed=1, identity={"seed": 1}, fingerprint="ab")
    with pytest.raises(DamagedRecordError, match=r"line \d of rounds"):
        read(tmp_path, damage(lines_of(), lines_of(another)))


def test_a_line_without_the_digest_that_the_header_promises_is_damage(tmp_path):
    lines = lines_of()
    fields = json.loads(lines[3])
    del fields["digest"]
    lines[3] = json.dumps(fields).encode() + b"\n"
    with pytest.raises(DamagedRecordError, match="has no digest, which its header promises"):
        read(tmp_path, lines)


def test_another_identity_in_the_header_is_seen(tmp_path):
    edited = RunHeader(study="s", dataset="d", arm="a", seed=0, identity={"seed": 0, "lr": 1}, fingerprint="ab")
    with pytest.raises(DamagedRecordError, match="line 1 of rounds"):
        read(tmp_path, lines_of(), edited)


def test_five_hundred_flipped_bits_are_refused_or_harmless(tmp_path):
    whole, generator = b"".join(lines_of()), random.Random(0)
    records = read(tmp_path, [whole]).records
    refused = 0
    for trial in range(500):
        damaged = bytearray(whole)
        damaged[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
        try:
            rounds = read(tmp_path, [bytes(damaged)])
        except DamagedRecordError:
            refused += 1
            continue
        # A last line that is no JSON any more counts as cut off by a crash: its round is run again.
        assert rounds.records in (records, records[:3]), f"trial {trial}"
        assert rounds.torn == (rounds.records == records[:3])
    assert refused > 300
