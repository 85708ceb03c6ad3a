"""An option may imply choices of the groups that the user leaves open; what was chosen for him is said and recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from al_bench.config import hydra_adapter
from al_bench.config.compose import compose, register
from al_bench.config.registry import conf_dir
from tests.config.own import MODEL, MOONS, OwnFolder
from tests.conftest import TINY, record

CONF = Path(conf_dir())
PRESETS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A dataset that implies a model, and a model that implies a posterior and a strategy."""
    monkeypatch.chdir(tmp_path)
    folder = OwnFolder(tmp_path, monkeypatch)
    folder.write(
        MOONS + MODEL,
        dataset__moons="_target_: MODULE.Moons\nimplies:\n  model: net\n  strategy: entropy\n",
        dataset__words="_target_: MODULE.Moons\nimplies:\n  encoder: own_none\n  model: reader\n",
        encoder__own_none="defaults: [/schema/encoder/none@_here_]\n",
        model__reader="_target_: MODULE.Net\nimplies: {encoder: none, posterior: deterministic, strategy: margin}\n",
        model__net="_target_: MODULE.Net\nimplies: {posterior: ensemble, strategy: margin}\n",
        experiment__mine="# @package _global_\ndefaults:\n  - override /dataset: moons\n",
        experiment__other="# @package _global_\ndefaults:\n  - override /dataset: moons\n"
        "  - override /posterior: mc_dropout\n  - override /strategy: random\n",
    )
    return folder


def choices(*words: str) -> tuple[dict[str, str], dict[str, str]]:
    """The options of dataset, model, posterior and strategy, and what implied them."""
    register()
    composed = compose([f"hydra.searchpath=[file://{Path('own').resolve()}]", *words])
    groups = ("dataset", "model", "posterior", "strategy")
    return {group: composed.choices[group] for group in groups}, composed.implied


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "digits mlp mc_dropout bald"),
        (("dataset=moons",), "moons net ensemble margin"),
        (("experiment=mine",), "moons net ensemble margin"),
        (("experiment=other",), "moons net mc_dropout random"),
        (("experiment=other", "posterior=deterministic"), "moons net deterministic random"),
        (("dataset=moons", "model=mlp"), "moons mlp mc_dropout entropy"),
        (("dataset=moons", "strategy=bald"), "moons net ensemble bald"),
        (("model=net", "posterior=mc_dropout"), "digits net mc_dropout margin"),
        (("dataset=mnist", "model=net", "strategy=qbc_vote_entropy"), "mnist net ensemble qbc_vote_entropy"),
    ],
    ids=[
        "nothing is implied by the defaults",
        "a chain",
        "a chain from an experiment",
        "the choices of an experiment stay",
        "the command line wins over an experiment",
        "a typed model ends the chain",
        "a typed strategy stays",
        "a typed posterior stays",
        "what strategies and datasets bring stays",
    ],
)
def test_what_the_user_leaves_open_follows_from_what_he_chose(own, words, expected):
    assert " ".join(choices(*words)[0].values()) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("dataset=words",), "own_none"),
        (("dataset=words", "model=reader"), "none"),
        (("dataset=words", "model=reader", "encoder=tfidf"), "tfidf"),
    ],
    ids=["not of a model that is implied itself", "of a model that the user chose", "a typed encoder stays"],
)
def test_a_model_decides_about_the_encoder_where_the_user_chose_the_model(own, words, expected):
    register()
    composed = compose([f"hydra.searchpath=[file://{Path('own').resolve()}]", *words])
    assert (composed.choices["encoder"], composed.choices["model"]) == (expected, "reader")


def test_the_later_group_decides_and_every_source_is_named(own):
    chosen, sources = choices("dataset=moons")
    assert sources == {"model": "dataset=moons", "posterior": "model=net", "strategy": "model=net"}
    assert chosen["strategy"] == "margin"
    assert choices()[1] == {}


def test_a_run_says_and_records_what_was_chosen_for_the_user(run, own):
    words = ["--config-dir", "own", "debug=smoke", "training.steps=8", "model=net", "model.units=4", "arm=here"]
    done = run(*words)
    assert done.status == 0, done.err
    line = "al-bench: model=net implies posterior=ensemble and strategy=margin"
    assert done.err.splitlines().count(line) == 1
    header = record("here").header
    assert header["implied"] == {"posterior": "model=net", "strategy": "model=net"}
    assert (header["choices"]["posterior"], header["strategy"]) == ("ensemble", "margin")
    again = run(*words)
    assert (again.status, "already complete" in again.out) == (0, True)


def test_every_job_of_a_sweep_has_what_its_own_options_imply(run, own):
    done = run("-m", "--config-dir", "own", *TINY[:2], "model=net,mlp", "posterior.members=2", "schedule.rounds=1")
    assert done.status == 0, done.out + done.err
    headers = [json.loads(path.read_text()) for path in Path("results").rglob("header.json")]
    found = {(header["choices"]["model"], header["choices"]["posterior"], header["strategy"]) for header in headers}
    assert found == {("net", "ensemble", "margin"), ("mlp", "mc_dropout", "bald")}


@pytest.mark.slow
def test_the_workers_of_a_parallel_sweep_know_what_is_implied(command, own):
    words = ["-m", "--config-dir", "own", "debug=smoke", "training.steps=8", "model=net", "seed=0,1"]
    done = command("run", *words, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert done.returncode == 0, done.stderr
    headers = [json.loads(path.read_text()) for path in Path("results").rglob("header.json")]
    assert [header["choices"]["posterior"] for header in headers] == ["ensemble", "ensemble"]


@pytest.mark.parametrize(
    ("implies", "message"),
    [
        (
            "{dataset: digits}",
            "model/net.yaml: implies names 'dataset'; an option of model may imply encoder, training, posterior",
        ),
        (
            "[ensemble]",
            "model/net.yaml: implies is ['ensemble']; it must name options, as in implies: {strategy: NAME}",
        ),
        ("{posterior: nothing}", "posterior is 'nothing'; choose one of bootstrap, deterministic, ensemble"),
    ],
    ids=["the data", "a list", "an option that there is not"],
)
def test_a_faulty_implication_is_named_in_one_line(run, own, implies, message):
    own.write(MODEL, model__net=f"_target_: MODULE.Net\nimplies: {implies}\n")
    done = run("--config-dir", "own", *TINY, "model=net")
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    assert done.err.startswith(f"al-bench run: {message}")


@pytest.fixture
def as_hydra_composes(monkeypatch):
    """A function that composes without anything implied."""

    def compose_plainly(words: list[str]):
        with monkeypatch.context() as patch:
            patch.setattr(hydra_adapter.config_loader_impl, "create_defaults_list", hydra_adapter.hydras_defaults_list)
            return compose(words)

    return compose_plainly


@pytest.mark.parametrize("preset", PRESETS)
def test_the_shipped_experiments_compose_as_hydra_alone_composes_them(as_hydra_composes, preset):
    register()
    for words in ([f"experiment={preset}", f"scale={scale}"] for scale in ("laptop", "paper", "smoke")):
        plain, composed = as_hydra_composes(words), compose(words)
        assert (composed.as_yaml(), composed.choices) == (plain.as_yaml(), plain.choices), words
        assert composed.implied == {}
