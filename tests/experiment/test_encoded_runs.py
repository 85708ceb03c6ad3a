"""Runs on an encoder's features: recorded, resumed with the same features alone, former records without an encoder."""

from __future__ import annotations

import json

import numpy as np
import pytest

from al_bench.records import RunHeader
from al_bench.storage.identity import differences
from tests.data.encoders.datasets import text_dataset

SMALL = ("model=linear", "initial.size=6", "schedule.batch=3", "schedule.rounds=3", "evaluation.draws=0")


@pytest.fixture
def news(tmp_path):
    data = text_dataset(40, 10)
    lines = [
        f"{text.strip()},{data.class_names[label]}" for text, label in zip(data.inputs, data.hidden_labels, strict=True)
    ]
    (tmp_path / "news.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    np.save(tmp_path / "features.npy", np.random.default_rng(0).random((40, 5)))
    return ("dataset=text", f"dataset.path={tmp_path / 'news.csv'}", "dataset.text=text", "dataset.label=label")


def header(tmp_path, arm):
    (path,) = tmp_path.rglob(f"{arm}/seed-0/header.json")
    return json.loads(path.read_text())


def test_the_features_are_recorded_and_the_data_are_known_by_the_raw_texts(run, tmp_path, news):
    for arm, words in (
        ("words", ("encoder=tfidf",)),
        ("mine", ("encoder=file", f"encoder.path={tmp_path / 'features.npy'}")),
    ):
        done = run(*news, *SMALL, *words, "strategy=margin", f"arm={arm}")
        assert done.status == 0, done.err
    words, mine = header(tmp_path, "words"), header(tmp_path, "mine")
    assert words["fingerprint"] == mine["fingerprint"]
    assert words["encoding"]["digest"] != mine["encoding"]["digest"]
    assert mine["encoding"]["dimension"] == 5
    assert words["choices"]["encoder"] == "tfidf"


def test_a_run_goes_on_with_the_same_features_alone(run, tmp_path, news):
    words = (*news, *SMALL, "encoder=file", f"encoder.path={tmp_path / 'features.npy'}", "strategy=margin", "arm=mine")
    assert run(*words).status == 0
    assert run(*words, "schedule.rounds=4").status == 0
    np.save(tmp_path / "features.npy", np.random.default_rng(1).random((40, 5)))
    done = run(*words, "schedule.rounds=5")
    assert done.status == 2
    assert "the encoder gives other features than those that the run began with" in done.err


def test_texts_without_an_encoder_are_refused(run, news):
    done = run(*news, "encoder=none", "strategy=margin")
    assert done.status == 2
    assert "holds texts, which no model takes as they are: give encoder=tfidf" in done.err


def record(choices, identity, strategy="coreset_greedy"):
    return RunHeader(
        study="s",
        dataset="d",
        arm="a",
        seed=0,
        strategy=strategy,
        choices={"strategy": strategy, **choices},
        identity=identity,
    )


@pytest.mark.parametrize(
    ("header", "features", "encoder", "differing"),
    [
        (record({}, {"strategy.features": "penultimate"}), "auto", "none", []),
        (record({}, {"strategy.features": "penultimate"}), "penultimate", "none", []),
        (record({}, {"strategy.features": "input"}), "auto", "none", ["strategy.features (here auto, there input)"]),
        (record({}, {"strategy.features": "penultimate"}), "auto", "tfidf", ["encoder (here tfidf, there none)"]),
        (
            record({"encoder": "tfidf"}, {"strategy.features": "penultimate"}),
            "auto",
            "tfidf",
            ["strategy.features (here auto, there penultimate)"],
        ),
        (
            record({}, {"strategy.features": "penultimate"}, "typiclust"),
            "auto",
            "none",
            ["strategy.features (here auto, there penultimate)"],
        ),
    ],
    ids=["the default", "typed", "another", "an encoder now", "under an encoder", "TypiClust"],
)
def test_a_former_record_is_one_without_an_encoder(header, features, encoder, differing):
    here = {"strategy.features": features}
    components = {"strategy": header.strategy, "encoder": encoder}
    assert differences(header, here, components, {}) == differing


def test_a_start_from_clusters_takes_sparse_features_reduced(run, tmp_path, news):
    done = run(*news, *SMALL, "encoder=tfidf", "initial.kind=clusters", "strategy=typiclust", "arm=clusters")
    assert done.status == 0, done.err
    assert len(set(header(tmp_path, "clusters")["initial"])) == 6
