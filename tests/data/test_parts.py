"""Splits, labels and moments: what several datasets are built from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from al_bench.data.labels import encode
from al_bench.data.scaling import channel_moments, standardise
from al_bench.data.split import check_split, split_off_test_part, stratified_split
from al_bench.errors import InputError


@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 5),
)
@settings(max_examples=60, deadline=None)
def test_split_is_a_partition_near_the_quotas(counts: list[int], fraction: float, seed: int) -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    train, test = stratified_split(labels, fraction, seed)
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(len(labels)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()
    for value, count in enumerate(counts):
        given_away = int((labels[test] == value).sum())
        assert given_away <= count - 1
        assert given_away <= np.floor(fraction * count) + 1
        assert given_away >= min(np.floor(fraction * count), count - 1)


def test_split_by_hand() -> None:
    labels = np.array([0] * 10 + [1] * 6 + [2])
    train, test = stratified_split(labels, 0.25, 0)  # quotas 2.5, 1.5, 0.25; round(4.25) = 4 rows
    assert [int((labels[test] == value).sum()) for value in range(3)] == [3, 1, 0]
    assert len(train) == 13


def test_split_depends_on_its_seed_only() -> None:
    labels = np.arange(100) % 5
    first = stratified_split(labels, 0.2, 0)[1]
    assert np.array_equal(first, stratified_split(labels, 0.2, 0)[1])
    assert not np.array_equal(first, stratified_split(labels, 0.2, 1)[1])


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan")])
def test_a_fraction_that_leaves_a_part_empty_by_itself_is_refused(fraction: float) -> None:
    with pytest.raises(InputError, match=rf"dataset\.test_fraction is {fraction}; it must be above 0 and below 1"):
        check_split(fraction, 0)


def test_a_negative_split_seed_is_refused() -> None:
    with pytest.raises(InputError, match=r"dataset\.split_seed is -1; it must be at least 0"):
        check_split(0.2, -1)


@pytest.mark.parametrize(
    ("alternative", "advice"),
    [("x_test", "a larger dataset.test_fraction, or x_test"), ("", "raise it")],
    ids=["alternative", "none"],
)
def test_a_test_part_without_a_row_is_refused(alternative: str, advice: str) -> None:
    with pytest.raises(InputError) as caught:
        split_off_test_part("t.csv", np.array([0, 1]), 0.2, 0, alternative)
    assert str(caught.value).startswith("t.csv: dataset.test_fraction=0.2 of its 2 rows leave none for the test part; ")
    assert str(caught.value).endswith(advice)


@pytest.mark.parametrize(
    ("values", "names", "codes"),
    [
        (["b", "a", "b"], ("a", "b"), [1, 0, 1]),
        (["10", "9", "10"], ("9", "10"), [1, 0, 1]),
        (["1.0", "1", "01", "2"], ("1", "2"), [0, 0, 0, 1]),
        ([True, False], ("False", "True"), [1, 0]),
        ([-1.0, 1.0], ("-1", "1"), [0, 1]),
        (["1", "x"], ("1", "x"), [0, 1]),
        (["1_0", "10"], ("10", "1_0"), [1, 0]),
        (["nan", "b"], ("b", "nan"), [1, 0]),
    ],
    ids=["words", "by value", "ways to write 1", "truth values", "signs", "words and numbers", "1_0", "nan"],
)
def test_labels_are_numbered_in_order(values: list[object], names: tuple[str, ...], codes: list[int]) -> None:
    encoded, class_names = encode(np.array(values))
    assert class_names == names
    assert encoded.tolist() == codes
    assert encoded.dtype == np.int64


def test_unknown_labels_are_marked() -> None:
    assert encode(np.array(["b", "c"], dtype=object), ("a", "b"))[0].tolist() == [1, -1]


@pytest.mark.parametrize("kind", [torch.uint8, torch.float32], ids=str)
def test_channel_moments_equal_numpy(kind: torch.dtype) -> None:
    images = torch.randint(0, 256, (7, 3, 5, 4), generator=torch.Generator().manual_seed(0)).to(kind)
    images[:, 2] = 51
    scale = 255 if kind == torch.uint8 else 1
    expected = images.numpy().astype(np.float64) / scale
    mean, std = channel_moments(images)
    assert mean.shape == std.shape == (3, 1, 1)
    np.testing.assert_allclose(mean.flatten(), expected.mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(std.flatten()[:2], expected.std(axis=(0, 2, 3))[:2], rtol=1e-6)
    assert std[2] == 1


def test_standardise_uses_the_training_part_and_keeps_digits() -> None:
    train = np.array([[1.7e9 + 1, 5.0], [1.7e9 + 3, 5.0]])
    test = np.array([[1.7e9 + 5, 6.0]])
    scaled, scaled_test = standardise(train, test)
    assert scaled.tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert scaled_test.tolist() == [[3.0, 1.0]]
    assert scaled.dtype == scaled_test.dtype == np.float32


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("centre", [0.0, 3.0, 1e6])
def test_standardised_values_are_bit_for_bit_those_of_numpys_mean_and_deviation(centre: float, order: str) -> None:
    values = np.random.default_rng(0).normal(centre, 3, (5000, 7))
    train, test = (np.asarray(part, order=order) for part in (values[:4000], values[4000:]))
    scaled, scaled_test = standardise(train, test)
    np.testing.assert_array_equal(scaled, ((train - train.mean(0)) / train.std(0)).astype(np.float32))
    np.testing.assert_array_equal(scaled_test, ((test - train.mean(0)) / train.std(0)).astype(np.float32))
