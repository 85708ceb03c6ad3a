"""The presets that ship: every one composes at every scale, and says what a judge and a reader need."""

from __future__ import annotations

import copy
import json
import tomllib

import numpy as np
import pytest

from al_bench.analysis.papers.published import published
from al_bench.analysis.statistics.area import area
from al_bench.errors import InputError
from al_bench.reproduce import presets, runs
from al_bench.reproduce.preset import SCALES
from tests.conftest import REPOSITORY
from tests.reproduce.planted import preset

NAMES = presets.names()
FOLDER = REPOSITORY / "conf" / "experiment"


def test_every_file_is_in_the_order_and_has_an_experiment():
    assert sorted(NAMES) == sorted(path.stem for path in FOLDER.glob("*.yaml"))
    assert sorted(NAMES) == sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
    for name in NAMES:
        files = {path.name for path in (FOLDER / name).iterdir()}
        assert files == {"claims.toml", *(f"{scale}.yaml" for scale in SCALES)}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", SCALES)
def test_every_preset_composes_at_every_scale(name, scale):
    found = presets.preset(name)
    planned = runs.plan(found, scale, "results/runs")
    arms = found.at(scale)
    assert len(planned) == len(arms) * len(found.sizes[scale].seeds)
    assert len({one.folder for one in planned}) == len(planned)
    study = name if scale == "laptop" else f"{name}_{scale}"
    dataset = "synthetic" if scale == "smoke" else found.dataset
    for one in planned:
        assert one.folder.parts[:5] == ("results", "runs", study, dataset, one.arm)
        assert one.identity["seed"] == one.seed
    assert [one.seed for one in planned] == sorted(one.seed for one in planned)  # whole seeds first


@pytest.mark.parametrize("name", NAMES)
def test_arms_of_a_preset_differ_in_what_they_compute(name):
    found = presets.preset(name)
    for scale in SCALES:
        words = [(*arm.overrides, *arm.extra.get(scale, ())) for arm in found.at(scale)]
        assert len(set(words)) == len(words)


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_has_a_source_and_every_scale_its_departures(name):
    found = presets.preset(name)
    assert [one for one in found.claims if one.band is not None]
    assert all(one.source and one.text for one in found.claims)
    for size in found.sizes.values():
        assert size.minutes > 0
        assert size.basis
        assert size.departures
        assert len(set(size.departures)) == len(size.departures)
    if found.published:
        assert found.dataset in published()[found.published].datasets
    assert found.judged("laptop")


PUBLISHED = [
    ("batchbald2019_mnist", "batchbald_10_as_bald_1", "batchbald2019_mnist", "BatchBALD, b=10", "BALD, b=1"),
    ("batchbald2019_mnist", "bald_1_above_bald_10", "batchbald2019_mnist", "BALD, b=1", "BALD, b=10"),
    ("batchbald2019_mnist", "batchbald_10_above_bald_10", "batchbald2019_mnist", "BatchBALD, b=10", "BALD, b=10"),
    (
        "batchbald2019_mnist",
        "bald_10_above_bald_40",
        "batchbald2019_mnist_k20",
        "BALD, b=10, 20 draws",
        "BALD, b=40, 20 draws",
    ),
    *(
        ("batchbald2019_repeated_mnist", f"{claim}{span}", "batchbald2019_repeated_mnist_x5", above, below)
        for span in ("", "_250")
        for claim, above, below in (
            ("batchbald_above_random", "BatchBALD, b=10", "Random, b=10"),
            ("random_above_bald", "Random, b=10", "BALD, b=10"),
        )
    ),
    ("batchbald2019_emnist", "batchbald_above_random", "batchbald2019_emnist", "BatchBALD, b=5", "Random, b=5"),
    ("batchbald2019_emnist", "random_above_bald", "batchbald2019_emnist", "Random, b=5", "BALD, b=5"),
    *(
        ("learning_loss2019_cifar10", claim, "learning_loss2019_cifar10", above, below)
        for claim, above, below in (
            ("learning_loss_not_below_coreset", "Learning loss", "Core-set"),
            ("learning_loss_above_random", "Learning loss", "Random"),
            ("coreset_above_random", "Core-set", "Random"),
        )
    ),
]


@pytest.mark.parametrize(("name", "id_", "paper", "above", "below"), PUBLISHED)
def test_a_published_difference_is_the_metric_of_the_published_curves(name, id_, paper, above, below):
    (claim,) = [one for one in presets.preset(name).claims if one.id == id_]
    curves = {curve.arm: curve for curve in published()[paper].curves}

    def level(arm):
        labels, centre = np.array(curves[arm].labels), np.array([curves[arm].centre])
        return 100 * float(area(labels, centre, *claim.span)[0])

    # The curves on file are thinned to every 20 labels, the published number is of the whole logs.
    thinned = 0.75 if "batchbald" in name else 0.05
    assert claim.published == pytest.approx(level(above) - level(below), abs=thinned)


def test_a_laptop_sweep_is_at_most_two_hours():
    assert all(presets.preset(name).sizes["laptop"].minutes <= 120 for name in NAMES)


def test_at_laptop_scale_gal_is_the_configuration_of_the_committed_runs():
    planned = runs.plan(presets.preset("gal2017_mnist"), "laptop", str(REPOSITORY / "results" / "runs"))
    done = [one for one in planned if one.arm != "mean_std" and one.seed < 3]  # those that the claims came after
    assert len(done) == 12
    for one in done:
        header = json.loads((one.folder / "header.json").read_text())
        old, new = header["identity"], json.loads(json.dumps(one.identity))
        assert {key: new.get(key) for key in old} == old
        assert runs.complete(one)


def test_the_fixed_initial_images_are_twenty_and_the_same_in_every_run():
    planned = runs.plan(presets.preset("batchbald2019_mnist"), "paper", "results/runs")
    indices = planned[0].identity["initial.indices"]
    assert len(set(indices)) == 20
    assert all(one.identity["initial.indices"] == indices for one in planned)


TRAINING = {"mnist": 60_000, "repeated_mnist": 60_000, "emnist": 112_800}
"""Images of a dataset's training part, of one copy."""


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["paper", "laptop"])
@pytest.mark.parametrize("name", [name for name in NAMES if "batchbald" in str(presets.preset(name).arms)])
def test_where_a_paper_has_batchbald_it_sees_the_whole_pool(name, scale):
    found = presets.preset(name)
    planned = [one for one in runs.plan(found, scale, "results/runs") if one.arm.startswith("batchbald")]
    assert planned
    for keys in (one.identity for one in planned):
        pool = TRAINING[found.dataset] * (keys.get("dataset.copies") or 1) - keys["validation"]
        most = keys["strategy.candidates_max"]
        assert most is None or most >= min(pool, keys["schedule.candidates"] or pool)


def test_a_name_that_is_none_gets_near_ones():
    with pytest.raises(InputError, match="no preset 'gal2017_mnst'; did you mean gal2017_mnist"):
        presets.preset("gal2017_mnst")
    with pytest.raises(InputError, match="choose one of gal2017_mnist, "):
        presets.preset("zzz")


CLAIM = {"metric": "accuracy_difference", "arm": "one", "versus": "other", "at": 100, "band": [0, 1]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"metric": "magic"}, "metric is 'magic'; allowed are accuracy_difference, "),
        ({"rule": "last"}, "rule is 'last'; allowed are isotonic, first"),
        ({"seeds": [2, 3]}, "names the seed 3, which the scale paper does not have"),
        ({"arm": "third"}, "names the arm 'third', which the scale paper does not have"),
        ({"band": [1, 1]}, "the band .* is empty"),
        ({"at": None}, "accuracy_difference needs versus, and at or a span"),
        ({"versus": ""}, "accuracy_difference needs versus"),
        ({"margin": 3}, "has the key 'margin', which nothing reads"),
        ({"findings": {"huge": "-"}}, "has a finding at the scale 'huge', at which it is not judged"),
        ({"metric": "labels_ratio"}, "labels_ratio needs versus and target"),
        ({"metric": "penalty_place"}, "penalty_place needs settings"),
    ],
)
def test_a_damaged_claim_is_refused(change, words):
    claim = {key: value for key, value in (CLAIM | change).items() if value is not None}
    with pytest.raises(InputError, match=words):
        preset(claim)


def test_names_are_given_once_and_scales_are_all_there():
    with pytest.raises(InputError, match="two arms are called 'one'"):
        preset(CLAIM, arms=("one", "one", "other"))
    text = tomllib.loads((FOLDER / "beluch2018_mnist" / "claims.toml").read_text())
    presets.parse(text, "whole")
    part = copy.deepcopy(text)
    del part["scale"]["smoke"]
    with pytest.raises(InputError, match="has the scales paper, laptop, not paper, laptop, smoke"):
        presets.parse(part, "part")
    text["curve"] = [{"id": "c", "text": "", "arm": "random", "tolerance": 1, "source": "s", "points": [], "width": 2}]
    with pytest.raises(InputError, match="a curve has the key 'width'"):
        presets.parse(text, "part")
