"""The guide's own strategy, copied from it word by word, runs by name from a folder that is not al-bench's."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.conftest import TINY
from tests.guide.pages import PAGES, blocks

FILES = {"lowest.py", "conf/strategy/lowest.yaml"}
"""The files of the guide's page on extending al-bench that are its strategy."""


@pytest.fixture
def guide(tmp_path) -> list[str]:
    """The files of the guide's strategy, written where it says; returns the words of its command, without the sizes."""
    page = blocks(PAGES["extend"])
    files = {block.file: block.text for block in page if block.file in FILES}
    assert set(files) == FILES
    assert sum(text.count("\n") for text in files.values()) <= 25, "it is meant to be short"
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    line = next(line for block in page for line in block.commands if "strategy=lowest" in line)
    return [word for word in shlex.split(line) if word not in ("al-bench", "debug=smoke")]


def records(folder: Path) -> dict[str, list[dict]]:
    """Run folder to its rounds, for every run under a folder."""
    files = sorted(folder.rglob("rounds.jsonl"))
    return {str(path.parent): [json.loads(line) for line in path.read_text().splitlines()] for path in files}


@pytest.mark.slow
def test_it_runs_by_name_and_its_keys_are_typed_like_any_other(command, guide, tmp_path):
    done = command(*guide, *TINY)
    assert done.returncode == 0, done.stderr
    ((folder, rounds),) = records(tmp_path).items()
    assert folder.endswith("smoke/synthetic/lowest,posterior.draws=4,power=2.0,steps=8/seed-0")
    assert len(rounds) == 3
    for entry in rounds[:-1]:
        # −(max p)²: from −1 to −1/C², the batch in falling order.
        assert entry["scores"] == sorted(entry["scores"], reverse=True)
        assert all(-1 <= score <= -1 / 16 for score in entry["scores"])
    header = json.loads((Path(folder) / "header.json").read_text())
    assert header["strategy"] == "lowest"
    assert header["oracle"] is False
    assert header["identity"]["strategy.power"] == 2


def test_it_is_listed_with_its_keys(command, guide):
    listed = command("list", "strategies", "--config-dir", "conf", "--verbose")
    assert listed.returncode == 0, listed.stderr
    page = listed.stdout.partition("\nlowest\n")[2].partition("\nmargin\n")[0]
    assert "mean_log_probs [N, C]" in page
    assert "strategy.power=3.0" in page


def test_a_wrong_key_of_it_is_one_line(command, guide, tmp_path):
    done = command(*guide, *TINY, "+strategy.powr=2")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "powr" in done.stderr
    assert records(tmp_path) == {}


@pytest.mark.slow
def test_it_runs_in_the_workers_of_the_joblib_launcher(command, guide, tmp_path):
    done = command(guide[0], "-m", *guide[1:], *TINY, "seed=0,1", "hydra/launcher=joblib")
    assert done.returncode == 0, done.stdout + done.stderr
    runs = records(tmp_path)
    assert [Path(folder).name for folder in runs] == ["seed-0", "seed-1"]
    assert all(len(rounds) == 3 for rounds in runs.values())


OWN = """
from dataclasses import dataclass

import torch

from al_bench.strategies.base import ScoreStrategy


@dataclass
class Last(ScoreStrategy):
    def needs(self, draws):
        return frozenset()

    def score(self, evidence):
        return torch.arange(evidence.rows).float()
"""


def test_a_score_that_needs_nothing_is_asked_all_the_same(command, tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "conf" / "strategy").mkdir(parents=True)
    (tmp_path / "conf" / "strategy" / "last.yaml").write_text("_target_: own.Last\n")
    done = command("run", "--config-dir", "conf", "strategy=last", *TINY)
    assert done.returncode == 0, done.stderr
    ((_, rounds),) = records(tmp_path).items()
    first = rounds[0]
    assert first["scores"] == sorted(range(first["candidates"]), reverse=True)[: len(first["acquired"])]
