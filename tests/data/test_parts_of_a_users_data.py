"""Training, validation and test part: from files of their own, split off by label, or by group."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_diabetes

from al_bench.data.arrays import NpzDataset
from al_bench.data.csv_table import CsvDataset
from al_bench.data.group_split import group_split, nearest_sum
from al_bench.errors import InputError
from tests.conftest import record


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


def best_sum(sizes: list[int], wanted: int) -> int:
    """The sum of some of the sizes that is nearest to the one wanted, by trying every choice."""
    sums = [sum(chosen) for count in range(1, len(sizes) + 1) for chosen in itertools.combinations(sizes, count)]
    return min(sums, key=lambda total: (abs(total - wanted), total))


@pytest.mark.parametrize("seed", range(40), ids=str)
def test_the_sum_of_the_sizes_chosen_is_the_nearest_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(25):
        sizes, wanted = rng.integers(1, 13, rng.integers(1, 9)), int(rng.integers(0, 40))
        chosen = nearest_sum(sizes, wanted)
        assert len(set(chosen.tolist())) == len(chosen)
        assert sizes[chosen].sum() == best_sum(sizes.tolist(), wanted)


def test_many_groups_give_the_share_exactly() -> None:
    rng = np.random.default_rng(0)
    groups, labels = rng.integers(0, 5000, 50_000), rng.integers(0, 4, 50_000)
    rows, test_rows = group_split("t", labels, groups, 0.2, 0)
    assert len(test_rows) == 10_000
    assert not set(groups[rows]) & set(groups[test_rows])
    assert sorted([*rows, *test_rows]) == list(range(50_000))


def test_a_group_split_is_a_function_of_its_seed() -> None:
    groups, labels = np.arange(60) // 3, np.arange(60) % 2
    splits = [group_split("t", labels, groups, 0.3, seed)[1].tolist() for seed in (0, 0, 1, 2)]
    assert splits[0] == splits[1]
    assert len({tuple(split) for split in splits}) == 3


def test_every_class_has_a_group_in_the_training_part() -> None:
    groups = np.array(list("aabbccddee"))
    labels = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    for seed in range(20):
        rows, test_rows = group_split("t", labels, groups, 0.4, seed)
        assert set(labels[rows]) == {0, 1}
        assert len(test_rows) == 4


def test_rows_that_the_user_named_keep_their_group_in_the_training_part() -> None:
    groups, labels = np.arange(20) // 2, np.arange(20) % 2
    for seed in range(10):
        rows, _ = group_split("t", labels, groups, 0.5, seed, keep=np.array([5, 10]))
        assert {4, 5, 10, 11} <= set(rows.tolist())


def test_a_group_for_each_class_leaves_no_test_part() -> None:
    with pytest.raises(InputError, match=r"^t: dataset.group leaves no group for a test part, as each of its 2 groups"):
        group_split("t", np.array([0, 0, 1]), np.array(["a", "a", "b"]), 0.3, 0)


def table(name: str, rows: range, patients: int = 10, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    lines = [f"{rng.normal():.6f},{rng.normal():.6f},p{row % patients},{['no', 'yes'][row % 2]}" for row in rows]
    Path(name).write_text("\n".join(["a,b,patient,label", *lines]) + "\n")


def load_csv(with_validation: bool = False, **keys: Any) -> Any:
    return CsvDataset(**{"path": "t.csv"} | keys).load(validation=with_validation)


def test_a_table_is_split_by_group_and_the_groups_are_no_feature() -> None:
    table("t.csv", range(100))
    data = load_csv(group="patient")
    assert data.shape == (2,)
    groups = [{row % 10 for row in part.tolist()} for part in (data.origins, data.test_origins)]
    assert not groups[0] & groups[1]
    assert len(data.test_labels) == 20
    assert data.reading.unused == {"patient": "it groups the rows: dataset.group"}
    assert data.reading.split == "80 training rows, 20 test rows, 2 of 10 groups of 'patient'"


def test_a_group_in_the_test_file_and_in_the_training_file_is_refused() -> None:
    table("t.csv", range(100))
    table("test.csv", range(100, 103), seed=1)
    with pytest.raises(InputError) as caught:
        load_csv(group="patient", test_path="test.csv")
    assert (
        "the group 'p0' of dataset.group=patient is in the training part and in test.csv (3 such groups, 30 rows)"
        in (str(caught.value))
    )


def test_a_row_without_a_group_is_named() -> None:
    table("t.csv", range(40))
    Path("t.csv").write_text(Path("t.csv").read_text() + "0.1,0.2,,no\n")
    with pytest.raises(InputError, match=r"column 'patient', row 40 .*the cell is empty \(1 of 41 rows\)"):
        load_csv(group="patient")


def test_a_label_that_is_the_group_too_is_refused() -> None:
    table("t.csv", range(40))
    with pytest.raises(InputError, match=r"the column 'label' is the label, and dataset.id or dataset.group, too"):
        load_csv(group="label", label="label")


def test_the_validation_file_is_the_end_of_the_training_part_and_scales_nothing() -> None:
    table("t.csv", range(60))
    table("val.csv", range(60, 80), seed=1)
    table("test.csv", range(80, 95), seed=2)
    without, data = load_csv(test_path="test.csv"), load_csv(True, test_path="test.csv", validation="val.csv")
    assert data.validation.tolist() == list(range(60, 80))
    assert torch.equal(data.inputs[:60], without.inputs)
    assert torch.equal(data.test_inputs, without.test_inputs)
    assert data.items([0, 59, 60, 79]) == [0, 59, "val.csv:0", "val.csv:19"]
    assert data.reading.counts == {"no": (30, 10, 8), "yes": (30, 10, 7)}
    assert data.reading.split == "60 training rows, 20 validation rows from val.csv, 15 test rows from test.csv"
    assert "  classes: 2 (training + validation + test part)" in data.reading.lines()
    assert data.fingerprint() != without.fingerprint()


def test_a_test_part_is_split_off_beside_a_validation_file() -> None:
    table("t.csv", range(60))
    table("val.csv", range(60, 80), seed=1)
    data = load_csv(True, validation="val.csv")
    assert data.validation.tolist() == list(range(48, 68))
    assert set(data.origins[:48]) | set(data.test_origins) == set(range(60))


@pytest.mark.parametrize(
    ("validation", "keys", "message"),
    [
        (False, {"validation": "val.csv"}, "which is read with validation=file only"),
        (True, {}, "validation is file, and no file names a validation part: give dataset.validation=FILE"),
        (
            True,
            {"validation": "t.csv"},
            "dataset.validation: .*t.csv is the same as dataset.path; a validation part of",
        ),
        (True, {"validation": "none.csv"}, "dataset.validation: there is no file"),
    ],
    ids=["named and not wanted", "wanted and not named", "the training file", "no such file"],
)
def test_a_validation_part_that_cannot_be_read(validation: bool, keys: dict[str, str], message: str) -> None:
    table("t.csv", range(20))
    table("val.csv", range(10), seed=1)
    with pytest.raises(InputError, match=message):
        load_csv(validation, **keys)


def arrays(seed: int = 0, **more: Any) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "train_images": rng.integers(0, 256, (40, 8, 6), dtype=np.uint8),
        "train_labels": np.arange(40).reshape(-1, 1) % 3,
        "val_images": rng.integers(0, 256, (12, 8, 6), dtype=np.uint8),
        "val_labels": np.arange(12).reshape(-1, 1) % 3,
        "test_images": rng.integers(0, 256, (15, 8, 6), dtype=np.uint8),
        "test_labels": np.arange(15).reshape(-1, 1) % 3,
    } | more


def load_npz(given: dict[str, Any], validation: bool = False, **keys: Any) -> Any:
    np.savez("m.npz", **given)
    return NpzDataset(path="m.npz", **keys).load(validation=validation)


def test_medmnist_validation_arrays_are_the_validation_part() -> None:
    given = arrays()
    without, data = load_npz(given), load_npz(given, True)
    assert without.validation is None
    assert without.reading.unused == dict.fromkeys(
        ["val_images", "val_labels"], "a validation part; read with validation=file"
    )
    assert data.validation.tolist() == list(range(40, 52))
    assert np.array_equal(data.inputs[40:, 0].numpy(), given["val_images"])
    assert np.array_equal(data.test_inputs[:, 0].numpy(), given["test_images"])
    assert data.hidden_labels.tolist() == [*(np.arange(40) % 3), *(np.arange(12) % 3)]
    assert torch.equal(data.mean, without.mean)
    assert data.reading.unused == {}


def test_numbers_of_validation_arrays_are_scaled_by_the_training_part() -> None:
    rng = np.random.default_rng(0)
    given = {"x": rng.normal(5, 3, (30, 4)), "y": np.arange(30) % 2}
    held_out = {"x_val": rng.normal(5, 3, (10, 4)), "y_val": np.arange(10) % 2}
    without, data = load_npz(given), load_npz(given | held_out, True)
    assert torch.equal(data.inputs[:24], without.inputs)
    mean, std = given["x"][without.origins].mean(0), given["x"][without.origins].std(0)
    np.testing.assert_allclose(data.inputs[24:].numpy(), (held_out["x_val"] - mean) / std, rtol=1e-4, atol=1e-6)


def test_validation_arrays_that_are_not_there_are_asked_for() -> None:
    with pytest.raises(InputError, match=r"validation is file, and .*m.npz has no x_val and y_val"):
        load_npz({"x": np.ones((4, 2)), "y": [0, 1, 0, 1]}, True)


def test_arrays_are_split_by_group() -> None:
    x, patients = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) // 6
    data = load_npz({"x": x, "y": np.arange(60) % 2, "patient": patients}, group="patient")
    assert len(data.test_labels) == 12
    assert not set(patients[data.origins]) & set(patients[data.test_origins])
    assert data.reading.unused == {"patient": "the groups of the rows: dataset.group"}


def test_groups_of_arrays_with_a_test_part_are_those_of_both_parts() -> None:
    given = {"x": np.random.default_rng(0).normal(size=(20, 3)), "y": np.arange(20) % 2, "patient": np.arange(20)}
    given |= {"x_test": given["x"][:6] + 1, "y_test": np.arange(6) % 2}
    with pytest.raises(InputError, match="there is no array patient_test for the rows of x_test"):
        load_npz(given, group="patient")
    with pytest.raises(
        InputError, match=r"the group '19' of dataset.group=patient is in the training part and in x_test"
    ):
        load_npz(given | {"patient_test": np.arange(6) + 19}, group="patient")
    assert len(load_npz(given | {"patient_test": np.arange(6) + 20}, group="patient").test_labels) == 6


def test_a_class_of_one_row_is_a_remark() -> None:
    data = load_npz({"x": np.random.default_rng(0).normal(size=(21, 3)), "y": [0, 1] * 10 + [2]})
    assert data.reading.remarks == ("no test row of '2' (1): the test accuracy says nothing of it",)
    assert data.reading.counts["2"] == (1, 0)


MANY = np.random.default_rng(0).integers(0, 10_000, 200)


def test_labels_of_many_different_numbers_are_measurements() -> None:
    given = {"x": np.random.default_rng(0).normal(size=(200, 3)), "y": MANY}
    with pytest.raises(InputError, match=r"m.npz: y holds 198 different numbers in 200 rows, so they are measurements"):
        load_npz(given)
    assert load_npz(given | {"y": MANY % 2}).class_names == ("0", "1")
    assert load_npz(given | {"y": (MANY % 30).astype(str)}).classes == 30


def test_a_column_of_many_different_numbers_is_a_label_only_where_the_user_insists() -> None:
    lines = [f"{row * 0.37 % 1:.4f},{number}" for row, number in enumerate(MANY.tolist())]
    Path("t.csv").write_text("\n".join(["a,price", *lines]) + "\n")
    with pytest.raises(InputError) as caught:
        load_csv(label="price")
    message = str(caught.value)
    assert (
        "column 'price' holds 198 different numbers in 200 rows, so it is a measurement and no class label" in message
    )
    assert message.endswith("if its numbers are classes: 'dataset.categorical=[price]'")
    assert load_csv(label="price", categorical=["price"]).classes == 198


def test_whole_numbers_of_two_rows_each_are_classes_where_the_column_is_named() -> None:
    lines = [f"{row * 0.37 % 1:.4f},{row % 60}" for row in range(150)]
    Path("t.csv").write_text("\n".join(["a,target", *lines]) + "\n")
    with pytest.raises(InputError) as caught:
        load_csv()
    assert "column 'target' holds 60 different numbers in 150 rows" in str(caught.value)
    assert str(caught.value).endswith("if its numbers are classes: dataset.label=target")
    assert load_csv(label="target").classes == 60


def test_a_published_measurement_is_refused_whether_or_not_its_column_is_named() -> None:
    load_diabetes(as_frame=True).frame.to_csv("t.csv", index=False)
    for keys in ({}, {"label": "target"}):
        with pytest.raises(
            InputError, match="column 'target' holds 214 different numbers in 442 rows, so it is a meas"
        ):
            load_csv(**keys)


def test_the_files_validation_part_is_held_out_of_the_pool(run: Any) -> None:
    table("t.csv", range(60))
    table("val.csv", range(60, 80), seed=1)
    words = ("dataset=csv", "dataset.path=t.csv", "validation=file", "dataset.validation=val.csv", "initial.size=6")
    fast = ("schedule.batch=3", "schedule.rounds=3", "training.stop=early", "training.epochs=4", "strategy=margin")
    done = run(*words, *fast, "posterior=deterministic", "arm=a")
    assert done.status == 0, done.err
    found = record("a", study="default", dataset="csv")
    assert (found.header["pool"], found.header["validation"], found.header["test"]) == (48, 20, 12)
    assert found.header["identity"]["validation"] == "file"
    picked = [index for entry in found.rounds for index in entry["acquired"] or []]
    assert max(picked) < 48
    assert found.rounds[0]["fit"][0]["validation_accuracy"] is not None
    assert run(*words, *fast, "posterior=deterministic", "arm=a").status == 0


def test_a_run_on_data_without_a_validation_part_is_refused(run: Any) -> None:
    done = run("dataset=synthetic", "validation=file")
    assert done.status == 2
    assert "validation is file, and synthetic has no validation part; give a number of points" in done.err
    assert "validation is 'half'; it must be a number of points, or file" in run("validation=half").err
