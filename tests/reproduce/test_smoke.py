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
    preset = presets.load(name)
    planned = runs.plan(preset, "smoke", "results/runs")
    for each in planned:
        done = run(*each.overrides)
        assert done.status == 0, (each.arm, done.err)
        assert runs.is_complete(each)
    arms = runs.read_complete(planned, pytest.fail)
    assert {arm: sorted(seeds) for arm, seeds in arms.items()} == {
        arm.name: list(preset.arm_seeds(arm, "smoke")) for arm in preset.arms_at("smoke")
    }
    for seeds in arms.values():
        for complete in seeds.values():
            assert len(complete.labels) == 3 or complete.header["identity"]["evaluation.every"] > 1
    claims = judge.judge(preset, "smoke", arms)
    assert [judged.claim for judged in claims] == list(preset.claims_at("smoke"))
    verdicts = {judged.verdict.value for judged in claims}
    assert verdicts <= {"not_enough_seeds", "not_run", "reported"}  # a single seed shows nothing
    assert tables.for_terminal(tables.claims_table(preset, "smoke", claims))
