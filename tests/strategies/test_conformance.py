"""What every strategy must do, found by itself from conf/strategy: a new strategy is covered when its YAML is there.

A strategy that reads a new Product needs one line in FACTORIES.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from al_bench import kernels
from al_bench.config.components import load_class
from al_bench.config.compose import compose, register
from al_bench.config.registry import COMPONENTS
from al_bench.errors import InputError, ScoreError
from al_bench.evidence import FIXED, Evidence, Product, Screen
from al_bench.experiment import sweep
from al_bench.strategies.base import RunFacts, ScoreStrategy, Strategy

ALL = sorted(path.stem for path in (Path(__file__).parents[2] / "conf" / "strategy").glob("[!_]*.yaml"))


@dataclass(frozen=True)
class Sizes:
    """Rows N, draws K, members M, classes C, features D, labelled points L, targets T."""

    rows: int = 24
    draws: int = 6
    members: int = 3
    classes: int = 4
    features: int = 5
    labelled: int = 8
    targets: int = 7


def log_probs(*shape: int, generator: torch.Generator) -> Tensor:
    return (2 * torch.randn(shape, generator=generator)).log_softmax(-1)


FACTORIES: dict[Product, Callable[[Sizes, torch.Generator], Tensor]] = {
    Product.mean_log_probs: lambda s, g: log_probs(s.rows, s.classes, generator=g),
    Product.mc_log_probs: lambda s, g: log_probs(s.rows, s.draws, s.classes, generator=g),
    Product.member_log_probs: lambda s, g: log_probs(s.rows, s.members, s.classes, generator=g),
    Product.target_mc_log_probs: lambda s, g: log_probs(s.targets, s.draws, s.classes, generator=g),
    Product.point_log_probs: lambda s, g: log_probs(s.rows, s.classes, generator=g),
    Product.features: lambda s, g: torch.randn(s.rows, s.features, generator=g),
    Product.predicted_loss: lambda s, g: torch.randn(s.rows, generator=g),
    Product.labelled_point_log_probs: lambda s, g: log_probs(s.labelled, s.classes, generator=g),
    Product.labelled_features: lambda s, g: torch.randn(s.labelled, s.features, generator=g),
    Product.labelled_labels: lambda s, g: torch.arange(s.labelled) % s.classes,
    Product.held_out_log_probs: lambda s, g: log_probs(s.labelled, s.classes, generator=g),
    Product.last_layer: lambda s, g: torch.randn(s.classes, s.features + 1, generator=g),
    Product.true_labels: lambda s, g: torch.randint(s.classes, (s.rows,), generator=g),
}
"""How a tensor of each product is made; the first dimension is N, or T or L where the product is in FIXED."""


def certain(name: Product, value: Tensor) -> Tensor:
    """Probabilities exactly 0 and 1; features and predicted losses of zero."""
    if not value.is_floating_point():
        return value
    if "log_probs" in name.name:
        return torch.nn.functional.one_hot(value.argmax(-1), value.shape[-1]).to(value.dtype).log()
    return torch.zeros_like(value)


def undecided(name: Product, value: Tensor) -> Tensor:
    """Uniform probabilities; features of the same value everywhere."""
    if not value.is_floating_point():
        return value
    return torch.full_like(value, -torch.tensor(float(value.shape[-1])).log() if "log_probs" in name.name else 1.0)


def identical(name: Product, value: Tensor) -> Tensor:
    """All rows the same."""
    return value if name in FIXED else value[:1].expand_as(value).contiguous()


def double(name: Product, value: Tensor) -> Tensor:
    """float64."""
    return value.double() if value.is_floating_point() else value


HOSTILE: dict[str, Callable[[Product, Tensor], Tensor]] = {
    "ordinary": lambda name, value: value,
    "probabilities 0 and 1": certain,
    "uniform probabilities": undecided,
    "identical rows": identical,
    "float64": double,
}


@cache
def strategy(name: str) -> Strategy:
    """The strategy as its YAML gives it."""
    register()
    sweep.register()
    made = compose([f"strategy={name}"]).build().strategy
    assert isinstance(made, Strategy)
    return made


NAMES = [name for name in ALL if len(strategy(name).parts()) == 1]
"""Those that pick themselves: of the others (switch) the parts do, which are strategies like these."""


def evidence(needs: frozenset[Product], sizes: Sizes, kind: str = "ordinary", seed: int = 0) -> Evidence:
    """Evidence of the products needed."""
    products = {}
    for product in sorted(needs, key=lambda product: product.name):
        generator = torch.Generator().manual_seed(seed + list(Product).index(product))
        products[product] = HOSTILE[kind](product, FACTORIES[product](sizes, generator))
    return Evidence(sizes.rows, products, sizes.classes, trial=accuracy_of)


def accuracy_of(rows: Sequence[int]) -> float:
    """What a trial gives: a function of the rows."""
    return (sum((row * 7 + 3) % 11 for row in rows) % 17) / 17


def all_needs(name: str) -> list[frozenset[Product]]:
    """What the strategy reads with draws, and without where it may be run without."""
    subject = strategy(name)
    return [subject.needs(True)] if subject.minimum_draws > 1 else list({subject.needs(True), subject.needs(False)})


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def run_facts(sizes: Sizes) -> RunFacts:
    seen = min(sizes.labelled, sizes.classes)
    return RunFacts("s", sizes.draws, sizes.members, 4, sizes.classes, sizes.labelled, seen)


def permuted(given: Evidence, order: Tensor) -> Evidence:
    """The same evidence with the candidates in another order, or only some of them."""
    products = {name: value if name in FIXED else value[order] for name, value in given.products.items()}
    return Evidence(len(order), products, given.classes)


def test_the_suite_covers_every_strategy_and_every_product():
    assert len(NAMES) >= 7
    assert set(FACTORIES) == set(Product)
    assert {type(strategy(name)) for name in ALL} == {load_class(path) for path in COMPONENTS["strategy"].values()}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_as_many_distinct_rows_as_asked_for(name, kind):
    for needs in all_needs(name):
        for rows, batch in ((24, 5), (24, 1), (6, 6), (1, 1)):
            given = evidence(needs, Sizes(rows=rows), kind)
            before = {product: value.clone() for product, value in given.products.items()}
            chosen = strategy(name).select(given, batch, generator())
            assert chosen.rows.dtype == torch.int64
            assert chosen.rows.shape == (batch,)
            assert len(set(chosen.rows.tolist())) == batch, chosen.rows
            assert 0 <= int(chosen.rows.min()) <= int(chosen.rows.max()) < rows
            assert chosen.scores is None or chosen.scores.shape == (batch,)
            for product, value in before.items():
                assert torch.equal(given.products[product], value), f"{product.name} was changed"


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_batch_whatever_the_global_generator(name):
    for needs in all_needs(name):
        given = evidence(needs, Sizes())
        torch.manual_seed(1)
        first = strategy(name).select(given, 5, generator()).rows.tolist()
        torch.manual_seed(2)
        state = torch.get_rng_state()
        assert strategy(name).select(given, 5, generator()).rows.tolist() == first
        assert torch.equal(torch.get_rng_state(), state), "the global generator was used"


@pytest.mark.parametrize("name", NAMES)
def test_a_cold_start_gives_a_batch_or_is_refused_before_any_training(name):
    sizes = Sizes(labelled=0)
    try:
        strategy(name).check(run_facts(sizes))
    except InputError:
        with pytest.raises(InputError, match="initial"):
            strategy(name).check(run_facts(sizes))
        return
    for needs in all_needs(name):
        rows = strategy(name).select(evidence(needs, sizes), 5, generator()).rows
        assert len(set(rows.tolist())) == 5


@pytest.mark.parametrize("name", NAMES)
def test_needs_are_exactly_what_is_read(name):
    """Reading what was not declared raises; what was declared is read."""
    for needs in all_needs(name):
        whole = evidence(needs, Sizes())
        for missing in needs:
            fewer = replace(
                whole, products={product: value for product, value in whole.products.items() if product is not missing}
            )
            with pytest.raises(LookupError, match="add it to its needs"):
                strategy(name).select(fewer, 5, generator())


@pytest.mark.parametrize("name", NAMES)
def test_a_row_that_is_nan_is_an_error_that_names_it(name):
    for needs in all_needs(name):
        for product in needs - FIXED:
            given = evidence(needs, Sizes())
            if not given.products[product].is_floating_point():
                continue
            given.products[product][3] = float("nan")
            with pytest.raises(ScoreError, match=r"row 3\b"):
                strategy(name).select(given, 5, generator())


@pytest.mark.parametrize("name", NAMES)
def test_a_labelled_row_that_is_nan_is_an_error(name):
    for needs in all_needs(name):
        for product in needs & FIXED:
            given = evidence(needs, Sizes())
            if not given.products[product].is_floating_point():
                continue
            given.products[product][2] = float("nan")
            with pytest.raises(ScoreError):
                strategy(name).select(given, 5, generator())


@pytest.mark.parametrize("scale", [1e19, 1e25, 1e37, 1e-30])
@pytest.mark.parametrize("name", NAMES)
def test_features_whose_squares_leave_float32_are_ranked_or_refused(name, scale):
    for needs in all_needs(name):
        given = evidence(needs, Sizes(rows=30))
        for product in needs & {Product.features, Product.labelled_features}:
            given.products[product].mul_(scale)
        try:
            rows = strategy(name).select(given, 6, generator()).rows
        except ScoreError:
            continue
        assert len(rows.unique()) == 6


@pytest.mark.parametrize("name", NAMES)
def test_the_true_labels_are_for_oracles(name):
    reads = any(Product.true_labels in needs for needs in all_needs(name))
    assert (reads or strategy(name).reads_trials) == strategy(name).oracle


@pytest.mark.parametrize("name", [name for name in NAMES if strategy(name).max_candidates() is not None])
def test_of_a_large_pool_the_first_rows_of_a_screen_are_enough(name):
    """A screen is a score of each row alone; with the rows that it keeps, the strategy picks rows of the evidence."""
    for needs in all_needs(name):
        given, keys = evidence(needs, Sizes(rows=60)), kernels.tie_keys(60, generator())
        scores = strategy(name).screening_score(given)
        assert scores.shape == (60,)
        order = torch.randperm(60, generator=generator(4))
        torch.testing.assert_close(strategy(name).screening_score(permuted(given, order)), scores[order])
        for most in (59, 20, 5):
            first = sorted(range(60), key=lambda row: (-float(scores[row]), float(keys[row])))[:most]
            candidates = torch.tensor(sorted(first))
            part = replace(permuted(given, candidates), screen=Screen(scores, candidates))
            rows = strategy(name).select(part, 5, generator()).rows
            assert len(set(rows.tolist())) == 5
            assert 0 <= int(rows.min()) <= int(rows.max()) < most


SCORES = [name for name in NAMES if issubclass(type(strategy(name)), ScoreStrategy)]


@pytest.mark.parametrize("name", SCORES)
def test_a_score_belongs_to_its_row_whatever_the_order_and_the_chunk(name):
    subject = strategy(name)
    for needs in all_needs(name):
        given = evidence(needs, Sizes(rows=100))
        scores = subject.score(given)
        assert scores.shape == (100,)
        kernels.check_scores(scores, -float("inf"), float("inf"), name)
        order = torch.randperm(100, generator=generator(4))
        torch.testing.assert_close(subject.score(permuted(given, order)), scores[order], rtol=1e-5, atol=1e-6)
        parts = [subject.score(permuted(given, part)) for part in torch.arange(100).split(33)]
        torch.testing.assert_close(torch.cat(parts), scores, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in SCORES if strategy(name).stochastic.value == "none"])
def test_the_batch_of_a_score_is_its_highest_rows(name):
    for needs in all_needs(name):
        given = evidence(needs, Sizes(rows=50))
        scores = strategy(name).score(given)
        chosen = strategy(name).select(given, 7, generator())
        assert sorted(chosen.scores.tolist(), reverse=True) == chosen.scores.tolist()
        assert torch.equal(chosen.scores, scores[chosen.rows])
        assert chosen.scores.min() >= scores[~torch.isin(torch.arange(50), chosen.rows)].max()


@pytest.mark.parametrize("name", [name for name in SCORES if strategy(name).stochastic.value != "none"])
def test_a_stochastic_batch_differs_from_seed_to_seed_and_prefers_high_scores(name):
    given = evidence(all_needs(name)[0], Sizes(rows=50))
    scores = strategy(name).score(given)
    batches = [strategy(name).select(given, 5, generator(seed)).rows for seed in range(200)]
    assert len({tuple(rows.tolist()) for rows in batches}) > 100
    assert scores[torch.cat(batches)].mean() > scores.mean()


@pytest.mark.parametrize("name", SCORES)
def test_ties_are_broken_by_the_generator(name):
    given = evidence(all_needs(name)[0], Sizes(rows=30), "identical rows")
    batches = {tuple(strategy(name).select(given, 5, generator(seed)).rows.tolist()) for seed in range(20)}
    spread = strategy(name).score(given)
    if float(spread.max() - spread.min()) == 0:
        assert len(batches) > 10


@pytest.mark.parametrize("name", NAMES)
def test_too_few_draws_and_members_are_refused_in_the_users_words(name):
    subject = strategy(name)
    few = replace(run_facts(Sizes()), functions=1, members=1, name=name)
    if subject.minimum_draws > 1 or subject.minimum_members > 1:
        with pytest.raises(InputError, match=rf"strategy {name} needs .*posterior="):
            subject.check(few)
    else:
        subject.check(few)
    subject.check(replace(run_facts(Sizes()), name=name))
