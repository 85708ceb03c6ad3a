"""What installed packages offer by entry points is chosen by name, without any YAML, and listed with its package."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from al_bench.entry_points import KINDS, offers, the_offer
from al_bench.errors import InputError
from tests.config.own import MODEL, MOONS, STRATEGY
from tests.conftest import REPOSITORY, TINY, Record, record

PACKAGES = itertools.count()


class Site:
    """A folder of installed packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, source: str, version: str = "1.0", **points: str) -> str:
        """Install a package of one module with entry points "KIND__name"; returns its name, TOY in a target."""
        name = f"toy{next(PACKAGES)}"
        (self.folder / name).mkdir(parents=True)
        (self.folder / name / "__init__.py").write_text(source)
        about = self.folder / f"{name}-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (about / "RECORD").write_text(f"{name}/__init__.py,,\n")
        groups: dict[str, list[str]] = {}
        for point, target in points.items():
            kind, _, option = point.partition("__")
            groups.setdefault(kind, []).append(f"{option} = {target.replace('TOY', name)}")
        text = "\n".join(line for kind, lines in groups.items() for line in (f"[al_bench.{kind}]", *lines))
        (about / "entry_points.txt").write_text(f"{text}\n")
        return name


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return Site(tmp_path / "site")


POSTERIOR = '''
from dataclasses import dataclass

from al_bench.learners.mixture import Mixture


@dataclass
class Twice(Mixture):
    """Twice as many draws."""

    factor: int = 2
'''


@pytest.mark.slow
def test_a_package_that_pip_installed_runs_by_name_in_a_process_of_its_own(command, tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "toy_for_al_bench.py").write_text(STRATEGY)
    (tmp_path / "source" / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "toy-for-al-bench"\nversion = "1.0"\n'
        '[project.entry-points."al_bench.strategies"]\ntoy = "toy_for_al_bench:Mine"\n'
        '[tool.hatch.build.targets.wheel]\ninclude = ["toy_for_al_bench.py"]\n'
    )
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-build-isolation", "--quiet"]
    target = str(tmp_path / "site")
    subprocess.run([*install, "--target", target, str(tmp_path / "source")], check=True, capture_output=True)
    environment = {"PYTHONPATH": os.pathsep.join([target, str(REPOSITORY)])}
    done = command("run", *TINY, "strategy=toy", "strategy.stochastic=softmax", "arm=a", env=environment)
    assert done.returncode == 0, done.stderr
    header = Record(tmp_path / "results/runs/smoke/synthetic/a/seed-0").header
    assert header["identity"]["strategy.stochastic"] == "softmax"
    assert list(header["own_code"]["files"]) == ["toy_for_al_bench.py"]
    listed = command("list", "strategies", env=environment)
    assert "Entropy, with keys of every type. (toy-for-al-bench 1.0)" in listed.stdout


def test_all_kinds_of_components_are_options_with_typed_keys_and_own_code(run, site):
    name = site.install(
        STRATEGY + MOONS + MODEL + POSTERIOR,
        **{f"{kind}__toy": f"TOY:{cls}" for kind, cls in (("strategies", "Mine"), ("models", "Net"))},
        datasets__toy="TOY:Moons",
        posteriors__toy="TOY:Twice",
    )
    words = ["strategy=toy", "strategy.power=2", "dataset=toy", "dataset.noise=0.5", "model=toy", "model.units=4"]
    words += ["posterior=toy", "posterior.factor=3", "training.steps=8", "initial.size=4", "schedule.rounds=2", "arm=a"]
    done = run(*words, "schedule.batch=2")
    assert done.status == 0, done.err
    header = record("a", study="default", dataset="toy").header
    identity = header["identity"]
    assert (identity["strategy.power"], identity["dataset.noise"]) == (2.0, 0.5)
    assert (identity["model.units"], identity["posterior.factor"]) == (4, 3)
    assert identity["strategy._target_"] == f"{name}:Mine"
    assert list(header["own_code"]["files"]) == [f"{name}/__init__.py"]
    done = run(*words, "dataset.points=many")
    assert (done.status, done.err) == (2, "al-bench run: dataset.points is 'many'; Moons expects an integer\n")
    done = run(*words, "strategy=none_such")
    assert done.status == 2
    assert "toy, " in done.err


ENCODER = """
from dataclasses import dataclass

import torch

from al_bench.data.encoders.item_encoder import ItemEncoder


@dataclass
class Corner(ItemEncoder):
    pixels: int = 2

    def load(self, device):
        return lambda images: torch.stack(images)[:, :, : self.pixels, : self.pixels].flatten(1)
"""


def test_an_encoder_of_a_package_is_an_option_whose_code_and_keys_its_features_are_known_by(run, site, tmp_path):
    name = site.install(ENCODER, encoders__corner="TOY:Corner")
    words = ("strategy=coreset_greedy", "encoder=corner", "model=linear", "dataset=digits", "schedule.rounds=2")
    for pixels in (2, 3):
        done = run(*words, f"encoder.pixels={pixels}", f"arm=a{pixels}", f"cache={tmp_path / 'cache'}")
        assert done.status == 0, done.err
    headers = [record(f"a{pixels}", study="default", dataset="digits").header for pixels in (2, 3)]
    assert [header["encoding"]["dimension"] for header in headers] == [4, 9]
    assert headers[0]["encoding"]["digest"] != headers[1]["encoding"]["digest"]
    assert headers[0]["encoding"]["own_code"] == headers[0]["own_code"]["digest"]
    assert list(headers[0]["own_code"]["files"]) == [f"{name}/__init__.py"]
    assert len(list((tmp_path / "cache" / "features").iterdir())) == 2


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("return lambda images: torch.ones(3)", "must give one row an item"),
        ("raise ValueError('no weights')", "encode(dataset, workspace) fails: ValueError: no weights"),
        ("return lambda images: 1 / 0", "ZeroDivisionError: division by zero"),
    ],
    ids=["a shape", "a fault in load", "a fault in a batch"],
)
def test_a_faulty_encoder_is_one_line(run, site, body, line):
    source = ENCODER.partition("        return lambda")[0] + f"        {body}\n"
    site.install(source, encoders__corner="TOY:Corner")
    done = run("encoder=corner", "model=linear", "dataset=digits", "strategy=margin")
    assert done.status == 2
    assert line in done.err
    assert done.err.count("\n") <= 3


def test_an_option_of_a_package_is_listed_with_it_and_has_a_page(command, site):
    name = site.install(STRATEGY, strategies__toy="TOY:Mine", strategies__broken="TOY:Gone", datasets__sick="nowhere:X")
    environment = {"PYTHONPATH": os.pathsep.join([str(site.folder), str(REPOSITORY)])}
    listed = command("list", env=environment)
    assert listed.returncode == 0, listed.stderr
    assert f"Entropy, with keys of every type. ({name} 1.0)" in listed.stdout
    assert f"broken of {name} 1.0 is '{name}:Gone', which cannot be loaded: AttributeError: " in listed.stdout
    assert f"sick of {name} 1.0 is 'nowhere:X', which cannot be loaded: ModuleNotFoundError: " in listed.stdout
    pages = command("list", "strategies", "--verbose", env=environment)
    assert "strategy.power=1.0" in pages.stdout


def test_a_name_that_al_bench_has_is_refused_where_it_is_chosen(run, site):
    name = site.install(STRATEGY, strategies__bald="TOY:Mine")
    done = run(*TINY, "strategy=bald")
    assert (done.status, done.err) == (
        2,
        f"al-bench run: the name bald in al_bench.strategies is offered by al-bench itself and by {name} 1.0; "
        "rename the entry point or uninstall one package\n",
    )
    assert run(*TINY, "strategy=entropy").status == 0


def test_a_name_that_two_packages_offer_is_refused_where_it_is_chosen(run, site):
    first = site.install(STRATEGY, strategies__toy="TOY:Mine")
    second = site.install(STRATEGY, version="2.1", strategies__toy="TOY:Mine")
    done = run(*TINY, "strategy=toy")
    assert done.status == 2
    assert f"is offered by {first} 1.0 and by {second} 2.1; rename" in done.err
    assert run(*TINY, "strategy=random").status == 0


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("TOY:Gone", "which cannot be loaded: module 'TOY' has no attribute 'Gone'"),
        ("nowhere:Mine", "which cannot be loaded: No module named 'nowhere'"),
        ("TOY:Colour", "is no Strategy: derive from al_bench.strategies.base.Strategy"),
        ("os:system", "is a builtin_function_or_method and no class; name a dataclass"),
    ],
    ids=["no class", "no module", "another class", "a function"],
)
def test_a_faulty_offer_is_one_line(run, site, target, message):
    name = site.install(STRATEGY, strategies__toy=target)
    done = run(*TINY, "strategy=toy")
    assert done.status == 2
    (line,) = done.err.splitlines()
    assert line.replace(name, "TOY").endswith(message)


def test_a_file_of_the_users_own_with_a_name_that_is_taken_is_refused(run, site, tmp_path):
    for folder, option in (("strategy", "margin"), ("model", "toy")):
        (tmp_path / "own" / folder).mkdir(parents=True)
        (tmp_path / "own" / folder / f"{option}.yaml").write_text("defaults:\n  - /schema/strategy/bald@_here_\n")
    done = run("--config-dir", "own", *TINY, "strategy=margin")
    assert done.status == 2
    assert done.err.endswith("own/strategy/margin.yaml; give your file another name\n")
    site.install(MODEL, models__toy="TOY:Net")
    done = run("--config-dir", "own", *TINY, "model=toy")
    assert done.status == 2


@pytest.mark.parametrize("kind", KINDS)
def test_other_parts_of_al_bench_load_what_is_offered_to_them(site, kind):
    name = site.install("VALUE = 7\n", **{f"{kind}__seven": "TOY:VALUE"})
    offered = offers(kind)["seven"]
    assert the_offer(offered, built_in=False).load() == 7
    with pytest.raises(InputError, match=f"seven in al_bench.{kind} is offered by al-bench itself and by {name} 1.0"):
        the_offer(offered, built_in=True)
    site.install("1 / 0\n", **{f"{kind}__zero": "TOY:VALUE"})
    with pytest.raises(InputError, match="which cannot be loaded: ZeroDivisionError: division by zero"):
        the_offer(offers(kind)["zero"], built_in=False).load()
