"""The real packages: TensorBoard's own reader, W&B without a server, MLflow on a folder of SQLite."""

from __future__ import annotations

import json
import os
import socket

import pytest

from tests.conftest import TINY, record

pytestmark = pytest.mark.filterwarnings("ignore")  # of other packages, about each other


def test_tensorboard_reads_the_curve(run):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert run(*TINY, "tracker=tensorboard").status == 0
    assert run(*TINY, "tracker=tensorboard", "schedule.rounds=5").status == 0
    events = EventAccumulator(str(record().folder / "tensorboard"))
    events.Reload()
    shown = [(event.step, event.value) for event in events.Scalars("accuracy")]
    assert shown == [(entry["labelled"], pytest.approx(entry["accuracy"])) for entry in record().rounds]
    assert "curve" in events.Tags()["images"]
    assert os.path.getsize(record().folder / "rounds.jsonl")


def test_wandb_keeps_the_run_without_a_server(run, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert run(*TINY, "tracker=wandb").status == 0
    known = json.loads((record().folder / "trackers.json").read_text())["wandb"]
    assert (known["rounds"], known["ended"]) == (3, "complete")
    (kept,) = record().folder.glob(f"wandb/offline-run-*/run-{known['key']}.wandb")
    content = kept.read_bytes()
    assert b"accuracy" in content
    assert socket.gethostname().encode() not in content or len(socket.gethostname()) < 4


def test_mlflow_has_every_round(run, monkeypatch, tmp_path):
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    assert run(*TINY, "tracker=mlflow").status == 0
    assert run(*TINY, "tracker=mlflow", "schedule.rounds=5").status == 0
    key = json.loads((record().folder / "trackers.json").read_text())["mlflow"]["key"]
    client = mlflow.MlflowClient()
    shown = [(metric.step, metric.value) for metric in client.get_metric_history(key, "accuracy")]
    assert shown == [(entry["labelled"], entry["accuracy"]) for entry in record().rounds]
    assert client.get_run(key).info.status == "FINISHED"
