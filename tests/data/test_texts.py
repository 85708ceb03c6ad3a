"""Raw texts in the place of inputs."""

import hashlib

import pytest
import torch

from al_bench.data.checked import check_dataset
from al_bench.data.dataset import Dataset
from al_bench.data.texts import Texts
from al_bench.errors import InputError
from al_bench.experiment.own_components import dataset_fault

LINES = ("red", "", "grün", "blue", "red")


def dataset(**changes):
    values = {
        "name": "mail",
        "inputs": Texts(LINES),
        "hidden_labels": torch.tensor([0, 1, 0, 1, 0]),
        "test_inputs": Texts(["a", "b"]),
        "test_labels": torch.tensor([0, 1]),
        "class_names": ("ham", "spam"),
    }
    return Dataset(**values | changes)


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        (slice(1, 3), ["", "grün"]),
        (slice(None), list(LINES)),
        (slice(None, None, -2), ["red", "grün", "red"]),
        (torch.tensor([3, 0, 3]), ["blue", "red", "blue"]),
        (torch.tensor([-1]), ["red"]),
        (torch.tensor([], dtype=torch.int64), []),
    ],
    ids=["slice", "all", "backwards", "positions", "from the end", "none"],
)
def test_texts_are_indexed_as_a_list_is(positions, expected):
    chosen = Texts(LINES)[positions]
    assert isinstance(chosen, Texts)
    assert list(chosen) == expected
    assert chosen.shape == (len(expected),)


def test_an_int_gives_the_text_itself():
    assert Texts(LINES)[2] == Texts(LINES)[-3] == "grün"
    with pytest.raises(IndexError):
        Texts(LINES)[5]


def test_texts_do_not_change_with_the_list_that_they_were_made_from():
    lines = ["one", "two"]
    texts = Texts(lines)
    lines[0] = "three"
    assert list(texts) == ["one", "two"]


def test_the_digest_knows_where_a_text_ends():
    def digest(lines):
        out = hashlib.blake2b()
        Texts(lines).update(out)
        return out.hexdigest()

    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest(["ab", "c"]) == digest(("ab", "c"))
    assert digest(["\ud800"]) != digest([""])


def test_a_data_set_of_texts_is_one_that_a_run_may_hold():
    data = dataset()
    assert check_dataset(data, "mail") is data
    assert dataset_fault(data) is None
    assert (data.size, data.shape, data.is_text) == (5, (), True)
    assert data.fingerprint() != dataset(inputs=Texts([*LINES[:-1], "Red"])).fingerprint()
    moved = data.to(torch.device("meta"))
    assert moved.inputs.device.type == "meta"
    assert list(moved.inputs) == list(LINES)


@pytest.mark.parametrize(
    ("use"),
    [
        lambda data: data.check_trainable(),
        lambda data: data.numbers(slice(2)),
        lambda data: data.prepare(data.inputs[:2]),
    ],
    ids=["check_trainable", "numbers", "prepare"],
)
def test_texts_are_no_numbers_to_train_on(use):
    with pytest.raises(InputError, match=r"dataset mail holds texts, .* encoder=tfidf"):
        use(dataset())


def test_texts_in_one_part_only_are_a_fault():
    assert "texts in one of inputs and test_inputs only" in dataset_fault(dataset(test_inputs=torch.zeros(2, 3)))
