"""A benchmark's protocol: what v1 asks for, and what a faulty one is answered."""

from __future__ import annotations

import pytest

from al_bench.benchmark.pieces import chosen
from al_bench.benchmark.protocol import from_tables, load, names
from al_bench.benchmark.runs import Newcomer
from al_bench.errors import InputError

TABLES = {
    "version": "t",
    "seeds": 2,
    "rounds": 3,
    "initial": "random",
    "pool_seed": 0,
    "regimes": {"low": {"start": 2, "batch": 2}},
    "learners": {"linear": ["model=linear"]},
    "strategies": ["random", "margin"],
    "datasets": {"digits": {"kind": "image", "learner": "linear", "data": ["dataset=digits"], "pool": 9, "test": 9}},
}


def test_v1_is_of_the_size_that_was_promised():
    v1 = load("v1")
    plain = [each for each in v1.settings() if not each.stress]
    assert len(v1.datasets) >= 12
    assert list(v1.regimes) == ["low", "middle", "high"]
    assert len(v1.strategies) >= 18
    assert not {"bait", "coreset_robust"} & set(v1.strategies)
    assert v1.seeds >= 10
    assert v1.rounds <= 10
    assert max(data.pool for data in v1.datasets.values()) <= 10_000
    assert sum(each.planned for each in plain) >= 3000
    assert v1.stresses is not None
    assert len(v1.stresses.kinds) == 4
    assert len(v1.stresses.datasets) == 3
    low = v1.regimes["low"]
    assert low.start + (v1.rounds - 1) * low.batch <= 10


def test_a_regime_is_run_on_all_data_sets_before_the_next_and_stresses_last():
    settings = load("v1").settings()
    order = [(each.stress != "", each.regime) for each in settings]
    assert list(dict.fromkeys(order)) == [(False, "low"), (False, "middle"), (False, "high"), (True, "low")]


def test_sizes_are_labels_a_class_times_classes():
    (setting,) = from_tables(TABLES, "t.yaml").settings()
    assert setting.sizes(10) == (20, 20)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"strategies": ["margin"]}, "strategies lacks random"),
        ({"rounds": 11}, "rounds"),
        ({"colour": 1}, "unknown field `colour`"),
        (
            {"learners": {"forest": ["model=random_forest"]}},
            "datasets.digits.learner is 'linear'; choose one of forest",
        ),
        ({"learners": {"linear": ["model=linear", "hydra.run.dir=/"]}}, "a protocol sets al-bench's own keys alone"),
        ({"learners": {"linear": ["arm=${oc.env:HOME}"]}}, "a protocol sets al-bench's own keys alone"),
        ({"learners": {"linear": ["strategy._target_=os.system"]}}, "a protocol sets al-bench's own keys alone"),
    ],
)
def test_a_faulty_protocol_is_refused(changed, said):
    with pytest.raises(InputError, match=r"t\.yaml") as caught:
        from_tables(TABLES | changed, "t.yaml")
    assert said in str(caught.value)


def test_an_unknown_benchmark_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="there is no benchmark 'nothing'; choose one of smoke, v1"):
        load("nothing")
    assert names() == ("smoke", "v1")


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (["letter/low"], ["letter-low"]),
        (["letter-low"], ["letter-low"]),
        (["letter"], ["letter-low", "letter-middle", "letter-high"]),
        (["shift"], ["fashion_mnist-low-shift", "pendigits-low-shift", "ag_news-low-shift"]),
        (["pendigits-low-shift"], ["pendigits-low-shift"]),
    ],
)
def test_only_names_settings(only, expected):
    assert [each.name for each in chosen(load("v1"), only, None)] == expected


def test_only_refuses_what_is_no_setting():
    with pytest.raises(InputError, match="--only lettr is no setting of benchmark v1"):
        chosen(load("v1"), ["lettr"], None)


def test_a_newcomer_runs_no_stress_that_was_not_named():
    assert not any(each.stress for each in chosen(load("v1"), [], Newcomer("mine")))
