"""`--estimate` as typed: what it prints, that it starts nothing, and the one line before every run and sweep."""

from __future__ import annotations

import re

import pytest

from al_bench.cli import reproduce
from tests.conftest import TINY, record, written

PAGE = re.compile(
    r"estimate: 1 run to do; calibrated in .*\n"
    r"  time    about .* \(about .* of processor time\)\n"
    r"  memory  [\d.]+ [MG]B\n"
    r"  disk    \d+ kB in results/runs/smoke\n"
    r"  labels  14: 6 at the start, 3 rounds\n"
    r"nothing was started; the same command without --estimate does\n"
)


def test_a_run_is_estimated_and_not_started(run):
    done = run(*TINY, "--estimate")
    assert (done.status, done.err) == (0, "")
    assert PAGE.fullmatch(done.out), done.out
    assert written() == []


def test_the_flag_may_stand_anywhere_and_changes_no_result(run):
    assert run("--estimate", *TINY).status == 0
    run(*TINY)
    before = record().stable
    assert run(*TINY[:1], "--estimate", *TINY[1:], "seed=1").status == 0
    run(*TINY, "arm=again")
    assert record("again").stable == before


def test_a_sweep_is_estimated_by_setting(run):
    done = run("-m", *TINY, "strategy=random,bald", "seed=0,1,2", "--estimate")
    assert done.status == 0, done.printed
    assert "estimate: 6 runs to do, of 2 settings; calibrated in" in done.out
    assert "  labels  84, 14 a run: 6 at the start, 3 rounds\n" in done.out
    assert re.search(r"\n  strategy=random +3 runs of (about|under) .*, 14 labels\n", done.out)
    assert written() == []


def test_what_is_complete_is_not_counted(run):
    run(*TINY)
    files = written()
    done = run("-m", *TINY, "seed=0,1", "--estimate")
    assert "estimate: 1 run to do, 1 more complete already;" in done.out
    assert run(*TINY, "--estimate").out.startswith("estimate: 0 runs to do, 1 more complete already")
    assert written() == files


def test_runs_at_one_time_share_the_clock_and_add_up_in_memory(run):
    done = run("-m", *TINY, "seed=0,1", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "--estimate")
    assert "2 runs to do, 2 at a time;" in done.out
    assert re.search(r"memory  [\d.]+ [MG]B, 2 runs at once\n", done.out)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("strategy=bal",), "strategy is 'bal'"),
        (("schedule.batch=900",), "asks for 1806 labelled points and the pool has 500"),
        (("--estimate=30",), "--estimate=30 has a value; type --estimate alone"),
        (("training.lrr=1",), "there is no key 'training.lrr'"),
    ],
    ids=["no such strategy", "more labels than points", "a value", "no such key"],
)
def test_bad_input_is_one_line_as_in_a_run(run, words, message):
    done = run(*TINY, *words, "--estimate")
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert message in done.err
    assert written() == []


def test_a_run_says_one_line_after_its_first_rounds(run):
    done = run(*TINY, "schedule.rounds=5")
    (line,) = done.estimates
    assert re.fullmatch(
        r"al-bench: estimate: 22 labels in 5 rounds, .* left, [\d.]+ [MG]B of memory, \d+ kB on disk "
        r"\(from round \d of bald,.*\)",
        line,
    )
    assert line.removeprefix("al-bench: ") in (record().folder / "run.log").read_text()


def test_a_run_whose_setting_is_on_record_says_it_before(run):
    run(*TINY)
    (line,) = run(*TINY, "seed=1").estimates
    assert re.search(r"\(from bald,.*/seed-0, the same setting\)$", line)
    assert " left" not in line


def test_another_setting_is_no_record_of_it(run):
    run(*TINY)
    (line,) = run(*TINY, "seed=1", "training.lr=0.01").estimates
    assert "(from round" in line


def test_a_damaged_record_of_another_seed_stops_nothing(run):
    run(*TINY)
    (record().folder / "rounds.jsonl").write_text("{}\n{}\n")
    done = run(*TINY, "seed=1")
    assert done.status == 0
    assert "(from round" in done.estimates[0]


def test_a_resumed_run_says_what_is_left(run):
    run(*TINY)
    (line,) = run(*TINY, "schedule.rounds=6").estimates
    assert "26 labels in 6 rounds" in line
    assert " left, " in line
    assert re.search(r"\(from the rounds of bald,.* on record\)$", line)


def test_a_single_training_says_that_its_time_is_not_known(run):
    (line,) = run(*TINY, "reference=full").estimates
    said = r"al-bench: estimate: 500 labels in 1 round \(one training of full,.*, whose time is not known before\)"
    assert re.fullmatch(said, line)


def test_a_sweep_says_one_line_before_its_first_run(run):
    words = ("-m", *TINY, "strategy=random,bald", "seed=0,1")
    first = run(*words).estimates[0]
    assert first.startswith("al-bench: estimate: 4 runs of 2 settings; 56 labels; time, memory and disk of 2 settings")
    again = run(*words[:-1], "seed=0,1,2").estimates[0]
    assert again.startswith("al-bench: estimate: 6 runs (4 complete already) of 2 settings; 84 labels; ")
    assert re.search(r"; (about|under) .*, .* of memory, .* on disk, as former runs took$", again)


def test_the_seeds_of_a_sweep_say_it_once(run):
    done = run("-m", *TINY, "seed=0,1,2")
    assert len(done.estimates) == 2  # of the sweep, and of its first run


@pytest.mark.slow
def test_a_preset_is_estimated_and_not_started(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert reproduce.main(["gal2017_mnist", "scale=smoke", "--estimate"]) == 0
    printed = capsys.readouterr().out
    assert "5 runs to do, of 5 settings" in printed
    assert re.search(r"variation_ratio  1 run of (about|under) ", printed)
    assert written() == []


@pytest.mark.parametrize("other", ["--check-only", "--json=x.json"], ids=["check-only", "json"])
def test_an_estimate_judges_no_preset(capsys, other):
    assert reproduce.main(["gal2017_mnist", "--estimate", other]) == 2
    assert "--estimate judges nothing; leave" in capsys.readouterr().err
