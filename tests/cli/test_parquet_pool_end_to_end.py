"""A pool in Parquet files from the command line: one run wherever a file ends, its picks, and batches for people."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from al_bench.cli.main import dispatch
from tests.conftest import TINY, record

ROWS = 300
LABELS = np.arange(ROWS) % 3
INPUTS = (np.random.default_rng(0).normal(0, 1, (ROWS, 6)) + 3 * np.eye(3, 6)[LABELS]).astype(np.float32)


def write(folder: str, cuts: list[int], labels: object = LABELS) -> None:
    """Files of embeddings, labels and addresses, cut before some rows."""
    Path(folder).mkdir()
    table = pd.DataFrame({"embedding": list(INPUTS), "label": labels, "url": [f"u{row}" for row in range(ROWS)]})
    with duckdb.connect() as connection:
        for number, part in enumerate(np.split(np.arange(ROWS), cuts)):
            connection.register("rows", table.iloc[part])
            connection.execute(f"COPY (SELECT * FROM rows) TO '{folder}/part-{number:05d}.parquet' (FORMAT parquet)")


def test_a_run_is_the_run_on_one_file_and_on_arrays_bit_for_bit(run):
    for folder, cuts in (("one", []), ("three", [100, 200]), ("seven", [1, 7, 130, 131, 290, 299])):
        write(folder, cuts)
    Path("arrays").mkdir()
    np.save("arrays/x-00000.npy", INPUTS)
    np.save("arrays/y-00000.npy", LABELS)
    for strategy in ("bald", "badge"):
        found = []
        for folder in ("arrays", "one", "three", "seven"):
            kind = "npz" if folder == "arrays" else "table"
            arm = f"{folder}-{strategy}"
            cache = "off" if folder == "three" else "cache"  # in memory, or mapped
            words = (f"dataset={kind}", f"dataset.path={folder}", f"arm={arm}", f"strategy={strategy}")
            done = run(*TINY, *words, f"cache={cache}")
            assert done.status == 0, done.err
            found.append(record(arm, dataset=kind))
        assert len({each.header["fingerprint"] for each in found}) == 1
        assert all(each.stable == found[0].stable for each in found)


def test_picks_stand_beside_the_cells_of_their_rows(run):
    write("pool", [100])
    done = run(*TINY, "dataset=table", "dataset.path=pool", "arm=a", "cache=cache")
    assert done.status == 0, done.err
    assert "1 column of 6 numbers; label 'label'" in done.err
    assert "2 Parquet files, mapped from a copy of 7.2 kB in the cache's folder" in done.err
    folder = next(Path("results/runs").rglob("seed-0"))
    assert dispatch(["export", str(folder), "--out", "picks.csv"]) == 0
    picks = pd.read_csv("picks.csv")
    assert (picks["url"] == "u" + picks["row"].astype(str)).all()
    assert (picks["label_"] == picks["row"] % 3).all()


def test_people_get_batches_with_the_cells_of_their_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write("pool", [100, 101], [label if row % 10 < 1 else None for row, label in enumerate(LABELS)])
    words = ["query", "dataset=table", "dataset.path=pool", "strategy=margin", "model=linear", "schedule.batch=4"]
    assert dispatch(words) == 0, capsys.readouterr().err
    batch = Path("results/labelling/default/batch-000.csv")
    asked = pd.read_csv(batch)
    assert (asked["url"] == "u" + asked["item"].str.removeprefix("row-")).all()
    assert "u" + asked["item"][0].removeprefix("row-") in batch.with_suffix(".html").read_text()
    asked["label"] = [int(item.removeprefix("row-")) % 3 for item in asked["item"]]
    asked.to_csv(batch, index=False)
    assert dispatch(words) == 0, capsys.readouterr().err
    assert batch.with_name("batch-001.csv").exists()


def test_what_is_wrong_is_one_line_and_status_2(run):
    write("pool", [100, 200])
    Path("pool/part-00001.parquet").unlink()
    done = run(*TINY, "dataset=table", "dataset.path=pool")
    assert done.status == 2
    assert "the shard 1 is missing (1 of 3 are)" in done.err
    assert len(done.err.strip().splitlines()) == 1
