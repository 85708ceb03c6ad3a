"""How a run begins: by default, from clusters, as a former version began it, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from al_bench.cli import check
from al_bench.config.schema import InitialKind, default_kind
from al_bench.data.arrays import NpzDataset
from al_bench.data.csv_table import BenchmarkTable, CsvDataset
from al_bench.data.dataset import Dataset
from al_bench.data.digits import Digits
from al_bench.data.images import TorchvisionDataset
from al_bench.data.repeated_mnist import RepeatedMNIST
from al_bench.data.synthetic import Synthetic
from al_bench.experiment import initial
from al_bench.kernels.clusters import k_means
from al_bench.rng import Streams
from tests.conftest import TINY, Record, record
from tests.reference.clusters import nearest_to_means

OWN = """
from dataclasses import dataclass
import torch
from al_bench.data.dataset import Dataset
from al_bench.data.synthetic import Synthetic


@dataclass
class Mine:
    is_benchmark = True

    def load(self):
        return Synthetic(points=60, test_points=20).load()


@dataclass
class Derived(Synthetic):
    pass
"""


def table(path: Path, shares: dict[str, int]) -> None:
    generator = np.random.default_rng(0)
    rows = [
        f"{generator.normal(3 * place):.3f},{generator.normal(-place):.3f},{name}"
        for place, (name, count) in enumerate(shares.items())
        for _ in range(count)
    ]
    path.write_text("u,v,label\n" + "\n".join(rows) + "\n")


def play(run, *words: str, arm: str = "a", dataset: str = "csv") -> Record:
    done = run(*TINY, *words, f"arm={arm}")
    assert done.status == 0, done.err
    return record(arm, dataset=dataset)


# The default


@pytest.mark.parametrize(
    "cls", [Digits, TorchvisionDataset, RepeatedMNIST, Synthetic, BenchmarkTable], ids=lambda cls: cls.__name__
)
def test_benchmarks_start_balanced(cls):
    assert default_kind(cls) is InitialKind.balanced


@pytest.mark.parametrize("cls", [CsvDataset, NpzDataset, Path], ids=lambda cls: cls.__name__)
def test_other_data_start_at_random(cls):
    assert default_kind(cls) is InitialKind.random


def test_a_table_of_ones_own_starts_at_random_and_the_record_says_so(run, tmp_path):
    table(tmp_path / "t.csv", {"a": 60, "b": 30, "c": 10})
    found = play(run, "dataset=csv", "dataset.path=t.csv", "initial.size=8")
    assert found.header["identity"]["initial.kind"] == "random"
    assert "kind: random" in (found.folder / "config.yaml").read_text()
    drawn = Streams(0).numpy("initial").choice(np.arange(80), 8, replace=False)
    assert found.header["initial"] == drawn.tolist()
    assert found.header["pool_classes"] == [48, 24, 8]
    assert found.header["test_classes"] == [12, 6, 2]


def test_arrays_of_ones_own_start_at_random(run, tmp_path):
    np.savez(tmp_path / "m.npz", x=np.random.default_rng(0).normal(size=(60, 4)), y=np.arange(60) % 3)
    found = play(run, "dataset=npz", "dataset.path=m.npz", dataset="npz")
    assert found.header["identity"]["initial.kind"] == "random"


@pytest.mark.parametrize("name", ["Mine", "Derived"])
def test_a_class_of_ones_own_starts_at_random(run, tmp_path, monkeypatch, name):
    (tmp_path / "my_start_data.py").write_text(OWN)
    (tmp_path / "own" / "dataset").mkdir(parents=True)
    (tmp_path / "own" / "dataset" / "mine.yaml").write_text(f"_target_: my_start_data.{name}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    done = run(
        "--config-dir", "own", "dataset=mine", "training.steps=8", "posterior.draws=4", "schedule.rounds=2", "arm=a"
    )
    assert done.status == 0, done.err
    found = record("a", study="default", dataset="mine")
    assert found.header["identity"]["initial.kind"] == "random"


def test_a_benchmark_records_balanced_and_no_arm_is_named_after_a_default(run):
    found = play(run, dataset="synthetic")
    assert found.header["identity"]["initial.kind"] == "balanced"
    assert found.rounds[0]["class_counts"] == [1, 1, 2, 2]


# Records of former versions


def age(found: Record, **changed: object) -> None:
    """Make a record one of a version whose default was balanced, after its first round."""
    header = found.header
    header["identity"] |= {"initial.kind": "balanced"}
    header = {key: value for key, value in header.items() if key not in ("pool_classes", "test_classes")} | changed
    (found.folder / "header.json").write_text(json.dumps(header))
    file = found.folder / "rounds.jsonl"
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    (found.folder / "status.json").unlink()


WORDS = ("dataset=csv", "dataset.path=t.csv", "initial.size=6", "strategy=margin")


def test_a_run_that_a_former_version_began_balanced_goes_on_so_and_says_it(run, tmp_path):
    table(tmp_path / "t.csv", {"a": 60, "b": 30, "c": 10})
    whole = play(run, *WORDS, "initial.kind=balanced").stable
    age(record("a", dataset="csv"), command=[*WORDS, "arm=a"])
    done = run(*TINY, *WORDS, "arm=a")
    assert done.status == 0, done.err
    assert "as the run on record began: today's default is initial.kind=random" in done.err
    assert record("a", dataset="csv").stable == whole
    assert "already complete" in run(*TINY, *WORDS, "arm=a").out


def test_the_oldest_records_without_the_key_began_balanced(run, tmp_path):
    table(tmp_path / "t.csv", {"a": 60, "b": 30, "c": 10})
    play(run, *WORDS, "initial.kind=balanced")
    found = record("a", dataset="csv")
    age(found, command=None)
    header = {key: value for key, value in found.header.items() if key != "digests"}
    del header["identity"]["initial.kind"]
    (found.folder / "header.json").write_text(json.dumps(header))
    (found.folder / "stop_set.bin").unlink()  # it is younger than the key
    (line,) = found.rounds
    (found.folder / "rounds.jsonl").write_text(json.dumps({k: v for k, v in line.items() if k != "digest"}) + "\n")
    assert run(*TINY, *WORDS, "arm=a").status == 0


@pytest.mark.parametrize("kind", ["random", "clusters"])
def test_a_start_that_is_asked_for_is_another_configuration_than_that_on_record(run, tmp_path, kind):
    table(tmp_path / "t.csv", {"a": 60, "b": 30, "c": 10})
    play(run, *WORDS, "initial.kind=balanced")
    age(record("a", dataset="csv"), command=[*WORDS, "arm=a"])
    done = run(*TINY, *WORDS, "arm=a", f"initial.kind={kind}")
    assert done.status == 2
    assert f"initial.kind (here {kind}, there balanced)" in done.err


def test_a_balanced_start_that_was_asked_for_is_no_default(run, tmp_path):
    table(tmp_path / "t.csv", {"a": 60, "b": 30, "c": 10})
    play(run, *WORDS, "initial.kind=balanced")
    done = run(*TINY, *WORDS, "arm=a")
    assert done.status == 2
    assert "initial.kind (here random, there balanced)" in done.err


# Clusters


def dataset_of(inputs: np.ndarray, labels: np.ndarray) -> Dataset:
    tensors = torch.from_numpy(inputs.astype(np.float32)), torch.from_numpy(labels)
    return Dataset("d", tensors[0], tensors[1], tensors[0][:4], tensors[1][:4], ("0", "1", "2"))


@pytest.mark.parametrize(
    ("shape", "size", "copies"),
    [((40, 3), 5, 1), ((30, 2, 3, 3), 7, 1), ((12, 4), 6, 3), ((20, 1), 1, 1), ((9, 2), 9, 1)],
    ids=["numbers", "images", "copies of every point", "one", "the whole pool"],
)
@pytest.mark.parametrize("seed", [0, 3])
def test_a_start_from_clusters_is_the_point_nearest_to_each_mean(shape, size, copies, seed):
    generator = np.random.default_rng(5)
    inputs = generator.normal(size=shape).repeat(copies, 0)
    pool = np.sort(generator.choice(len(inputs), size=max(size, len(inputs) - 2), replace=False))
    data = dataset_of(inputs, generator.integers(3, size=len(inputs)))
    drawn = initial.draw_from_clusters(data, pool, size, Streams(seed))
    flat = torch.from_numpy(inputs[pool].reshape(len(pool), -1).astype(np.float32))
    keys = torch.rand(len(pool), generator=(stream := Streams(seed).torch("initial")), dtype=torch.float64)
    if size == len(pool):
        assert sorted(drawn) == sorted(pool)
        return
    assignments = k_means(flat, size, stream, torch.ones(len(pool), dtype=torch.float64))
    rows = nearest_to_means(flat.double().tolist(), assignments.tolist(), [1.0] * len(pool), size, keys.tolist())
    assert drawn.tolist() == pool[rows].tolist()


def test_a_start_from_clusters_reads_no_label():
    class Hidden(Dataset):
        def labels(self, indices):
            raise AssertionError("a label was read")

    plain = dataset_of(np.random.default_rng(0).normal(size=(50, 3)), np.zeros(50, np.int64))
    hidden = Hidden(
        **{
            name: getattr(plain, name)
            for name in ("name", "inputs", "hidden_labels", "test_inputs", "test_labels", "class_names")
        }
    )
    assert len(initial.draw_from_clusters(hidden, np.arange(50), 6, Streams(0))) == 6


def test_clusters_apart_have_a_point_each():
    generator = np.random.default_rng(2)
    group = generator.integers(4, size=200)
    inputs = 20 * np.array([[0, 0], [0, 1], [1, 0], [1, 1]])[group] + generator.normal(size=(200, 2))
    drawn = initial.draw_from_clusters(dataset_of(inputs, np.zeros(200, np.int64)), np.arange(200), 4, Streams(0))
    assert sorted(group[drawn]) == [0, 1, 2, 3]


def test_a_large_pool_is_clustered_by_a_random_part_of_it(monkeypatch):
    monkeypatch.setattr(initial, "MOST_CLUSTERED", 30)
    data = dataset_of(np.random.default_rng(0).normal(size=(300, 2)), np.zeros(300, np.int64))
    pool = np.arange(100, 300)
    part = np.sort(Streams(1).numpy("initial").choice(pool, 30, replace=False))
    assert set(initial.draw_from_clusters(data, pool, 5, Streams(1))) <= set(part)
    assert len(set(initial.draw_from_clusters(data, pool, 40, Streams(1)))) == 40, "more than are clustered at most"


def test_strategies_of_one_seed_share_a_start_from_clusters_and_seeds_do_not(run):
    starts = []
    for strategy, seed in (("random", 0), ("entropy", 0), ("random", 1)):
        assert (
            run(*TINY, "initial.kind=clusters", f"strategy={strategy}", f"seed={seed}", "arm=a" + strategy).status == 0
        )
        header = record("a" + strategy, seed=seed).header
        assert header["identity"]["initial.kind"] == "clusters"
        starts.append(header["initial"])
    assert starts[0] == starts[1] != starts[2]


def test_the_arm_is_named_after_a_start_that_was_asked_for(run):
    assert "/bald,kind=clusters,posterior.draws=4,steps=8/" in run(*TINY, "initial.kind=clusters").out


# Classes that round 0 lacks


@pytest.mark.parametrize(
    "words",
    [
        ("strategy=random",),
        ("strategy=bald",),
        ("strategy=entropy", "posterior=ensemble", "posterior.members=2", "posterior.draws=0"),
        ("strategy=badge",),
        ("strategy=bait",),
        ("strategy=batchbald",),
        ("strategy=coreset_greedy",),
        ("strategy=clue",),
        ("strategy=epig",),
        ("strategy=learning_loss",),
        ("strategy=probcover",),
        ("strategy=typiclust",),
        ("strategy=qbc_vote_entropy",),
        ("strategy=variation_ratio",),
    ],
    ids=lambda words: words[0].partition("=")[2],
)
def test_a_start_of_one_class_is_no_hindrance(run, words):
    labels = Synthetic().load().hidden_labels
    first, second = (labels == 1).nonzero()[:2, 0].tolist()
    found = play(run, *words, f"initial.indices=[{first},{second}]", dataset="synthetic")
    assert sum(count > 0 for count in found.rounds[0]["class_counts"]) == 1
    assert all(entry["accuracy"] is not None for entry in found.rounds)


def test_what_needs_two_classes_says_how_to_get_them(run, tmp_path):
    table(tmp_path / "t.csv", {"a": 97, "b": 8})
    done = run(*TINY, "dataset=csv", "dataset.path=t.csv", "initial.size=1", "strategy=svm_margin")
    assert done.status == 2
    assert "raise initial.size" in done.err


# What is said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("initial.size=6",), "start: 6 labels, drawn at random ("),
        (("initial.size=6", "initial.kind=balanced"), "start: 6 labels, 2 of each of 3 classes, drawn by the hidden"),
        (("initial.size=6", "initial.kind=clusters"), "start: 6 labels, one from each of as many clusters of inputs"),
        (("initial.rows=[0,1,2]",), "start: 3 labels, as named (1 of 3 classes)"),
        (("initial.size=0",), "start: no labels: an untrained network picks the first batch"),
    ],
    ids=["default", "balanced", "clusters", "rows", "cold"],
)
def test_the_run_its_log_and_the_check_say_how_it_starts(run, tmp_path, capsys, words, said):
    table(tmp_path / "t.csv", {"a": 60, "b": 30, "c": 10})
    own = ("dataset=csv", "dataset.path=t.csv", *words)
    done = run(*TINY, *own, "arm=a")
    (line,) = [line for line in done.err.splitlines() if line.startswith("al-bench: start: ")]
    assert said in line
    found = record("a", dataset="csv")
    assert said in (found.folder / "run.log").read_text()
    if words[0] != "initial.size=0" and "rows" not in words[0]:
        assert " of 3 classes" in line
        assert "random labels" in line
    check.main(list(own))
    assert said.partition(" (")[0] in capsys.readouterr().out


def test_a_sweep_says_it_once(run, tmp_path):
    table(tmp_path / "t.csv", {"a": 60, "b": 30, "c": 10})
    done = run("-m", *TINY, "dataset=csv", "dataset.path=t.csv", "strategy=random,entropy", "seed=0,1")
    assert done.status == 0, done.err
    assert done.err.count("al-bench: start: ") == 1


def test_a_benchmark_says_it_in_its_log_alone(run):
    done = run(*TINY, "arm=a")
    assert done.err == ""
    assert "start: 6 labels, 1 or more of each of 4 classes" in (record("a").folder / "run.log").read_text()


def test_a_run_says_at_its_end_of_how_many_classes_it_has_no_label(run, tmp_path):
    table(tmp_path / "t.csv", {"a": 60, "b": 30, "c": 10})
    words = ("dataset=csv", "dataset.path=t.csv", "initial.rows=[0,1,65]", "schedule.rounds=1")
    done = run(*TINY, *words, "arm=a")
    assert "3 labels, accuracy" in done.out
    assert ", no label of 1 of 3 classes" in done.out
    assert "no label of" not in run(*TINY, *words, "initial.rows=[0,65,95]", "arm=b").out


def test_a_run_on_the_whole_pool_has_no_start(run):
    assert "start:" not in run(*TINY, "reference=full").err


FORMER_RULES = {
    "bait": (("initial.size=6",), "labelled_weighting", "sum", "paper", "BAIT"),
    "typiclust": (("initial.size=6", "schedule.batch=46"), "clustering", "full", "auto", "TypiClust"),
}


@pytest.mark.parametrize("strategy", FORMER_RULES)
def test_a_run_that_a_former_version_began_goes_on_by_its_rule_and_says_it(run, tmp_path, strategy):
    more, name, former, present, called = FORMER_RULES[strategy]
    key = f"strategy.{name}"
    table(tmp_path / "t.csv", {"a": 120, "b": 60, "c": 20})
    words = ("dataset=csv", "dataset.path=t.csv", f"strategy={strategy}", *more)
    found = play(run, *words, f"{key}={former}")
    other = play(run, *words, arm="b")
    header = {key: value for key, value in found.header.items() if key != "digests"} | {"command": [*words, "arm=a"]}
    del header["identity"][key]
    (found.folder / "header.json").write_text(json.dumps(header))
    first = found.rounds[0]
    line = json.dumps({key: value for key, value in first.items() if key != "digest"})
    (found.folder / "rounds.jsonl").write_text(line + "\n")
    (found.folder / "status.json").unlink()
    (found.folder / "stop_set.bin").unlink()  # it is younger than the key
    refused = run(*TINY, *words, "arm=a", f"{key}={present}")
    assert refused.status == 2
    assert f"{key} (here {present}, there {former})" in refused.err
    done = run(*TINY, *words, "arm=a")
    assert done.status == 0, done.err
    assert f"{called} goes on with {key}={former}, the rule when the run on record began" in done.err
    picks = [[entry["acquired"] for entry in of.rounds] for of in (record("a", dataset="csv"), found, other)]
    assert picks[0] == picks[1] != picks[2]
