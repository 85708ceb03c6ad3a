"""The stop set: one for all rounds and strategies, no label read, and its values are those of its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from al_bench.config.compose import compose
from al_bench.experiment import loop
from al_bench.experiment.setup import set_up
from al_bench.experiment.stop_set import draw_stop_set
from al_bench.storage.array_file import ArrayFile
from al_bench.storage.rounds import chain_start
from al_bench.storage.run_folder import RunFolder
from tests.conftest import TINY, Record, record
from tests.reference import agreement as twin

WORDS = (*TINY, "schedule.rounds=4", "evaluation.stop_set=60", "arm=a")


def stored(found: Record) -> ArrayFile:
    header = RunFolder(found.folder).header
    assert header is not None
    return ArrayFile(found.folder, "stop_set.bin", chain_start(header), "indices")


def test_each_round_says_how_far_it_is_from_the_one_before(run):
    run(*WORDS)
    found = record("a")
    file, values = stored(found), [entry["stop_set"] for entry in found.rounds]
    assert file.rounds == [0, 1, 2, 3]
    assert {entry["points"] for entry in values} == {60}
    assert (values[0]["kappa"], values[0]["changed"]) == (None, None)
    assert all(0 < entry["entropy"] <= math.log(4) for entry in values)
    for number in (1, 2, 3):
        before, now = file.read(number - 1).tolist(), file.read(number).tolist()
        assert values[number]["kappa"] == float(twin.cohens_kappa(before, now))
        assert values[number]["changed"] == sum(a != b for a, b in zip(before, now, strict=True)) / 60
    assert len({entry["changed"] for entry in values}) > 1
    assert all(entry["seconds"]["stop_set"] > 0 for entry in found.rounds)


def test_classes_and_entropy_are_those_of_the_mean_over_the_draws(run):
    run(*WORDS)
    found = record("a")
    experiment = set_up(compose([*WORDS]).build(), "bald")
    loop.train(experiment, experiment.start, 0)
    sampler = experiment.learner.sampler(experiment.streams, "stop_set_masks", 0)
    indices = torch.tensor(draw_stop_set(experiment))
    inputs = experiment.dataset.prepare(experiment.dataset.inputs[indices])
    with torch.inference_mode():
        draws = sampler(inputs).double().exp()
    assert draws.shape == (60, 4, 4)
    entropies, classes = [], []
    for row in draws.tolist():
        mean = [sum(draw[c] for draw in row) / 4 for c in range(4)]
        entropies.append(-sum(p * math.log(p) for p in mean if p > 0))
        classes.append(mean.index(max(mean)))
    assert stored(found).read(0).tolist() == classes
    assert found.rounds[0]["stop_set"]["entropy"] == pytest.approx(sum(entropies) / 60, abs=1e-6)


def test_it_is_the_same_for_every_strategy_under_a_seed_and_keeps_points_that_were_labelled(run):
    words = [*WORDS[:-1], "evaluation.stop_set=450"]
    run("-m", *words, "strategy=random,entropy", "seed=0,1")
    sets = {
        (strategy, seed): stored(record(f"{strategy},posterior.draws=4,steps=8", seed)).read(None)
        for strategy in ("random", "entropy")
        for seed in (0, 1)
    }
    for seed in (0, 1):
        assert np.array_equal(sets["random", seed], sets["entropy", seed])
    assert not np.array_equal(sets["random", 0], sets["random", 1])
    found = record("random,posterior.draws=4,steps=8")
    acquired = {index for entry in found.rounds for index in entry["acquired"] or ()}
    assert acquired & set(sets["random", 0].tolist())
    assert {entry["stop_set"]["points"] for entry in found.rounds} == {450}
    assert found.rounds[0]["stop_set"] == record("entropy,posterior.draws=4,steps=8").rounds[0]["stop_set"]


def test_a_pool_with_fewer_points_is_the_stop_set(run):
    run(*TINY, "arm=a")
    assert {entry["stop_set"]["points"] for entry in record("a").rounds} == {500}


def test_no_other_result_depends_on_it(run):
    run(*WORDS)
    run(*WORDS[:-1], "arm=b", "evaluation.stop_set=0")
    plain = record("b")
    assert not any("stop_set" in entry or "stop_set" in entry["seconds"] for entry in plain.rounds)
    assert not (plain.folder / "stop_set.bin").exists()
    without = [{key: value for key, value in entry.items() if key != "stop_set"} for entry in record("a").stable]
    assert without == plain.stable


def interrupt_before_round(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    train = loop.train

    def interrupted(experiment, state, round_):
        if round_ == number:
            raise KeyboardInterrupt
        return train(experiment, state, round_)

    monkeypatch.setattr(loop, "train", interrupted)


def test_a_run_goes_on_to_the_values_of_an_unbroken_one(run, monkeypatch):
    run(*WORDS)
    whole = record("a").stable
    with monkeypatch.context() as patched:
        interrupt_before_round(2, patched)
        assert run(*WORDS[:-1], "arm=b").status == 130
    assert run(*WORDS[:-1], "arm=b").status == 0
    assert record("b").stable == whole


def test_a_longer_run_goes_on_to_the_values_of_an_unbroken_one(run):
    run(*WORDS)
    run(*WORDS[:-1], "arm=b", "schedule.rounds=2")
    assert run(*WORDS[:-1], "arm=b").status == 0
    assert record("b").stable == record("a").stable


@pytest.mark.parametrize(
    ("first", "then", "kappas"),
    [(0, 60, [None, None, None, False]), (60, 0, [None, False, None, None]), (60, 50, [None, False, None, False])],
    ids=["begun without", "gone on without", "gone on with fewer points"],
)
def test_a_record_goes_on_with_or_without_it(run, monkeypatch, first, then, kappas):
    with monkeypatch.context() as patched:
        interrupt_before_round(2, patched)
        assert run(*WORDS, f"evaluation.stop_set={first}").status == 130
    assert run(*WORDS, f"evaluation.stop_set={then}").status == 0
    sizes = [(entry.get("stop_set") or {}).get("points", 0) for entry in record("a").rounds]
    assert sizes == [first, first, then, then]
    known = [(entry.get("stop_set") or {}).get("kappa") for entry in record("a").rounds]
    assert [value is None for value in known] == [kappa is None for kappa in kappas]


def test_without_its_file_a_round_has_no_agreement_and_the_log_says_so(run, monkeypatch):
    with monkeypatch.context() as patched:
        interrupt_before_round(2, patched)
        run(*WORDS)
    (record("a").folder / "stop_set.bin").unlink()
    assert run(*WORDS).status == 0
    assert [entry["stop_set"]["kappa"] is None for entry in record("a").rounds] == [True, False, True, False]
    assert "round 2: no predictions of the round before" in (record("a").folder / "run.log").read_text()


def test_a_run_on_the_full_pool_has_none(run):
    run(*TINY, "reference=full", "arm=a")
    assert "stop_set" not in record("a").rounds[0]


@pytest.mark.parametrize("value", [-1, 1001])
def test_another_size_is_refused_in_one_line(run, value):
    done = run(*TINY, f"evaluation.stop_set={value}")
    assert done.status == 2
    assert f"evaluation.stop_set is {value}; it must be a number of points from 1 to 1000, or 0 for none" in done.err
