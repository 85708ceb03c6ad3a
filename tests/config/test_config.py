"""The configuration: every choice composes, faults are one line and write nothing, names and identity of a run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from al_bench.config import run_names
from al_bench.config.components import load_class
from al_bench.config.compose import compose, register
from al_bench.config.registry import COMPONENTS
from al_bench.config.schema import RunConfig
from al_bench.errors import InputError
from al_bench.experiment import sweep
from tests.conftest import REPOSITORY, TINY, record, written

GROUPS = (
    "dataset",
    "encoder",
    "model",
    "posterior",
    "training",
    "tuning",
    "stress",
    "annotator",
    "stopping",
    "strategy",
    "experiment",
    "scale",
    "debug",
)
CHOICES = [
    f"{group}={path.stem}"
    for group in GROUPS
    for path in sorted((REPOSITORY / "conf" / group).glob("*.yaml"))
    if not path.stem.startswith("_")
]


@pytest.fixture(scope="module")
def composed():
    """A function from overrides to the composed configuration."""
    register()
    sweep.register()
    return lambda *overrides: compose(overrides)


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_composes_and_builds(composed, choice):
    overrides = [choice]
    if choice.removeprefix("dataset=") in ("csv", "hub", "images", "npz", "table", "text"):
        overrides.append("dataset.path=mine")
    if choice == "stress=outside":
        overrides.append("stress.classes=[0]")
    built = composed(*overrides).build()
    assert isinstance(built, RunConfig)
    for group in COMPONENTS:
        assert hasattr(type(getattr(built, group)), "__dataclass_fields__"), group


def test_the_groups_of_the_folder_are_those_tested():
    assert {path.name for path in (REPOSITORY / "conf").iterdir() if path.is_dir()} == {*GROUPS, "benchmark"}


@pytest.mark.parametrize(
    "path",
    sorted({*(REPOSITORY / "conf").glob("*/*.yaml")} - {*(REPOSITORY / "conf").glob("benchmark/*")}),
    ids=lambda path: path.stem,
)
def test_every_choice_says_what_it_is_in_its_first_comment(path):
    comments = [line for line in path.read_text().splitlines() if line.startswith("# ") and "@package" not in line]
    assert len(comments) >= 1
    assert len(comments[0]) > 10


def arm(composed, *overrides):
    run = composed(*overrides)
    return run_names.arm_name(overrides, run.choices, run.config)


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ((), "bald"),
        (("strategy=entropy",), "entropy"),
        (("schedule.batch=40",), "bald,batch=40"),
        (("strategy=bald", "schedule.batch=40"), "bald,batch=40"),
        (("training.batch_size=8",), "bald,batch_size=8"),
        (("posterior.draws=7",), "bald,posterior.draws=7"),  # evaluation has draws too
        (("evaluation.draws=7",), "bald,evaluation.draws=7"),
        (("schedule.batch=40", "training.lr=0.1"), "bald,batch=40,lr=0.1"),
        (("training.lr=0.1", "schedule.batch=40"), "bald,batch=40,lr=0.1"),
        (("model=gal2017_cnn", "model.dropout_conv=0.1"), "bald,dropout_conv=0.1,model=gal2017_cnn"),
        (("seed=3", "dataset=synthetic", "device=cpu", "results=else where"), "bald"),
        (("threads=2",), "bald,threads=2"),
        (("experiment=gal2017_mnist",), "bald"),
        (("debug=smoke",), "bald"),
        (("reference=full",), "full"),
        (("reference=full", "strategy=entropy", "training.lr=0.1"), "full,lr=0.1"),
        (("arm=mine", "schedule.batch=40"), "mine"),
        (("arm='a, b'",), "a, b"),
        (("+training.layer_weight_decay.dense1=7/N",), "bald,dense1=7_N"),
        (("initial.indices=[1,2]",), "bald,indices=[1,2]"),
        (("schedule.batch=5", "schedule.batch=40"), "bald,batch=40"),  # the last one counts
        (("training.lr=1e-1",), "bald,lr=0.1"),
        (("training.lr=.10",), "bald,lr=0.1"),
        (("dataset=npz", "dataset.path='a b.npz'"), "bald,path=a_b.npz"),
        (("dataset=npz", "dataset.path=a b.npz"), "bald,path=a_b.npz"),
    ],
)
def test_arm_names(composed, overrides, name):
    assert arm(composed, *overrides) == name


def test_no_arm_name_has_a_character_that_breaks_a_path(composed):
    name = arm(composed, "dataset=csv", "dataset.path='/data/a b;c\"d.csv'", "dataset.separator='|'")
    assert not set(name) & set("/\\ ;|'\"$&<>?")


def test_study_names(composed):
    for overrides, name in (
        ((), "default"),
        (("experiment=gal2017_mnist",), "gal2017_mnist"),
        (("experiment=gal2017_mnist", "study=mine"), "mine"),
        (("debug=smoke",), "smoke"),
    ):
        run = composed(*overrides)
        assert run_names.study_name(run.choices, run.config) == name


def test_identity_is_the_same_wherever_the_run_lives(composed):
    base = composed("dataset=mnist").identity
    places = ("study=a", "arm=b", "results=c", "device=cpu", "dataset.root=/d")
    assert composed("dataset=mnist", *places).identity == base
    for changed in ("seed=1", "threads=2", "schedule.batch=3", "model.dropout_conv=0.1"):
        assert composed("dataset=mnist", changed).identity != base, changed
    assert base["training.optimiser"] == "adam"
    assert base["schedule.batch"] == 10


def test_the_components_chosen_are_what_the_keys_do_not_tell(composed):
    components = composed("dataset=mnist", "strategy=entropy").components
    assert components["strategy"] == "entropy"
    assert set(components) == {
        "dataset",
        "encoder",
        "model",
        "posterior",
        "training",
        "tuning",
        "stress",
        "annotator",
        "strategy",
        "stopping",
    }
    assert "strategy" not in composed("reference=full", "strategy=entropy").components


FAULTS = {
    # keys
    "posterior.drws=3": "there is no key 'posterior.drws'; did you mean posterior.draws",
    "schedul.batch=3": "there is no key 'schedul'; did you mean schedule",
    "lr=1": "there is no key 'lr'; did you mean training.lr?",
    "model.draws=1": "there is no key 'model.draws'; did you mean evaluation.draws or posterior.draws?",
    "sede=1": "there is no key 'sede'; did you mean seed",
    "stratgy=bald": "there is no key 'stratgy'; did you mean strategy or ",
    "+foo=1": "there is no key 'foo'",
    "+posterior.drws=1": "there is no key 'posterior.drws'; did you mean posterior.draws",
    "training.layer_weight_decay.dense1=7/N": "+training.layer_weight_decay.dense1",
    # choices
    "strategy=bld": "strategy is 'bld'; choose one of ",
    "experiment=none": "experiment is 'none'; choose one of ",
    "hydra/launcher=foo": "hydra/launcher is 'foo'; choose one of basic, joblib, ray, slurm",
    # types
    "seed=x": "seed is 'x'; it must be an integer",
    "seed=null": "seed is null; it must be an integer",
    "schedule.batch=1.5": "schedule.batch is 1.5; it must be an integer",
    "schedule.batch=true": "schedule.batch is true; it must be an integer",
    "model.hidden=3": "model.hidden is 3; it must be a list",
    "model.hidden=[a]": "model.hidden holds 'a'; it must be a list of integers",
    # enums
    "training.stop=never": "training.stop is 'never'; choose one of steps, epochs, fitted, early",
    "initial.kind=foo": "initial.kind is 'foo'; choose one of auto, balanced, random, clusters",
    "reference=half": "reference is 'half'; choose one of none, full",
    "device=gpu": "device is 'gpu'; choose one of auto, cpu, cuda",
    # ranges
    "seed=-1": "seed is -1; it must be at least 0",
    "threads=0": "threads is 0; it must be at least 1",
    "validation=-1": "validation is -1; it must be at least 0",
    "schedule.batch=0": "schedule.batch is 0; it must be at least 1",
    "schedule.stop_at_accuracy=95": "schedule.stop_at_accuracy is 95.0; it must be above 0 and at most 1",
    "schedule.candidates=3": "schedule.candidates is 3, fewer than schedule.batch (4)",
    "training.lr=0": "training.lr is 0.0",
    "training.lr=nan": "training.lr is nan",
    "training.lr=inf": "training.lr is inf",
    "training.weight_decay=7/M": "training.weight_decay is '7/M'; it must be a number of at least 0, or c/N",
    "training.milestones=[2]": "training.milestones is [2.0]",
    "training.steps=0": "training.steps is 0; it must be at least 1",
    "model.dropout_dense=1": "model.dropout_dense is 1.0",
    "posterior.draws=-1": "posterior.draws is -1",
    "evaluation.draws=-3": "evaluation.draws is -3",
    "arm=a/b": "arm is 'a/b'; it names a folder",
    "arm=": "arm is ''; it names a folder",
    f"arm={300 * 'a'}": "has 300 characters, 200 at most; name it with arm=",
    "study=..": "study is '..'; it names a folder",
    "results=": "results is ''",
    "dataset=csv": "dataset.path is not set",
    # syntax
    "strategy=bald,random": "strategy=bald,random names several options; choose one, or add -m to run each in turn",
    "seed=[": "seed is '['; it must be an integer",
    "banana": "Error parsing override 'banana'",
    "=3": "'=3' names no key",
    # between keys
    "schedule.rounds=300": "schedule.rounds=300 asks for 1202 labelled points and the pool has 500",
    "schedule.budget=501 schedule.rounds=null": "schedule.budget=501 asks for 501 labelled points",
    "schedule.budget=3": "schedule.budget=3 ends at 3 labelled points and round 0 starts with 6",
    "posterior=deterministic posterior.draws=0": "strategy bald needs at least 2 distinct posterior draws",
    "posterior.draws=1": "strategy bald needs at least 2 distinct posterior draws",
    "model.dropout_dense=0": "strategy bald needs at least 2 distinct posterior draws",
    "training.stop=early": "training.stop is early and validation is 0",
    "validation=500": "validation is 500 and synthetic has 500 points to take it from",
    "+training.layer_weight_decay.dense9=1": "names the layer 'dense9'; the model has dense1, dense2, output",
    "initial.indices=[0,1,99999]": "initial.indices has 99999; synthetic has indices 0 to 499",
    "initial.indices=[-1]": "initial.indices has -1",
    "initial.indices=[1,1]": "initial.indices names an index twice",
    "initial.size=501": "initial.size is 501 and the pool has 500 points",
    "initial.size=499": "schedule.rounds=3 asks for 507",
    "initial.size=8 validation=491": "class",
    "model=gal2017_cnn": "use model=mlp",
    "training.augment=flip_crop": "have shape [16]; set training.augment=none",
    # folders
    "--config-dir /nonexistent": "'/nonexistent' not found",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_with_status_2_and_nothing_written(run, fault):
    tiny = [word for word in TINY if word.partition("=")[0] not in fault]
    done = run(*tiny, *fault.split(" "))
    assert FAULTS[fault] in done.err
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("al-bench run: ")
    assert (done.status, done.out, written()) == (2, "", [])


def test_options_that_hydra_does_not_have_are_refused_with_the_usage(run):
    done = run("--cfg", "jobb")
    assert done.status == 2
    assert "invalid choice: 'jobb'" in done.err


def test_a_balanced_set_needs_enough_of_every_class(run, tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n" + "".join(f"{i},{'r' if i < 3 else 's'}\n" for i in range(40)))
    done = run(*TINY, "dataset=csv", "dataset.path=t.csv", "initial.size=8", "initial.kind=balanced")
    assert done.status == 2
    assert "initial.kind is balanced, but class 'r' has 2 points in the pool and 4 were asked for" in done.err
    assert "set initial.kind=random or clusters" in done.err
    assert run(*TINY, "dataset=csv", "dataset.path=t.csv", "initial.size=8").status == 0


@pytest.mark.parametrize("overrides", [("seed=0,1", "posterior.drws=3"), ("strategy=bald,bld",), ("seed=0,x",)])
def test_a_sweep_with_a_fault_in_its_words_runs_nothing(run, overrides):
    done = run("-m", *TINY, *overrides)
    assert done.status == 2
    assert not list(Path().rglob("rounds.jsonl"))
    assert not list(Path().rglob("multirun.yaml"))
    assert "Traceback" not in done.err


def test_a_component_of_the_users_own_is_built_from_its_target(run, tmp_path, monkeypatch):
    (tmp_path / "own_strategies.py").write_text(
        "from dataclasses import dataclass\n"
        "from al_bench.strategies.uncertainty import Entropy\n"
        "@dataclass\n"
        "class Mine(Entropy):\n"
        "    power: float = 1.0\n"
    )
    (tmp_path / "own" / "strategy").mkdir(parents=True)
    (tmp_path / "own" / "strategy" / "mine.yaml").write_text("_target_: own_strategies:Mine\npower: 2.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert run("--config-dir", "own", *TINY, "strategy=mine").status == 0
    run(*TINY, "strategy=entropy")
    mine, entropy = record(f"mine,{'posterior.draws=4,steps=8'}"), record(f"entropy,{'posterior.draws=4,steps=8'}")
    assert mine.stable == entropy.stable
    done = run("--config-dir", "own", *TINY, "strategy=mine", "+strategy.colour=red")
    assert done.status == 2
    assert "strategy.colour is no key of own_strategies.Mine; it has stochastic, beta, power" in done.err


def test_a_target_that_is_not_there_is_named():
    for path in ("no_such_module:Thing", "al_bench.errors:Nothing", "nothing"):
        with pytest.raises(InputError, match="which cannot be loaded"):
            load_class(path)


def test_a_component_given_by_its_class_has_typed_keys(run, tmp_path):
    (tmp_path / "conf" / "training").mkdir(parents=True)
    text = "_target_: al_bench.learners.training:Training\nstop: early\nepochs: 7\n"
    (tmp_path / "conf" / "training" / "mine.yaml").write_text(text)
    done = run("--config-dir", str(tmp_path / "conf"), "training=mine")
    assert done.status == 2
    assert "training.stop is early and validation is 0" in done.err


@pytest.mark.parametrize("word", ["strategy=null", "model=", "training=null"])
def test_a_component_that_names_none_is_one_line(run, word):
    done = run(word)
    assert done.status == 2
    assert done.err.splitlines() == [f"al-bench run: {word!r} names none; choose one, see al-bench list"]


def test_an_arm_that_plots_do_not_see_is_refused(run):
    done = run("arm=.hidden")
    assert done.status == 2
    assert "arm is '.hidden'; it names a folder" in done.err


def test_a_tilde_is_the_home_folder(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert run(*TINY, "results='~/runs'", "schedule.rounds=1").status == 0
    assert list((tmp_path / "home" / "runs").rglob("rounds.jsonl"))


def test_a_key_misspelt_is_looked_for_among_those_of_the_options_chosen(run):
    done = run(*TINY, "strategy=badge", "strategy.featurs=input")
    assert done.status == 2
    assert "there is no key 'strategy.featurs'; did you mean strategy.features or " in done.err
    done = run("-m", *TINY, "strategy=random,badge", "strategy.featurs=input")
    assert "did you mean strategy.features or " in done.err


def test_two_sweeps_that_begin_in_one_second_have_folders_of_their_own(run):
    for strategy in ("random", "bald"):
        assert run("-m", *TINY, f"strategy={strategy}", "schedule.rounds=1").status == 0
    names = sorted(path.name for path in Path("results/runs/.sweeps").iterdir())
    assert len(names) == 2
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-\d{6}", name) for name in names), names
