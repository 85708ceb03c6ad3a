"""A training batch of one point is refused before round 0 where the network cannot be trained on it; elsewhere no batch
of several has one point alone."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench.learners.epochs import batch_count, batches
from tests.config.own import OwnFolder
from tests.conftest import record, written

IMAGES = ("debug=smoke", "dataset.shape=[1,8,8]", "strategy=entropy", "training.steps=2", "schedule.rounds=2", "arm=a")
RESNET = (*IMAGES, "model=resnet18_narrow", "posterior.draws=0")

REFUSED = {
    "a cold start, one a round": (
        "initial.size=0 schedule.batch=1",
        "a cold start with schedule.batch=1 labels 1 point in round 0, and round 1 trains on a batch of one point",
    ),
    "a cold start to a budget of one": ("initial.size=0 schedule.rounds=null schedule.budget=1", "round 1 trains on"),
    "batches of one": ("training.batch_size=1", "training.batch_size is 1, which trains on a batch of one point"),
    "an epoch of one draw": (
        "training.stop=epochs training.epochs=2 training.epoch_samples=1",
        "training.epoch_samples is 1, which trains on a batch of one point",
    ),
    "one labelled point": ("initial.size=1", "round 0 has 1 labelled point, which trains on a batch of one point"),
    "one labelled index": ("initial.indices=[3]", "round 0 has 1 labelled point"),
    "an ensemble": ("posterior=ensemble posterior.members=2 training.batch_size=1", "training.batch_size is 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_resnet_is_not_trained_on_one_point(run, case):
    typed, message = REFUSED[case]
    left_out = "training.steps" if "stop=" in typed else "nothing"
    before = written()
    done = run(*(word for word in RESNET if not word.startswith(left_out)), *typed.split())
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1), done.err
    assert message in done.err
    assert "the model cannot: its BatchNorm2d (stem_norm) needs two points or more; set " in done.err
    assert written() == before


@pytest.mark.parametrize(
    "typed",
    ["initial.size=2 schedule.batch=1", "initial.size=5 training.batch_size=2", "initial.size=0 schedule.batch=2"],
    ids=["two points", "five points in batches of two", "a cold start of two"],
)
def test_a_resnet_is_trained_on_two_points_and_on_odd_rests(run, typed):
    words = [word for word in RESNET if not word.startswith("training.steps")]
    done = run(*words, *typed.split(), "training.stop=epochs", "training.epochs=3")
    assert done.status == 0, done.err
    assert all(
        fit["loss"] is not None and math.isfinite(fit["loss"]) for entry in record("a").rounds for fit in entry["fit"]
    )


def test_a_network_without_statistics_of_the_batch_is_trained_on_one_point(run):
    assert run(*IMAGES, "model=mlp", "initial.size=0", "schedule.batch=1").status == 0
    assert run(*IMAGES[:-1], "arm=b", "model=mlp", "training.batch_size=1").status == 0


OWN = '''
from dataclasses import dataclass

import torch
from torch import nn


class Standardised(nn.Module):
    def forward(self, x):
        return (x - x.mean(0)) / x.std(0, correction=0) if self.training else x


@dataclass
class Mine:
    """A network."""

    def build(self, shape, classes):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), LAYER, nn.Linear(8, classes))
'''
LAYERS = {
    "BatchNorm1d": ("nn.BatchNorm1d(8)", "its BatchNorm1d (2) needs two points or more"),
    "BatchNorm2d": (
        "nn.Sequential(nn.Unflatten(1, (8, 1, 1)), nn.BatchNorm2d(8), nn.Flatten())",
        "its BatchNorm2d (2.1) needs two points or more",
    ),
    "a layer of the user's own": ("Standardised()", "its outputs are not finite"),
    "GroupNorm": ("nn.GroupNorm(2, 8)", None),
    "LayerNorm": ("nn.LayerNorm(8)", None),
    "BatchNorm over positions": (
        "nn.Sequential(nn.Unflatten(1, (2, 2, 2)), nn.BatchNorm2d(2), nn.Flatten())",
        None,
    ),
    "InstanceNorm over positions": (
        "nn.Sequential(nn.Unflatten(1, (2, 2, 2)), nn.InstanceNorm2d(2), nn.Flatten())",
        None,
    ),
}


@pytest.mark.parametrize("case", LAYERS)
def test_a_network_of_the_users_own_is_tried(run, tmp_path, monkeypatch, case):
    layer, message = LAYERS[case]
    own = OwnFolder(tmp_path, monkeypatch)
    own.write(OWN.replace("LAYER", layer), model__mine="_target_: MODULE.Mine\n")
    done = run("--config-dir", "own", *IMAGES, "model=mine", "training.batch_size=1")
    assert done.status == (0 if message is None else 2), done.err
    assert message is None or message in done.err


def test_batch_norm_over_the_positions_of_one_image_is_said(run):
    words = ("dataset.shape=[1,16,16]", "model.widths=[4,8]", "model.blocks=1", "posterior.draws=0")
    done = run(*IMAGES, *words, "model=resnet18_narrow", "training.batch_size=1")
    assert done.status == 0
    assert done.err.startswith(
        "al-bench: training.batch_size is 1, which trains on a batch of one point: BatchNorm (stem"
    )
    done = run(*IMAGES[:-1], "arm=b", *words, "model=resnet18_narrow", "training.batch_size=2")
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("batch", [2, 3, 7, 64])
def test_no_batch_of_an_epoch_has_one_point_unless_there_is_but_one(batch):
    generator = torch.Generator().manual_seed(0)
    for size in range(2, 140):
        for length in (None, size, math.ceil(size / batch) * batch, 2 * size + 1):
            taken = list(batches(size, batch if length else min(batch, size), length, generator))
            assert min(len(rows) for rows in taken) > 1, (size, length)
            assert sum(len(rows) for rows in taken) == (length or size), "no point is left out"
            assert len(taken) == batch_count(length or size, batch if length else min(batch, size))
