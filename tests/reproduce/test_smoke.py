"""Every preset at its smoke scale: all arms run to the end on stand-in data, and every claim gets a verdict."""

from __future__ import annotations

import pytest

from al_bench.reproduce import judge, presets, runs, tables

QUICK = ("zhdanov2019_mnist", "learning_loss2019_cifar10")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in presets.names()]
)
def test_a_preset_passes_its_smoke_scale(run, monkeypatch, name):
    monkeypatch.setenv("AL_BENCH_DATA", "/nonexistent")  # no data of the user's is read
    preset = presets.preset(name)
    planned = runs.plan(preset, "smoke", "results/runs")
    for one in planned:
        done = run(*one.words)
        assert done.status == 0, (one.arm, done.err)
        assert runs.complete(one)
    arms = runs.read(planned, pytest.fail)
    assert {arm: sorted(seeds) for arm, seeds in arms.items()} == {
        arm.name: list(preset.sizes["smoke"].seeds) for arm in preset.at("smoke")
    }
    for seeds in arms.values():
        for one in seeds.values():
            assert len(one.labels) == 3 or one.header["identity"]["evaluation.every"] > 1
    found = judge.judge(preset, "smoke", arms)
    assert [one.claim for one in found] == list(preset.judged("smoke"))
    assert {one.verdict.value for one in found} <= {"not_enough_seeds", "not_run", "reported"}  # one seed shows nothing
    assert tables.terminal(tables.table(preset, "smoke", found))
