"""What people type who know other tools is answered with what to type here, and every answer can be typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from al_bench.config.compose import compose, register
from al_bench.config.messages import unknown_key
from al_bench.config.options import files
from al_bench.config.other_tools import NOTES, OTHER_KEYS, OTHER_OPTIONS, key_suggestions, option_suggestions
from al_bench.config.registry import COMPONENTS, conf_dir

KEYS = {
    "learning_rate": "training.lr",
    "optimizer.lr": "training.lr",
    "num-epochs": "training.epochs",
    "maxEpochs": "training.epochs",
    "n_rounds": "schedule.rounds",
    "n_queries": "schedule.batch (points labelled in a round)",
    "batch_size": "training.batch_size (examples in a training step) or schedule.batch (points labelled in a round)",
    "n_initial": "initial.size",
    "query_strategy": "strategy=… (see al-bench list strategies)",
    "acquisition": "strategy=… (see al-bench list strategies)",
    "estimator": "model=… (see al-bench list models)",
    "model_name": "model=… (see al-bench list models)",
    "data": "dataset=… (see al-bench list datasets)",
    "n_jobs": "workers (processes that score the pool of one run; for several runs at a time -m hydra/launcher=joblib)",
    "random_state": "seed (several with -m seed=0,1,2)",
    "mc_samples": "posterior.draws",
    "output_dir": "results",
    "use_cuda": "device",
}


@pytest.fixture(scope="module")
def known() -> set[str]:
    register()
    keys: set[str] = set()
    for words in ([], ["dataset=csv", "dataset.path=x"]):
        keys |= set(compose(words).keys())
    return keys | {key.partition(".")[0] for key in keys}


@pytest.mark.parametrize("typed", KEYS)
def test_a_key_of_another_tool_is_answered_with_the_one_here(typed: str, known: set[str]) -> None:
    message = unknown_key(typed, known)
    assert message.startswith(f"there is no key '{typed}'; did you mean {KEYS[typed]}")


def test_every_key_that_is_suggested_exists(known: set[str]) -> None:
    suggested = {name for keys in OTHER_KEYS.values() for name in keys}
    assert {name.rstrip("=") for name in suggested} <= known
    assert set(NOTES) <= suggested


def test_no_word_stands_twice_and_none_is_a_key_at_the_top(known: set[str]) -> None:
    words = [word for several in OTHER_KEYS for word in several]
    assert len(set(words)) == len(words)
    assert not set(words) & {key for key in known if "." not in key}
    for group, table in OTHER_OPTIONS.items():
        names = [word for several in table for word in several]
        assert len(set(names)) == len(names), group


@pytest.mark.parametrize("group", OTHER_OPTIONS)
def test_every_option_that_is_suggested_exists_and_no_word_is_one(group: str) -> None:
    options = files([Path(conf_dir())], group)
    assert group in COMPONENTS
    for words, meant in OTHER_OPTIONS[group].items():
        assert option_suggestions(group, words[0], options), f"{words[0]} suggests nothing"
        assert set(meant) <= set(options), words


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("strategy=uncertainty", "did you mean strategy=entropy or strategy=least_confidence or strategy=margin?"),
        ("strategy=coreset", "did you mean strategy=coreset_greedy or strategy=coreset_robust?"),
        ("strategy=kCenter", "did you mean strategy=coreset_greedy or strategy=coreset_robust?"),
        ("strategy=qbc", "did you mean strategy=qbc_vote_entropy or"),
        ("model=cnn", "did you mean model=batchbald_cnn or model=gal2017_cnn or model=resnet18?"),
        ("model=ResNet50", "did you mean model=resnet18 or model=resnet_small?"),
        ("posterior=dropout", "did you mean posterior=mc_dropout?"),
        ("dataset=toy", "did you mean dataset=synthetic?"),
        ("lr=0.1", "there is no key 'lr'; did you mean training.lr?"),
        ("+training.learning_rate=0.1", "there is no key 'training.learning_rate'; did you mean training.lr?"),
        ("training.batchsize=3", "did you mean training.batch_size (examples in a training step) or schedule.batch"),
    ],
)
def test_the_command_answers_with_what_to_type(run, typed: str, expected: str) -> None:
    done = run(typed)
    assert done.status == 2
    assert expected in done.err
    assert done.err.count("\n") == 1


def test_an_experiment_may_have_the_plus_that_hydras_pages_show(run) -> None:
    Path("conf/experiment").mkdir(parents=True)
    Path("conf/experiment/mine.yaml").write_text("# @package _global_\nseed: 3\n")
    words = ("--config-dir", "conf", "schedule.rounds=1", "training.steps=2", "evaluation.draws=2")
    assert "seed-3" in run(*words, "+experiment=mine").out
    assert "already complete" in run(*words, "experiment=mine").out


def test_words_that_mean_nothing_are_not_guessed(known: set[str]) -> None:
    assert key_suggestions("blorp", known) == []
    assert option_suggestions("strategy", "blorp", ["entropy"]) == []


EXPERIMENTS = {
    "set to a text": ("# @package _global_\nstrategy: random\n", "random"),
    "in the list without override": ("# @package _global_\ndefaults:\n  - strategy: random\n", "random"),
    "in the list with a stroke": ("# @package _global_\ndefaults:\n  - /strategy: random\n", "random"),
    "overridden without a stroke": ("# @package _global_\ndefaults:\n  - override strategy: random\n", "OPTION"),
    "a model": ("# @package _global_\nmodel: mlp\n", "mlp"),
    "a posterior": ("# @package _global_\nposterior: ensemble\n", "ensemble"),
}


@pytest.mark.parametrize("kind", EXPERIMENTS)
def test_an_own_experiment_that_chooses_an_option_wrongly_is_told_the_line_that_works(run, kind: str) -> None:
    text, option = EXPERIMENTS[kind]
    folder = Path("conf/experiment")
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(text)
    words = ("--config-dir", "conf", "experiment=mine", "schedule.rounds=1", "training.steps=2", "evaluation.draws=2")
    done = run(*words)
    assert done.status == 2
    assert done.err.count("\n") == 1
    line = done.err.strip().partition("defaults list: ")[2]
    assert line.startswith("- override /")
    assert line.endswith(f": {option}")
    (folder / "mine.yaml").write_text(f"# @package _global_\ndefaults:\n  {line.replace('OPTION', 'random')}\n")
    done = run(*words)
    assert done.status == 0, done.err


@pytest.mark.parametrize("text", ["strategy: random\n", "defaults:\n  - override /strategy: random\nseed: 3\n"])
def test_an_experiment_without_its_first_line_is_told_it(run, text: str) -> None:
    Path("conf/experiment").mkdir(parents=True)
    Path("conf/experiment/mine.yaml").write_text(text)
    done = run("--config-dir", "conf", "experiment=mine")
    assert done.status == 2
    assert "lacks its first line, # @package _global_" in done.err
