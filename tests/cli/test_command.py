"""What the commands are made of: exit statuses, errors of one line, help pages, near names."""

from __future__ import annotations

import pytest

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status, near_matches
from al_bench.errors import InputError


@bench_command("toy", "Do nothing.\n  In two lines.", "examples:\n  al-bench toy a.csv")
@options.argument("files", "FILE", "what is read", nargs=-1, required=True, type=options.FILE)
@options.option("--share", type=options.Number())
@options.option("--count", type=options.WholeNumber(minimum=2), default=2, help="how many")
@options.option("--order", type=options.OneOf(("up", "down")))
@options.option("--fail", is_flag=True)
@options.option("--status", type=options.WholeNumber())
@options.option("--name", multiple=True)
def toy(files, share, count, order, fail, status, name):
    if fail:
        raise InputError("the work refused")
    print([str(file) for file in files], share, count, order, list(name))
    return status


@pytest.fixture
def typed(capsys):
    """Exit status, output and errors of `al-bench toy` with the words given."""

    def call(*words):
        return exit_status(toy, words), *capsys.readouterr()

    return call


def test_options_and_words_come_in_any_order(typed):
    expected = (0, "['a', 'b', '-c'] 0.5 3 up ['x', 'y']\n", "")
    assert typed("a", "--share", "0.5", "b", "--count=3", "--name", "x", "--order", "up", "--name=y", "--", "-c") == (
        expected
    )


def test_the_status_is_what_the_function_returns(typed):
    assert typed("a")[0] == 0
    assert typed("a", "--status", "1")[0] == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["a", "--fail"], "the work refused"),
        ([], "FILE is missing; see al-bench toy --help"),
        (["a", "--cuont", "3"], "there is no option --cuont; did you mean --count? see al-bench toy --help"),
        (["a", "--share", "inf"], "--share is inf; it must be a number, such as 0.95"),
        (["a", "--share", "nan"], "--share is nan; it must be a number, such as 0.95"),
        (["a", "--share", "half"], "--share is half; it must be a number, such as 0.95"),
        (["a", "--count", "1"], "--count is 1; it must be at least 2"),
        (["a", "--count", "2.5"], "--count is '2.5'; it must be a whole number"),
        (["a", "--order", "left"], "--order is 'left'; choose one of up, down"),
        (["a", "--name", "--fail"], "--name needs a value; see al-bench toy --help"),
        (["a", "--name"], "option '--name' requires an argument; see al-bench toy --help"),
        (["a", "--fail=yes"], "option '--fail' does not take a value; see al-bench toy --help"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_status_2(typed, words, line):
    assert typed(*words) == (2, "", f"al-bench toy: {line}\n")


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_the_help_page_keeps_its_lines_and_describes_the_words(typed, word):
    status, out, err = typed("a", word)
    assert (status, err) == (0, "")
    assert out.startswith("usage: al-bench toy [OPTIONS] FILE...\n\nDo nothing.\n  In two lines.\n\narguments:\n")
    assert "  FILE  what is read\n" in out
    assert "how many" in out
    assert out.endswith("\nexamples:\n  al-bench toy a.csv\n")


def test_near_matches_are_offered_and_far_ones_are_not():
    assert near_matches("bal", ["bald", "random"]) == "; did you mean bald?"
    assert near_matches("--outt", ["--out", "--log"]) == "; did you mean --out?"
    assert near_matches("xyz", ["bald", "random"]) == ""


# Shared options


SHARED = ["plot", "compare", "report"]
OUT = {"plot": ["--out", "a.png"], "compare": [], "report": ["--out", "a.html"]}


@pytest.mark.parametrize("command", SHARED)
def test_the_shared_options_are_described_alike(capsys, command):
    from al_bench.cli.main import dispatch

    assert dispatch([command, "--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for text in (
        "FOLDER a study, a dataset, an arm or a run; all below it",
        "--target VALUE a fraction such as 0.95, or a value of --metric as it is recorded: ",
        "--baseline ARM ",
        "--include-incomplete take in runs that are running, failed or interrupted, as far as they got",
    ):
        assert text in out


@pytest.mark.parametrize("target", ["0", "-0.5", "95"])
@pytest.mark.parametrize("command", SHARED)
def test_a_target_that_is_no_fraction_is_refused_alike(capsys, command, target):
    from al_bench.cli.main import dispatch

    assert dispatch([command, "runs", "--target", target, *OUT[command]]) == 2
    expected = f"al-bench {command}: --target is {target}; it must be a fraction above 0 and at most 1, such as 0.95\n"
    assert capsys.readouterr() == ("", expected)
