"""Plots of one's own: a function named on the command line, or an entry point of an installed package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from al_bench.analysis.figures import kinds
from al_bench.cli.plot import main
from al_bench.errors import InputError
from tests.analysis.records import write_run

BARS = '''
from matplotlib.figure import Figure

def bars(studies, title=None, targets=()):
    """Final accuracy of every arm, as bars."""
    figure = Figure()
    axes = figure.add_subplot()
    for study in studies:
        last = study.frame.groupby("arm")["accuracy"].last()
        axes.bar(last.index, 100 * last)
    for target in targets:
        axes.axhline(100 * target)
    axes.set_title(title or "")
    return figure

def fails(studies):
    return studies[0].no_such_thing

def mathematics(studies):
    figure = Figure()
    figure.suptitle("$\\\\frac{1}$")
    return figure

def text(studies):
    return "a figure"

def keywords(*, studies):
    return None

number = 3
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: runs, and a module of the user's own with plots."""
    for arm, accuracy in (("random", 0.6), ("bald", 0.8)):
        write_run(tmp_path / "runs", [0.5, accuracy], arm=arm)
    (tmp_path / "my_plots.py").write_text(BARS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "my_plots", raising=False)
    return tmp_path


def test_a_function_of_the_current_folder_is_a_kind(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options_given = ["--kind", "my_plots:bars", "--target", "0.7", "--title", "Mine", "--out", "mine.svg"]
    assert main(["runs", *options_given]) == 0, capsys.readouterr().err
    assert "Mine" in (folder / "mine.svg").read_text()
    assert "wrote mine.svg" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("my_plots:lines", [], "--kind my_plots:lines: my_plots:lines cannot be loaded (AttributeError: "),
        ("no_plots:bars", [], "cannot be loaded (ModuleNotFoundError: No module named 'no_plots'"),
        ("broken:bars", [], "cannot be loaded (SyntaxError: "),
        ("leaves:bars", [], "cannot be loaded (SystemExit: 7"),
        ("my_plots:number", [], "my_plots:number is no function but int"),
        ("my_plots:keywords", [], "the function must take the studies first, as def draw(studies, title=None)"),
        ("my_plots:fails", [], "failed (AttributeError: 'Study' object has no attribute 'no_such_thing', "),
        ("my_plots:mathematics", [], "failed (ValueError: "),
        ("my_plots:text", [], "returned str, not a matplotlib Figure"),
        ("my_plots:bars", ["--rule", "first"], "--rule has no effect on --kind my_plots:bars; it belongs to targets"),
        ("pie", [], "--kind is 'pie'; allowed are curves, "),
    ],
    ids=[
        "no such function", "no such module", "syntax fault", "exits", "no function", "no studies", "fails",
        "faulty text", "no figure", "unknown option", "no such kind",
    ],
)  # fmt: skip
def test_a_faulty_plot_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], kind: str, options: list[str], said: str
) -> None:
    (folder / "broken.py").write_text("def bars(studies:\n")
    (folder / "leaves.py").write_text("import sys\nsys.exit(7)\n")
    assert main(["runs", "--kind", kind, "--out", "mine.svg", *options]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error


def test_the_line_of_the_fault_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--kind", "my_plots:fails", "--out", "mine.svg"]) == 2
    line = BARS.splitlines().index("    return studies[0].no_such_thing") + 1
    assert f"my_plots.py:{line}" in capsys.readouterr().err


@pytest.fixture
def package(folder: Path) -> Path:
    """An installed toy package: its module and its dist-info on the path."""
    site = folder / "site"
    (site / "toy_plots-1.0.dist-info").mkdir(parents=True)
    (site / "toy_plots.py").write_text(BARS)
    (site / "toy_plots-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-plots\nVersion: 1.0\n")
    points = "[al_bench.plots]\nbars = toy_plots:bars\ncurves = toy_plots:fails\n"
    (site / "toy_plots-1.0.dist-info" / "entry_points.txt").write_text(points)
    return site


def test_an_installed_package_adds_a_kind(folder: Path, package: Path) -> None:
    command = [sys.executable, "-m", "al_bench", "plot"]
    path = {"PYTHONPATH": f"{package}:{Path(kinds.__file__).parents[3]}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, env=path, check=True)
    assert "bars        a plot of toy-plots 1.0" in done.stdout
    options_given = ["runs", "--kind", "bars", "--title", "Theirs", "--out", "theirs.svg"]
    done = subprocess.run([*command, *options_given], capture_output=True, text=True, env=path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Theirs" in (folder / "theirs.svg").read_text()


def test_a_package_cannot_take_the_name_of_a_kind(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(package))
    assert list(kinds.own_kinds()) == ["bars"]
    assert kinds.kind_of("curves") is kinds.KINDS["curves"]


def test_a_name_that_two_packages_offer_is_refused(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = package / "other_plots-2.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other-plots\nVersion: 2.0\n")
    (other / "entry_points.txt").write_text("[al_bench.plots]\nbars = other_plots:bars\n")
    monkeypatch.syspath_prepend(str(package))
    with pytest.raises(
        InputError, match=r"bars in al_bench\.plots is offered by other-plots 2\.0 and by toy-plots 1\.0"
    ):
        kinds.kind_of("bars")


def test_help_and_the_built_in_kinds_import_no_plot_of_ones_own(package: Path) -> None:
    code = (
        "import sys; from al_bench.cli.plot import main; "
        "main(['--help']); assert main(['runs', '--out', 'x.svg']) == 0; assert 'toy_plots' not in sys.modules"
    )
    path = {"PYTHONPATH": f"{package}:{Path(kinds.__file__).parents[3]}", "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=path)


@pytest.mark.parametrize("name", list(kinds.KINDS))
def test_every_kind_of_the_table_takes_what_the_table_says(name: str) -> None:
    kind = kinds.KINDS[name]
    assert kind.options is not None
    assert {*kind.options, *kind.needs} <= set(kinds.OPTIONS)
    function = kinds.load_function(name, kind)
    of_studies = {"ends", "baseline", "quantity"}
    assert set(kind.options) - of_studies | {"title", "width"} == kinds.options_taken(name, function) - of_studies
