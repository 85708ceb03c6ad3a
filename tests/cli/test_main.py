"""The command itself: its help, unknown commands, start-up, exit statuses, signals and streams."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from al_bench import __version__
from al_bench.cli import main as cli
from al_bench.cli.command import exit_status
from al_bench.cli.group import al_bench
from al_bench.errors import Terminated
from tests.conftest import TINY

HEAVY = {"torch", "torchvision", "sklearn", "scipy", "pandas", "matplotlib"}
VERSION = f"al-bench {__version__}\n"


@pytest.mark.parametrize(
    ("words", "status", "out"),
    [
        (["--version"], 0, VERSION),
        (["-V"], 0, VERSION),
        (["run", "--version"], 0, VERSION),
        (["--help"], 0, cli.USAGE),
        (["-h"], 0, cli.USAGE),
        (["help"], 0, cli.USAGE),
        ([], 2, cli.USAGE),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_help_and_version_go_to_stdout(capsys, words, status, out):
    assert cli.dispatch(words) == status
    assert capsys.readouterr() == (out, "")


@pytest.mark.parametrize(("words", "out"), [(["--version"], VERSION), (["--help"], cli.USAGE)], ids=["version", "help"])
def test_click_answers_as_the_short_way_does_that_imports_no_click(capsys, words, out):
    assert exit_status(al_bench, words) == 0
    assert capsys.readouterr() == (out, "")


@pytest.mark.parametrize("word", ["strategy=bald", "", "zzz"], ids=["an override", "an empty word", "like no command"])
def test_an_unknown_command_is_one_line_with_the_commands(capsys, word):
    assert cli.dispatch([word]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    choice = ", ".join(cli.COMMANDS)
    assert err == f"al-bench: there is no command {word!r}; choose one of {choice}; see al-bench --help\n"


def test_a_misspelt_command_is_one_line_with_the_nearest(capsys):
    assert cli.dispatch(["reprodce"]) == 2
    err = "al-bench: there is no command 'reprodce'; did you mean reproduce? see al-bench --help\n"
    assert capsys.readouterr() == ("", err)


@pytest.mark.parametrize("command", [*(c for c in cli.COMMANDS if c != "run")])
def test_every_command_has_its_help_page_with_examples(capsys, command):
    assert cli.dispatch([command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(f"usage: al-bench {command} [OPTIONS]")
    assert f"\nexamples:\n  al-bench {command}" in out
    assert max(map(len, out.splitlines())) <= 120


@pytest.mark.parametrize("command", [*(c for c in cli.COMMANDS if c != "run")])
def test_an_unknown_option_is_one_line_in_every_command(capsys, command):
    assert cli.dispatch([command, "--hepl"]) == 2
    expected = f"al-bench {command}: there is no option --hepl; did you mean --help? see al-bench {command} --help\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize("command", [*(c for c in cli.COMMANDS if c != "run")])
def test_options_are_not_abbreviated(capsys, command):
    assert cli.dispatch([command, "--hel"]) == 2
    assert "there is no option --hel;" in capsys.readouterr().err


def test_the_usage_names_every_command():
    for name in cli.COMMANDS:
        assert f"\n  {name} " in cli.USAGE


SCRIPT = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from al_bench import __version__
from al_bench.cli import main as cli
sys.argv = ["al-bench", *sys.argv[1:]]
sys.exit(cli.main())
"""


def loaded_by(words, folder):
    """Exit status of a command, the modules that it has imported, and what it wrote to stderr."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, *words], cwd=folder, capture_output=True, text=True)
    return done.returncode, set(done.stderr.splitlines()[-1].split()), done.stderr


@pytest.mark.parametrize(
    "words",
    [
        *(["--help"], ["--version"], ["list"], ["list", "strategies"], ["run", "--help"], ["run", "--cfg", "job"]),
        *(["reproduce"], ["reproduce", "--help"], ["plot", "--help"], ["compare", "--help"], ["report", "--help"]),
        *(["list", "--help"], ["guide"], ["guide", "--help"], ["nope"]),
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_imported_to_answer(tmp_path, words):
    status, loaded, err = loaded_by(words, tmp_path)
    assert status == (2 if words == ["nope"] else 0), err
    assert "al_bench.cli.main" in loaded
    assert not HEAVY & loaded
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["--help"], ["--version"]], ids=" ".join)
def test_the_help_of_al_bench_imports_no_parser(tmp_path, words):
    _, loaded, _ = loaded_by(words, tmp_path)
    assert not {"click", "hydra", "argparse"} & loaded


@pytest.mark.parametrize("command", [c for c in cli.COMMANDS if c != "run"])
def test_a_command_imports_no_other_command(tmp_path, command):
    _, loaded, _ = loaded_by([command, "--help"], tmp_path)
    assert {name for name in cli.COMMANDS if f"al_bench.cli.{name}" in loaded} == {command}


def test_help_of_run_names_the_groups_and_the_config(run):
    done = run("--help")
    assert done.status == 0
    for word in ("strategy: ", "dataset: ", "mnist", "posterior: ", "schedule:", "batch: 10"):
        assert word in done.out, word


def test_words_after_run_reach_hydra_as_they_are(capsys, monkeypatch):
    words = ["--help", "-h", "--", "-m", "--cfg=job", "strategy=bald", "--version-of-mine", "~posterior", ""]
    given = []
    monkeypatch.setattr("al_bench.cli.run.main", lambda argv: given.append(argv) or 7)
    assert cli.dispatch(["run", *words]) == 7
    assert given == [words]
    assert capsys.readouterr() == ("", "")


def test_the_resolved_config_is_printed_and_nothing_runs(run):
    done = run("--cfg", "job", *TINY, "schedule.batch=7")
    assert done.status == 0
    assert "batch: 7" in done.out
    assert list(Path().iterdir()) == []


def test_info_prints_the_defaults(run):
    done = run("--info", "defaults")
    assert done.status == 0
    assert "strategy" in done.out


@pytest.mark.slow
def test_true_exit_statuses(command):
    assert command("run", *TINY).returncode == 0
    assert command("run", *TINY, "training.lr=1e30").returncode == 1
    bad = command("run", *TINY, "seed=x")
    assert bad.returncode == 2
    assert bad.stderr.count("\n") == 1
    assert bad.stdout == ""


def test_the_console_script_is_installed(tmp_path):
    script = Path(sys.executable).with_name("al-bench")
    done = subprocess.run([str(script), "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == VERSION


@pytest.mark.parametrize("words", [["list"], ["plot", "--help"], ["run", "--help"]], ids=" ".join)
def test_a_reader_that_leaves_is_no_error(tmp_path, words):
    """`al-bench list | head -1`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "al_bench", *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait() == 141
    process.stderr.close()
    assert err == b""


def test_ctrl_c_before_a_run_exits_130(monkeypatch):
    def interrupted(words):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "dispatch", interrupted)
    assert cli.main() == 130


# SIGTERM


@pytest.fixture
def default_sigterm():
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("default_sigterm")
def test_the_first_sigterm_raises_and_the_next_does_not():
    cleaned = False

    def receive_two():
        nonlocal cleaned
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned = True

    with cli.sigterm_as_interrupt(), pytest.raises(Terminated):
        receive_two()
    assert cleaned
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_sigterm_is_an_interruption():
    assert issubclass(Terminated, KeyboardInterrupt)


@pytest.mark.usefixtures("default_sigterm")
def test_where_sigterm_is_ignored_it_stays_ignored():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with cli.sigterm_as_interrupt():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


@pytest.mark.usefixtures("default_sigterm")
def test_outside_the_main_thread_nothing_changes():
    handlers = []

    def enter():
        with cli.sigterm_as_interrupt():
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert handlers == [signal.SIG_DFL]


@pytest.mark.parametrize(
    "words",
    [
        ["report", "runs", "--title", "\udcff", "--out", "x.html"],
        ["run", "arm=\udcc3"],
        ["check", "dataset=csv", "dataset.path=\udcff.csv"],
        ["\udcff"],
        ["list", "\udcff"],
    ],
    ids=lambda words: words[0].encode("ascii", "replace").decode(),
)
def test_bytes_that_are_no_utf8_are_one_line(capsys, words):
    assert cli.dispatch(words) == 2
    line = capsys.readouterr().err
    assert line.startswith("al-bench: ")
    assert "\\udc" in line
    assert line.endswith(" holds bytes that are not UTF-8; rename the file, or type it anew\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize(
    "words", [["check", "dataset=digits"], ["list", "strategies"], ["run", "strategy=é"]], ids=" ".join
)
def test_a_terminal_that_has_not_all_letters_gets_their_codes(command, encoding, words):
    done = command(*words, env={"PYTHONIOENCODING": encoding}, text=False)
    assert done.returncode == (2 if words[0] == "run" else 0)
    assert b"Traceback" not in done.stderr
    shown = (done.stdout + done.stderr).decode(encoding)
    assert ("×" in shown) is (words[0] != "run" and encoding != "ascii")


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "x" * 5_000],
        ["plot", "x" * 5_000, "--out", "x.png"],
        ["check", "dataset=csv", f"dataset.path={'x' * 5_000}.csv"],
        ["check", "dataset=npz", f"dataset.path={'x' * 5_000}"],
        ["list", "--config-dir", "x" * 5_000],
        ["export", "x" * 5_000, "--out", "x.csv"],
    ],
    ids=lambda words: words[0],
)
def test_a_name_that_is_too_long_is_a_line_that_can_be_read(capsys, words):
    assert cli.dispatch(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"al-bench {words[0]}: ")
    assert "xxx…" in line
    assert len(line) < 2_100


def test_what_cannot_be_written_is_a_line_whatever_it_is_called(command):
    done = command("run", "debug=smoke", f"results={'y' * 300}\x1b[2J")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert line.isprintable()
    assert "File name too long" in line
