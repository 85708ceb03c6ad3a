"""A strategy written for an older al-bench is told which name to use now; nothing of it is silently ignored."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from al_bench.errors import InputError
from al_bench.strategies.base import FORMER_METHODS, FeatureStrategy, Strategy
from tests.conftest import TINY

OWN = """
from dataclasses import dataclass

import torch

from al_bench.strategies.base import Selection, Strategy


@dataclass
class Own(Strategy):
    def needs(self, draws):
        return frozenset()

    def select(self, evidence, batch, generator):
        return Selection(torch.arange(batch))
"""


@pytest.mark.parametrize(("old", "new"), FORMER_METHODS.items(), ids=FORMER_METHODS)
def test_a_method_by_its_former_name_is_refused_when_the_class_is_made(old, new):
    with pytest.raises(InputError, match=rf"class Own defines {old}\(\), which is called {new}\(\)"):
        type("Own", (FeatureStrategy,), {old: lambda self, *rest: None})
    assert callable(getattr(Strategy, new))


def test_a_field_of_that_name_is_a_key_like_any_other():
    @dataclass
    class Own(FeatureStrategy):
        source: str = "somewhere"
        targets: int = 3

    assert Own.source == "somewhere"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("class Own(Strategy):", "class Own(Strategy):\n    def keeps(self):\n        return 3\n"),
            "max_candidates()",
        ),
        (("import Selection,", "import Selection, Setting,"), "Setting is called RunFacts"),
    ],
    ids=["method", "class"],
)
def test_a_users_file_with_a_former_name_ends_in_one_line(command, tmp_path, change, message):
    (tmp_path / "own.py").write_text(OWN.replace(*change))
    (tmp_path / "conf" / "strategy").mkdir(parents=True)
    (tmp_path / "conf" / "strategy" / "own.yaml").write_text("_target_: own.Own\n")
    done = command("run", "--config-dir", "conf", "strategy=own", *TINY)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    assert message in done.stderr
