"""The figure and the command: files, lines, words and exit statuses."""

from __future__ import annotations

import csv
import itertools
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

from al_bench.analysis.figures.curves import draw_curves
from al_bench.analysis.figures.layout import save_figure
from al_bench.analysis.figures.request import FigureRequest, draw, studies_of
from al_bench.analysis.figures.style import LINE_STYLES, assign_styles
from al_bench.analysis.study import Study
from al_bench.cli.plot import main
from al_bench.errors import InputError
from al_bench.storage.runs import find_runs
from tests.analysis.records import saturating, write_run


def studies_in(root: Path) -> list[Study]:
    return studies_of(find_runs([root]), FigureRequest())


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three seeds of two arms, and a ceiling."""
    root = tmp_path / "runs"
    for seed, shift in enumerate((0.0, 0.01, -0.01)):
        write_run(root, saturating(0.95, 0.5, 9, shift), arm="bald", seed=seed)
        write_run(root, saturating(0.9, 0.2, 9, shift), arm="random", seed=seed)
    write_run(root, [0.99], arm="full", strategy="bald", reference="full", start=1400)
    return root


def drawn(root: Path, statistic: str = "median", targets: tuple[float, ...] = ()) -> matplotlib.figure.Figure:
    return draw_curves(studies_in(root), statistic=statistic, targets=targets)


def plot_curves(root: Path, out: Path, **words: object) -> None:
    save_figure(draw(studies_in(root), FigureRequest(**words)), out)  # type: ignore[arg-type]


def legend_of(figure: matplotlib.figure.Figure) -> list[str]:
    legend = figure.legends[0]
    return [legend.get_title().get_text(), *(text.get_text() for text in legend.get_texts())]


def test_curves_bands_and_ceiling_are_where_the_numbers_are(study: Path) -> None:
    figure = drawn(study, targets=(0.8,))
    (axes,) = figure.axes
    by_label = {line.get_label(): line for line in axes.lines}
    bald = by_label["bald"]
    assert bald.get_xdata().tolist() == list(range(20, 101, 10))
    assert bald.get_ydata().tolist() == pytest.approx([100 * a for a in saturating(0.95, 0.5, 9)])
    # Three seeds at −1, 0 and +1 point: the quartiles lie half a point off the median.
    band = axes.collections[0].get_paths()[0].vertices
    at_20 = [y for x, y in band if x == 20]
    assert min(at_20) == pytest.approx(44.5)
    assert max(at_20) == pytest.approx(45.5)
    ceiling = by_label["whole pool: 1,400 labels"]
    assert list(ceiling.get_ydata()) == pytest.approx([99, 99])
    assert ceiling.get_linestyle() == "--"
    assert axes.get_xlim()[1] < 110, "the ceiling must not stretch the axis to the pool"
    assert any(list(line.get_ydata()) == pytest.approx([80, 80]) for line in axes.lines)
    assert legend_of(figure) == [
        "median of 3 seeds\nband: quartiles", "bald", "random", "whole pool: 1,400 labels (1 seed)",
    ]  # fmt: skip


def test_seed_counts_stand_behind_the_names_where_they_differ(study: Path) -> None:
    write_run(study, saturating(0.9, 0.2, 9), arm="random", seed=7)
    assert legend_of(drawn(study))[:3] == ["median of seeds\nband: quartiles", "bald (3 seeds)", "random (4 seeds)"]


@pytest.mark.parametrize("statistic", ["median", "mean"])
def test_a_single_seed_is_drawn_with_a_band_of_no_width(tmp_path: Path, statistic: str) -> None:
    write_run(tmp_path, [0.5, 0.6, 0.7])
    plot_curves(tmp_path, tmp_path / "one.png", statistic=statistic)
    assert legend_of(drawn(tmp_path, statistic))[0].startswith(f"{statistic} of 1 seed\n")


def test_a_panel_a_dataset_and_the_same_look_in_each(study: Path) -> None:
    write_run(study, [0.5, 0.6], dataset="mnist", arm="bald")
    figure = drawn(study)
    assert [axes.get_title("left") for axes in figure.axes] == ["digits", "mnist"]
    colours = [{line.get_label(): line.get_color() for line in axes.lines}["bald"] for axes in figure.axes]
    assert colours[0] == colours[1]
    assert "bald (1–3 seeds)" in legend_of(figure)


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_the_same_input_gives_the_same_bytes_and_global_state_stays(study: Path, suffix: str) -> None:
    before = dict(matplotlib.rcParams)
    first, second = study.parent / f"a{suffix}", study.parent / "new" / f"b{suffix}"
    plot_curves(study, first, title="Digits", targets=[0.9])
    with matplotlib.rc_context({"font.size": 30, "axes.grid": False}):  # a user's matplotlibrc changes nothing
        plot_curves(study, second, title="Digits", targets=[0.9])
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[:4] == {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xm"}[suffix]
    assert dict(matplotlib.rcParams) == before


def test_pyplot_is_not_needed(study: Path) -> None:
    code = (
        "import sys; from al_bench.cli.plot import main; "
        f"assert main([{str(study)!r}, '--out', {str(study.parent / 'x.svg')!r}]) == 0; "
        "assert not {'matplotlib.pyplot', 'pandas', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_figures_that_cannot_be_are_refused(study: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"suffix '\.jpeg'; the figure can be \.png, \.svg, \.pdf"):
        plot_curves(study, tmp_path / "a.jpeg")
    with pytest.raises(InputError, match="statistic is 'mode'"):
        plot_curves(study, tmp_path / "a.png", statistic="mode")
    with pytest.raises(InputError, match="width is 'poster'; allowed are page, phone, report"):
        plot_curves(study, tmp_path / "a.png", width="poster")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        plot_curves(study, tmp_path / "file" / "a.png")


def test_line_styles_differ_and_are_stable() -> None:
    arms = [
        ("bald", "bald"),
        ("random", "random"),
        ("bald,batch=40", "bald"),
        ("mine", "mine"),
        ("batchbald", "batchbald"),
    ]
    some, all_ = assign_styles(arms[:2]), assign_styles(arms)
    assert some["bald"] == all_["bald"]
    assert some["random"] == all_["random"]
    assert len(set(all_.values())) == len(arms)
    assert all_["bald,batch=40"].colour == all_["bald"].colour
    assert assign_styles(list(reversed(arms))) == all_
    assert assign_styles([("bald,batch=40", "bald")])["bald,batch=40"] == all_["bald"]
    many = assign_styles([(f"arm{number}", f"arm{number}") for number in range(30)])
    assert len(set(many.values())) == len(LINE_STYLES) == 28


def test_more_arms_than_line_styles_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(len(LINE_STYLES) + 1):
        write_run(tmp_path / "runs", [0.5, 0.6], arm=f"bald,steps={number + 1}")
    assert main([str(tmp_path / "runs"), "--out", str(tmp_path / "x.svg")]) == 0
    assert (
        f"{len(LINE_STYLES) + 1} arms but {len(LINE_STYLES)} line styles: some curves share a style"
        in capsys.readouterr().err
    )


def test_no_two_line_styles_agree_in_more_than_one_of_colour_marker_and_dashes() -> None:
    for first, second in itertools.combinations(LINE_STYLES, 2):
        assert (first.colour == second.colour) + (first.marker == second.marker) + (first.dashes == second.dashes) <= 1


def test_the_command_writes_and_says_what_it_wrote(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, table = study.parent / "curves.png", study.parent / "curves.csv"
    write_run(study, [0.1, 0.2], arm="bald", seed=5, status="running", tail='{"sc')
    code = main([str(study), "--out", str(out), "--csv", str(table), "--target", "0.9", "--target", "0.97"])
    assert code == 0
    captured = capsys.readouterr()
    lines = [line.split("  ") for line in captured.out.splitlines()]
    words = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    # 0.95 − 0.5 exp(−r/2) + shift reaches 0.9 at r = 4.6, 4.2 and 5.05: at 70, 70 and 80 labels.
    assert words[0] == ["digits", "seeds", "labels", "accuracy %", "labels to 90 %", "labels to 97 %"]
    assert words[1] == ["bald", "3", "100", "94.08 [93.58, 94.58]", "70 [70, 75]", "> 100"]
    assert words[2] == ["full", "1", "1400", "99.00 [99.00, 99.00]", "-", "-"]
    assert words[3] == ["random", "3", "100", "80.91 [80.41, 81.41]", "> 100", "> 100"]
    assert words[5] == ["labels to 90 %, digits", "first crossing", "sustained", "median curve"]
    assert words[6] == ["bald", "70 [70, 75]", "70 [70, 75]", "70"]
    assert captured.out.endswith(f"wrote {out}\nwrote {table}\n")
    left_out, counted = captured.err.splitlines()
    assert left_out.endswith("seed-5: running at 30 labels (--include-incomplete takes it in)")
    assert "Labels count the initial set" in counted
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["dataset", "arm", "labels", "n", "median", "q25", "q75", "mean", "sem"]
    assert len(rows) == 9 + 1 + 9
    assert rows[0] == {
        "dataset": "digits", "arm": "bald", "labels": "20", "n": "3", "median": "0.450000", "q25": "0.445000",
        "q75": "0.455000", "mean": "0.450000", "sem": "0.005774",
    }  # fmt: skip
    assert rows[9]["arm"] == "full"
    assert rows[9]["sem"] == ""


def test_incomplete_runs_are_taken_in_when_asked(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(study, [0.1, 0.2], arm="bald", seed=5, status="running")
    table = study.parent / "curves.csv"
    assert main([str(study), "--csv", str(table), "--include-incomplete", "--ends", "available"]) == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["n"] for row in rows][:3] == ["4", "4", "3"]
    err = capsys.readouterr().err
    assert "included" in err
    assert "the seeds of bald on digits end at 30 to 100 labels; drawn with --ends available" in err


def test_a_target_missed_by_seeds_of_different_lengths_is_bounded_by_what_they_had(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, accuracy in enumerate(([0.5, 0.95], [0.5, 0.6, 0.7], [0.5, 0.6, 0.7, 0.8])):
        write_run(tmp_path, accuracy, seed=seed)
    assert main([str(tmp_path), "--csv", str(tmp_path / "c.csv"), "--target", "0.9"]) == 0
    # Crossings 30, > 40, > 50: quartiles lie between 30 and 40, at > 40, between 40 and 50.
    assert "> 40 [> 35, > 45]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{study}", "--out", "a.jpg"], "a.jpg has the suffix '.jpg'"),
        (["{study}", "--out", "{study}"], "has the suffix ''"),
        (["{study}"], "nothing to write; give --out FILE"),
        ([], "FOLDER is missing; name a folder of runs, such as results/runs/default"),
        (["{study}", "--out", "a.png", "--target", "95"], "--target is 95; it must be a fraction"),
        (
            ["{study}", "--out", "a.png", "--target", "high"],
            "--target is high; it must be a number, such as 0.95",
        ),
        (["{study}", "--out", "a.png", "--statistic", "mode"], "--statistic is 'mode'; choose one of median, mean"),
        (["{study}/absent", "--out", "a.png"], "absent does not exist"),
        (["{study}", "--out", "--csv", "a.csv"], "--out needs a value"),
        (["{study}", "--out"], "option '--out' requires an argument; see al-bench plot --help"),
        (
            ["{study}", "--out", "a.png", "--include-incomplete=yes"],
            "option '--include-incomplete' does not take a value",
        ),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_status_2(
    study: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main([argument.format(study=study) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("al-bench plot: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from al_bench.cli.plot import main; assert main(['--help']) == 0; "
        "assert not {'numpy', 'pandas', 'matplotlib', 'torch'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "al-bench plot results/runs/my-study --out curves.png" in done.stdout
