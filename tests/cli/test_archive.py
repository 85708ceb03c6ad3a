"""`al-bench archive`, and the commands that read what it wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from al_bench.cli import archive, compare, plot, report
from tests.analysis.records import saturating, write_run


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for arm, rate in (("bald", 0.5), ("random", 0.3)):
        for seed in range(3):
            write_run(Path("runs"), saturating(0.95, rate, 8, 0.002 * seed), arm=arm, seed=seed)
    return Path("runs/study")


def test_compare_plot_and_report_show_the_same_of_the_archive(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archive.main([str(study)]) == 0
    assert "wrote 6 runs to runs/study.parquet" in capsys.readouterr().out
    shown = []
    for source in ("runs/study", "runs/study.parquet"):
        assert compare.main([source]) == 0
        shown.append(capsys.readouterr().out)
        assert plot.main([source, "--out", f"{Path(source).name}.png"]) == 0
        assert report.main([source, "--out", f"{Path(source).name}.html"]) == 0
        capsys.readouterr()
    assert shown[0] == shown[1]
    assert Path("study.png").read_bytes() == Path("study.parquet.png").read_bytes()


def test_runs_that_are_not_complete_are_left_out_and_said(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(Path("runs"), [0.5, 0.6], arm="margin", status="interrupted")
    assert archive.main([str(study), "--out", "some.parquet"]) == 0
    assert "left out runs/study/digits/margin/seed-0: interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing"], "missing does not exist"),
        (["runs/study", "--out", "study.zip"], "an archive's name ends in .parquet"),
        (["runs/study", "--include", "labels"], "--include is 'labels'; choose one of items, paths, host"),
        (["runs/study/digits/bald/seed-0/header.json"], "is a file; give a folder of runs"),
        (["runs/study", "--out", "runs/study/digits/bald/seed-0/header.json/a.parquet"], "cannot be written"),
    ],
    ids=["no folder", "another format", "unknown", "a file", "no place"],
)
def test_bad_input_is_one_line(study: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert archive.main(words) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
