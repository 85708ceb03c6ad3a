"""Which runs a preset takes as its own: those of its configuration that are complete."""

from __future__ import annotations

import shutil

import pytest

from al_bench.reproduce import presets, runs
from tests.conftest import REPOSITORY

COMMITTED = REPOSITORY / "results" / "runs"


def read(folder):
    """The complete runs of the MNIST preset under a folder, and the lines about those left out."""
    lines = []
    planned = runs.plan(presets.load("gal2017_mnist"), "laptop", str(folder))
    return runs.read_complete(planned, lines.append), lines


@pytest.mark.parametrize("name", ["a b=c", "a,b", "it's", "{a}", "[b", "\\'"])
def test_a_folder_of_any_name_can_hold_results(tmp_path, name):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    run, *_ = runs.plan(presets.load("zhdanov2019_mnist"), "smoke", str(tmp_path / name))
    assert run.folder.is_relative_to(tmp_path / name)
    (override,) = [override for override in run.overrides if override.startswith("results=")]
    assert OverridesParser.create().parse_override(override).value() == str(tmp_path / name)


def copied(tmp_path, **arms):
    """Committed records of seed 0, in the folders of these arms."""
    for arm, of in arms.items():
        source, target = (COMMITTED / "gal2017_mnist" / "mnist" / name / "seed-0" for name in (of, arm))
        shutil.copytree(source, tmp_path / target.relative_to(COMMITTED))
    return tmp_path


def test_runs_of_another_strategy_with_the_same_keys_are_left_out(tmp_path):
    arms, left_out = read(copied(tmp_path, entropy="variation_ratio", variation_ratio="entropy", bald="bald"))
    assert list(arms) == ["bald"]
    assert len(left_out) == 2
    assert all("another configuration: strategy (here " in line for line in left_out)


def test_a_run_that_lost_its_last_rounds_is_left_out(tmp_path):
    file = copied(tmp_path, bald="bald") / "gal2017_mnist" / "mnist" / "bald" / "seed-0" / "rounds.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:16]))
    arms, left_out = read(tmp_path)
    assert arms == {}
    assert left_out == [f"left out {file.parent}: not complete"]
    file.write_text("".join(lines))
    assert read(tmp_path)[0]["bald"][0].labels[-1] == 400
