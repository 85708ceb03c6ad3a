"""The committed runs are those of the presets: what is composed now is what their headers say."""

from __future__ import annotations

import json
from functools import cache

import msgspec
import pytest

from al_bench.config.compose import compose
from al_bench.records import RunHeader
from al_bench.reproduce import presets, runs
from al_bench.storage.identity import FORMER_CHOICES, present_identity
from tests.conftest import REPOSITORY

RUNS = REPOSITORY / "results" / "runs"
NAMES = [name for name in presets.names() if (RUNS / name).is_dir()]


@cache
def planned(name):
    """The planned runs of a preset that are on record, each with its header."""
    every = [(run, run.folder / "header.json") for run in runs.plan(presets.load(name), "laptop", str(RUNS))]
    return [(run, json.loads(header.read_text())) for run, header in every if header.is_file()]


@pytest.mark.parametrize("name", NAMES)
def test_every_committed_run_is_planned(name):
    folders = {file.parent for file in (RUNS / name).rglob("header.json")}
    assert {run.folder for run, _ in planned(name)} == folders


@pytest.mark.parametrize("name", NAMES)
def test_identity_and_components_are_those_of_the_header(name):
    for run, header in planned(name):
        composed = json.loads(json.dumps(run.identity))
        # A record knows the keys that there were when it was begun; those that came later have their defaults.
        identity = present_identity(msgspec.convert(header, RunHeader))
        assert {key: composed.get(key) for key in identity} == identity, run.folder
        choices = FORMER_CHOICES | header["choices"]
        assert {group: choices[group] for group in run.components} == run.components, run.folder
        assert runs.is_complete(run), run.folder


@pytest.mark.parametrize("name", NAMES)
def test_the_choices_that_a_header_records_are_those_composed_now(name):
    run, header = planned(name)[-1]
    recorded = {group: choice for group, choice in header["choices"].items() if choice is not None}
    assert FORMER_CHOICES | recorded == compose(run.overrides).choices
