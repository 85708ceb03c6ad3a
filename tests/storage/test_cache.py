"""The cache: entries whole or not at all, and a first round that is the same, byte for byte, shared or trained anew."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from al_bench.config.compose import compose, register
from al_bench.data.synthetic import Synthetic
from al_bench.experiment import first_round, loop, shared_data
from al_bench.experiment.setup import set_up
from al_bench.storage import cache
from al_bench.storage.cache import Cache, cache_folder, key
from tests.conftest import TINY, record

OWN_MODEL = """\
from dataclasses import dataclass
from torch import nn

@dataclass
class Own:
    def build(self, shape, classes):
        return nn.Sequential(nn.Linear(shape[0], 8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, classes))
"""


@pytest.fixture
def shared(run, tmp_path):
    """`run` with a cache of the test's own, and the folder of its first rounds."""
    folder = tmp_path / "cache"

    def call(*words):
        unread = "training.steps=" if "training.stop=early" in words else "-"  # nothing reads it there
        return run(*(word for word in TINY if not word.startswith(unread)), f"cache={folder}", *words)

    call.entries = lambda: sorted((folder / first_round.KIND).glob("*.pt"))
    call.folder = folder
    return call


@pytest.fixture
def trainings(monkeypatch):
    """The rounds that were trained, and those that were evaluated, one letter and number each."""
    seen = []
    train, judge = loop.train, loop.predict
    monkeypatch.setattr(loop, "train", lambda *given: (seen.append(f"t{given[2]}"), train(*given))[1])
    monkeypatch.setattr(loop, "predict", lambda *given: (seen.append(f"e{given[1]}"), judge(*given))[1])
    return seen


WAYS = {
    "mc_dropout": ["strategy=bald"],
    "ensemble": ["posterior=ensemble", "posterior.members=2", "strategy=bald", "posterior.draws=0"],
    "deterministic": ["posterior=deterministic", "strategy=entropy", "posterior.draws=0"],
    "learning loss": ["strategy=learning_loss"],
    "warm start": ["strategy=bald", "training.warm_start=true"],
    "early stopping": ["strategy=entropy", "training.stop=early", "validation=30", "training.epochs=4"],
    "BatchNorm and augmentation": [
        *("dataset.shape=[3,8,8]", "model=resnet_small", "model.widths=[4,8]", "model.dropout_dense=0.3"),
        *("training.augment=flip_crop", "training.optimiser=sgd", "strategy=bald"),
    ],
    "cold start": ["initial.size=0", "strategy=random"],
    "varied members": [
        *("posterior=ensemble", "posterior.members=2", "posterior.draws=0", "strategy=qbc_vote_entropy"),
        "+posterior.vary={model.dropout_dense: [0.2, 0.5]}",
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_record_is_the_same_without_a_cache_with_an_empty_one_and_with_a_full_one(shared, trainings, way):
    for arm, more in (("off", ["cache=off"]), ("empty", []), ("full", [])):
        done = shared(*WAYS[way], f"arm={arm}", *more)
        assert done.status == 0, done.err
    off, empty, full = (record(arm) for arm in ("off", "empty", "full"))
    assert len(off.rounds) == 3
    assert off.stable == empty.stable == full.stable
    assert trainings == [*(("t0", "e0", "t1", "e1", "t2", "e2") * 2), "t1", "e1", "t2", "e2"]
    assert "first_round" not in off.header
    (entry,) = shared.entries()
    assert empty.header["first_round"] == {"key": entry.stem, "loaded": False}
    assert full.header["first_round"] == {"key": entry.stem, "loaded": True}
    assert set(full.rounds[0]["seconds"]) == set(off.rounds[0]["seconds"])
    assert "networks trained here" in (empty.folder / "run.log").read_text()
    assert f"from {entry}" in (full.folder / "run.log").read_text()


@pytest.mark.slow
def test_strategies_share_a_first_round_and_each_seed_has_its_own(shared, trainings):
    done = shared("-m", "strategy=random,bald,entropy,coreset_greedy", "seed=0,1")
    assert done.status == 0, done.err
    assert len(shared.entries()) == 2
    assert trainings.count("t0") == trainings.count("e0") == 2
    assert trainings.count("t1") == 8


# What changes the networks or their quality, and so the key.
CHANGES = [
    "seed=1",
    "initial.size=7",
    "initial.kind=random",
    "initial.indices=[0,1,2,3,4,5]",
    "initial.indices=[5,4,3,2,1,0]",
    "validation=20",
    "training.lr=0.002",
    "training.weight_decay=0.1",
    "training.warm_start=true",
    "model.hidden=[16]",
    "model=mlp model.dropout_dense=0.2",
    "posterior.members=2",
    "posterior.draws=5",
    "evaluation.draws=2",
    "scoring=plain",
    "threads=2",
    "dataset.data_seed=1",
    "dataset.separation=2",
    "dataset.test_points=199",
    "reference=full",
    "strategy=learning_loss",
    "strategy=learning_loss strategy.weight=0.5",
]


SAME = [
    "strategy=random",
    "schedule.batch=2",
    "schedule.rounds=2",
    "evaluation.every=2",
    "schedule.candidates=50",
    "study=other",
    "arm=other",
    "results=elsewhere",
    "cache=elsewhere",
    "device=cpu",
    "evaluation.draws=4",
]


@pytest.mark.slow
def test_every_key_that_counts_gives_another_entry_and_no_other_does(monkeypatch):
    register()

    def name(*words):
        return key(first_round.cache_key_parts(set_up(compose([*TINY, *words]).build(), "any")))

    base = name()
    changed = [name(*change.split()) for change in CHANGES]
    assert len({base, *changed}) == 1 + len(CHANGES)
    assert {name(change) for change in SAME} == {base}
    places = (cache, "source", "f"), (cache, "processor", "another"), (first_round, "versions", {"torch": "2.0"})
    for place, what, other in places:
        monkeypatch.setattr(place, what, lambda other=other: other)
        changed.append(name())
    assert len({base, *changed}) == 4 + len(CHANGES)


def test_normalisation_is_part_of_the_key_though_the_bytes_are_the_same(shared, monkeypatch):
    assert shared("schedule.rounds=1").status == 0
    load = Synthetic.load
    monkeypatch.setattr(Synthetic, "load", lambda config: replace(load(config), mean=torch.ones(1)))
    monkeypatch.setattr(shared_data, "_LAST", shared_data._Last())  # or the second run takes the first one's data
    assert shared("schedule.rounds=1", "arm=b").status == 0
    assert len(shared.entries()) == 2


@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[:-9], lambda b: b[:200] + bytes([b[200] ^ 1]) + b[201:], lambda b: b"x" * 99]
)
def test_a_damaged_entry_is_one_line_of_the_log_and_is_trained_anew(shared, trainings, damage):
    shared("arm=a")
    (entry,) = shared.entries()
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    trainings.clear()
    assert shared("arm=b").status == 0
    assert trainings[0] == "t0"
    assert record("a").stable == record("b").stable
    lines = (record("b").folder / "run.log").read_text().splitlines()
    assert sum("cannot be used and is computed again" in line for line in lines) == 1
    trainings.clear()
    assert shared("arm=c").status == 0
    assert "t0" not in trainings, "the entry was repaired"


def test_a_model_of_the_user_is_trained_for_every_run(shared, trainings, tmp_path):
    (tmp_path / "own_model_for_the_cache.py").write_text(OWN_MODEL)
    words = ["model=null", "~model", "+model._target_=own_model_for_the_cache:Own"]
    for arm in ("a", "b"):
        done = shared(*words[1:], f"arm={arm}")
        assert done.status == 0, done.err
    assert trainings.count("t0") == 2
    assert shared.entries() == []
    log = (record("b").folder / "run.log").read_text()
    assert "own_model_for_the_cache.Own is not of al-bench or torch" in log


@pytest.mark.parametrize("word", ["cache=null", "cache=off", "cache=false"])
def test_no_cache(run, monkeypatch, tmp_path, word):
    monkeypatch.setenv("AL_BENCH_CACHE", str(tmp_path / "never"))
    assert run(*TINY, word).status == 0
    assert not (tmp_path / "never").exists()


def test_the_folder_is_the_keys_then_the_environments_then_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("AL_BENCH_CACHE", str(tmp_path))
    assert cache_folder("auto") == tmp_path
    assert cache_folder("here") == Path("here").absolute()
    monkeypatch.setenv("AL_BENCH_CACHE", "off")
    assert cache_folder("auto") is None
    assert cache_folder(str(tmp_path)) == tmp_path
    monkeypatch.setenv("AL_BENCH_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert cache_folder("auto") == tmp_path / "home" / "al-bench" / "shared"


def test_the_key_is_no_part_of_identity_or_arm(shared):
    shared()
    assert "cache" not in record().header["identity"]
    assert record().folder.exists(), "the default arm, without the cache"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_costs_time_only(shared):
    shared.folder.mkdir(mode=0o500)
    assert shared().status == 0
    assert "cache" in (record().folder / "run.log").read_text()


def test_a_cache_that_is_a_file_costs_time_only(shared):
    shared.folder.write_text("")
    done = shared()
    assert done.status == 0
    assert done.err.count("cache") == 0
    assert "nothing is kept in the cache" in (record().folder / "run.log").read_text()


# The store


def test_values_come_back_whole(tmp_path):
    store = Cache(tmp_path)
    assert store.load("a", "b") is None
    value = {"states": [{"w": torch.randn(3, 2), "n": torch.tensor(7)}], "fits": [{"loss": 0.1 + 0.2, "stopped": True}]}
    store.store("a", "b", value)
    found = store.load("a", "b")
    assert torch.equal(found["states"][0]["w"], value["states"][0]["w"])
    assert found["fits"] == value["fits"]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.pt"]


def test_the_key_hears_every_value_and_no_order():
    assert key({"a": 1, "b": [1, 2]}) == key({"b": [1, 2], "a": 1})
    assert len({key({"a": value}) for value in (1, 2, "1", None, [1], {"b": 1})}) == 6


def test_the_source_hash_sees_every_module(tmp_path, monkeypatch):
    cache.source.cache_clear()
    here = cache.source()
    shutil.copytree(
        Path(cache.__file__).parents[1], tmp_path / "al_bench", ignore=shutil.ignore_patterns("__pycache__")
    )
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "al_bench" / "storage" / "cache.py"))
    cache.source.cache_clear()
    assert cache.source() == here
    fit = tmp_path / "al_bench" / "learners" / "fit.py"
    fit.write_text(fit.read_text() + "\n")
    cache.source.cache_clear()
    assert cache.source() != here
    monkeypatch.undo()
    cache.source.cache_clear()


def test_the_entry_unused_for_longest_is_dropped(tmp_path, monkeypatch):
    store = Cache(tmp_path)
    for number in range(4):
        store.store("a", str(number), torch.zeros(1000))
        os.utime(store.path("a", str(number)), (1000 + number, 1000 + number))
    size = store.path("a", "0").stat().st_size
    monkeypatch.setattr(cache, "LIMIT", 3 * size)
    assert store.load("a", "0") is not None, "used just now"
    store.store("b", "new", torch.zeros(1000))
    assert sorted(path.stem for path in tmp_path.rglob("*.pt")) == ["0", "3", "new"]
    monkeypatch.setattr(cache, "LIMIT", size - 1)
    store.store("b", "large", torch.zeros(1000))
    assert not store.path("b", "large").exists(), "larger than all that may be kept"


def test_a_part_left_by_a_dead_process_goes(tmp_path):
    store = Cache(tmp_path)
    (tmp_path / "a").mkdir()
    old, young = tmp_path / "a" / "old.part", tmp_path / "a" / "young.part"
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    os.utime(old, (1000, 1000))
    store.store("a", "b", 1)
    assert not old.exists()
    assert young.exists()


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch, caplog):
    def full(*_given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(logging.getLogger("al_bench"), "propagate", True)
    Cache(tmp_path).store("a", "b", 1)
    assert list((tmp_path / "a").iterdir()) == []
    assert "nothing is kept in the cache: [Errno 28] No space left" in caplog.text


def test_one_waits_while_another_holds_the_entry(tmp_path):
    store, order = Cache(tmp_path), []
    ready = threading.Event()

    def first():
        with store.hold("a", "b"):
            ready.set()
            time.sleep(0.3)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert ready.wait(60)
    with store.hold("a", "b"):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_who_has_waited_long_enough_goes_on(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(cache, "WAIT", 0.1)
    monkeypatch.setattr(logging.getLogger("al_bench"), "propagate", True)
    store = Cache(tmp_path)
    with store.hold("a", "b"), Cache(tmp_path).hold("a", "b"):
        assert "computing it here, too" in caplog.text


def test_a_lock_is_free_again_when_its_process_dies(tmp_path):
    program = (
        "import os, sys; from pathlib import Path; from al_bench.storage.cache import Cache\n"
        "with Cache(Path(sys.argv[1])).hold('a', 'b'):\n    os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert done.returncode == 9
    with Cache(tmp_path).hold("a", "b"):
        pass


@pytest.mark.slow
def test_parallel_jobs_train_each_first_round_once(command, tmp_path):
    words = ["run", "-m", *TINY, "training.steps=200", "strategy=random,bald,entropy", "seed=0,1"]
    words += ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    done = command(*words, "results=shared", f"cache={tmp_path / 'cache'}")
    assert done.returncode == 0, done.stderr
    assert command(*words, "results=alone", "cache=off").returncode == 0
    files = sorted((tmp_path / "shared").rglob("rounds.jsonl"))
    assert len(files) == 6
    from tests.conftest import Record

    records = [Record(file.parent) for file in files]
    assert sum(one.header["first_round"]["loaded"] for one in records) == 4
    for file, one in zip(files, records, strict=True):
        assert one.stable == Record(tmp_path / "alone" / file.parent.relative_to(tmp_path / "shared")).stable


OTHER_CONTENT = {
    "a list": [1, 2],
    "a number": 3.0,
    "no keys": {},
    "states of other shapes": {"states": [{"x": torch.zeros(2)}], "fits": [], "quality": None, "seconds": 1.0},
    "a quality of text": {"states": [], "fits": [], "quality": {"values": {"accuracy": "high"}}, "seconds": 1.0},
    "fits of other keys": {"states": [], "fits": [{"x": 1}], "quality": None, "seconds": 1.0},
}


@pytest.mark.parametrize("content", OTHER_CONTENT.values(), ids=OTHER_CONTENT.keys())
def test_an_entry_of_other_content_is_made_anew(shared, trainings, content):
    assert shared("arm=a").status == 0
    (entry,) = shared.entries()
    Cache(shared.folder).store(first_round.KIND, entry.stem, content)
    trainings.clear()
    assert shared("arm=b").status == 0
    assert "t0" in trainings
    assert record("a").stable == record("b").stable
    assert "its content is another" in (record("b").folder / "run.log").read_text()
