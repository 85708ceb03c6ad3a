"""Seeds of single purposes: which draws follow which seed, what null means, and how crossed studies are compared."""

from __future__ import annotations

import pytest

from al_bench.cli.compare import main as compare
from al_bench.rng import PURPOSES, Streams, crossed_seeds
from tests.conftest import TINY, record

WORDS = (*TINY, "strategy=random")


def first(run, *words, arm: str, seed: int = 0):
    assert run(*WORDS, *words, f"arm={arm}", f"seed={seed}").status == 0
    kept = record(arm, seed)
    return kept.header["initial"], kept.rounds[0]["nll"], kept.rounds[0]["acquired"]


def test_each_seed_moves_its_own_draws_alone(run):
    base = first(run, arm="base")
    initial = first(run, "seeds.initial=7", arm="initial")
    training = first(run, "seeds.training=7", arm="training")
    selection = first(run, "seeds.selection=7", arm="selection")
    assert initial[0] != base[0]
    assert (training[0], selection[0]) == (base[0], base[0])
    assert training[1] != base[1]
    assert selection[1] == base[1]
    assert training[2] == base[2]
    assert selection[2] != base[2]


def test_a_seed_of_its_own_that_is_the_runs_changes_nothing(run):
    words = ("seeds.initial=3", "seeds.training=3", "seeds.selection=3")
    first(run, *words, arm="named", seed=3)
    first(run, arm="plain", seed=3)
    assert record("named", 3).stable == record("plain", 3).stable


def test_the_parts_of_another_run_come_together_again(run):
    """Initial set of seed 1 and network of seed 2, picks of seed 4, all under seed 0."""
    mixed = first(run, "seeds.initial=1", "seeds.training=2", "seeds.selection=4", arm="mixed")
    assert mixed[0] == first(run, arm="one", seed=1)[0]
    streams = Streams(0, 1, 2, 4)
    for purpose, seed in (("initial", 1), ("training", 2), ("selection", 4)):
        for name in PURPOSES[purpose]:
            assert streams.integer(name, 5, 2) == Streams(seed).integer(name, 5, 2)
    assert streams.integer("validation") == Streams(0).integer("validation")


def test_crossed_seeds_are_the_digits_of_the_seed():
    assert [crossed_seeds(seed, [3, 2]) for seed in range(7)] == [
        [0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1], [0, 0],
    ]  # fmt: skip
    assert len({tuple(crossed_seeds(seed, [3, 4, 2])) for seed in range(24)}) == 24


REFUSED = {
    "both": (("seeds.initial=1", "seeds.crossed=[3,3]"), "seeds.initial and seeds.crossed are both given"),
    "negative": (("seeds.training=-1",), "seeds.training is -1"),
    "too many": (("seeds.crossed=[2,2,2,2]",), "seeds.crossed is [2, 2, 2, 2]; it must be one to three whole numbers"),
    "nothing": (("seeds.crossed=[0,2]",), "seeds.crossed is [0, 2]"),
}


@pytest.mark.parametrize(("words", "line"), REFUSED.values(), ids=REFUSED)
def test_seeds_without_a_meaning_are_refused(run, words, line):
    ran = run(*WORDS, *words)
    assert ran.status == 2
    assert line in ran.err


def test_other_seeds_are_another_run_of_the_same_arm(run):
    assert run(*WORDS).status == 0
    again = run(*WORDS, "seeds.training=1")
    assert again.status == 2
    assert "seeds.training (here 1, there None)" in again.err


def test_a_crossed_study_says_where_its_spread_comes_from(run, capsys):
    words = ("-m", "debug=smoke", "model=logistic_regression", "strategy=random,margin", "study=s")
    assert run(*words, "seeds.crossed=[3,2]", "seed=0,1,2,3,4,5").status == 0
    assert compare(["results/runs/s"]) == 0
    out = capsys.readouterr().out
    assert "differ in" not in out
    assert "Runs share seeds of initial and training: they are not independent" in " ".join(out.split())
    table = out.partition("Where the spread comes from on synthetic, points")[2].partition(
        "standard deviation of AUBC"
    )[0]
    assert [line.split()[:3] for line in table.strip().splitlines()[1:]] == [
        ["margin", "curve", "6"], ["margin", "difference", "6"], ["random", "curve", "6"],
    ]  # fmt: skip
    assert all(line.split()[-3] == "-" or "]" in line for line in table.strip().splitlines()[1:])


def test_runs_under_other_seeds_of_a_purpose_are_no_pairs(run, capsys):
    for strategy, own in (("random", ()), ("margin", ("seeds.initial=9",))):
        words = ("debug=smoke", "model=logistic_regression", f"strategy={strategy}", "study=s", "seed=0", *own)
        assert run(*words).status == 0
    assert compare(["results/runs/s"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "has other seeds.* than random,model=logistic_regression under seed 0, which cannot be compared" in said
