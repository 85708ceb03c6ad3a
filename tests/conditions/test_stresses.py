"""Stresses against their rules: what stays, what is added, what is wrong, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import sparse

from al_bench.conditions.duplicates import Duplicates
from al_bench.conditions.imbalance import Imbalance, class_sizes
from al_bench.conditions.label_noise import LabelNoise
from al_bench.conditions.outside import Outside
from al_bench.conditions.shift import Kind, Shift
from al_bench.conditions.stress import NoStress
from al_bench.data.dataset import Dataset
from al_bench.data.mapped import MappedRows
from al_bench.data.sparse import SparseRows
from al_bench.data.synthetic import Synthetic
from al_bench.data.texts import Texts
from al_bench.errors import InputError


def dataset(points: int = 2000, **changed) -> Dataset:
    made = Synthetic(points=points, test_points=400, classes=4, features=5).load()
    return replace(made, origins=np.arange(points) + 1000, test_origins=np.arange(400), **changed)


def counts(labels) -> list[int]:
    return np.bincount(labels.numpy()).tolist()


EVERY = {
    "imbalance": Imbalance(ratio=20),
    "label noise": LabelNoise(rate=0.3),
    "duplicates": Duplicates(copies=3, share=0.25),
    "near-duplicates": Duplicates(noise=0.1),
    "outside": Outside(classes=[1]),
    "shift of classes": Shift(),
    "noise": Shift(kind=Kind.noise),
}


def sizes_one_by_one(given: list[int], ratio: float) -> list[int]:
    """The largest n_0 for which n_0 ρ^(−k / (C − 1)) of every class are there, by trying fractions of a point."""
    last = len(given) - 1
    shares = [1 / ratio ** (k / last) for k in range(len(given))]
    first = max(n / 1000 for n in range(1, 1000 * max(given) + 1) if all(
        n / 1000 * share <= have + 1e-9 for share, have in zip(shares, given, strict=True)))  # fmt: skip
    return [max(round(first * share), 1) for share in shares]


@pytest.mark.parametrize("given", [[50, 50, 50, 50], [30, 50, 4, 9], [7, 3]], ids=["even", "uneven", "two"])
@pytest.mark.parametrize("ratio", [1.0, 4.0, 100.0])
def test_sizes_fall_exponentially_from_as_many_as_there_are(given, ratio):
    ours, theirs = class_sizes(np.array(given), ratio).tolist(), sizes_one_by_one(given, ratio)
    assert ours == pytest.approx(theirs, abs=1)  # a thousandth of a point decides how a half is rounded
    assert all(size <= have for size, have in zip(ours, given, strict=True))


def test_imbalance_has_its_ratio_and_leaves_the_test_part_alone():
    before = dataset()
    after = Imbalance(ratio=20).apply(before)
    sizes = sorted(counts(after.hidden_labels), reverse=True)
    assert sizes == sizes_one_by_one([500] * 4, 20)
    rows = after.origins - 1000
    assert (np.diff(rows) > 0).all()
    assert (after.inputs == before.inputs[torch.tensor(rows)]).all()
    assert (after.hidden_labels == before.hidden_labels[torch.tensor(rows)]).all()
    assert after.test_inputs is before.test_inputs


def test_label_noise_changes_labels_of_the_training_part_alone():
    before = dataset(20_000)
    after = LabelNoise(rate=0.3).apply(before)
    wrong = after.hidden_labels != before.hidden_labels
    assert wrong.double().mean().item() == pytest.approx(0.3, abs=0.01)
    for label in range(4):
        of_class = after.hidden_labels[wrong & (before.hidden_labels == label)]
        assert [share / len(of_class) for share in counts(of_class)] == pytest.approx(
            [0 if other == label else 1 / 3 for other in range(4)][: len(counts(of_class))], abs=0.04
        )
    assert after.test_labels is before.test_labels


def test_duplicates_are_the_points_once_more_and_near_ones_are_near():
    before = dataset()
    exact = Duplicates(copies=3, share=0.25).apply(before)
    assert exact.size == 2000 + 2 * 500
    original = exact.origins[2000:] - 1000
    assert (np.unique(original, return_counts=True)[1] == 2).all()
    assert (exact.inputs[:2000] == before.inputs).all()
    assert (exact.inputs[2000:] == before.inputs[torch.tensor(original)]).all()
    assert (exact.hidden_labels[2000:] == before.hidden_labels[torch.tensor(original)]).all()
    near = Duplicates(noise=0.1).apply(before)
    moved = (near.inputs[2000:] - before.inputs).double() / before.inputs.double().std(0)
    assert moved.std(0).numpy() == pytest.approx(np.full(5, 0.1), rel=0.06)


def test_images_of_bytes_stay_bytes():
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (50, 1, 4, 4), dtype=np.uint8))
    before = replace(dataset(50), inputs=images, test_inputs=images[:10], test_labels=torch.arange(10) % 4)
    after = Duplicates(noise=2.0).apply(before)
    assert after.inputs.dtype == torch.uint8
    assert {0, 255} <= set(after.inputs[50:].flatten().tolist())  # cut, not wrapped around


def test_items_outside_stay_in_the_pool_without_a_class():
    before = dataset()
    after = Outside(classes=["blob 1", 3]).apply(before)
    assert after.class_names == ("blob 0", "blob 2")
    assert after.inputs is before.inputs
    expected = {0: 0, 1: -1, 2: 1, 3: -1}
    assert after.hidden_labels.tolist() == [expected[label] for label in before.hidden_labels.tolist()]
    assert counts(after.test_labels) == [100, 100]
    assert (after.test_inputs == before.test_inputs[torch.tensor(after.test_origins)]).all()


def test_a_shift_changes_the_test_part_alone():
    before = dataset()
    classes, noise = Shift(ratio=10).apply(before), Shift(kind=Kind.noise, noise=0.5).apply(before)
    assert classes.inputs is noise.inputs is before.inputs
    assert sorted(counts(classes.test_labels), reverse=True) == sizes_one_by_one([100] * 4, 10)
    assert (classes.test_inputs == before.test_inputs[torch.tensor(classes.test_origins)]).all()
    moved = (noise.test_inputs - before.test_inputs).double() / before.inputs.double().std(0)
    assert moved.std(0).numpy() == pytest.approx(np.full(5, 0.5), rel=0.1)


@pytest.mark.parametrize("stress", EVERY.values(), ids=EVERY)
def test_a_stress_is_the_same_each_time_and_says_what_it_did(stress):
    before = dataset()
    first, second = stress.apply(before), stress.apply(before)
    assert first.fingerprint() == second.fingerprint() != before.fingerprint()
    assert stress.describe(before, first).startswith("stress=")
    assert len(first.inputs) == len(first.hidden_labels) == len(first.origins)
    assert len(first.test_inputs) == len(first.test_labels) == len(first.test_origins)


@pytest.mark.parametrize(
    "stress", [Imbalance(), Duplicates(copies=3), Outside(classes=[0])], ids=["imbalance", "duplicates", "outside"]
)
def test_a_validation_part_of_the_files_stays_what_it_is(stress):
    before = dataset(validation=torch.tensor([3, 5, 8, 1999]))
    after = stress.apply(before)
    held_out = (after.origins[after.validation.numpy()] - 1000).tolist()
    left = [row for row in (3, 5, 8, 1999) if not isinstance(stress, Outside) or before.hidden_labels[row] != 0]
    assert held_out == left
    assert len(np.unique(after.origins[after.validation.numpy()])) == len(left)


def kinds(tmp_path) -> dict[str, object]:
    numbers = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", numbers)
    return {
        "texts": Texts([f"text {number}" for number in range(60)]),
        "sparse": SparseRows(sparse.csr_matrix(numbers)),
        "mapped": MappedRows("x.npy", np.load(tmp_path / "x.npy", mmap_mode="r"), np.arange(60)[::-1].copy()),
    }


@pytest.mark.parametrize("kind", ["texts", "sparse", "mapped"])
def test_other_inputs_are_chosen_and_repeated_too_but_take_no_noise(kind, tmp_path):
    inputs = kinds(tmp_path)[kind]
    before = replace(dataset(60), inputs=inputs)
    for stress in (Imbalance(ratio=3), Duplicates(copies=2, share=0.5)):
        after = stress.apply(before)
        rows = (after.origins - 1000).tolist()
        for position in (0, len(rows) // 2, len(rows) - 1):
            ours, theirs = after.inputs[position], inputs[rows[position]]
            assert ours == theirs if kind == "texts" else (ours == theirs).all()
    with pytest.raises(InputError, match=r"set stress.noise=0"):
        Duplicates(noise=0.1).apply(before)


REFUSED = {
    "ratio": (lambda: Imbalance(ratio=0.5), "stress.ratio is 0.5"),
    "rate": (lambda: LabelNoise(rate=2), "stress.rate is 2"),
    "copies": (lambda: Duplicates(copies=1), "stress.copies is 1"),
    "no classes": (lambda: Outside(), "stress.classes=[8,9]"),
    "unknown class": (lambda: Outside(classes=["x"]).apply(dataset(40)), "stress.classes has 'x'; synthetic has"),
    "too few left": (lambda: Outside(classes=[0, 1, 2]).apply(dataset(40)), "leaves 1 of 4 classes"),
    "two meanings": (
        lambda: Outside(classes=[1]).apply(dataset(40, class_names=("1", "2", "3", "0"))),
        "type 0 for the name, or the name '2' in quotes for the number",
    ),
    "empty class": (
        lambda: Imbalance().apply(dataset(40, class_names=("a", "b", "c", "d", "e"))),
        "has none of 'e'",
    ),
}


@pytest.mark.parametrize(("do", "line"), REFUSED.values(), ids=REFUSED)
def test_a_key_that_does_not_fit_is_refused(do, line):
    with pytest.raises(InputError) as error:
        do()
    assert line in str(error.value)


def test_without_a_stress_the_data_set_is_the_one_given():
    before = dataset(40)
    assert NoStress().apply(before) is before
    assert all(first != second for first, second in pairwise(sorted(EVERY)))
