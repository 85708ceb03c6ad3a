"""The presets that ship: every one composes at every scale, and says what a judge and a reader need."""

from __future__ import annotations

import hashlib
import tomllib
from operator import attrgetter

import numpy as np
import pytest

from al_bench.analysis.papers.published import published
from al_bench.analysis.statistics.area import area
from al_bench.config.compose import compose, register
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


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_has_no_stop_set(name):
    """Its records stay those of the versions before there was one."""
    register()  # as every command does first
    assert compose([f"experiment={name}"]).build().evaluation.stop_set == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", SCALES)
def test_every_preset_composes_at_every_scale(name, scale):
    preset = presets.load(name)
    planned = runs.plan(preset, scale, "results/runs")
    assert len(planned) == sum(len(preset.arm_seeds(arm, scale)) for arm in preset.arms_at(scale))
    assert len({run.folder for run in planned}) == len(planned)
    study = name if scale == "laptop" else f"{name}_{scale}"
    dataset = "synthetic" if scale == "smoke" else preset.dataset
    for run in planned:
        assert run.folder.parts[:5] == ("results", "runs", study, dataset, run.arm)
        assert run.identity["seed"] == run.seed
    assert [run.seed for run in planned] == sorted(run.seed for run in planned)  # whole seeds first


@pytest.mark.parametrize("name", NAMES)
def test_arms_of_a_preset_differ_in_what_they_compute(name):
    preset = presets.load(name)
    for scale in SCALES:
        overrides = [arm.overrides_at(scale) for arm in preset.arms_at(scale)]
        assert len(set(overrides)) == len(overrides)


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_has_a_source_and_every_scale_its_departures(name):
    preset = presets.load(name)
    assert [claim for claim in preset.claims if claim.band is not None]
    assert all(claim.source and claim.text for claim in preset.claims)
    for size in preset.sizes.values():
        assert size.minutes > 0
        assert size.basis
        assert size.departures
        assert len(set(size.departures)) == len(size.departures)
    if preset.published:
        assert preset.dataset in published()[preset.published].datasets
    assert preset.claims_at("laptop")


JUDGED = attrgetter(
    "id", "metric", "arm", "versus", "at", "span", "target", "rule", "seeds", "settings", "band", "scales"
)  # fmt: skip
DIGESTS = {
    "gal2017_mnist": "fb73cf5bf8c86c43",
    "batchbald2019_repeated_mnist": "5b1863a4135fbd5f",
    "zhdanov2019_mnist": "1ebe93934d401a30",
    "badge2020_letter": "6065fd104d89dd6f",
    "batchbald2019_mnist": "3ef1330424dea0c1",
    "debal2018_mnist": "50e1dd757cfd1ccb",
    "learning_loss2019_cifar10": "3ff957c6ec9f67d8",  # with two claims since that are reported, not judged
    "coreset2018_cifar10": "e70053dfbbba3a08",
    "gal2017_mnist_deterministic": "7f4dd83d9199589c",
    "beluch2018_mnist": "3caddbbc0d68d269",
    "badge2020_mnist_mlp": "5dbb67fd9dac5850",
    "badge2020_cifar10": "23ba9dcc635c5cb7",
    "powerbald2021_repeated_mnist": "794827684a2666b6",
    "batchbald2019_emnist": "a6210aed413a94d0",
}
"""Of the attributes by which claims are judged: claims are written down before the sweep that they judge."""


@pytest.mark.parametrize("name", NAMES)
def test_the_claims_are_those_written_down_before_the_sweep(name):
    attributes = repr([JUDGED(claim) for claim in presets.load(name).claims])
    assert hashlib.sha256(attributes.encode()).hexdigest()[:16] == DIGESTS[name]


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


@pytest.mark.parametrize(("name", "claim_id", "paper", "above", "below"), PUBLISHED)
def test_a_published_difference_is_the_metric_of_the_published_curves(name, claim_id, paper, above, below):
    (claim,) = [claim for claim in presets.load(name).claims if claim.id == claim_id]
    curves = {curve.arm: curve for curve in published()[paper].curves}

    def level(arm):
        labels, centre = np.array(curves[arm].labels), np.array([curves[arm].centre])
        return 100 * float(area(labels, centre, *claim.span)[0])

    # The curves on file are thinned to every 20 labels, the published number is of the whole logs.
    thinned = 0.75 if "batchbald" in name else 0.05
    assert claim.published == pytest.approx(level(above) - level(below), abs=thinned)


def test_a_laptop_sweep_takes_at_most_four_hours():
    assert all(presets.load(name).sizes["laptop"].minutes <= 240 for name in NAMES)


def test_the_fixed_initial_images_are_twenty_and_the_same_in_every_run():
    planned = runs.plan(presets.load("batchbald2019_mnist"), "paper", "results/runs")
    indices = planned[0].identity["initial.indices"]
    assert len(set(indices)) == 20
    assert all(run.identity["initial.indices"] == indices for run in planned)


TRAINING = {"mnist": 60_000, "repeated_mnist": 60_000, "emnist": 112_800}
"""Images of a dataset's training part, of one copy."""


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["paper", "laptop"])
@pytest.mark.parametrize("name", [name for name in NAMES if "batchbald" in str(presets.load(name).arms)])
def test_where_a_paper_has_batchbald_it_sees_the_whole_pool(name, scale):
    preset = presets.load(name)
    planned = [run for run in runs.plan(preset, scale, "results/runs") if run.arm.startswith("batchbald")]
    assert planned
    for keys in (run.identity for run in planned):
        pool = TRAINING[preset.dataset] * (keys.get("dataset.copies") or 1) - keys["validation"]
        most = keys["strategy.candidates_max"]
        assert most is None or most >= min(pool, keys["schedule.candidates"] or pool)


def test_an_unknown_name_gets_near_ones():
    with pytest.raises(InputError, match="no preset 'gal2017_mnst'; did you mean gal2017_mnist"):
        presets.load("gal2017_mnst")
    with pytest.raises(InputError, match="choose one of gal2017_mnist, "):
        presets.load("zzz")


CLAIM = {"metric": "accuracy_difference", "arm": "one", "versus": "other", "at": 100, "band": [0, 1]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "magic"}, "metric is 'magic'; allowed are accuracy_difference, "),
        ({"rule": "last"}, "rule is 'last'; allowed are isotonic, first"),
        ({"seeds": [2, 3]}, "names the seed 3, which its arms do not share at the scale paper"),
        ({"arm": "third"}, "names the arm 'third', which the scale paper does not have"),
        ({"band": [1, 1]}, "the band .* is empty"),
        ({"at": None}, "accuracy_difference needs versus, and at or a span"),
        ({"versus": ""}, "accuracy_difference needs versus"),
        ({"margin": 3}, r"preset planted: \$\.claim\[0\]\.margin: unknown field$"),
        ({"at": "100"}, r"preset planted: \$\.claim\[0\]\.at: expected int \| null, got str$"),
        ({"metric": None}, r"preset planted: \$\.claim\[0\]\.metric: missing$"),
        ({"scales": ["huge"]}, r"preset planted: \$\.claim\[0\]\.scales\[0\]: invalid enum value 'huge'$"),
        ({"findings": {"huge": "-"}}, "has a finding at the scale 'huge', at which it is not judged"),
        ({"metric": "labels_ratio"}, "labels_ratio needs versus and target"),
        ({"metric": "penalty_place"}, "penalty_place needs settings"),
    ],
    ids=lambda value: str(value)[1:-1] if isinstance(value, dict) else "refused",
)
def test_a_damaged_claim_is_refused(change, message):
    claim = {key: value for key, value in (CLAIM | change).items() if value is not None}
    with pytest.raises(InputError, match=message):
        preset(claim)


def tables_of(name):
    """The tables of a preset's file."""
    return tomllib.loads((FOLDER / name / "claims.toml").read_text())


def test_two_arms_of_one_name_are_refused():
    with pytest.raises(InputError, match="two arms are called 'one'"):
        preset(CLAIM, arms=("one", "one", "other"))


def test_a_missing_scale_is_refused():
    tables = tables_of("beluch2018_mnist")
    presets.from_tables(tables, "whole")
    del tables["scale"]["smoke"]
    with pytest.raises(InputError, match="has the scales paper, laptop, not paper, laptop, smoke"):
        presets.from_tables(tables, "part")


@pytest.mark.parametrize("table", ["arm", "scale", "claim", "curve", "report"])
def test_an_unknown_key_of_any_table_is_refused(table):
    tables = tables_of("batchbald2019_mnist")
    entry, path = (tables["scale"]["paper"], "scale.paper") if table == "scale" else (tables[table][0], f"{table}[0]")
    entry["width"] = 2
    with pytest.raises(InputError) as refused:
        presets.from_tables(tables, "wide")
    if table == "scale":
        path = "scale[...]"
    assert str(refused.value) == f"preset wide: $.{path}.width: unknown field"


def arm(name, **more):
    """The table of an arm."""
    return {"name": name, "overrides": [f"strategy={name}"], **more}


def test_an_arm_has_its_own_seeds_at_the_scale_that_it_names():
    planted = preset(CLAIM, arm=[arm("one", seeds={"laptop": [0, 1, 2, 3, 4]}), arm("other")])
    one, other = planted.arms
    assert planted.arm_seeds(one, "laptop") == (0, 1, 2, 3, 4)
    assert planted.arm_seeds(one, "paper") == planted.arm_seeds(other, "laptop") == (0, 1, 2)


def test_a_claim_is_about_the_seeds_that_its_arms_share():
    alone = {"id": "alone", "text": "-", "metric": "accuracy", "arm": "one", "at": 100, "source": "-"}
    own = {**alone, "id": "own", "seeds": [3, 4], "scales": ["laptop"]}
    planted = preset(CLAIM, arm=[arm("one", seeds={"laptop": [4, 3, 2, 1]}), arm("other")], report=[alone, own])
    assert [planted.claim_seeds(claim, "laptop") for claim in planted.claims] == [(2, 1), (4, 3, 2, 1), (4, 3)]


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ({"laptop": [7]}, "claim it: its arms share no seed at the scale laptop"),
        ({"huge": [1]}, r"\$\.arm\[0\]\.seeds: invalid enum value 'huge'"),
        ({"laptop": ["1"]}, r"\$\.arm\[0\]\.seeds\[\.\.\.\]\[0\]: expected int, got str"),
        ({"laptop": [1, 1]}, "arm one has the seed 1 twice at the scale laptop"),
        ({"laptop": []}, "arm one has no seeds at the scale laptop"),
    ],
    ids=["none-shared", "unknown-scale", "no-number", "twice", "none"],
)
def test_faulty_seeds_of_an_arm_are_refused(seeds, message):
    with pytest.raises(InputError, match=message):
        preset(CLAIM, arm=[arm("one", seeds=seeds), arm("other")])


def test_an_arm_with_more_seeds_than_others_has_more_runs():
    preset = presets.load("gal2017_mnist")
    planned = runs.plan(preset, "laptop", "results/runs")
    seeds = {arm.name: [run.seed for run in planned if run.arm == arm.name] for arm in preset.arms}
    assert seeds == {arm.name: list(range(10 if arm.name in ("random", "entropy") else 5)) for arm in preset.arms}
    assert [run.seed for run in planned] == sorted(run.seed for run in planned)  # whole seeds first
