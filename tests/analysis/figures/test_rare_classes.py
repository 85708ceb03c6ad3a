"""The figures of rare classes: classes found against labels, and confusion matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from al_bench.analysis.confusion import class_results, leading_arm
from al_bench.analysis.figures.confusion import draw_confusion, matrices
from al_bench.analysis.figures.discovery import draw_discovery
from al_bench.analysis.studies import studies
from al_bench.errors import InputError
from tests.analysis.records import write_run

NAMES = ["cat", "dog", "owl"]
FIRST = [[8, 2, 0], [4, 1, 0], [1, 0, 1]]
SECOND = [[10, 0, 0], [1, 4, 0], [0, 0, 2]]


def rounds(found: list[int], matrix: list[list[int]], accuracy: float) -> list[dict]:
    recall = [row[c] / sum(row) for c, row in enumerate(matrix)]
    return [
        {"accuracy": accuracy, "class_counts": [5] * count + [0] * (3 - count), "confusion": matrix,
         "class_metrics": {"recall": recall, "precision": recall}}
        for count in found
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed in (0, 1):
        write_run(tmp_path, rounds([1, 1, 2], FIRST, 0.6), arm="random", seed=seed, class_names=NAMES, classes=3)
        write_run(tmp_path, rounds([1, 3, 3], SECOND, 0.9), arm="margin", seed=seed, class_names=NAMES, classes=3)
        write_run(tmp_path, rounds([1, 2, 2], FIRST, 0.7), arm="bald", seed=seed, class_names=NAMES, classes=3)
    return tmp_path


def test_discovery_counts_the_classes_with_a_labelled_point(folder):
    (axes,) = draw_discovery(studies([folder])).axes
    lines = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert lines["random"] == [1, 1, 2]
    assert lines["margin"] == [1, 3, 3]
    assert axes.get_ylabel() == "Classes with a labelled point"
    assert "all 3 classes" in [text.get_text() for text in axes.texts]


def test_discovery_of_records_without_counts_is_one_line(tmp_path):
    write_run(tmp_path, [0.5, 0.6])
    with pytest.raises(InputError, match="no run on digits recorded the class counts"):
        draw_discovery(studies([tmp_path]))


def test_the_confusion_of_the_baseline_and_of_the_best_arm_is_summed_over_seeds(folder):
    (study,) = studies([folder])
    shown = matrices(study)
    assert [name for name, _ in shown] == ["random", "margin"]
    assert shown[0][1].confusion.tolist() == (2 * np.array(FIRST)).tolist()
    assert shown[0][1].tested.tolist() == [10, 5, 2]
    texts = [text.get_text() for text in draw_confusion([study]).axes[0].texts]
    assert texts == ["80", "20", "80", "20", "50", "50"]  # of the rows' test points, nothing for none


def test_the_results_of_a_class_are_those_of_its_round(folder):
    (study,) = studies([folder])
    results = class_results(study.arm("margin"), 40)
    assert results.names == ("cat", "dog", "owl")
    assert results.recall.tolist() == [[1.0, 0.8, 1.0]] * 2
    assert results.labelled.tolist() == [5, 5, 5]
    assert class_results(study.arm("margin"), 41) is None


@pytest.mark.parametrize("matrix", [[[1], [2, 3]], [[1, 2], [3, 4]], []], ids=["ragged", "of other classes", "empty"])
def test_a_matrix_that_is_none_counts_as_not_recorded(folder, matrix):
    entries = [entry | {"confusion": matrix} for entry in rounds([1, 3, 3], SECOND, 0.9)]
    write_run(folder, entries, arm="margin", seed=2, class_names=NAMES, classes=3)
    (study,) = studies([folder])
    assert class_results(study.arm("margin"), 40).confusion is None
    assert [name for name, _ in matrices(study)] == ["random"]


def test_an_oracle_does_not_lead(folder):
    write_run(folder, rounds([1, 3, 3], SECOND, 1.0), arm="oracle", class_names=NAMES, classes=3, oracle=True)
    (study,) = studies([folder])
    assert leading_arm(study).name == "margin"


def test_records_without_a_matrix_are_one_line(tmp_path):
    write_run(tmp_path, [0.5, 0.6])
    with pytest.raises(InputError, match="no run recorded a confusion matrix: older ones did not"):
        draw_confusion(studies([tmp_path]))
