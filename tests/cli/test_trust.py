"""What a file may not do: nothing named in a record, a preset, a cache's entry or a file of weights is ever run."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from al_bench.cli import report
from al_bench.config.own_schema import TARGET
from al_bench.errors import InputError
from al_bench.reproduce import presets
from al_bench.storage import typed_toml
from al_bench.storage.cache import Cache, entry_digest
from al_bench.storage.weights import read_weights
from tests.analysis.illustrated import DIGITS, write_illustrated

OWN_CLASS = """\
import pathlib
pathlib.Path(__file__).with_name("ran").touch()
from dataclasses import dataclass
from al_bench.data.digits import Digits

@dataclass
class Mine(Digits):
    pass
"""


class Planted:
    """An object whose pickle calls `os.system`."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.fixture
def page(tmp_path, monkeypatch, capsys):
    """The page of a study whose config.yaml is `text`, and its line on the pictures; refuses anything on stderr."""
    (tmp_path / "evil_of_a_record.py").write_text(OWN_CLASS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("SECRET_OF_THE_USER", "tiger-tiger")

    def make(text: str, *options: str, choice: str = "digits") -> str:
        for arm in ("random", "bald"):
            write_illustrated(tmp_path / "runs", [0.5] * 4, arm=arm, config=text, choice=choice)
        assert report.main([str(tmp_path / "runs"), "--out", str(tmp_path / "page.html"), *options]) == 0
        assert "Traceback" not in capsys.readouterr().err
        return (tmp_path / "page.html").read_text()

    return make


CONFIGS = {
    "a function of the library": "dataset:\n  _target_: os.system\n  command: touch ran\n",
    "a class of the library": "dataset:\n  _target_: subprocess:Popen\n  args: [touch, ran]\n",
    "a module in the folder": "dataset:\n  _target_: evil_of_a_record.Mine\n",
    "a target that is a list": "dataset:\n  _target_: [os.system]\n",
    "a target that is resolved": "dataset:\n  _target_: ${oc.env:SECRET_OF_THE_USER}\n",
    "a target within a value": "dataset:\n  test_fraction: {_target_: os.system, command: touch ran}\n",
    "the environment": "dataset:\n  test_fraction: ${oc.env:SECRET_OF_THE_USER}\n",
    "the environment as a key": "dataset:\n  ${oc.env:SECRET_OF_THE_USER}: 1\n",
    "the environment in a list": "dataset:\n  test_fraction: [a, '${oc.env:SECRET_OF_THE_USER}']\n",
    "a decoder": "dataset:\n  test_fraction: '${oc.decode:${oc.env:SECRET_OF_THE_USER}}'\n",
    "another key": "dataset:\n  test_fraction: ${study}\nstudy: x\n",
    "a call by a tag": "dataset: !!python/object/apply:os.system ['touch ran']\n",
    "a new object by a tag": "dataset: !!python/object/new:os.system [touch ran]\n",
    "a module by a tag": "dataset: !!python/module:evil_of_a_record\n",
    "a name by a tag": "dataset:\n  test_fraction: !!python/name:evil_of_a_record.Mine\n",
    "a bomb of aliases": "a: &a [x]\nb: &b [*a, *a]\ndataset: *b\n",
    "deep nesting": "dataset: " + "[" * 5000 + "]" * 5000,
    "bytes that are no text": "dataset:\n  test_fraction: '\x00'\n",
    "a list": "[dataset]",
    "a text": "dataset",
    "nothing": "",
    "a dataset that is a list": "dataset: [1]\n",
}


@pytest.mark.parametrize("text", CONFIGS.values(), ids=CONFIGS.keys())
@pytest.mark.parametrize("option", [(), ("--seed", "0")], ids=["plain", "of a seed"])
def test_a_report_runs_and_resolves_nothing_that_a_record_names(page, tmp_path, text, option):
    shown = page(text, *option)
    assert "No pictures:" in shown
    assert "tiger-tiger" not in shown
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("choice", "keys"),
    [
        ("synthetic", "points: 1000000000000"),
        ("synthetic", "points: 100000000"),
        ("synthetic", "features: 10000000"),
        ("synthetic", "shape: [4096, 4096, 4096]"),
        ("repeated_mnist", "copies: 1000000"),
    ],
)
def test_a_record_of_a_data_set_that_would_fill_the_memory_is_not_generated(page, choice, keys):
    shown = page(f"dataset:\n  {keys}\n", choice=choice)
    assert "GB to generate again, and a report generates 1 GB at most" in shown


@pytest.mark.parametrize(
    "choice",
    ["../experiment/gal2017_mnist", "/etc/passwd", "../../evil", "_base", "nowhere", "os.system", ""],
    ids=lambda choice: choice or "nothing",
)
def test_an_option_that_is_not_al_benchs_is_not_looked_for(page, choice):
    assert "No pictures:" in page(DIGITS, choice=choice)


def test_what_trust_would_do_is_said_and_done_only_with_it(page, tmp_path):
    text = "dataset:\n  _target_: evil_of_a_record.Mine\n  test_fraction: 0.2\n  split_seed: 0\n"
    shown = page(text)
    assert "its dataset is &#39;evil_of_a_record.Mine&#39;, a class that is not al-bench&#39;s own" in shown
    assert "--trust (of al-bench report and export) imports it" in shown
    assert not (tmp_path / "ran").exists()
    (tmp_path / "runs").rename(tmp_path / "before")
    shown = page(text, "--trust")
    assert "No pictures:" not in shown
    assert "al-bench report" in shown
    assert (tmp_path / "ran").exists()


def test_trust_resolves_no_interpolation_and_calls_no_function(page, tmp_path):
    assert "tiger-tiger" not in page(
        "dataset:\n  _target_: evil_of_a_record.Mine\n  x: ${oc.env:SECRET_OF_THE_USER}\n", "--trust"
    )
    (tmp_path / "runs").rename(tmp_path / "before")
    assert "No pictures:" in page("dataset:\n  _target_: os.system\n  command: touch ran\n", "--trust")
    assert not (tmp_path / "ran").exists()


def test_al_benchs_own_options_and_classes_need_no_trust(page, tmp_path):
    assert "No pictures:" not in page(DIGITS)
    (tmp_path / "runs").rename(tmp_path / "before")
    assert "No pictures:" not in page(DIGITS + "  _target_: al_bench.data.digits.Digits\n", choice="mine")


def test_a_preset_that_would_run_or_look_up_something_is_refused():
    path = presets.folder() / "gal2017_mnist" / "claims.toml"
    for planted in ("+dataset._target_=os.system", "study=${oc.env:HOME}", "hydra.run.dir=x", "hydra/launcher=joblib"):
        tables = typed_toml.read_toml(path, dict)
        tables["arm"][0]["overrides"] = [*tables["arm"][0]["overrides"], planted]
        with pytest.raises(InputError, match="a preset sets al-bench's own keys"):
            presets.from_tables(tables, "gal2017_mnist")


def planted_archives(folder: Path) -> dict[str, bytes]:
    """Files that torch.load would run something from, or that are something else than they seem."""
    command = f"touch {folder / 'ran'}"
    torch.save([{"weight": Planted(command)}], folder / "zip")
    torch.save([{"weight": Planted(command)}], folder / "legacy", _use_new_zipfile_serialization=False)
    torch.save([{"weight": torch.zeros(1_000_000)}], folder / "plain")
    with (
        zipfile.ZipFile(folder / "plain") as plain,
        zipfile.ZipFile(folder / "bomb", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for name in plain.namelist():
            bomb.writestr(name, plain.read(name))
    whole = {name: (folder / name).read_bytes() for name in ("zip", "legacy", "bomb")}
    return whole | {"pickle": pickle.dumps(Planted(command)), "nothing": b"", "text": b"PK but no archive"}


ARCHIVES = ("zip", "legacy", "bomb", "pickle", "nothing", "text")


@pytest.mark.parametrize("kind", ARCHIVES)
def test_weights_run_nothing(tmp_path, kind):
    content = planted_archives(tmp_path)[kind]
    digest = hashlib.blake2b(content, digest_size=32).digest()
    for whole in (b"al-bench weights " + digest + content, content):
        (tmp_path / "weights-0.pt").write_bytes(whole)
        with pytest.raises(InputError, match=r"weights-0\.pt is damaged.* to start over") as raised:
            read_weights(tmp_path / "weights-0.pt", torch.device("cpu"))
        assert "\n" not in str(raised.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_entry_of_the_cache_runs_nothing_and_one_line_is_said(tmp_path, caplog, kind):
    content = planted_archives(tmp_path)[kind]
    cache = Cache(tmp_path / "cache")
    cache.store("first-rounds", "a", {"x": 1})
    cache.path("first-rounds", "a").write_bytes(entry_digest("first-rounds", "a", content) + content)
    with caplog.at_level(logging.WARNING, logger="al_bench"):
        assert cache.load("first-rounds", "a") is None
    (line,) = caplog.messages
    assert "cannot be used and is computed again" in line
    assert "\n" not in line
    assert not (tmp_path / "ran").exists()


def test_an_entry_of_another_name_is_made_anew(tmp_path):
    cache = Cache(tmp_path)
    cache.store("first-rounds", "a", {"x": 1})
    cache.path("first-rounds", "a").rename(cache.path("first-rounds", "b"))
    assert cache.load("first-rounds", "b") is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_the_place_of_an_entry_does_not_block(tmp_path):
    cache = Cache(tmp_path)
    (tmp_path / "first-rounds").mkdir()
    os.mkfifo(cache.path("first-rounds", "a"))
    assert cache.load("first-rounds", "a") is None
    cache.store("first-rounds", "a", {"x": 1})
    assert cache.load("first-rounds", "a") == {"x": 1}


def test_the_key_of_a_class_is_the_one_that_these_tests_plant():
    assert TARGET == "_target_"
