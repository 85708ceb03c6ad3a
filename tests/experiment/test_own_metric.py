"""A metric of the user's own, from a file and from an installed package; no other result depends on it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from al_bench.metrics import METRICS
from tests.conftest import TINY, record

QUADRATIC = '''
from al_bench.metrics import Metric

def quadratic(log_probs, labels):
    """Mean squared distance between the probabilities and the true class, halved."""
    probs = log_probs.exp()
    probs[range(len(labels)), labels] -= 1
    return probs.square().sum(1).mean().item() / 2

QUADRATIC = Metric("quadratic", quadratic, "Quadratic score", unit="", higher_is_better=False, high=1.0)
SPHERICAL = Metric("spherical", lambda p, y: float("nan") if len(y) > 2 else 0.5, "Spherical score", unit="")
'''


@pytest.fixture
def here(run, tmp_path, monkeypatch):
    """A current folder with the metric's file in it."""
    (tmp_path / "scores.py").write_text(QUADRATIC)
    monkeypatch.delitem(sys.modules, "scores", raising=False)
    yield tmp_path
    sys.modules.pop("scores", None)
    if str(tmp_path) in sys.path:
        sys.path.remove(str(tmp_path))


def test_it_is_recorded_beside_the_others_and_described(run, here):
    done = run(*TINY, "evaluation.metrics=[scores:QUADRATIC]")
    assert done.status == 0, done.err
    found = record()
    assert all(0 <= entry["metrics"]["quadratic"] <= 1 for entry in found.rounds)
    assert found.header["own_metrics"]["quadratic"] == {
        "label": "Quadratic score", "unit": "", "higher_is_better": False, "low": 0.0, "high": 1.0, "point": 0.01,
    }  # fmt: skip
    head = (found.folder / "curve.csv").read_text().splitlines()[0].split(",")
    assert head == ["round", "labelled", *METRICS, "quadratic"]


def test_it_changes_neither_results_nor_the_folder_and_may_be_added_when_a_run_goes_on(run, here):
    run(*TINY, "arm=whole")
    run(*TINY, "arm=a")
    file = record("a").folder / "rounds.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:1]))
    (file.parent / "status.json").write_text('{"status": "interrupted"}')
    done = run(*TINY, "arm=a", "evaluation.metrics=[scores:QUADRATIC]")
    assert done.status == 0, done.err
    rounds = record("a").stable
    assert ["quadratic" in entry["metrics"] for entry in rounds] == [False, True, True]
    for entry in rounds:
        entry["metrics"].pop("quadratic", None)
    assert rounds == record("whole").stable
    assert "quadratic" in record("a").header["own_metrics"]


def test_a_value_that_is_no_number_is_null_and_said_in_the_log(run, here):
    assert run(*TINY, "arm=a", "evaluation.metrics=[scores:SPHERICAL,scores:QUADRATIC]").status == 0
    assert {entry["metrics"]["spherical"] for entry in record("a").rounds} == {None}
    assert "the metric spherical is nan here" in (record("a").folder / "run.log").read_text()


def test_an_installed_package_offers_it_by_name(run, here, monkeypatch):
    info = here / "site" / "toy-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[al_bench.metrics]\nquadratic = toy_scores:QUADRATIC\n")
    (here / "site" / "toy_scores.py").write_text(QUADRATIC)
    monkeypatch.syspath_prepend(str(here / "site"))
    done = run(*TINY, "arm=a", "evaluation.metrics=[quadratic]")
    sys.modules.pop("toy_scores", None)
    assert done.status == 0, done.err
    assert "quadratic" in record("a").rounds[0]["metrics"]


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("scores:NOTHING", "", "has no attribute 'NOTHING'"),
        ("missing_module:QUADRATIC", "", "No module named 'missing_module'"),
        ("quadratic", "", "which no package offers"),
        ("scores:quadratic", "", "which is a function and no al_bench.metrics.Metric"),
        ("scores:M", "M = Metric('accuracy', quadratic, 'Mine')", "is called 'accuracy'; give it a name"),
        ("scores:M", "M = Metric('a b', quadratic, 'Mine')", "is called 'a b'; give it a name"),
        ("scores:M", "M = Metric('m', lambda p: 1, 'Mine')", "fails on log-probabilities"),
        ("scores:M", "M = Metric('m', lambda p, y: float('inf'), 'Mine')", "is inf of two points"),
        ("scores:M", "M = Metric('m', lambda p, y: [1], 'Mine')", "fails on log-probabilities"),
        ("scores:M", "import sys; sys.exit(3)", "SystemExit: 3"),
        ("scores:M", "def broken(:", "SyntaxError"),
    ],
    ids=[
        *("no such object", "no such module", "not installed", "a function", "a taken name", "a name with a space"),
        *("another signature", "infinite", "no number", "an exit", "a syntax error"),
    ],
)
def test_a_faulty_one_is_one_line_before_anything_is_trained(run, here, name, source, said):
    (here / "scores.py").write_text(f"{QUADRATIC}\n{source}\n")
    done = run(*TINY, "arm=a", f"evaluation.metrics=[{name}]")
    assert done.status == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert not Path("results").exists()


def test_a_reader_knows_it_from_the_record_alone(run, here):
    from al_bench.metrics import known_metrics
    from al_bench.storage.runs import read_run

    run(*TINY, "arm=a", "evaluation.metrics=[scores:QUADRATIC]")
    (here / "scores.py").unlink()
    stored = read_run(record("a").folder)
    metric = known_metrics([stored.header.own_metrics])["quadratic"]
    assert (metric.axis_label, metric.higher_is_better, metric.scale) == ("Quadratic score", False, 1)
    assert json.dumps(stored.rounds[0].metric("quadratic"))


def test_a_description_of_other_kinds_is_not_believed():
    from al_bench.metrics import known_metrics

    odd = {
        "label": 3,
        "unit": None,
        "higher_is_better": "no",
        "low": "a",
        "high": [1],
        "point": -1,
        "function": "os:abort",
    }
    metric = known_metrics([{"odd": odd}])["odd"]
    assert (metric.label, metric.unit, metric.higher_is_better, metric.low, metric.high, metric.point) == (
        *("odd", "%", True, 0.0, 1.0, 0.01),
    )
    assert metric.function == ""
