"""Reading runs: what is found, what is refused, and in which words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from al_bench.analysis.arms import group_runs, usable_runs
from al_bench.errors import InputError
from al_bench.storage.rounds import DamagedRecordError
from al_bench.storage.runs import find_runs, read_run
from tests.analysis.records import write_run


def test_runs_are_found_from_any_folder_once_and_in_order(tmp_path: Path) -> None:
    for seed in (1, 0):
        write_run(tmp_path, [0.5, 0.6], seed=seed)
    write_run(tmp_path, [0.4, 0.5], arm="random")
    write_run(tmp_path, [0.4, 0.5], dataset="mnist")
    arm = tmp_path / "study" / "digits" / "bald"
    runs = find_runs([tmp_path, arm, arm / "seed-1"])
    assert [(run.dataset, run.arm, run.seed) for run in runs] == [
        ("digits", "bald", 0),
        ("digits", "bald", 1),
        ("digits", "random", 0),
        ("mnist", "bald", 0),
    ]
    assert [run.seed for run in find_runs([arm / "seed-1"])] == [1]
    assert runs[0].labels == (20, 30)
    assert runs[0].accuracy == (0.5, 0.6)
    assert not runs[0].torn


def test_a_symbolic_link_that_leads_back_up_ends_the_walk(tmp_path: Path) -> None:
    write_run(tmp_path, [0.5])
    (tmp_path / "study" / "up").symlink_to(tmp_path)
    assert len(find_runs([tmp_path])) == 1


@pytest.mark.parametrize("tail", ['{"schema": 1, "round": 2, "lab', '{"schema": 1, "round": 2, "lab\n'])
def test_a_torn_last_line_is_left_out_and_said(tmp_path: Path, tail: str) -> None:
    run = read_run(write_run(tmp_path, [0.5, 0.6], status="running", tail=tail))
    assert run.torn
    assert run.labels == (20, 30)


def test_a_torn_line_in_a_complete_run_is_damage(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [0.5, 0.6], tail='{"sch')
    with pytest.raises(DamagedRecordError, match=r"says complete, but rounds\.jsonl ends in a torn line"):
        read_run(folder)


def test_rounds_without_an_evaluation_are_not_on_the_curve(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, [0.5, None, 0.7]))
    assert run.labels == (20, 40)
    assert run.accuracy == (0.5, 0.7)


def test_no_status_means_interrupted(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [0.5, 0.6])
    (folder / "status.json").unlink()
    assert read_run(folder).status == "interrupted"


def test_folders_without_runs_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "log.jsonl").write_text('{"step": 1}\n')
    for name in ("empty", "foreign"):
        with pytest.raises(InputError, match=rf"no runs found under .*{name}; give a folder") as caught:
            find_runs([tmp_path / name])
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="does not exist"):
        find_runs([tmp_path / "absent"])
    with pytest.raises(InputError, match="is a file; give the folder"):
        find_runs([tmp_path / "foreign" / "log.jsonl"])


def test_one_empty_folder_among_good_ones_is_still_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "good", [0.5])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no runs found under .*empty"):
        find_runs([tmp_path / "good", tmp_path / "empty"])


FIRST = {"schema": 1, "round": 0, "labelled": 20, "accuracy": 0.5, "acquired": None}


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([{"step": 1, "loss": 2.0}], "line 1 of rounds.jsonl has schema None"),
        ([FIRST | {"schema": 2}], "has schema 2, this al-bench reads 1"),
        ([FIRST, FIRST], "line 2 of rounds.jsonl has round 0 where 1 follows"),
        ([FIRST, FIRST | {"round": 1}], "has labelled 20, not more than the round before"),
        ([FIRST | {"labelled": "20"}], "Expected `int`, got `str` - at `$.labelled`"),
        ([FIRST | {"accuracy": 61.0}], "Expected `float` <= 1.0 - at `$.accuracy`"),
        ([FIRST | {"accuracy": float("nan")}, FIRST], "line 1 of rounds.jsonl is not JSON"),
        ([{k: v for k, v in FIRST.items() if k != "accuracy"}], "missing required field `accuracy`"),
        ([[1, 2]], "is not a JSON object"),
    ],
)
def test_a_damaged_record_is_refused_with_its_line(tmp_path: Path, lines: list, reason: str) -> None:
    folder = write_run(tmp_path, [0.5])
    (folder / "rounds.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(DamagedRecordError) as caught:
        read_run(folder)
    assert reason in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_line_in_the_middle_is_not_taken_for_a_torn_end(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [0.5, 0.6, 0.7])
    lines = (folder / "rounds.jsonl").read_text().splitlines()
    (folder / "rounds.jsonl").write_text("\n".join([lines[0], lines[1][:20], lines[2]]) + "\n")
    with pytest.raises(DamagedRecordError, match=r"line 2 of rounds\.jsonl is not JSON"):
        read_run(folder)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("header.json", None, "header.json is missing (status.json says complete)"),
        ("header.json", "{", "header.json cannot be read"),
        ("header.json", "[]", "header.json is not a JSON object"),
        ("header.json", '{"schema": 9}', "header.json has schema 9"),
        ("header.json", '{"schema": 1, "study": "s"}', "missing required field `dataset`"),
        ("status.json", '{"status": "done"}', "status.json says 'done'"),
        ("rounds.jsonl", "", "says complete, but no round has an accuracy"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: str | None, reason: str) -> None:
    folder = write_run(tmp_path, [0.5])
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    with pytest.raises(DamagedRecordError) as caught:
        read_run(folder)
    assert reason in str(caught.value)


def test_a_damaged_run_is_reported_once_and_skipped_and_never_silently(tmp_path: Path) -> None:
    write_run(tmp_path, [0.5], seed=0)
    damaged = write_run(tmp_path, [0.5], seed=1)
    (damaged / "rounds.jsonl").write_text('{"step": 1}\n')
    said: list[str] = []
    assert [run.seed for run in find_runs([tmp_path, tmp_path], said.append)] == [0]
    assert len(said) == 1
    assert said[0].startswith(f"skipped {damaged}: line 1")
    with pytest.raises(DamagedRecordError):
        find_runs([tmp_path])
    with pytest.raises(InputError, match=r"no readable run under .*; 1 damaged, the first: "):
        find_runs([damaged], said.append)


def test_incomplete_runs_are_named_and_left_out_unless_asked_for(tmp_path: Path) -> None:
    write_run(tmp_path, [0.5, 0.6], seed=0)
    write_run(tmp_path, [0.5, 0.6], seed=1, status="failed")
    write_run(tmp_path, [], seed=2, status="running")
    runs = find_runs([tmp_path])
    said: list[str] = []
    assert [run.seed for run in usable_runs(runs, False, said.append)] == [0]
    assert len(said) == 2
    assert "failed at 30 labels (--include-incomplete takes it in)" in said[0]
    assert "running, no evaluated round yet" in said[1]
    assert [run.seed for run in usable_runs(runs, True, said.append)] == [0, 1]
    with pytest.raises(InputError, match=r"no complete run among the 1 found; .*, or add --include-incomplete$"):
        usable_runs(runs[1:2], False, said.append)
    with pytest.raises(InputError, match=r"the al-bench run command that began them resumes them$"):
        usable_runs(runs[2:], True, said.append)


def test_seeds_of_two_studies_are_not_averaged_and_a_seed_is_not_counted_twice(tmp_path: Path) -> None:
    write_run(tmp_path, [0.5], study="a")
    write_run(tmp_path, [0.7], study="b")
    write_run(tmp_path, [0.6], study="b", arm="random")
    arms = group_runs(find_runs([tmp_path]))
    assert [(arm.name, arm.seeds) for arm in arms] == [("a/bald", 1), ("b/bald", 1), ("random", 1)]
    write_run(tmp_path / "copy", [0.5], study="a")
    with pytest.raises(InputError, match=r"seed 0 of a/digits/bald is in .* give one of the two"):
        group_runs(find_runs([tmp_path]))
