"""The sets that need no file: digits and blobs."""

from __future__ import annotations

import pytest
import torch

from al_bench.data.digits import Digits
from al_bench.data.synthetic import Synthetic
from al_bench.errors import InputError


def test_digits_split_is_fixed_stratified_and_disjoint() -> None:
    data = Digits().load()
    assert data.inputs.shape == (1438, 1, 8, 8)
    assert data.test_inputs.shape == (359, 1, 8, 8)
    assert data.inputs.dtype == torch.float32
    assert data.class_names == tuple("0123456789")
    assert float(data.inputs.min()) == 0
    assert float(data.inputs.max()) == 1
    share = torch.bincount(data.test_labels) / (torch.bincount(data.test_labels) + torch.bincount(data.hidden_labels))
    assert ((share - 0.2).abs() < 0.005).all()
    rows = {tuple(row.tolist()) for row in data.inputs.flatten(1)}
    assert len(rows) == 1438
    assert not rows & {tuple(row.tolist()) for row in data.test_inputs.flatten(1)}
    assert data.fingerprint() == Digits().load().fingerprint() == "c2d619c5633a1965"
    assert data.fingerprint() != Digits(split_seed=1).load().fingerprint()


def test_digits_fraction() -> None:
    assert len(Digits(test_fraction=0.5).load().test_inputs) == 898  # round(898.5), ties to even
    with pytest.raises(InputError, match=r"dataset\.test_fraction is 2"):
        Digits(test_fraction=2)


def test_blobs_have_the_centres_and_the_spread_asked_for() -> None:
    data = Synthetic(points=4000, test_points=9, classes=4, features=20, separation=5.0).load()
    assert data.inputs.shape == (4000, 20)
    assert torch.bincount(data.hidden_labels).tolist() == [1000] * 4
    assert sorted(torch.bincount(data.test_labels).tolist()) == [2, 2, 2, 3]
    for label in range(4):
        blob = data.inputs[data.hidden_labels == label]
        assert float(blob.mean(0).norm()) == pytest.approx(5, abs=0.2)
        assert float(blob.std(0).mean()) == pytest.approx(1, abs=0.02)


def test_blobs_of_one_separation_have_one_set_of_centres_for_both_parts() -> None:
    data = Synthetic(points=400, test_points=400, classes=2, separation=50.0).load()
    for label in range(2):
        train = data.inputs[data.hidden_labels == label].mean(0)
        test = data.test_inputs[data.test_labels == label].mean(0)
        assert float((train - test).norm()) < 1


def test_blobs_as_images() -> None:
    data = Synthetic(shape=[1, 8, 8]).load()
    assert data.shape == (1, 8, 8)
    assert data.fingerprint() == Synthetic(shape=[1, 8, 8]).load().fingerprint()
    assert data.fingerprint() != Synthetic(shape=[1, 8, 8], data_seed=1).load().fingerprint()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"points": 0}, r"dataset\.points is 0; it must be at least 4, a point for each of dataset\.classes"),
        ({"points": 3, "classes": 5}, r"dataset\.points is 3; it must be at least 5, a point for each of dataset"),
        ({"test_points": 1}, r"dataset\.test_points is 1; it must be at least 4, a point for each of dataset"),
        ({"classes": 1}, r"dataset\.classes is 1; it must be at least 2"),
        ({"features": 0}, r"dataset\.features is 0"),
        ({"shape": []}, r"dataset\.shape is \[\]"),
        ({"shape": [1, 0]}, r"dataset\.shape is \[1, 0\]"),
        ({"separation": float("nan")}, r"dataset\.separation is nan"),
        ({"data_seed": -1}, r"dataset\.data_seed is -1"),
    ],
    ids=[
        "no point",
        "fewer points than classes",
        "fewer test points than classes",
        "one class",
        "no feature",
        "empty shape",
        "empty axis",
        "separation",
        "data_seed",
    ],
)
def test_blobs_refuse(keys: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        Synthetic(**keys)  # type: ignore[arg-type]


def test_digits_without_a_test_part_are_refused(run):
    done = run("dataset=digits", "dataset.test_fraction=0.0001")
    assert done.status == 2
    assert "leave none for the test part" in done.err
