"""Features are stored item by item: computed once, equal to those computed anew, kept when a run is interrupted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from al_bench.data.dataset import Dataset
from al_bench.data.encoders import item_encoder
from al_bench.data.encoders.encoder import Workspace
from al_bench.data.encoders.item_encoder import FeatureNetwork, ItemEncoder
from al_bench.data.mapped import MappedRows
from al_bench.data.texts import Texts
from al_bench.errors import InputError
from al_bench.storage import features
from tests.data.encoders.datasets import image_dataset, text_dataset

SEEN: list[object] = []
"""The items that a network has been given in this process."""


class Letters(FeatureNetwork):
    """The lengths of texts, and how often they have some letters, through a matrix product."""

    def sizes(self, items):
        return [len(text) // 40 for text in items]

    def __call__(self, items, size):
        assert {len(text) // 40 for text in items} == {size}
        SEEN.extend(items)
        counts = torch.tensor([[float(text.count(letter)) for letter in "aeioust"] for text in items])
        return counts @ torch.linspace(-1, 1, 35).reshape(7, 5)


@dataclass
class LetterEncoder(ItemEncoder):
    weights: str = "first"

    def check_inputs(self, dataset):
        if not dataset.is_text:
            raise InputError("texts only")

    def weights_digest(self):
        return self.weights

    def load(self, device):
        return Letters()


class Means(FeatureNetwork):
    def __call__(self, items, size):
        SEEN.extend(items)
        return torch.stack(list(items)).float().mean((2, 3))


@dataclass
class MeanEncoder(ItemEncoder):
    def check_inputs(self, dataset):
        pass

    def weights_digest(self):
        return ""

    def load(self, device):
        return Means()


@pytest.fixture(autouse=True)
def forget():
    SEEN.clear()


def both(dataset: Dataset) -> torch.Tensor:
    return torch.cat([dataset.inputs[:], dataset.test_inputs[:]])


def test_the_features_are_those_of_each_item_and_the_rest_stays():
    data = text_dataset()
    encoded = LetterEncoder(batch=4).encode(data, Workspace())
    for text, row in zip([*data.inputs, *data.test_inputs], both(encoded), strict=True):
        assert torch.equal(row, Letters()([text] * 4, len(text) // 40)[0])
    assert encoded.class_names == data.class_names
    assert torch.equal(encoded.hidden_labels, data.hidden_labels)
    assert encoded.fingerprint() == data.fingerprint()
    assert encoded.encoding.dimension == 5


def test_cached_features_equal_those_computed_anew_bit_for_bit(tmp_path):
    data = text_dataset()
    anew = LetterEncoder().encode(data, Workspace())
    first = LetterEncoder().encode(data, Workspace(cache=tmp_path))
    SEEN.clear()
    again = LetterEncoder().encode(data, Workspace(cache=tmp_path))
    assert SEEN == []
    assert (first.encoding.cached, again.encoding.cached, again.encoding.points) == (0, 39, 39)
    assert torch.equal(both(first), both(anew))
    assert torch.equal(both(again), both(anew))
    assert first.encoding.digest == again.encoding.digest == anew.encoding.digest


def test_a_new_item_is_the_only_one_computed(tmp_path):
    data = text_dataset()
    LetterEncoder(batch=2).encode(data, Workspace(cache=tmp_path))
    SEEN.clear()
    more = replace(data, inputs=Texts([*list(data.inputs)[1:], "a text that is new"]))
    encoded = LetterEncoder(batch=2).encode(more, Workspace(cache=tmp_path))
    assert set(SEEN) == {"a text that is new"}
    assert torch.equal(both(encoded), both(LetterEncoder(batch=2).encode(more, Workspace())))
    assert encoded.encoding.cached == 38


def test_equal_items_are_computed_once():
    data = text_dataset(3, 3)
    twice = replace(data, test_inputs=data.inputs)
    encoded = LetterEncoder(batch=1).encode(twice, Workspace())
    assert len(SEEN) == 3
    assert torch.equal(encoded.inputs, encoded.test_inputs)


@pytest.mark.parametrize(
    ("encoder", "place"),
    [
        (LetterEncoder(batch=5), {}),
        (LetterEncoder(weights="second"), {}),
        (LetterEncoder(), {"own_code": "edited"}),
    ],
    ids=["another setting", "other weights", "edited code"],
)
def test_another_setting_weights_or_code_is_another_store(tmp_path, encoder, place):
    LetterEncoder().encode(text_dataset(), Workspace(cache=tmp_path))
    SEEN.clear()
    assert encoder.encode(text_dataset(), Workspace(cache=tmp_path, **place)).encoding.cached == 0
    assert len(set(SEEN)) == 39


def test_other_versions_are_another_store(tmp_path, monkeypatch):
    LetterEncoder().encode(text_dataset(), Workspace(cache=tmp_path))
    monkeypatch.setattr(item_encoder, "package_versions", lambda names: dict.fromkeys(names, "9.9"))
    assert LetterEncoder().encode(text_dataset(), Workspace(cache=tmp_path)).encoding.cached == 0


class Interrupted(Letters):
    """Ctrl-C after three batches."""

    def __call__(self, items, size):
        if len(SEEN) >= 12:
            raise KeyboardInterrupt
        return super().__call__(items, size)


@dataclass
class InterruptedEncoder(LetterEncoder):
    def load(self, device):
        return Interrupted()


def test_an_interrupted_run_keeps_what_it_has_computed(tmp_path):
    place = Workspace(cache=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        InterruptedEncoder(batch=1).encode(text_dataset(), place)
    assert "12 of 39 different items are in the cache" in InterruptedEncoder(batch=1).describe(text_dataset(), place)
    SEEN.clear()
    with pytest.raises(KeyboardInterrupt):
        InterruptedEncoder(batch=1).encode(text_dataset(), place)
    assert "24 of 39" in InterruptedEncoder(batch=1).describe(text_dataset(), place)


def test_a_damaged_row_is_computed_again(tmp_path):
    place = Workspace(cache=tmp_path)
    first = LetterEncoder(batch=1).encode(text_dataset(), place)
    (path,) = tmp_path.rglob("rows.f32")
    content = bytearray(path.read_bytes())
    content[7] ^= 64
    path.write_bytes(content)
    SEEN.clear()
    again = LetterEncoder(batch=1).encode(text_dataset(), place)
    assert len(SEEN) == 1
    assert torch.equal(both(again), both(first))


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path, caplog):
    (tmp_path / "features").write_text("a file in the place of the folder")
    encoded = LetterEncoder().encode(text_dataset(), Workspace(cache=tmp_path))
    assert torch.equal(both(encoded), both(LetterEncoder().encode(text_dataset(), Workspace())))
    assert "no features are stored" in caplog.text


def test_those_who_encode_at_the_same_time_compute_each_item_once(tmp_path):
    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(LetterEncoder(batch=1).encode, text_dataset(), Workspace(cache=tmp_path)) for _ in range(3)]
        digests = {job.result(timeout=60).encoding.digest for job in jobs}
    assert len(digests) == 1
    assert len(SEEN) == 39
    (store,) = features.stores(tmp_path / "features")
    assert len(store.rows()) == 39


def test_many_features_stay_in_their_file(tmp_path, monkeypatch):
    data = text_dataset()
    in_memory = LetterEncoder().encode(data, Workspace(cache=tmp_path))
    monkeypatch.setattr(item_encoder, "IN_MEMORY", 100)
    mapped = LetterEncoder().encode(data, Workspace(cache=tmp_path))
    assert isinstance(in_memory.inputs, torch.Tensor)
    assert isinstance(mapped.inputs, MappedRows)
    assert torch.equal(both(mapped), both(in_memory))
    assert mapped.encoding.digest == in_memory.encoding.digest


def test_images_in_a_file_have_the_features_of_those_in_memory(tmp_path):
    data = image_dataset()
    np.save(tmp_path / "x.npy", data.inputs.numpy())
    mapped = replace(data, inputs=MappedRows("x.npy", np.load(tmp_path / "x.npy", mmap_mode="r")))
    place = Workspace(cache=tmp_path)
    first = MeanEncoder().encode(data, place)
    SEEN.clear()
    again = MeanEncoder().encode(mapped, place)
    assert SEEN == []
    assert torch.equal(both(first), both(again))


def test_an_image_of_the_same_bytes_and_another_shape_is_another_item(tmp_path):
    data = image_dataset()
    turned = replace(data, inputs=data.inputs.reshape(-1, 3, 6, 24), test_inputs=data.test_inputs.reshape(-1, 3, 6, 24))
    MeanEncoder().encode(data, Workspace(cache=tmp_path))
    assert MeanEncoder().encode(turned, Workspace(cache=tmp_path)).encoding.cached == 0


@pytest.mark.parametrize(
    ("features", "line"),
    [
        (lambda items: torch.ones(len(items), 2, 2), r"gives \[8, 2, 2\] for 8 items; it must give one row an item"),
        (lambda items: torch.full((len(items), 2), float("nan")), "gives features that are NaN or infinite"),
        (lambda items: [1.0], "gives a list for 8 items"),
    ],
    ids=["a shape", "not finite", "no tensor"],
)
def test_what_is_no_row_of_numbers_an_item_is_refused(features, line, monkeypatch):
    monkeypatch.setattr(Means, "__call__", lambda self, items, size: features(items))
    data = image_dataset(8, 8)
    with pytest.raises(InputError, match=line):
        MeanEncoder(batch=8).encode(data, Workspace())


def test_a_batch_of_no_item_is_refused():
    with pytest.raises(InputError, match=r"encoder.batch is 0"):
        LetterEncoder(batch=0)
