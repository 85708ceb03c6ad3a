"""`al-bench query --predict`: predictions for all items, and a learner that loads without running code."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
import torch
from safetensors import safe_open

from al_bench.cli.main import dispatch
from tests.labelling import people

STUDY = Path("results/labelling/tumours")
WORDS = ("query", "dataset=table", "dataset.path=pool.csv", "strategy=margin", "schedule.batch=10", "study=tumours")


def predictions(number: int = 0) -> list[dict[str, str]]:
    text = (STUDY / f"predictions-{number:03d}.csv").read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def labelled(tmp_path, monkeypatch, capsys):
    """A table whose first batch is filled, under some model; gives what --predict prints."""
    monkeypatch.chdir(tmp_path)
    truth = people.write_table()

    def run(*words: str) -> str:
        assert dispatch([*WORDS, *words]) == 0
        people.fill(STUDY / "batch-000.csv", truth)
        capsys.readouterr()
        assert dispatch([*WORDS, *words, "--predict"]) == 0
        return capsys.readouterr().out

    return run


def test_predictions_are_written_for_every_item_and_no_batch(labelled):
    out = labelled("model=linear", "posterior=bootstrap")
    assert "predictions for 400 items: results/labelling/tumours/predictions-000.csv" in out
    rows = predictions()
    assert [row["item"] for row in rows] == [f"row-{row}" for row in range(400)]
    assert sum(row["label"] != "" for row in rows) == 10
    assert list(rows[0]) == ["item", "label", "predicted", "probability", "p:benign", "p:malignant"]
    probabilities = np.array([[float(row["p:benign"]), float(row["p:malignant"])] for row in rows])
    assert np.allclose(probabilities.sum(1), 1, atol=2e-6)
    assert [row["predicted"] for row in rows] == np.array(["benign", "malignant"])[probabilities.argmax(1)].tolist()
    assert not (STUDY / "batch-001.csv").exists()


def test_nothing_is_overwritten(labelled):
    labelled("model=linear", "posterior=bootstrap")
    before = (STUDY / "predictions-000.csv").read_bytes()
    assert dispatch([*WORDS, "model=linear", "posterior=bootstrap", "--predict"]) == 0
    assert (STUDY / "predictions-000.csv").read_bytes() == before
    assert sorted(path.name for path in STUDY.glob("learner-*")) == [
        "learner-000.safetensors",
        "learner-001.safetensors",
    ]


def test_networks_are_saved_as_safetensors_with_their_classes(labelled):
    labelled("training.steps=20", "posterior=deterministic")
    with safe_open(STUDY / "learner-000.safetensors", "pt") as file:
        names, facts = set(file.keys()), file.metadata()
        tensors = {name: file.get_tensor(name) for name in names}
    assert json.loads(facts["classes"]) == ["benign", "malignant"]
    assert facts["model"] == "mlp"
    hidden = tensors["member-0.dense1.weight"]
    assert hidden.shape[1] == 30
    rows = torch.zeros(1, 30)
    for layer in ("dense1", "dense2"):
        rows = torch.relu(rows @ tensors[f"member-0.{layer}.weight"].T + tensors[f"member-0.{layer}.bias"])
    assert (rows @ tensors["member-0.output.weight"].T).shape == (1, 2)


def test_rows_of_the_table_give_the_same_predictions_with_what_the_file_says_of_its_columns(labelled):
    labelled("model=linear", "posterior=deterministic")
    with safe_open(STUDY / "learner-000.safetensors", "pt") as file:
        facts, saved = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    columns = json.loads(facts["columns"])
    table = pd.read_csv("pool.csv")
    assert [column["name"] for column in columns] == list(table.columns)
    inputs = np.stack([(table[c["name"]] - c["mean"]) / c["std"] for c in columns], axis=1).astype(np.float32)
    shifted = (torch.from_numpy(inputs) - saved["member-0.shift"]) * saved["member-0.scale"]
    scores = shifted @ saved["member-0.linear.weight"].T + saved["member-0.linear.bias"]
    expected = [[float(row["p:benign"]), float(row["p:malignant"])] for row in predictions()]
    np.testing.assert_allclose(torch.softmax(scores, 1).numpy(), expected, atol=1e-5)


def test_estimators_are_saved_with_skops_and_their_types_listed(labelled):
    out = labelled("model=random_forest", "model.n_estimators=20")
    path = STUDY / "learner-000.skops"
    assert f"({path}-types.txt)" in out
    trusted = Path(f"{path}-types.txt").read_text().split()
    assert set(trusted) == set(skops.io.get_untrusted_types(file=path))
    saved = skops.io.load(path, trusted=trusted)
    (member,) = saved["members"]
    assert member["classes"] == saved["classes"] == ["benign", "malignant"]
    assert len(member["estimator"].estimators_) == 20
    assert [column["name"] for column in saved["columns"]] == list(pd.read_csv("pool.csv").columns)


def test_predictions_need_two_classes_and_go_with_no_question(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    people.write_table()
    assert dispatch([*WORDS, "--predict"]) == 2
    assert "--predict needs labels of two classes, and there are 0 labels of 0" in capsys.readouterr().err
    assert not Path("results").exists()
    assert dispatch([*WORDS, "--predict", "--where", "predicted=benign"]) == 2
    assert "give one of them" in capsys.readouterr().err
