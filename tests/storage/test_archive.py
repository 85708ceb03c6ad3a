"""Archives: what comes back equals what went in, what is private stays out, and damage is one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from al_bench.analysis.arms import group_runs
from al_bench.analysis.comparability import looks_line
from al_bench.config.components import load_class
from al_bench.config.registry import COMPONENTS
from al_bench.errors import InputError
from al_bench.storage.archive import read_archive, stand_in
from al_bench.storage.archiving import default_archive, without_folders, write_archive
from al_bench.storage.decision_plan import DecisionPlan, read_decision, write_decision
from al_bench.storage.recorded_config import recorded_config
from al_bench.storage.runs import find_runs, read_run
from tests.analysis.records import write_run

HOME = "/home/ada/studies"
PRIVATE = ("lovelace", HOME, "patient 7")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for arm in ("bald", "random"):
        for seed in (0, 1):
            folder = write_run(
                tmp_path,
                [{"accuracy": 0.5, "acquired_items": ["patient 7", *range(9)]}, None, 0.7],
                arm=arm,
                seed=seed,
                host="lovelace",
                command=[f"dataset.path={HOME}/birds.csv", "strategy=bald"],
                identity={"dataset.path": f"{HOME}/birds.csv", "seed": seed, "training.class_weights": {"a/b": 2}},
                initial=[3],
                initial_items=["patient 7"],
            )
            (folder / "config.yaml").write_text(
                f"results: {HOME}/runs\ndataset: {{path: {HOME}/birds.csv}}\nseed: {seed}\n"
            )
    return tmp_path / "study"


def archived(study: Path, *include: str) -> Path:
    out = default_archive(study)
    write_archive(find_runs([study]), study, out, include)
    return out


def test_every_reader_finds_the_runs_of_the_folder_in_the_archive(study: Path) -> None:
    archive = archived(study, "items", "paths", "host")
    for before, after in zip(find_runs([study]), find_runs([archive]), strict=True):
        assert after.rounds == before.rounds
        assert (after.study, after.dataset, after.arm, after.seed) == (before.study, "digits", before.arm, before.seed)
        assert (after.status, after.labels, after.accuracy) == ("complete", (20, 40), (0.5, 0.7))
        assert after.protected
        assert recorded_config(after.folder) == recorded_config(before.folder)


@pytest.mark.parametrize("below", ["", "digits"], ids=["the study", "its arms"])
def test_what_decide_fixed_and_looked_at_goes_along(study: Path, below: str) -> None:
    plan = DecisionPlan(
        1, "2026-11-28", "accuracy", "random", ["bald"], True, 1, 2, [0, 1, 2], [2, 3], [4.0, 3.0], [2, 3], 1
    )
    write_decision(study / "digits", plan)
    runs, archive = find_runs([study]), archived(study / below, "items", "paths", "host")
    assert read_decision(archive / ("" if below else "digits")) == plan
    assert [run.rounds for run in find_runs([archive])] == [run.rounds for run in runs]
    (line,) = looks_line(group_runs(find_runs([archive])))
    assert line.startswith("al-bench decide took 1 look at bald, random, with 2 seeds")
    assert "claim too much" in line


def test_without_a_decision_there_is_none_in_the_archive(study: Path) -> None:
    archive = archived(study)
    assert read_decision(archive / "digits") is None
    assert read_decision(archive) is None
    assert not any("decide" in name for files in read_archive(archive).values() for name in files)


def test_what_an_archive_has_beside_the_lines_is_a_table_for_pandas(study: Path) -> None:
    frame = duckdb.sql(f"SELECT * FROM '{archived(study)}'").df()
    rounds = frame[frame["file"] == "rounds.jsonl"]
    assert isinstance(rounds, pd.DataFrame)
    assert rounds["labelled"].tolist() == [20, 30, 40] * 4
    assert set(rounds["arm"]) == {"bald", "random"}
    assert json.loads(rounds["text"].iloc[0])["acquired"] == list(range(20, 30))


@pytest.mark.parametrize("include", [(), ("host",), ("paths",), ("items",)], ids=["nothing", "host", "paths", "items"])
def test_only_what_is_asked_for_is_in_it(study: Path, include: tuple[str, ...]) -> None:
    members = read_archive(archived(study, *include))
    text = b"".join(content for files in members.values() for content in files.values()).decode()
    of_key = dict(zip(("host", "paths", "items"), PRIVATE, strict=True))
    assert {key for key, secret in of_key.items() if secret in text} == set(include)
    assert "birds.csv" in text


@pytest.mark.parametrize(
    ("value", "public"),
    [
        ("dataset.path=/home/ada/birds.csv", "dataset.path=birds.csv"),
        ("dataset.path='/home/ada/my birds.csv'", "dataset.path='my birds.csv'"),
        ("dataset.test=secret/folder/test.csv", "dataset.test=test.csv"),
        ("dataset.test_path=secret/folder/test.csv", "dataset.test_path=test.csv"),
        ("~/x/y.npy", "y.npy"),
        (r"C:\Users\ada\birds.csv", "birds.csv"),
        ({"results": "runs/of/ada", "model": "a/b"}, {"results": "ada", "model": "a/b"}),
        ({"/home/ada/own.py": "digest"}, {"own.py": "digest"}),
        ("strategy=bald", "strategy=bald"),
        ("a note = that / is no path", "a note = that / is no path"),
    ],
    ids=[
        "override",
        "quoted",
        "relative",
        "relative test part",
        "home",
        "windows",
        "keys",
        "own code",
        "no path",
        "a sentence",
    ],
)
def test_a_path_keeps_its_last_part_alone(value: object, public: object) -> None:
    assert without_folders(value) == public


def test_every_key_that_is_called_a_path_or_a_file_is_cut() -> None:
    keys = {
        f"{group}.{entry.name}"
        for group, schemas in COMPONENTS.items()
        for schema in schemas.values()
        for entry in fields(load_class(schema))
        if entry.name.endswith(("path", "file", "root"))
    }
    assert {"dataset.path", "dataset.test_path", "dataset.label_file", "encoder.test_path"} <= keys
    for key in keys:
        assert without_folders({key: "secret/folder/x.csv"}) == {key: "x.csv"}, key


def named_by_items(root: Path, arm: str) -> Path:
    named = {"identity": {"initial.rows": ["patient 7"]}, "command": ["initial.rows=['patient 7']"]}
    folder = write_run(root, [0.5, 0.7], study="named", arm=arm, **named)
    (folder / "config.yaml").write_text("initial: {rows: [patient 7], size: 2}\n")
    return root / "named"


def test_rows_that_the_user_named_stay_out_of_commands_and_configurations(tmp_path: Path) -> None:
    text = str(read_archive(archived(named_by_items(tmp_path, "bald"))))
    assert "patient 7" not in text
    assert "initial.rows" in text


def test_an_arm_that_is_named_by_items_is_refused(tmp_path: Path) -> None:
    study = named_by_items(tmp_path, "bald,rows=[patient 7]")
    with pytest.raises(InputError, match=r"without --include items: the name of the arm in .* holds items"):
        archived(study)


def test_the_archive_beside_a_missing_folder_stands_in_for_it(study: Path) -> None:
    archive = archived(study)
    folder = study / "digits" / "bald" / "seed-0"
    assert stand_in(folder) == folder
    shutil.rmtree(study)
    assert stand_in(folder) == archive / "digits" / "bald" / "seed-0"
    assert read_run(stand_in(folder)).labels == (20, 40)


def test_a_folder_and_its_archive_beside_it_are_not_counted_twice(study: Path) -> None:
    archive = archived(study)
    said: list[str] = []
    assert len(find_runs([study.parent], said.append)) == 4
    assert said == [f"left out {archive}: the folder {study} is beside it"]


def test_an_archive_is_written_once(study: Path) -> None:
    archive = archived(study)
    before = archive.read_bytes()
    with pytest.raises(InputError, match="exists, and an archive is written once: name another file with --out"):
        archived(study)
    assert archive.read_bytes() == before
    assert sorted(path.name for path in study.parent.iterdir()) == ["study", "study.parquet"]


def rewritten(query: str) -> Callable[[Path], None]:
    def damage(archive: Path) -> None:
        duckdb.sql(f"COPY ({query.format(archive=archive)}) TO '{archive.with_suffix('.new')}' (FORMAT parquet)")
        archive.with_suffix(".new").replace(archive)

    return damage


def cut(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut, "is no archive that al-bench can read"),
        (lambda archive: archive.write_bytes(b""), "is no archive that al-bench can read"),
        (rewritten("SELECT 1 AS a"), "is no archive that al-bench can read"),
        (
            rewritten("SELECT * REPLACE (replace(text, '0.5', '0.9') AS text) FROM '{archive}'"),
            "does not fit its digest",
        ),
        (rewritten("SELECT * FROM '{archive}' WHERE round IS DISTINCT FROM 2"), "does not fit its digest"),
        (rewritten("SELECT * FROM '{archive}' LIMIT 5"), "its last row is not that of an archive"),
        (rewritten("SELECT * REPLACE (NULL::VARCHAR AS text) FROM '{archive}'"), "its last row is damaged"),
        (
            rewritten("SELECT repeat('a', 1000000) AS folder, 'f' AS file, 0 AS line, 't' AS text FROM range(3000)"),
            "it stands for more than",
        ),
    ],
    ids=["cut", "empty", "a table", "a number", "a lost line", "no end", "no text", "a bomb"],
)
def test_a_damaged_archive_is_one_line_and_stops_no_other_study(
    study: Path, damage: Callable[[Path], None], reason: str
) -> None:
    archive = archived(study)
    elsewhere = study.parent / "elsewhere"
    elsewhere.mkdir()
    archive = archive.rename(elsewhere / "moved.parquet")
    damage(archive)
    with pytest.raises(InputError, match=reason) as error:
        find_runs([archive])
    assert "\n" not in str(error.value)
    said: list[str] = []
    assert len(find_runs([study.parent], said.append)) == 4
    assert [line for line in said if reason in line] == said
    assert len(said) == 1


@pytest.mark.parametrize("folder", ["../up", "/etc", "a/../../b", "a\nb"], ids=["up", "root", "dots", "line end"])
def test_folders_that_lead_out_of_the_archive_are_refused(
    study: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from al_bench.storage import archiving

    rows = [(folder, "header.json", 0, "{}", *[None] * 8)]
    monkeypatch.setattr(archiving, "_run_rows", lambda *_: rows)
    with pytest.raises(InputError, match="which is no file of a run"):
        write_archive(find_runs([study])[:1], study, study.parent / "x.parquet")
