"""Values at the edges of their types, and words in any order: one line that can be shown, and no thread is started."""

from __future__ import annotations

import json
import os

import pytest

from al_bench.cli import check, compare, plot, report
from al_bench.config.hydra_adapter import options_first
from al_bench.errors import LONGEST_LINE, InputError, plain_line
from al_bench.experiment import process
from tests.analysis.records import write_run
from tests.conftest import TINY, record

DIGITS = "7" * 400


def refused(run, *words: str) -> str:
    """The one line that words are refused with."""
    done = run(*words)
    assert (done.status, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("al-bench run: ")
    assert line.isprintable()
    assert len(line) < LONGEST_LINE + 20
    return line.removeprefix("al-bench run: ")


@pytest.mark.parametrize("count", [1025, 1_000_000, 2**62])
def test_too_many_threads_are_refused_before_any_starts(run, monkeypatch, count):
    monkeypatch.setattr(process, "set_threads", lambda count: pytest.fail("threads were set"))
    assert refused(run, *TINY, f"threads={count}") == f"threads is {count}; it must be at most 1024"


def test_more_threads_than_cores_are_warned_of_once_and_run(run, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    process.warn_of_threads.cache_clear()
    done = run("-m", *TINY, "threads=2", "seed=0,1", "arm=two")
    assert done.status == 0
    (line,) = done.err.splitlines()
    assert line == "al-bench run: threads is 2 and this machine has 1 cores: the same results, more slowly"
    assert json.loads((record("two").folder / "header.json").read_text())["threads"] == 2
    assert run(*TINY, "threads=1", "arm=one").err == ""


@pytest.mark.parametrize(
    "word",
    [
        "dataset=3",
        "model=[1,2]",
        "+posterior=0.5",
        "training=true",
        "strategy={a: 1}",
        "dataset=-1",
        "scale=true",
        "debug=3",
        "experiment={a: 1}",
        "encoder=1.5",
    ],
)
def test_an_option_is_a_name(run, word):
    group, _, value = word.lstrip("+").partition("=")
    line = refused(run, word)
    assert line.startswith(f"{group} is {value}; it is the name of an option: choose one of ")


@pytest.mark.parametrize("word", ["schedule=5", "initial=3", "evaluation=null", "health=[1]", "schedule=[1]"])
def test_a_group_of_keys_is_no_value(run, word):
    assert refused(run, word).startswith(word.partition("=")[0])


@pytest.mark.parametrize(
    "text", ["schedule: 5", "dataset: 3", "training: [1, 2]", "initial: x", "model: null"], ids=lambda text: text
)
def test_a_file_that_sets_a_group_to_a_value_is_refused(run, tmp_path, text):
    (tmp_path / "own" / "experiment").mkdir(parents=True)
    (tmp_path / "own" / "experiment" / "mine.yaml").write_text(f"# @package _global_\n{text}\n")
    assert refused(run, "experiment=mine", "--config-dir", "own").startswith(text.partition(":")[0])


@pytest.mark.parametrize(
    "key", ["seed", "schedule.batch", "schedule.rounds", "posterior.draws", "training.steps", "initial.size"]
)
@pytest.mark.parametrize("sign", ["", "-"], ids=["positive", "negative"])
def test_a_number_of_400_digits_is_refused_in_a_line_that_can_be_read(run, key, sign):
    line = refused(run, f"{key}={sign}{DIGITS}", "arm=x")
    assert line.startswith(f"{key} is {sign}777")
    assert "characters]…777" in line


def test_a_number_that_no_float_holds_is_refused(run, capsys):
    assert refused(run, f"training.lr={DIGITS}").startswith("training.lr")
    assert check.main(["dataset=synthetic", f"training.lr={DIGITS}"]) == 2
    assert capsys.readouterr().err == "al-bench check: training.lr: int too large to convert to float\n"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\r", "a\\nb\\r"),
        ("\u202egnp", "\\u202egnp"),
        ("Größe Ω", "Größe Ω"),
        ("\udcff", "\\udcff"),
        ("\0", "\\x00"),
    ],
    ids=ascii,
)
def test_what_cannot_be_shown_is_escaped(typed, shown):
    assert plain_line(typed) == shown
    assert str(InputError(typed)) == shown


def test_what_is_too_long_is_shortened():
    assert plain_line(DIGITS) == f"{'7' * 100}…[400 characters]…{'7' * 50}"
    assert len(plain_line("word " * 5_000)) == LONGEST_LINE
    path = "/folder" * 100
    assert plain_line(path) == path


FORMULA = "a$x^{$"


def test_a_dollar_reaches_no_formula(tmp_path, capsys):
    for arm in (FORMULA, "random", r"$\frac{1}{0}$"):
        for seed in range(3):
            write_run(tmp_path / "runs", [0.5, 0.6, 0.7], arm=arm, dataset="$\\bad{$", seed=seed)
    runs = str(tmp_path / "runs")
    for suffix in ("png", "svg", "pdf"):
        assert plot.main([runs, "--out", str(tmp_path / f"x.{suffix}"), "--title", "$\\no{$"]) == 0
    for kind in ("difference", "targets", "penalty", "time"):
        target = ["--target", "0.6"] if kind == "targets" else []
        assert plot.main([runs, "--kind", kind, *target, "--out", str(tmp_path / "x.png")]) == 0
    assert report.main([runs, "--out", str(tmp_path / "x.html")]) == 0
    assert compare.main([runs]) == 0
    assert FORMULA in (tmp_path / "x.html").read_text()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("beta: [1\n  x: : 2\n", "line 2, column 4"),
        ("a: 1\n\tb: 2\n", "line 2, column 1"),
        ("a: {b: 1\n", "line 2, column 1"),
        ("a: 'b\n", "line 2, column 1"),
        ("a: *b\n", "line 1, column 4"),
    ],
    ids=["two colons", "a tab", "an open brace", "an open quote", "an alias of nothing"],
)
def test_a_fault_of_syntax_names_line_and_column(run, tmp_path, text, where):
    (tmp_path / "own" / "strategy").mkdir(parents=True)
    (tmp_path / "own" / "strategy" / "mine.yaml").write_text(text)
    line = refused(run, "strategy=mine", "--config-dir", "own")
    assert f"mine.yaml, {where}: " in line


@pytest.mark.parametrize("text", ["${hydra:runtime.cwd}", "${oc.env:NO_SUCH}", "${no.such}", "${", "${dataset.name}"])
def test_an_interpolation_that_cannot_be_resolved_is_one_line(run, capsys, text):
    assert refused(run, "dataset=synthetic", f"study={text}x", f"arm='{text}'")
    assert check.main(["dataset=csv", "dataset.path=x.csv", f"dataset.name='{text}'"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("al-bench check: ")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("dataset.drop=${seed}", "dataset.drop is ${seed}, which is 0; it must be a list"),
        ("dataset.keep=${dataset.path}", "dataset.keep is ${dataset.path}, which is 'x.csv'; it must be a list"),
        ("training.layer_weight_decay=${seed}", "training.layer_weight_decay is ${seed}, which is 0; it must be keys"),
        ("initial.indices=${training.lr}", "initial.indices is ${training.lr}, which is 0.001; it must be a list"),
        ("evaluation.metrics=${schedule}", "evaluation.metrics is ${schedule}, which is {"),
    ],
    ids=lambda text: text.partition("=")[0],
)
def test_an_interpolation_of_another_type_is_one_line(run, word, said):
    assert refused(run, "dataset=csv", "dataset.path=x.csv", "arm=x", word).startswith(said)


def test_keys_where_hydra_has_none_are_one_line(run):
    assert refused(run, "seed=0", "hydra.sweeper.params={x: '1'}").startswith("hydra: ")


@pytest.mark.parametrize(
    "word",
    [
        "hydra.launcher=null",
        "hydra.sweeper=null",
        "hydra.launcher._target_=os.system",
        "hydra.sweeper._target_=no.such",
    ],
)
def test_a_launcher_or_sweeper_that_is_none_is_one_line(run, word):
    assert refused(run, "-m", "seed=0,1", word).startswith("hydra: ")


ORDERS = {
    "at the end": ["strategy=random", "seed=1", "FLAG"],
    "between": ["strategy=random", "FLAG", "seed=1"],
    "at the beginning": ["FLAG", "strategy=random", "seed=1"],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "flag", [("--cfg", "job"), ("--cfg=job",), ("-c", "job"), ("--package", "schedule", "--cfg", "job")], ids=" ".join
)
def test_options_of_hydra_may_stand_anywhere(run, order, flag):
    words = [part for word in ORDERS[order] for part in (flag if word == "FLAG" else [word])]
    done = run(*words)
    assert (done.status, done.err) == (0, "")
    assert ("seed: 1" in done.out) != ("--package" in flag)


@pytest.mark.parametrize("order", ORDERS)
def test_a_folder_of_options_may_be_named_anywhere(run, tmp_path, order):
    (tmp_path / "own").mkdir()
    words = [part for word in ORDERS[order] for part in (("--config-dir", "own") if word == "FLAG" else [word])]
    assert run(*TINY, *words, "arm=here").status == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bogus", "seed=1"], "there is no option --bogus; see al-bench run --help"),
        (["seed=1", "--bogus=2"], "there is no option --bogus=2; see al-bench run --help"),
        (["seed=1", "--config-dir"], "--config-dir needs a value; see al-bench run --help"),
        (["--cfg", "seed=1"], "--cfg needs a value; see al-bench run --help"),
        (["seed=1", "--resolve"], "--resolve belongs to --cfg, as in --cfg job --resolve; see al-bench run --help"),
        (["--info", "--cfg", "job"], "--cfg and --info are given; give one of them; see al-bench run --help"),
        (["-m", "seed=1", "--run"], "--run and --multirun are given; give one of them; see al-bench run --help"),
        (
            ["--experimental-rerun", "x"],
            "--experimental-rerun runs code from a file; type the overrides again",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_that_there_is_not_is_one_line(run, words, said):
    assert refused(run, *words) == said


def test_the_order_of_the_overrides_stays():
    words = ["seed=1", "-m", "strategy=a,b", "--config-dir", "own", "arm=-x", "seed=2"]
    assert options_first(words) == ["-m", "--config-dir", "own", *(word for word in words if "=" in word)]
