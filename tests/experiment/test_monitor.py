"""Health in real runs: each fault provoked and warned of once, a healthy run silent, the record independent of it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from msgspec.structs import replace

from al_bench.analysis.health_notes import health_notes, thresholds_of
from al_bench.experiment import loop
from al_bench.experiment.monitor import batch_features
from al_bench.health import measures
from al_bench.health.checks import TITLES
from al_bench.storage.runs import read_run
from al_bench.strategies.oracle import OracleLoss
from al_bench.strategies.uncertainty import Entropy
from tests.conftest import TINY, Record, record


def play(run, *words: str, arm: str = "a") -> Record:
    done = run(*TINY, *words, f"arm={arm}")
    assert done.status == 0, done.err
    return record(arm)


def warned(found: Record) -> list[str]:
    """The checks that the log warns of or remarks on, in order."""
    lines = [line for line in (found.folder / "run.log").read_text().splitlines() if " health." in line]
    return [line.partition(" health.")[2].partition(",")[0] for line in lines]


def line_of(found: Record, check: str) -> str:
    (line,) = [line for line in (found.folder / "run.log").read_text().splitlines() if f" health.{check}," in line]
    return line


# A fault each


def test_a_training_that_learns_nothing_is_near_chance(run):
    found = play(run, "training.lr=1e-9", "strategy=random", "health.near_chance=0.2")
    assert "near_chance" in warned(found)
    assert " WARNING health.near_chance, round " in line_of(found, "near_chance")


def test_an_accuracy_that_falls_is_warned_of(run, monkeypatch):
    accuracies = iter([0.9, 0.7, 0.85])
    measure = loop.measure

    def fading(*arguments):
        quality = measure(*arguments)
        return replace(quality, values=quality.values | {"accuracy": next(accuracies)})

    monkeypatch.setattr(loop, "measure", fading)
    found = play(run, "strategy=random", "cache=null")
    drops = [entry["health"]["accuracy_drop"] for entry in found.rounds]
    assert drops == [None, pytest.approx(0.2), pytest.approx(-0.15)]
    assert "round 1: accuracy fell from 90.0 % to 70.0 %" in line_of(found, "accuracy_drop")


def test_a_batch_of_one_class_is_out_of_balance(run, monkeypatch):
    from al_bench.data.synthetic import Synthetic

    monkeypatch.setattr(OracleLoss, "score", lambda self, evidence: (evidence.true_labels == 2).float())
    found = play(run, "strategy=oracle_loss")
    pool = torch.bincount(Synthetic().load().hidden_labels).tolist()
    for place, entry in enumerate(found.rounds[:-1], start=1):
        health = entry["health"]
        assert health["class_entropy"] == 0
        assert health["class_kl"] == health["acquired_kl"] == pytest.approx(math.log(sum(pool) / pool[2]))
        assert health["class_kl_random"] == pytest.approx(measures.random_class_kl(4, pool))
        assert health["acquired_kl_random"] == pytest.approx(measures.random_class_kl(4 * place, pool))
    assert (
        "round 0: 4 of the 4 points picked so far are of class 'blob 2', where random points would have 1"
        in line_of(found, "class_kl")
    )


def copies(path: Path) -> None:
    """100 random points of two classes, each five times."""
    generator = np.random.default_rng(0)
    points = generator.normal(size=(100, 8)).astype(np.float32)
    labels = (points[:, 0] > 0).astype(np.int64)
    test = generator.normal(size=(60, 8)).astype(np.float32)
    many = {
        "x": points.repeat(5, 0),
        "y": labels.repeat(5),
        "x_test": test,
        "y_test": (test[:, 0] > 0).astype(np.int64),
    }
    np.savez(path, **many)


def test_copies_in_the_pool_are_near_duplicates_and_tied(run, tmp_path):
    copies(tmp_path / "copies.npz")
    words = (
        "strategy=entropy",
        "posterior=deterministic",
        "posterior.draws=0",
        "initial.size=4",
        "initial.kind=balanced",
    )
    done = run(*TINY, *words, "dataset=npz", "dataset.path=copies.npz", "arm=a")
    assert done.status == 0, done.err
    found = record("a", dataset="npz")
    for entry in found.rounds[:-1]:
        health = entry["health"]
        # Four of five copies of one point, or one copy left in the pool and three of the next.
        assert set(health["near_duplicates"].values()) <= {0.5, 0.75}
        assert health["drawn_by_lot"] > 0.5
        assert health["tied"] > 0.9
        assert health["ranking_change"] is None, "there are no draws"
    assert {"near_duplicates", "drawn_by_lot"} <= set(warned(found))


def test_near_copies_of_random_points_are_recorded_beside_the_batchs(run):
    found = play(run, "strategy=entropy", "posterior=deterministic", "posterior.draws=0", "schedule.batch=40")
    for entry in found.rounds[:-1]:
        health = entry["health"]
        assert set(health["near_duplicates_random"]) == set(health["near_duplicates"])
        assert all(0 <= share <= 39 / 40 for share in health["near_duplicates_random"].values())
        shares = list(health["near_duplicates_random"].values())
        assert shares == sorted(shares, reverse=True), "a higher cosine has fewer copies"


def test_copies_picked_at_random_are_not_warned_of(run, tmp_path):
    copies(tmp_path / "copies.npz")
    words = ("strategy=random", "schedule.batch=150", "dataset=npz", "dataset.path=copies.npz", "initial.size=4")
    done = run(*TINY, *words, "arm=a")
    assert done.status == 0, done.err
    found = record("a", dataset="npz")
    health = found.rounds[0]["health"]
    assert health["near_duplicates"]["0.99"] > 0.2
    assert health["near_duplicates_random"]["0.99"] == pytest.approx(health["near_duplicates"]["0.99"], abs=0.2)
    assert not {"near_duplicates", "class_kl"} & set(warned(found))


@pytest.mark.parametrize(
    ("kept", "missing"),
    [({0, 1}, 2), ({0, 1, 3}, 1), ({0, 1, 2, 3}, 0)],
    ids=["two", "one", "none"],
)
def test_classes_without_a_label_at_the_end_are_warned_of_once(run, kept, missing):
    from al_bench.data.synthetic import Synthetic

    labels = Synthetic().load().hidden_labels.tolist()
    start = [labels.index(label) for label in sorted(kept)]
    found = play(run, "strategy=random", f"initial.indices={start}".replace(" ", ""), "schedule.rounds=1")
    lines = [line for line in (found.folder / "run.log").read_text().splitlines() if "missing_classes" in line]
    assert len(lines) == bool(missing)
    if missing:
        assert f"no label at the end of {missing} of 4 classes" in lines[0]


def test_few_draws_make_a_noisy_ranking(run):
    found = play(run, "strategy=bald", "health.ranking_change=0.4")
    assert max(entry["health"]["ranking_change"] for entry in found.rounds[:-1]) > 0.4
    assert "would be other points if the posterior were drawn anew" in line_of(found, "ranking_change")


def test_a_saturated_batchbald_is_warned_of(run):
    found = play(run, "strategy=batchbald", "strategy.saturation_tol=0.5")
    for entry in found.rounds[:-1]:
        assert entry["health"]["saturated"] == (4 - entry["notes"]["saturated_at"]) / 4
        assert entry["health"]["tied"] is entry["health"]["ranking_change"] is None
    assert "when BatchBALD could no longer tell the candidates apart" in line_of(found, "saturated")
    healthy = play(run, "strategy=batchbald", "strategy.saturation_tol=0", arm="b")
    assert [entry["health"]["saturated"] for entry in healthy.rounds] == [0.0, 0.0, None]
    assert "saturated" not in warned(healthy)


def test_a_constant_score_is_warned_of(run, monkeypatch):
    monkeypatch.setattr(Entropy, "score", lambda self, evidence: torch.full((evidence.rows,), 0.25))
    found = play(run, "strategy=entropy")
    assert [entry["health"]["score_spread"] for entry in found.rounds] == [0.0, 0.0, None]
    assert {"constant_score", "drawn_by_lot"} <= set(warned(found))
    assert [entry["health"]["ranking_change"] for entry in found.rounds[:-1]] == [0.0, 0.0]


def test_a_validation_set_larger_than_the_labelled_set_is_a_remark(run):
    found = play(run, "strategy=random", "validation=12")
    assert [entry["health"]["validation"] for entry in found.rounds] == [12, 12, 12]
    assert " INFO health.validation, round 0: the validation set has 12 points" in line_of(found, "validation")
    assert "validation" not in warned(play(run, "strategy=random", "validation=6", arm="b"))


# No fault


@pytest.mark.parametrize("strategy", ["random", "bald"])
def test_a_healthy_run_is_silent(run, strategy):
    done = run(f"strategy={strategy}", "schedule.rounds=4", "arm=a")
    assert done.status == 0, done.err
    found = record("a", study="default", dataset="digits")
    assert warned(found) == []
    assert health_notes([read_run(found.folder)]) == []
    for entry in found.rounds[:-1]:
        assert set(entry["health"]) >= {"chance", "acquired_kl", "near_duplicates", "ranking_change"}
        assert 0 <= entry["health"]["near_duplicates"]["0.99"] <= 0.1
        assert (entry["health"]["ranking_change"] is None) == (strategy == "random")
    assert found.rounds[0]["health"]["chance"] == pytest.approx(0.1, abs=0.02)


# The record


def test_thresholds_change_neither_the_record_nor_the_run(run):
    first = play(run, "strategy=bald")
    thresholds = ("health.class_kl=null", "health.ranking_change=0", "health.validation=0.1")
    other = play(run, "strategy=bald", *thresholds, arm="b")
    assert other.stable == first.stable
    assert other.header["identity"] == first.header["identity"]
    assert not any(key.startswith("health") for key in first.header["identity"])
    assert other.header["health"]["ranking_change"] == 0
    assert thresholds_of(read_run(other.folder)).class_kl is None
    assert "already complete" in run(*TINY, "strategy=bald", "arm=a", "health.class_kl=3").out


def test_thresholds_are_no_part_of_the_arms_name(run):
    done = run(*TINY, "health.class_kl=2", "validation=6")
    assert "/bald,posterior.draws=4,steps=8,validation=6/seed-0" in done.out


def test_a_threshold_without_meaning_is_refused_before_anything_is_written(run):
    done = run(*TINY, "health.class_kl=-1")
    assert done.status == 2
    assert done.err.strip().endswith(
        "health.class_kl is -1.0; it must be at least 0 and finite; null or 0 switches the check off"
    )
    assert not Path("results").exists()


def test_a_run_that_goes_on_warns_of_nothing_again(run):
    others = [f"health.{check}=null" for check in TITLES if check not in ("near_chance", "validation")]
    words = ("strategy=random", "schedule.rounds=5", "validation=12", "health.near_chance=0.99", *others)
    found = play(run, *words)
    before, whole = warned(found), found.stable
    assert sorted(before) == ["near_chance", "validation"]
    assert len(health_notes([read_run(found.folder)])) > 2, "the notes are of every round"
    file = found.folder / "rounds.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    (found.folder / "status.json").unlink()
    play(run, *words)
    assert found.stable == whole
    assert warned(found) == before


def test_an_older_record_without_health_goes_on(run):
    words = ("strategy=bald", "schedule.rounds=4")
    found = play(run, *words)
    whole = found.stable
    lines = [json.loads(line) for line in (found.folder / "rounds.jsonl").read_text().splitlines()[:2]]
    older = [{key: value for key, value in line.items() if key not in ("health", "digest")} for line in lines]
    (found.folder / "rounds.jsonl").write_text(
        "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in older)
    )
    (found.folder / "status.json").unlink()
    header = {key: value for key, value in found.header.items() if key != "digests"}
    (found.folder / "header.json").write_text(json.dumps(header))
    play(run, *words)
    assert found.stable[2:] == whole[2:]
    assert ["health" in entry for entry in found.rounds] == [False, False, True, True]


def test_a_cold_start_an_ensemble_and_the_last_of_the_pool_have_health(run):
    cold = play(run, "strategy=bald", "initial.size=0").rounds
    assert [entry["health"]["accuracy_drop"] is None for entry in cold] == [True, False, False]
    ensemble = play(run, "strategy=entropy", "posterior=ensemble", "posterior.members=4", "posterior.draws=0", arm="e")
    assert 0 <= ensemble.rounds[0]["health"]["ranking_change"] <= 1
    few = play(run, "strategy=bald", "posterior.draws=3", arm="f")
    assert few.rounds[0]["health"]["ranking_change"] is None, "a half of three draws is one function"
    last = play(run, "dataset.points=14", "strategy=bald", arm="l").rounds
    assert last[0]["health"]["score_spread"] is not None
    assert last[1]["health"]["score_spread"] is None, "all that was left was taken: nothing was chosen"
    full = play(run, "reference=full", arm="r").rounds
    assert full[0]["health"]["class_kl"] is None


def test_what_is_in_the_log_are_checks(run):
    found = play(run, "strategy=bald", *(f"health.{check}=1e-9" for check in TITLES if check != "near_chance"))
    assert warned(found)
    assert len(set(warned(found))) == len(warned(found))
    assert set(warned(found)) <= set(TITLES)


def test_features_of_the_batch_leave_training_and_randomness_alone():
    from al_bench.data.synthetic import Synthetic
    from al_bench.learners.mixture import Mixture
    from al_bench.learners.torch_learner import TorchLearner
    from al_bench.learners.training import Training

    class Wandering(torch.nn.Module):
        def forward(self, inputs):
            return inputs + 0 * torch.rand(1)

    data = Synthetic().load()
    width = math.prod(data.shape)
    network = torch.nn.Sequential(torch.nn.Flatten(), Wandering(), torch.nn.Linear(width, data.classes))
    learner = TorchLearner([network], Mixture(), [Training()], data, chunk=3)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    features = batch_features(learner, torch.tensor([4, 2, 9, 9]))
    assert torch.equal(torch.get_rng_state(), before)
    assert features is not None
    assert torch.allclose(features, data.prepare(data.inputs[[4, 2, 9, 9]]).flatten(1))
    learner.networks[0] = torch.nn.Sequential(torch.nn.Flatten())
    assert batch_features(learner, torch.tensor([4])) is None
