"""al-bench clean lists what the cache holds, and empties it when told to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from filelock import FileLock

from al_bench.cli.clean import main
from al_bench.storage.cache import Cache
from al_bench.storage.features import FeatureStore, item_digest


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    store = FeatureStore(folder / "features" / "Mine-1")
    with store.hold():
        items = [item_digest("text", bytes([letter])) for letter in range(3)]
        store.append(items, np.ones((3, 4), np.float32), {"encoder": "mine.Mine", "device": "cpu"})
    Cache(folder / "features").store("tfidf", "a", torch.ones(100))
    Cache(folder).store("datasets", "b", torch.ones(200))
    monkeypatch.setenv("AL_BENCH_CACHE", str(folder))
    return folder


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and "lock" not in path.name)


def test_it_lists_and_deletes_nothing(cache, capsys):
    before = files(cache)
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "Mine: 3 items of 4 numbers, cpu" in out
    assert "tfidf: 1 entry" in out
    assert "datasets" in out
    assert "al-bench clean --yes deletes them" in out
    assert files(cache) == before


def test_one_kind_is_deleted_and_the_others_stay(cache, capsys):
    assert main(["features", "--yes"]) == 0
    assert files(cache) == ["b.pt"]
    assert "deleted" in capsys.readouterr().out
    assert main(["--yes"]) == 0
    assert files(cache) == []
    assert main([]) == 0
    assert capsys.readouterr().out.endswith("is empty\n")


def test_what_a_run_is_computing_stays(cache, capsys):
    with FileLock(cache / "features" / "Mine-1" / "lock"):
        assert main(["features", "--yes"]) == 0
    assert "Mine-1: a run is using it" in capsys.readouterr().out
    assert "rows.f32" in files(cache)


def test_an_unknown_kind_and_a_cache_that_is_off_are_one_line(cache, capsys, monkeypatch):
    assert main(["weights"]) == 2
    assert "has no 'weights'; it has datasets, features" in capsys.readouterr().err
    monkeypatch.setenv("AL_BENCH_CACHE", "off")
    assert main([]) == 0
    assert capsys.readouterr().out == "there is no cache: AL_BENCH_CACHE is off\n"
