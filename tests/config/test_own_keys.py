"""All fields of a user's own dataclass are config keys, typed and checked, wherever its option comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from al_bench.config.components import from_target
from al_bench.errors import InputError
from tests.config.own import MODEL, MOONS, STRATEGY, OwnFolder
from tests.conftest import TINY, record, written

POINT = ("strategy=entropy", "posterior.draws=0")
"""For a network without dropout."""


@pytest.fixture
def own(tmp_path, monkeypatch):
    return OwnFolder(tmp_path, monkeypatch)


SET = {
    "an inherited enumeration": ("strategy.stochastic=softmax", "stochastic: softmax"),
    "an inherited number": ("strategy.stochastic=softmax strategy.beta=2", "beta: 2.0"),
    "a number": ("strategy.power=3", "power: 3.0"),
    "an enumeration": ("strategy.colour=blue", "colour: blue"),
    "a nested dataclass": ("strategy.inner.depth=5", "depth: 5"),
    "a list": ("strategy.layers=[7]", "- 7"),
    "a tuple": ("strategy.pair=[8,9]", "- 9"),
    "an optional text": ("strategy.name=seven", "name: seven"),
}


@pytest.mark.parametrize("case", SET)
def test_a_field_that_the_file_does_not_list_is_a_key(run, own, case):
    override, line = SET[case]
    own.write(STRATEGY, strategy__mine="_target_: MODULE.Mine\n")
    done = run("--config-dir", "own", *TINY, "strategy=mine", *override.split(), "arm=here", "schedule.rounds=1")
    assert done.status == 0, done.err
    assert line in (record("here").folder / "config.yaml").read_text()


def test_the_keys_of_every_group_are_found_from_files_experiments_and_sweeps(run, own):
    own.write(
        STRATEGY + MOONS + MODEL,
        strategy__mine="_target_: MODULE:Mine\n",
        dataset__moons="_target_: MODULE.Moons\n",
        model__net="_target_: MODULE.Net\n",
        experiment__mine="# @package _global_\ndefaults:\n  - _self_\n  - override /dataset: moons\n"
        "  - override /model: net\n  - override /strategy: mine\ndataset:\n  noise: 0.5\n",
    )
    words = ["--config-dir", "own", "experiment=mine", "training.steps=8", "posterior=ensemble", "posterior.members=2"]
    words += ["initial.size=4", "schedule.rounds=2", "schedule.batch=4", "dataset.points=100", "model.units=4"]
    done = run("-m", *words, "strategy.power=1,2", "arm=p${strategy.power}")
    assert done.status == 0, done.out + done.err
    first, second = (record(f"p{power}", study="mine", dataset="moons") for power in ("1.0", "2.0"))
    identity = first.header["identity"]
    assert (identity["dataset.points"], identity["dataset.noise"], identity["model.units"]) == (100, 0.5, 4)
    assert (identity["strategy.power"], second.header["identity"]["strategy.power"]) == (1.0, 2.0)
    assert first.header["pool"] == 100


def test_the_values_of_the_file_count_before_the_defaults_of_the_class(run, own):
    own.write(
        STRATEGY,
        strategy___base="power: 4\n",
        strategy__mine="defaults:\n  - _base\n_target_: MODULE.Mine\nbeta: 3\n",
        strategy__heir="defaults:\n  - mine\n  - _self_\nbeta: 5\n",
    )
    done = run("--config-dir", "own", *TINY, "strategy=heir", "arm=here", "schedule.rounds=1")
    assert done.status == 0, done.err
    identity = record("here").header["identity"]
    assert (identity["strategy.power"], identity["strategy.beta"]) == (4.0, 5.0)
    assert identity["strategy._target_"] == f"{own.module}.Mine"


WRONG = {
    "dataset.points=abc": "dataset.points is 'abc'; Moons expects an integer",
    "dataset.points=1.5": "dataset.points is 1.5; Moons expects an integer",
    "dataset.points=null": "dataset.points is null; Moons expects an integer",
    "dataset.noise=much": "dataset.noise is 'much'; Moons expects a number",
    "dataset.noize=0.1": "dataset.noize is no key of MODULE.Moons; it has points, noise",
    "+dataset.noize=0.1": "dataset.noize is no key of MODULE.Moons; it has points, noise",
    "strategy.colour=green": "strategy.colour is 'green'; choose one of red, blue",
    "strategy.inner.depth=deep": "strategy.inner.depth is 'deep'; Inner expects an integer",
    "strategy.inner.width=1": "strategy.inner.width is no key of MODULE.Inner; it has depth",
    "strategy.layers=3": "strategy.layers is 3; Mine expects a list",
    "strategy.layers=[a]": "strategy.layers holds 'a'; Mine expects a list of integers",
    "strategy.powr=1": "strategy.powr is no key of MODULE.Mine; it has stochastic, beta, power, colour, inner, layers",
}


@pytest.mark.parametrize("override", WRONG)
def test_a_wrong_key_or_value_is_named_in_one_line(run, own, override):
    own.write(STRATEGY + MOONS, strategy__mine="_target_: MODULE.Mine\n", dataset__moons="_target_: MODULE.Moons\n")
    before = written()
    done = run("--config-dir", "own", *TINY, "strategy=mine", "dataset=moons", override)
    assert done.err.startswith(f"al-bench run: {WRONG[override].replace('MODULE', own.module)}")
    assert (done.status, len(done.err.splitlines()), done.out) == (2, 1, "")
    assert [name for name in written() if "__pycache__" not in name] == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("points: abc", "dataset.points is 'abc'; Moons expects an integer"),
        ("noize: 1", "dataset.noize is no key of MODULE.Moons; it has points, noise"),
    ],
    ids=["a wrong type", "an unknown key"],
)
def test_a_fault_in_the_file_is_worded_as_on_the_command_line(run, own, line, message):
    own.write(MOONS, dataset__moons=f"_target_: MODULE.Moons\n{line}\n")
    done = run("--config-dir", "own", *TINY, "dataset=moons")
    assert (done.status, done.err) == (2, f"al-bench run: {message.replace('MODULE', own.module)}\n")


def test_a_class_inside_another_is_named_with_a_colon(run, own):
    own.write(
        MODEL.replace("@dataclass\nclass Net:", "class Outer:\n    pass\n\n\n@dataclass\nclass Net:")
        + "\nOuter.Inner = Net\n",
        model__mine="_target_: MODULE:Outer.Inner\n",
    )
    done = run("--config-dir", "own", *TINY, *POINT, "model=mine", "model.units=4", "arm=here")
    assert done.status == 0, done.err
    assert record("here").header["identity"]["model._target_"] == f"{own.module}:Outer.Inner"


def test_a_key_of_one_swept_option_alone_is_refused_with_the_reason(run, own):
    own.write(STRATEGY, strategy__mine="_target_: MODULE.Mine\n")
    done = run("-m", "--config-dir", "own", *TINY, "strategy=mine,random", "strategy.power=2")
    assert done.status == 2
    assert done.err.splitlines() == [
        "al-bench run: strategy.power is a key of some of the options that are swept, not of all; sweep them apart"
    ]


def test_a_field_without_a_default_has_to_be_set(run, own):
    own.write(MOONS.replace("points: int = 120", "points: int"), dataset__moons="_target_: MODULE.Moons\n")
    done = run("--config-dir", "own", *TINY, "dataset=moons")
    assert (done.status, done.err) == (2, "al-bench run: dataset.points is not set; Moons needs it\n")
    words = [*TINY, "dataset=moons", "dataset.points=60", "schedule.rounds=1", "initial.size=2"]
    done = run("--config-dir", "own", *words)
    assert done.status == 0, done.err


def test_a_class_named_on_the_command_line_has_its_fields_in_the_identity(run, own):
    own.write(MODEL)
    words = ["~model", f"+model._target_={own.module}:Net", "+model.units=4", "arm=here"]
    done = run(*TINY, *POINT, *words, "schedule.rounds=1")
    assert done.status == 0, done.err
    assert record("here").header["identity"]["model.units"] == 4


@pytest.mark.slow
def test_the_workers_of_a_parallel_sweep_find_the_users_class(command, own):
    own.write(STRATEGY, strategy__mine="_target_: MODULE.Mine\n")
    words = ["-m", "--config-dir", "own", *TINY, "strategy=mine", "strategy.power=1,2", "hydra/launcher=joblib"]
    done = command("run", *words, "hydra.launcher.n_jobs=2")
    assert done.returncode == 0, done.stderr
    assert "2 complete, 0 failed, 0 missing" in done.stdout


FIELDS = """
from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Optional

if TYPE_CHECKING:
    from nowhere import Unknown


class Size(Enum):
    small = 1


@dataclass(frozen=True, kw_only=True)
class Odd:
    points: int = 3
    share: float | None = None
    path: Path = Path("a")
    either: int | str = 1
    literal: Literal["a", "b"] = "a"
    unknown: Unknown | None = None
    table: dict[str, int] = field(default_factory=dict)
    sizes: list[Size] = field(default_factory=lambda: [Size.small])
    maybe: Optional[int] = None
    other: Any = None
    callback: Any = print
    needed: int
    hidden: int = field(default=1, init=False)
    first: InitVar[int] = 2
    constant: ClassVar[int] = 5

    def load(self):
        pass
"""


def test_fields_of_every_type_are_keys(own):
    own.write(FIELDS)
    made = from_target(
        f"{own.module}.Odd", {"needed": "4", "sizes": ["small"], "path": "b", "table": {"x": "1"}}, "dataset"
    )
    assert (made.needed, made.points, made.share, made.table) == (4, 3, None, {"x": 1})
    assert made.path == Path("b")
    assert [size.name for size in made.sizes] == ["small"]
    assert made.callback is print, "a default that no YAML can hold is left to the class"
    for keys, message in (
        ({"needed": 1, "points": "x"}, "dataset.points is 'x'; Odd expects an integer"),
        ({"needed": 1, "sizes": ["big"]}, "dataset.sizes[0] is 'big'; choose one of small"),
        ({"needed": 1, "table": {"x": "y"}}, "dataset.table.x is 'y'; it must be an integer"),
        ({"needed": 1, "hidden": 2}, f"dataset.hidden is no key of {own.module}.Odd; it has points, share, path"),
        ({"needed": 1, "constant": 2}, f"dataset.constant is no key of {own.module}.Odd; it has points, share, path"),
        ({}, "dataset.needed is not set; Odd needs it"),
    ):
        with pytest.raises(InputError) as raised:
            from_target(f"{own.module}.Odd", keys, "dataset")
        assert str(raised.value).startswith(message)
