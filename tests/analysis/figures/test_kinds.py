"""What each kind of figure draws equals the numbers it was given; what cannot be drawn is refused in one line."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation
from scipy import stats

from al_bench.analysis.figures.class_balance import balances, draw_class_balance
from al_bench.analysis.figures.curves import draw_curves
from al_bench.analysis.figures.difference import draw_difference
from al_bench.analysis.figures.labels_to_target import draw_labels_to_target
from al_bench.analysis.figures.overlay import Mark, draw_marks, health_marks
from al_bench.analysis.figures.penalty import draw_penalty
from al_bench.analysis.figures.ranks import draw_critical_difference
from al_bench.analysis.figures.request import FigureRequest, draw, studies_of
from al_bench.analysis.figures.seconds import draw_time_stack, stage_seconds
from al_bench.analysis.figures.series import Line
from al_bench.analysis.pairwise import mean_ranks, summed_penalty
from al_bench.analysis.papers.published import paper
from al_bench.analysis.study import Study
from al_bench.cli.plot import main
from al_bench.errors import InputError
from al_bench.storage.runs import find_runs
from tests.analysis.records import readable, saturating, write_run


def enrich(folder: Path, **columns: Sequence[object]) -> None:
    """Give every round of a run further fields, one value a round."""
    path = folder / "rounds.jsonl"
    rounds = [json.loads(line) for line in path.read_text().splitlines()]
    for number, entry in enumerate(rounds):
        entry |= {key: values[number] for key, values in columns.items()}
    path.write_text("".join(json.dumps(entry) + "\n" for entry in rounds))


def seconds(train: float, evaluate: float, score: float, select: float) -> dict[str, float]:
    return {"train": train, "evaluate": evaluate, "score": score, "select": select}


GAINS = {"bald": (0.02, 0.05, 0.02), "random": (0.0, 0.0, 0.0)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two arms of three seeds and three rounds, with everything recorded, and a whole-pool run."""
    for arm, gains in GAINS.items():
        for seed, gain in enumerate(gains):
            base = 0.5 + 0.1 * seed
            folder = write_run(tmp_path / "runs", [base, base + 0.1 + gain, base + 0.2 + gain], arm=arm, seed=seed)
            slow = 60.0 if arm == "bald" else 30.0
            enrich(
                folder,
                nll=[2.0 + seed, 1.0 + seed, 0.5 + seed],
                ece=[0.3, 0.2, 0.1 + 0.01 * seed],
                seconds=[seconds(slow, 5, 10, 1), seconds(slow, 5, 10, 1), {"train": slow, "evaluate": 5}],
                class_counts=[[10, 10], [20, 10], [30, 10] if arm == "bald" else [20, 20]],
            )
    whole = write_run(tmp_path / "runs", [0.99], arm="full", strategy="bald", reference="full", start=1000)
    enrich(whole, class_counts=[[750, 250]], nll=[0.1], ece=[0.01])
    return tmp_path / "runs"


def read(root: Path) -> list[Study]:
    return studies_of(find_runs([root]), FigureRequest())


def line(axes: Axes, label: str) -> tuple[list[float], list[float]]:
    (drawn_line,) = (artist for artist in axes.lines if artist.get_label() == label)
    return np.asarray(drawn_line.get_xdata()).tolist(), np.asarray(drawn_line.get_ydata()).tolist()


def legend_text(figure: Figure) -> str:
    return " ".join(text.get_text() for legend in figure.legends for text in (legend.get_title(), *legend.get_texts()))


def annotations(axes: Axes) -> list[str]:
    return [child.get_text() for child in axes.get_children() if isinstance(child, Annotation)]


@pytest.mark.parametrize(
    ("quantity", "expected", "ceiling"),
    [("nll", [3.0, 2.0, 1.5], 0.1), ("ece", [30.0, 20.0, 11.0], 1.0)],
    ids=["nll", "ece"],
)
def test_nll_and_ece_are_drawn_where_they_are(root: Path, quantity: str, expected: list[float], ceiling: float) -> None:
    figure = draw_curves(read(root), quantity)
    (axes,) = figure.axes
    assert line(axes, "bald") == ([20, 30, 40], pytest.approx(expected))
    assert line(axes, "whole pool: 1,000 labels")[1] == pytest.approx([ceiling, ceiling])
    assert axes.get_ylabel() == {"nll": "Negative log-likelihood (nats)", "ece": "Calibration error (%)"}[quantity]


def test_seconds_are_those_spent_until_the_model_was_trained(root: Path) -> None:
    (axes,) = draw_curves(read(root), x="seconds").axes
    # 60 train; + 10 + 1 + 60; + 10 + 1 + 60, evaluation left out..
    assert line(axes, "bald") == (pytest.approx([60, 131, 202]), pytest.approx([60, 75, 85]))
    assert axes.get_xlabel() == "Training, scoring and selecting (s)"
    (axes,) = draw_curves(read(root), x="seconds+evaluate").axes
    assert line(axes, "bald")[0] == pytest.approx([65, 141, 217])


def test_long_times_are_in_minutes(root: Path) -> None:
    folder = write_run(root, [0.5, 0.6], arm="slow")
    enrich(folder, seconds=[seconds(300, 0, 0, 0), seconds(300, 0, 0, 0)])
    (axes,) = draw_curves(read(root), x="seconds").axes
    assert line(axes, "slow")[0] == pytest.approx([5, 10])
    assert axes.get_xlabel().endswith("(min)")


def test_the_difference_is_paired_by_seed_with_the_t_interval(root: Path) -> None:
    figure = draw_difference(read(root))
    (axes,) = figure.axes
    x, y = line(axes, "bald")
    assert (x, y) == ([20, 30, 40], pytest.approx([0, 3, 3]))
    low, high = stats.t.interval(0.95, 2, loc=3, scale=stats.sem([2, 5, 2]))
    band = axes.collections[0].get_paths()[0].vertices
    at_30 = [height for x, height in band if x == 30]
    assert (min(at_30), max(at_30)) == pytest.approx((low, high))
    assert "mean of 3 pairs of seeds" in legend_text(figure)
    assert axes.get_ylabel() == "Accuracy less random's\n(points)"
    (axes,) = draw_difference(read(root), "median").axes
    assert line(axes, "bald")[1] == pytest.approx([0, 2, 2])


def test_the_seeds_of_the_difference_are_the_shared_ones(root: Path) -> None:
    for seed in (1, 2, 7):
        write_run(root, [0.9, 0.9, 0.9], arm="margin", seed=seed)
    figure = draw_difference(read(root))
    # Seeds 1 and 2 of random are at 0.6, 0.7, 0.8 and 0.7, 0.8, 0.9; seed 7 has no partner.
    assert line(figure.axes[0], "margin (unpaired networks)")[1] == pytest.approx([25, 15, 5])
    assert len(figure.axes[0].collections) == 1, "two pairs have no band"
    assert "margin (unpaired networks) (2)" in legend_text(figure)


def test_bars_end_at_the_median_and_those_not_reached_are_hollow(root: Path) -> None:
    figure = draw_labels_to_target(read(root), [0.7, 0.92])
    reached, missed = figure.axes
    names = [text.get_text() for text in reached.get_yticklabels()]
    bars = {name: patch for name, patch in zip(names, reached.patches, strict=True) if isinstance(patch, Rectangle)}
    # Labels to 70 %: bald 40, 30, 20; random 40, 30, 20 by seed.
    assert {name: bar.get_width() for name, bar in bars.items()} == {"bald": 30, "random": 30}
    assert annotations(reached)[-2:] == ["30", "30"]
    # To 92 %: only bald's third seed, at 40.
    assert [patch.get_hatch() for patch in missed.patches] == ["////", "////"]
    assert [patch.get_facecolor()[3] for patch in missed.patches] == [0, 0]
    assert annotations(missed)[-2:] == ["> 40", "> 40"]
    seeds = [
        (artist.get_marker(), float(np.asarray(artist.get_xdata())[0]))
        for artist in missed.lines
        if artist.get_marker() in "o>"
    ]
    assert sorted(seeds) == [(">", 40.0)] * 5 + [("o", 40.0)]
    assert "median not reached: needs more" in legend_text(figure)


def test_published_bars_stand_below_in_true_label_counts(tmp_path: Path) -> None:
    write_run(tmp_path, [0.5, 0.95], dataset="mnist")
    (axes,) = draw_labels_to_target(read(tmp_path), [0.9], papers=[paper("batchbald2019_mnist")]).axes
    names = [text.get_text().replace("\n", " ") for text in axes.get_yticklabels()]
    widths = dict(zip(names, [patch.get_width() for patch in axes.patches], strict=True))
    assert names[0] == "bald"
    assert widths["Kirsch et al. 2019: BatchBALD, b=10"] == 100


def test_published_curves_are_laid_over_their_own_dataset_as_far_as_twice_the_runs(tmp_path: Path) -> None:
    write_run(tmp_path, saturating(0.95, 0.3, 11), dataset="mnist")
    write_run(tmp_path, saturating(0.95, 0.3, 11), dataset="digits")
    figure = draw_curves(read(tmp_path), papers=[paper("batchbald2019_mnist"), paper("gal2017_mnist")])
    digits, mnist = figure.axes
    assert not any(str(artist.get_label()).startswith("Kirsch") for artist in digits.lines)
    x, y = line(mnist, "Kirsch et al. 2019: BatchBALD, b=10")
    (curve,) = (curve for curve in paper("batchbald2019_mnist").curves if curve.arm == "BatchBALD, b=10")
    assert x == [count for count in curve.labels if count <= 240]
    assert y == pytest.approx([100 * value for value in curve.centre[: len(x)]])
    # Gal's table: points without a line, and none at 835 or 1,000 labels where the runs end at 120.
    assert line(mnist, "Gal et al. 2017: BALD") == ([145], [90])
    (points,) = (artist for artist in mnist.lines if artist.get_label() == "Gal et al. 2017: BALD")
    assert points.get_linestyle() == "None"


def test_class_balance_is_the_entropy_over_log_c_beside_the_pools(root: Path) -> None:
    studies = read(root)
    figure = draw_class_balance(studies)
    curves, classes = figure.axes[:2]
    thirds = -(math.log(1 / 3) / 3 + 2 * math.log(2 / 3) / 3) / math.log(2)
    quarter = -(math.log(1 / 4) / 4 + 3 * math.log(3 / 4) / 4) / math.log(2)
    assert line(curves, "bald") == ([20, 30, 40], pytest.approx([1, thirds, quarter]))
    assert line(curves, "random")[1] == pytest.approx([1, thirds, 1])
    assert line(curves, "the pool")[1] == pytest.approx([quarter, quarter])
    picture = np.asarray(classes.images[0].get_array())
    assert [text.get_text() for text in classes.get_yticklabels()] == ["random", "bald"]
    assert picture == pytest.approx(np.array([[0.5 / 0.75, 0.5 / 0.25], [1, 1]]))
    assert balances(studies[0])["bald"].shares.tolist() == [0.75, 0.25]


def test_stages_are_stacked_to_the_mean_of_a_run(root: Path) -> None:
    studies = read(root)
    assert stage_seconds(studies[0])["bald"].tolist() == [180, 15, 20, 2]
    (axes,) = draw_time_stack(studies).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["random", "bald"]
    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)][4:]
    assert [bar.get_x() for bar in bars] == pytest.approx([0, 180, 195, 215])
    assert [bar.get_width() for bar in bars] == pytest.approx([180, 15, 20, 2])
    assert len({bar.get_hatch() for bar in bars}) == 4, "stages differ without colour"
    assert annotations(axes)[-1] == "217"


def test_the_penalty_matrix_is_drawn_best_arm_first_with_column_means() -> None:
    matrix = np.array([[0, 2, np.nan], [0, 0, 0.5], [1, 0, 0]])
    (axes,) = draw_penalty(matrix, ["a", "b", "c"], 3, "n = 5").axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["c", "a", "b"]
    written = {(round(text.get_position()[0]), round(text.get_position()[1])): text.get_text() for text in axes.texts}
    assert written[1, 0] == "1", "row c beats column a once"
    assert written[2, 1] == "2"
    assert written[0, 1] == "–"
    assert [written[column, 3] for column in range(3)] == ["0.17", "0.33", "0.67"]


def test_the_penalty_of_runs_counts_wins_by_the_papers_t_test(tmp_path: Path) -> None:
    for dataset in ("digits", "mnist"):
        for seed in range(3):
            write_run(tmp_path, [0.5, 0.6 + 0.01 * seed, 0.9], dataset=dataset, arm="random", seed=seed)
            write_run(tmp_path, [0.5, 0.8 + 0.02 * seed, 0.9], dataset=dataset, arm="bald", seed=seed)
    write_run(tmp_path, [0.5, 0.7, 0.9], dataset="mnist", arm="margin")
    studies = read(tmp_path)
    names, summed = summed_penalty(studies)
    assert names == ["bald", "random"], "margin is on one dataset only"
    # Random has saturated at 40 labels; of the other two counts one is won, on each of two datasets.
    assert summed.matrix.tolist() == [[0, 1], [0, 0]]
    (axes,) = draw(studies, FigureRequest("penalty")).axes
    assert axes.get_title("left") == "digits, mnist"
    names, ranked = mean_ranks(studies)
    assert dict(zip(names, ranked.mean, strict=True)) == {"bald": 1, "random": 2}


def test_arms_that_datasets_do_not_share_make_no_matrix(tmp_path: Path) -> None:
    for dataset, arm in (("digits", "bald"), ("mnist", "random")):
        write_run(tmp_path, [0.5, 0.6], dataset=dataset, arm=arm)
    for kind in ("penalty", "ranks"):
        with pytest.raises(InputError, match="no arm that all datasets share: a comparison of arms needs two"):
            draw(read(tmp_path), FigureRequest(kind))


def test_ranks_join_what_the_critical_difference_does_not_tell_apart() -> None:
    (axes,) = draw_critical_difference(["a", "b", "c"], [2.9, 1.2, 1.9], 1.0).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["b", "c", "a"]
    thick = [artist for artist in axes.lines if artist.get_linewidth() > 3]
    assert [np.asarray(artist.get_xdata()).tolist() for artist in thick] == [[1.2, 1.9], [1.9, 2.9]]


def test_health_remarks_are_marked_on_the_line(root: Path) -> None:
    marks = [Mark("digits", "bald", 30, "tied scores"), Mark("digits", "bald", 35, "tied scores")]
    counts, heights = np.array([20, 30, 40]), np.array([0.6, 0.75, 0.85])
    axes = Figure().add_subplot()
    draw_marks(axes, "digits", marks, {"bald": Line(counts, counts.astype(float), heights, heights, heights)}, 100.0)
    assert line(axes, "tied scores (any seed)") == ([30], pytest.approx([75]))


def test_marks_come_from_the_record(root: Path) -> None:
    assert health_marks(read(root)) == [], "older records have no health and no marks"
    folder = write_run(root, [0.6, 0.1, 0.7], arm="margin")
    enrich(folder, health=[{"drawn_by_lot": 0.0}, {"drawn_by_lot": 1.0}, {}])
    (mark,) = (mark for mark in health_marks(read(root)) if mark.check == "equal scores, so picked at random")
    assert (mark.dataset, mark.name, mark.labels) == ("digits", "margin", 30)


def test_marks_are_drawn_where_they_are_asked_for_alone(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_run(root, [0.6, 0.1, 0.7], arm="margin")
    enrich(folder, health=[{"drawn_by_lot": 0.0}, {"drawn_by_lot": 1.0}, {}])
    said = "equal scores, so picked at random (any seed)"
    for request, shown in ((FigureRequest(), False), (FigureRequest(marks=True), True)):
        figure = draw(read(root), request)
        labels = [artist.get_label() for axes in figure.axes for artist in axes.lines]
        assert (said in labels) is shown
    out = str(root.parent / "marks.svg")
    assert main([str(root), "--marks", "--out", out]) == 0
    assert main([str(root), "--kind", "time", "--marks", "--out", out]) == 2
    assert "--marks has no effect on --kind time; it belongs to curves" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["curves", "difference", "targets", "penalty", "ranks", "balance", "time"])
@pytest.mark.parametrize("width", ["page", "phone"])
def test_every_kind_is_written_for_several_datasets(root: Path, kind: str, width: str) -> None:
    for arm, gain in (("bald", 0.05), ("random", 0.0)):
        for seed in range(2):
            folder = write_run(root, [0.5, 0.6 + gain, 0.7 + gain + 0.01 * seed], dataset="mnist", arm=arm, seed=seed)
            enrich(folder, class_counts=[[1, 1]] * 3)
    out = root.parent / "figure.svg"
    target = ["--target", "0.65"] if kind == "targets" else []
    assert main([str(root), "--kind", kind, "--width", width, "--out", str(out), *target]) == 0
    wide = float(out.read_text().split('width="')[1].split("pt")[0]) / 72
    assert wide == pytest.approx({"page": 8.2, "phone": 4.0}[width], abs=0.5), "nothing hangs out of the figure"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--kind", "pie"],
            "--kind is 'pie'; allowed are curves, difference, targets, penalty, ranks, balance, discovery, confusion",
        ),
        (["--kind", "targets"], "--kind targets needs a target; add --target 0.9, say"),
        (
            ["--kind", "time", "--quantity", "nll"],
            "--metric has no effect on --kind time; it belongs to curves and difference",
        ),
        (["--kind", "balance", "--target", "0.9"], "--target has no effect on --kind balance"),
        (["--kind", "penalty", "--paper", "gal2017_mnist"], "--paper has no effect on --kind penalty"),
        (["--baseline", "random"], "--baseline has no effect on --kind curves; it belongs to difference"),
        (["--kind", "difference", "--baseline", "badge"], "--baseline badge is no arm of these runs; they have bald"),
        (["--metric", "nll", "--target", "-1"], "--target is -1; it must be a number at least 0, in nats"),
        (["--x", "seconds", "--paper", "gal2017_mnist"], "published numbers are accuracy against labels, not accuracy"),
        (["--paper", "gal2017_mnist"], "gal2017_mnist has numbers on mnist, these runs are on digits"),
        (["--paper", "gal2017"], "no published numbers called 'gal2017'; did you mean gal2017_mnist"),
        (["--kind", "ranks"], "mean ranks are over datasets and need at least two"),
    ],
    ids=readable,
)
def test_impossible_requests_are_one_line(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main([str(root), "--out", str(root.parent / "a.png"), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--quantity", "nll"], "has no nll on record: an older al-bench wrote it; choose --metric accuracy"),
        (["--kind", "balance"], "no run recorded the class counts"),
        (["--kind", "difference"], "no arm shares a seed and its data with a baseline"),
        (["--kind", "penalty"], "1 arm: a comparison of arms needs two"),
        (["--x", "seconds"], "round 0 has no usable seconds; plot against labels instead"),
        (["--kind", "time"], "round 0 has no usable seconds"),
    ],
    ids=readable,
)
def test_records_that_lack_what_is_asked_for_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    enrich(write_run(tmp_path, [0.5, 0.6]), seconds=[{}, {}])
    assert main([str(tmp_path), "--out", str(tmp_path / "a.png"), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error


def test_references_alone_make_no_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path, [0.99], reference="full")
    for arguments in ([], ["--kind", "time"], ["--kind", "targets", "--target", "0.9"]):
        assert main([str(tmp_path), "--out", str(tmp_path / "a.png"), *arguments]) == 2
        assert "only whole-pool references (reference=full) found" in capsys.readouterr().err


def test_numbers_that_cannot_be_a_matrix_or_ranks_are_refused() -> None:
    with pytest.raises(ValueError, match="has shape"):
        draw_penalty([[0, 1]], ["a", "b"])
    with pytest.raises(ValueError, match="neither negative nor infinite"):
        draw_penalty([[0, -1], [0, 0]], ["a", "b"])
    with pytest.raises(InputError, match="at least two arms"):
        draw_penalty([[0]], ["a"])
    with pytest.raises(ValueError, match="2 names and 1 ranks"):
        draw_critical_difference(["a", "b"], [1], 1)
    with pytest.raises(ValueError, match="critical difference is nan"):
        draw_critical_difference(["a", "b"], [1, 2], math.nan)
    with pytest.raises(InputError, match="at least two arms"):
        draw_critical_difference(["a"], [1], 1)
