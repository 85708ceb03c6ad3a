"""A benchmark of seconds: run in pieces, archived, read as folders are, and joined by a strategy of a newcomer's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from al_bench.analysis.studies import studies
from al_bench.benchmark import pieces, protocol
from al_bench.benchmark.archives import compact, picks_digest, read_archives
from al_bench.benchmark.outcomes import outcomes
from al_bench.benchmark.runs import Newcomer
from al_bench.cli import benchmark
from al_bench.storage.runs import find_runs

STRATEGY = """
from dataclasses import dataclass

from al_bench.evidence import Product
from al_bench.strategies.base import ScoreStrategy


@dataclass
class Mine(ScoreStrategy):
    def needs(self, draws):
        return frozenset({Product.mean_log_probs})

    def score(self, evidence):
        return -evidence.mean_log_probs.exp().amax(1)
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with a cache and a newcomer's strategy of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("AL_BENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mine_strategy.py").write_text(STRATEGY)
    folder = tmp_path / "own" / "strategy"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("# Least confidence again.\n_target_: mine_strategy.Mine\n")
    return tmp_path


def run(*words):
    return benchmark.main(["smoke", "--results", "runs", "--archives", "page", *words])


def test_pieces_resume_and_archives_read_like_folders(here, capsys):
    assert run("--only", "digits/low") == 0
    assert "9 of 9 missing runs done" in capsys.readouterr().out
    assert run("--only", "digits/low") == 0
    assert "missing runs done" not in capsys.readouterr().out
    folder, archive = find_runs([Path("runs/smoke/digits-low")]), find_runs([Path("page/smoke/digits-low.parquet")])
    assert len(archive) == len(folder) == 9
    for one, other in zip(folder, archive, strict=True):
        assert (one.arm, one.seed, one.labels, one.accuracy) == (other.arm, other.seed, other.labels, other.accuracy)
        digests = [picks_digest(record.acquired) for record in one.rounds if record.acquired is not None]
        assert [record.notes["picks"] for record in other.rounds if record.acquired is not None] == digests
    (study,) = studies([Path("page/smoke/digits-low.parquet")])
    assert {arm.name for arm in study.arms} == {"random", "margin", "typiclust"}
    assert str(here) not in json.dumps([run.header.identity for run in archive])


def test_archived_runs_are_done_where_their_folders_are_gone(here, capsys):
    assert run("--only", "sine/low") == 0
    Path("runs").rename("elsewhere")
    capsys.readouterr()
    assert run("--estimate", "--only", "sine/low") == 0
    assert "0 runs missing" in capsys.readouterr().out


def test_runs_nobody_has_done_are_estimated_from_those_of_their_data_set(here, capsys):
    assert run("--only", "sine/low") == 0
    assert capsys.readouterr().err.count("making the arrays of sine, once") == 1
    known = find_runs([Path("page/smoke/sine-low.parquet")])
    seconds = [sum(sum(record.seconds.values()) for record in each.rounds) for each in known]
    smoke = protocol.load("smoke")
    (setting,) = pieces.chosen(smoke, ["sine/low"], None)
    newcomer = Newcomer("mine", Path("own"))
    piece = pieces.prepare(setting, Path("elsewhere"), Path("page/smoke"), newcomer)
    assert len(piece.missing) == 2 * smoke.seeds
    assert piece.seconds == pytest.approx(len(piece.missing) * sum(seconds) / len(seconds))


def test_the_time_that_is_given_ends_a_piece_and_the_page_says_what_was_not_run(here, capsys):
    assert run("--only", "blobs/low") == 0
    text = Path("page/README.md").read_text()
    assert "Not complete, and in no number above: digits-low, sine-low." in text
    assert "n = 1, no interval" in text


def test_a_newcomers_strategy_joins_by_one_file(here, capsys):
    assert run() == 0
    before = Path("page/README.md").read_text()
    assert run("--only", "low", "--strategy", "mine", "--config-dir", "own") == 0
    assert [file.name for file in Path("page/smoke").glob("with-*")] == ["with-mine.parquet"]
    after = Path("page/README.md").read_text()
    assert "| mine |" not in before
    assert "| mine |" in after
    smoke = protocol.load("smoke")
    every = outcomes(smoke, read_archives(Path("page/smoke")))
    assert all("mine" in each.strategies and each.strategies["mine"].n == smoke.seeds for each in every)
    assert len(every) == 3


def test_the_page_is_made_without_running_anything(here, capsys):
    assert run("--only", "sine/low") == 0
    text = Path("page/README.md").read_text()
    Path("page/README.md").unlink()
    assert run("--check-only") == 0
    assert Path("page/README.md").read_text() == text
    assert "<table>" in Path("page/index.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--check-only"], "there is no archive in page/smoke"),
        (["--check-only", "--only", "low"], "leave the other options out"),
        (["--config-dir", "own"], "name it with --strategy NAME"),
        (["--only", "nothing"], "is no setting of benchmark smoke"),
    ],
)
def test_bad_input_is_one_line(here, capsys, words, said):
    assert run(*words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_compact_run_has_no_picks_and_no_scores(here):
    assert run("--only", "sine/low") == 0
    (first, *_) = find_runs([Path("runs/smoke/sine-low")])
    rounds = compact(first).rounds
    assert all(
        record.acquired in ([], None) and record.scores is None and record.confusion is None for record in rounds
    )
    assert [record.accuracy for record in rounds] == [record.accuracy for record in first.rounds]
