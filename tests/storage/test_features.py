"""The store of features: found by item, appended, damaged, dropped."""

from __future__ import annotations

import os

import numpy as np
import pytest

from al_bench.storage import features
from al_bench.storage.features import FeatureStore, item_digest

FACTS = {"encoder": "mine"}


def items(*names: str) -> list[bytes]:
    return [item_digest("text", name.encode()) for name in names]


def rows(*firsts: float) -> np.ndarray:
    return np.array([[first, first + 0.5, -first] for first in firsts], np.float32)


@pytest.fixture
def store(tmp_path):
    store = FeatureStore(tmp_path / "features" / "one")
    with store.hold():
        store.append(items("a", "b"), rows(1, 2), FACTS)
        store.append(items("c"), rows(3), FACTS)
    return store


def stored(store: FeatureStore, *names: str) -> dict[str, list[float]]:
    there, position = store.find(items(*names))
    return {name: there[position[item]].tolist() for name, item in zip(names, items(*names), strict=True)
            if item in position}  # fmt: skip


def test_each_item_has_the_row_that_was_stored_for_it(store):
    assert stored(store, "c", "x", "a") == {"c": [3, 3.5, -3], "a": [1, 1.5, -1]}
    assert store.about == {"dimension": 3, **FACTS}
    assert isinstance(store.rows(), np.memmap)


def test_an_empty_store_has_nothing(tmp_path):
    assert FeatureStore(tmp_path / "none").find(items("a")) == (None, {})


@pytest.mark.parametrize("name", ["rows.f32", "index.bin"])
def test_what_a_process_that_died_left_behind_is_overwritten(store, name):
    with open(store.path / name, "ab") as file:
        file.write(b"torn")
    assert stored(store, "a", "c") == {"a": [1, 1.5, -1], "c": [3, 3.5, -3]}
    with store.hold():
        store.append(items("d"), rows(4), FACTS)
    assert stored(store, "a", "b", "c", "d")["d"] == [4, 4.5, -4]
    assert len(stored(store, "a", "b", "c", "d")) == 4


def test_a_row_without_its_entry_is_not_used_and_is_overwritten(store):
    os.truncate(store.path / "index.bin", 2 * features.INDEX.itemsize + 5)
    assert stored(store, "a", "b", "c").keys() == {"a", "b"}
    with store.hold():
        store.append(items("e"), rows(5), FACTS)
    assert stored(store, "a", "b", "c", "e").keys() == {"a", "b", "e"}


def test_a_damaged_row_is_not_used_and_may_be_stored_again(store, caplog):
    content = bytearray((store.path / "rows.f32").read_bytes())
    content[13] ^= 1  # of the second row
    (store.path / "rows.f32").write_bytes(content)
    assert stored(store, "a", "b", "c").keys() == {"a", "c"}
    assert "1 rows of" in caplog.text
    with store.hold():
        store.append(items("b"), rows(2), FACTS)
    assert stored(store, "a", "b", "c")["b"] == [2, 2.5, -2]


@pytest.mark.parametrize("content", ["", "{", '{"dimension": "3"}', "[]"], ids=["empty", "torn", "a text", "a list"])
def test_a_store_whose_description_is_damaged_is_begun_anew(store, content):
    (store.path / "about.json").write_text(content)
    assert store.find(items("a")) == (None, {})
    with store.hold():
        store.append(items("z"), rows(9), FACTS)
    assert stored(store, "a", "z") == {"z": [9, 9.5, -9]}


def test_another_dimension_begins_anew(store):
    with store.hold():
        store.append(items("z"), np.ones((1, 2), np.float32), FACTS)
    assert stored(store, "a", "z") == {"z": [1, 1]}


def test_the_stores_unused_for_longest_are_dropped_but_never_the_one_in_use(store, tmp_path, monkeypatch):
    other = FeatureStore(tmp_path / "features" / "two")
    with other.hold():
        other.append(items("a"), rows(7), FACTS)
    os.utime(store.path / "about.json", (1, 1))
    monkeypatch.setattr(features, "LIMIT", other.size)
    features.prune(tmp_path / "features", keep=other)
    assert [left.path.name for left in features.stores(tmp_path / "features")] == ["two"]
    monkeypatch.setattr(features, "LIMIT", 1)
    features.prune(tmp_path / "features", keep=other)
    assert stored(other, "a") == {"a": [7, 7.5, -7]}
