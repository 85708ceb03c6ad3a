"""A key that was typed and that nothing reads is refused, as is a posterior whose keys make another one of it."""

from __future__ import annotations

import shlex

import numpy as np
import pytest

from al_bench.config.compose import compose, register
from al_bench.experiment.typed_keys import refuse_keys_without_effect, refuse_other_name, typed_keys
from al_bench.reproduce.preset import SCALES
from al_bench.reproduce.presets import load, names
from tests.conftest import record, written

FAST = ("debug=smoke", "schedule.rounds=2", "strategy=entropy", "arm=a")

IDLE = {
    "training.momentum=0.5": "training.optimiser is adam; set training.optimiser=sgd",
    "training.nesterov=true": "training.optimiser is adam; set training.optimiser=sgd",
    "training.epochs=5": "training.stop is steps; set training.stop=epochs (or fitted, early)",
    "training.patience=2": "training.stop is steps; set training.stop=early",
    "training.fitted_accuracy=0.9": "training.stop is steps; set training.stop=fitted",
    "training.stop=epochs training.steps=9": "training.stop is epochs; set training.stop=steps",
    "training.gamma=0.5": "training.schedule is constant; set training.schedule=step",
    "training.schedule=cosine training.milestones=[0.5]": "training.schedule is cosine; set training.schedule=step",
    "strategy.beta=3": "strategy.stochastic is none; set strategy.stochastic=softmax (or power, softrank)",
    "strategy=learning_loss strategy.variant=mse strategy.margin=2": "strategy.variant is mse",
    "strategy=probcover strategy.delta=1 strategy.purity=0.9": "strategy.delta is 1.0, so it is not estimated",
    "model.hidden=[] model.dropout_dense=0.3": "model.hidden is empty",
    "model=vgg11 dataset.shape=[3,32,32] model.dropout_dense=0.3": "model.dense is empty",
    "model=gal2017_cnn dataset.shape=[1,9,9] model.dropout_conv=0 model.channelwise=true": "model.dropout_conv is 0",
    "initial.indices=[0,1,2,3,4] initial.size=50": "initial.indices names the points of round 0",
    "initial.indices=[0,1,2,3,4] initial.kind=random": "initial.indices names the points of round 0",
    "dataset.shape=[1,4,4] dataset.features=9": "dataset.shape is [1, 4, 4]; set dataset.shape=null",
    "posterior=ensemble posterior.members=2 +posterior.vary={model.dropout_dense:[0.1,0.2,0.3]}": (
        "it has 3 values, which the members take in turn, and posterior.members is 2; set posterior.members=3"
    ),
}


def last_key(words: list[str]) -> str:
    return shlex.quote(words[-1].lstrip("+")) if words[-1][0] != "+" else shlex.quote(words[-1])


@pytest.mark.parametrize("case", IDLE)
def test_a_typed_key_that_nothing_reads_is_refused(run, case):
    words, before = case.split(), written()
    done = run(*(word for word in FAST if "strategy=" not in case or "strategy=" not in word), *words)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1), done.err
    assert done.err.startswith(f"al-bench run: {last_key(words)} has no effect: ")
    assert IDLE[case] in done.err
    assert written() == before


def test_the_same_key_is_taken_where_something_reads_it(run):
    words = ("training.optimiser=sgd", "training.momentum=0.5", "training.stop=fitted", "training.epochs=2")
    assert run(*FAST, *words, "strategy.stochastic=softrank", "strategy.beta=2").status == 0


def test_a_key_that_only_some_members_read_is_taken(run):
    words = ("posterior=ensemble", "posterior.members=2", "+posterior.vary={training.stop:[epochs,steps]}")
    assert run(*FAST, *words, "training.epochs=2", "training.steps=3").status == 0


def test_a_table_with_a_test_file_has_no_part_to_split_off(run, tmp_path):
    for name in ("a.csv", "b.csv"):
        rows = "\n".join(
            f"{i},{(i * 7 + len(name)) % 5},{'xy'[i % 2]}" for i in range(1 if name == "a.csv" else 50, 99)
        )
        (tmp_path / name).write_text(f"u,v,label\n{rows}\n")
    words = ("dataset=csv", "dataset.path=a.csv", "dataset.test_path=b.csv", "dataset.test_fraction=0.3", *FAST[1:])
    done = run(*words, "initial.size=4", "schedule.batch=2", "training.steps=2")
    assert done.status == 2
    assert "dataset.test_fraction=0.3 has no effect: dataset.test_path is given" in done.err


def test_arrays_with_a_test_part_have_none_to_split_off(run, tmp_path):
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(60, 4)).astype(np.float32), np.arange(60) % 3
    np.savez(tmp_path / "given.npz", x=x[:40], y=y[:40], x_test=x[40:], y_test=y[40:])
    np.savez(tmp_path / "whole.npz", x=x, y=y)
    words = ("dataset=npz", *FAST[1:], "initial.size=6", "schedule.batch=2", "training.steps=2")
    for key in ("dataset.test_fraction=0.3", "dataset.split_seed=4"):
        done = run(*words, "dataset.path=given.npz", key)
        assert done.status == 2
        assert f"{key} has no effect: the test part is " in done.err
        assert run(*words[:-1], "training.steps=1", "dataset.path=whole.npz", key, f"arm={key[8:12]}").status == 0


@pytest.mark.parametrize("key", ["dataset.resize=pad", "dataset.separator=tab", "dataset.header=absent"])
def test_folders_of_images_of_one_size_have_no_table_and_no_other_ratio(run, tmp_path, key):
    from PIL import Image

    for number in range(24):
        folder = tmp_path / "images" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (8, 8), dtype=np.uint8)).save(
            folder / f"{number}.png"
        )
    words = (
        "dataset=images",
        "dataset.path=images",
        *FAST[1:],
        "initial.size=4",
        "schedule.batch=2",
        "training.steps=2",
    )
    done = run(*words, key)
    assert done.status == 2
    assert f"{key} has no effect: " in done.err
    assert run(*words, "dataset.size=8", "dataset.resize=pad").status == 0


NAMES = {
    "posterior=deterministic posterior.draws=4": ("posterior.draws is 4", "mc_dropout"),
    "posterior=deterministic posterior.members=3": ("posterior.members is 3", "ensemble"),
    "posterior=deterministic posterior.members=2 posterior.draws=3": (
        "posterior.members is 2 and posterior.draws is 3",
        "mc_dropout_ensemble",
    ),
    "posterior=mc_dropout posterior.draws=0": ("posterior.draws is 0", "deterministic"),
    "posterior=ensemble posterior.members=1": ("posterior.members is 1", "deterministic"),
    "posterior=mc_dropout_ensemble posterior.members=1": ("posterior.members is 1", "mc_dropout"),
    "posterior=mc_dropout_ensemble posterior.draws=0": ("posterior.draws is 0", "ensemble"),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_posterior_that_its_keys_make_another_one_is_refused_and_the_advice_works(run, case):
    values, other = NAMES[case]
    done = run(*FAST, "training.steps=2", *case.split())
    assert (done.status, done.err.count("\n")) == (2, 1)
    named = case.split()[0]
    assert done.err.startswith(f"al-bench run: {named} and {values}: that is posterior={other}; type ")
    first, second = done.err.split("; type ")[1].split(" for it, or ")
    second = second.split(" for what the name says")[0]
    for arm, advice in (("first", first), ("second", second)):
        words = (*FAST[:-1], f"arm={arm}", "training.steps=2", *shlex.split(advice))
        done = run(*words)
        assert done.status == 0, done.err
    assert record("first").header["choices"]["posterior"] == other
    assert record("second").header["choices"]["posterior"] == named.partition("=")[2]


def test_draws_of_a_preset_are_named_where_the_posterior_typed_has_none(run):
    done = run("experiment=gal2017_mnist", "scale=smoke", "posterior=deterministic", "strategy=entropy")
    assert done.status == 2
    assert "posterior=deterministic and posterior.draws is 4: that is posterior=mc_dropout" in done.err
    assert "posterior=deterministic posterior.draws=0 for what the name says" in done.err


def test_the_draws_of_the_default_posterior_may_be_0(run):
    assert run(*FAST, "training.steps=2", "posterior.draws=0").status == 0
    assert record("a").header["functions"] == 1


@pytest.mark.parametrize("name", names())
def test_no_arm_of_a_paper_types_what_is_refused(name):
    register()
    for scale in SCALES:
        for arm in load(name).arms_at(scale):
            words = [f"experiment={name}", f"scale={scale}", *arm.overrides_at(scale)]
            composed = compose(words)
            config = composed.build()
            refuse_keys_without_effect(config, words)
            refuse_other_name(config, composed.choices["posterior"], words, lambda: "a file")


def test_of_one_key_the_last_override_counts():
    assert typed_keys(["a=1", "+b.c=2", "a=3", "~d"]) == {"a": "a=3", "b.c": "+b.c=2", "d": "~d"}
