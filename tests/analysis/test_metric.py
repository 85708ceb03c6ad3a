"""A study judged by another metric than accuracy: labels to a target, savings and the verdict, in either direction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from al_bench.analysis.finding import BETTER
from al_bench.analysis.findings import findings
from al_bench.analysis.measured import metric_named
from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
from al_bench.analysis.tables.accuracy import compare_tables
from al_bench.analysis.targets import default_targets, primary_target
from al_bench.analysis.verdict import verdict
from al_bench.errors import InputError
from al_bench.storage.runs import find_runs
from tests.analysis.records import write_run

SEEDS = range(4)
CLASSES = ("cat", "dog", "a:b")
RISE = np.array([0.40, 0.50, 0.60, 0.70, 0.80])


def recall_of(rare: float) -> dict[str, list[float | None]]:
    return {"recall": [0.9, round(rare, 6), None], "precision": [0.9, 0.5, None]}


def rounds(values, seed: int) -> list[dict]:
    """Accuracy stays at 0.9; balanced accuracy, recall of dog and loss get better as the values say."""
    wobble = 0.004 * seed
    return [
        {
            "accuracy": 0.9,
            "nll": float(1 - value - wobble),
            "metrics": {"balanced_accuracy": float(value + wobble)},
            "class_metrics": recall_of(float(value - wobble)),
            "class_counts": [5, 1 if step else 0, 0],
        }
        for step, value in enumerate(values)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Margin is 0.1 better than random from the second round on, in all but accuracy."""
    for seed in SEEDS:
        header = {"class_names": list(CLASSES), "test": 100, "test_class_counts": [80, 20, 0]}
        write_run(tmp_path, rounds(RISE, seed), arm="random", seed=seed, **header)
        write_run(tmp_path, rounds(np.add(RISE, [0, 0.1, 0.1, 0.1, 0.1]), seed), arm="margin", seed=seed, **header)
    return tmp_path


def judged(folder: Path, metric: str) -> Study:
    (study,) = studies([folder], metric=metric)
    return study


@pytest.mark.parametrize("name", ["balanced_accuracy", "recall:dog", "nll"])
def test_a_better_arm_is_found_in_any_metric_and_not_in_accuracy(folder, name):
    (finding,) = findings(judged(folder, name), default_targets(judged(folder, name)))
    assert finding.outcome == BETTER
    assert finding.needs_fewer_labels
    assert finding.better_on_average
    (finding,) = findings(judged(folder, "accuracy"), ())
    assert finding.outcome != BETTER


def test_a_loss_is_saved_by_as_many_labels_as_the_accuracy_that_mirrors_it(folder):
    """nll = 1 − balanced accuracy here, so that crossing 0.3 downwards is crossing 0.7 upwards."""
    up, down = judged(folder, "balanced_accuracy"), judged(folder, "nll")
    (gain,) = findings(up, [0.7])
    (loss,) = findings(down, [0.3])
    assert loss.saved[0].saved == pytest.approx(gain.saved[0].saved)
    assert loss.area.mean == pytest.approx(-gain.area.mean)
    assert (loss.saved_holm, loss.area_holm) == pytest.approx((gain.saved_holm, gain.area_holm))


def test_targets_of_a_loss_are_ordered_from_the_easiest(folder):
    study = judged(folder, "nll")
    targets = default_targets(study)
    assert list(targets) == sorted(targets, reverse=True)
    assert primary_target(study, [0.3, 0.5, 0.01]) == 0.3  # reached by every seed of random, which 0.01 is not


def test_the_verdict_names_the_metric_its_unit_and_its_direction(folder):
    said = verdict(judged(folder, "nll"), [0.3]).sentences[0]
    assert "Active learning saves labels on" in said
    assert "labels than random to reach 0.3 nats negative log-likelihood" in said
    assert "nats lower in negative log-likelihood on average over" in said
    said = verdict(judged(folder, "recall:dog"), [0.7]).sentences[0]
    assert "to reach 70 % recall of dog" in said
    assert "points higher in recall of dog" in said


def test_every_table_says_which_metric_it_is_of(folder):
    study = judged(folder, "recall:dog")
    tables = {table.key: table for table in compare_tables(study, [0.7])}
    assert tables["recall_dog"].title.startswith("Recall of dog on ")
    assert "a recall of dog" in tables["labels"].title
    assert "recall of dog" in tables["difference"].title
    assert all(record["metric"] == "recall:dog" for record in tables["saved"].records)
    others = tables["metrics"].columns
    assert "Test accuracy (%)" in others
    assert "Balanced accuracy (%)" in others


def test_the_step_between_recalls_is_that_of_the_classs_own_test_points(folder):
    assert judged(folder, "recall:dog").resolution("margin") == pytest.approx(1 / 20)
    assert judged(folder, "accuracy").resolution("margin") == pytest.approx(1 / 100)
    expected = np.sqrt(1 / 80**2 + 1 / 20**2) / 2
    assert judged(folder, "balanced_accuracy").resolution("margin") == pytest.approx(expected)
    assert judged(folder, "nll").resolution("margin") == 0


def test_classes_found_are_known_of_every_record(folder):
    study = judged(folder, "classes_found")
    assert study.values["random"][0].tolist() == [1, 2, 2, 2, 2]
    assert verdict(study).winners == ()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("f1", r"--metric is 'f1'; these runs have accuracy, nll, .*, recall:CLASS, precision:CLASS"),
        ("recall", r"--metric recall needs a class, as in --metric recall:cat; digits has cat, dog, a:b"),
        ("recall:cow", r"digits has no class 'cow'; its classes are cat, dog, a:b"),
        ("f1:dog", r"--metric is 'f1:dog'; these runs have"),
        (
            "auroc",
            r"has no auroc on record: .*choose --metric accuracy or nll or balanced_accuracy or classes_found or",
        ),
        ("recall:a:b", r"has no recall:a:b on record: its test part has no point of the class a:b"),
    ],
    ids=["unknown", "without a class", "no such class", "no metric by class", "not recorded", "a class without points"],
)
def test_a_metric_that_cannot_be_is_one_line_that_says_what_to_type(folder, name, said):
    with pytest.raises(InputError, match=said):
        studies([folder], metric=name)


def test_a_whole_pool_reference_without_the_metric_is_left_out(folder):
    write_run(folder, [0.95], arm="full", reference="full")
    assert [arm.name for arm in judged(folder, "accuracy").references] == ["full"]
    assert judged(folder, "balanced_accuracy").references == ()


def test_the_name_of_a_class_may_have_a_colon(folder):
    assert metric_named("precision:a:b", find_runs([folder])).label == "Precision of a:b"
