"""`al-bench rescore`: metrics of stored predictions, computed after the runs have ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from al_bench.cli import compare, rescore
from al_bench.storage.predictions import NAME
from al_bench.storage.rounds import chain_start
from al_bench.storage.runs import read_run
from tests.conftest import TINY, record

OWN = """
from al_bench.metrics import Metric

def top_two(log_probs, labels):
    return (log_probs.topk(2, dim=1).indices == labels[:, None]).any(1).double().mean()

TOP_TWO = Metric("top_two", top_two, "Right within two guesses")
TAIL = Metric("tail", lambda p, y: 1.0, "Tail", unit="", high=None)
"""
STORED = (*TINY, "arm=a", "evaluation.keep=probabilities")


@pytest.fixture
def here(run, tmp_path, monkeypatch, capsys):
    """A current folder with metrics of one's own, and the command."""
    (tmp_path / "mine.py").write_text(OWN)
    monkeypatch.delitem(sys.modules, "mine", raising=False)

    def call(*words, command=rescore):
        capsys.readouterr()
        return command.main(list(words)), *capsys.readouterr()

    yield call
    sys.modules.pop("mine", None)
    if str(tmp_path) in sys.path:
        sys.path.remove(str(tmp_path))


def test_a_rescored_metric_equals_the_recorded_one_bit_for_bit(run, here):
    """What is stored are the numbers that the metrics were computed of."""
    assert run(*STORED).status == 0
    folder = record("a").folder
    recorded = [entry.metrics for entry in read_run(folder).rounds]
    names = ("balanced_accuracy", "macro_f1", "auroc", "average_precision", "brier")
    status, out, _ = here(str(folder), *(word for name in names for word in ("--metric", name)))
    assert status == 0
    assert "next: al-bench compare" in out
    computed = json.loads((folder / "rescored.json").read_text())["metrics"]
    for name in names:
        assert [computed[name]["values"][str(number)] for number in range(len(recorded))] == [
            values[name] for values in recorded
        ]


def test_storing_them_changes_no_other_byte_of_the_rounds(run):
    run(*TINY, "arm=plain")
    run(*STORED)
    assert record("a").stable == record("plain").stable
    assert (record("a").folder / NAME).exists()
    assert not (record("plain").folder / NAME).exists()


def test_the_first_rounds_predictions_are_there_when_its_networks_come_from_the_cache(run, here, tmp_path):
    shared = f"cache={tmp_path / 'shared'}"
    run(*TINY, "arm=first", shared)
    run(*STORED, shared)
    assert record("a").header["first_round"]["loaded"]
    run_ = read_run(record("a").folder)
    from al_bench.metrics.rescore import stored_predictions

    assert stored_predictions(run_).rounds == [entry.round for entry in run_.rounds]


def test_an_interrupted_run_goes_on_with_its_predictions(run, here):
    run(*STORED)
    folder = record("a").folder
    whole = (folder / NAME).read_bytes()
    rounds = (folder / "rounds.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "rounds.jsonl").write_bytes(b"".join(rounds[:-1]))
    (folder / "status.json").write_text('{"status": "interrupted"}')
    (folder / NAME).write_bytes(whole[:-7])
    assert run(*STORED).status == 0
    assert (folder / NAME).read_bytes() == whole


def test_a_metric_of_ones_own_is_compared_without_its_code(run, here):
    for arm, strategy in (("a", "entropy"), ("random", "random")):
        for seed in (0, 1, 2):
            run(*TINY, f"arm={arm}", f"strategy={strategy}", f"seed={seed}", "evaluation.keep=probabilities")
    study = "results/runs/smoke"
    status, out, err = here(study, "--metric", "mine:TOP_TWO")
    assert (status, err) == (0, "")
    Path("mine.py").unlink()
    sys.modules.pop("mine")
    status, out, err = here(study, "--metric", "top_two", "--target", "0.7", command=compare)
    assert status == 0, err
    assert "Right within two guesses on synthetic, %" in out
    assert "70 % right within two guesses" in out or "to reach a right within two guesses" in out


def test_metrics_are_added_to_those_computed_before(run, here):
    run(*STORED)
    folder = record("a").folder
    here(str(folder), "--metric", "mine:TOP_TWO")
    here(str(folder), "--metric", "mine:TAIL")
    stored = read_run(folder)
    assert stored.rounds[0].metrics["tail"] == 1.0
    assert 0 <= stored.rounds[0].metrics["top_two"] <= 1
    assert stored.header.own_metrics["top_two"]["label"] == "Right within two guesses"
    assert stored.header.own_metrics["tail"]["high"] is None


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("mine:NOTHING", "--metric has 'mine:NOTHING', which cannot be loaded"),
        ("top_two", "--metric has 'top_two', which no package offers"),
        ("recall:0", "which every round has on record: use al-bench compare --metric"),
        ("classes_found", "which every round has on record"),
    ],
    ids=["no such object", "not installed", "by class", "of the labels"],
)
def test_a_metric_that_cannot_be_computed_is_one_line(run, here, metric, said):
    run(*STORED)
    status, out, err = here(str(record("a").folder), "--metric", metric)
    assert (status, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_runs_without_predictions_are_named(run, here):
    run(*TINY, "arm=plain")
    status, _, err = here("results/runs/smoke", "--metric", "mine:TOP_TWO")
    assert status == 2
    assert "none of the 1 runs has stored predictions; al-bench run stores them with evaluation.keep=prob" in err
    run(*STORED)
    status, _, err = here("results/runs/smoke", "--metric", "mine:TOP_TWO")
    assert status == 0
    assert "plain/seed-0: it stored no predictions" in err


def test_a_damaged_or_foreign_file_of_rescored_metrics_is_refused(run, here):
    run(*STORED)
    folder = record("a").folder
    here(str(folder), "--metric", "mine:TAIL")
    file = folder / "rescored.json"
    file.write_text(file.read_text().replace("1.0", "0.5"))
    status, _, err = here(str(folder), command=compare)
    assert status == 2
    assert "rescored.json does not fit its digest: it was changed, or is of another run" in err
    file.write_text("[]")
    assert "rescored.json cannot be read" in here(str(folder), command=compare)[2]


def test_nothing_that_the_files_name_is_run(run, here):
    """A description cannot carry a function: readers show values and labels alone."""
    from al_bench.storage.rescored import Rescored, write_rescored

    run(*STORED)
    stored = read_run(record("a").folder)
    description = {"label": "Evil", "unit": "", "function": "os:abort", "higher_is_better": True}
    values = {entry.round: 0.5 for entry in stored.rounds}
    write_rescored(stored.folder, chain_start(stored.header), {"evil": Rescored(description, values)})
    status, out, _ = here(str(stored.folder), "--metric", "evil", command=compare)
    assert status == 0
    assert "Evil on synthetic" in out
