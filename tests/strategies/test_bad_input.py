"""What a strategy cannot work with is one line and exit status 2, before any training and with nothing written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import TINY, written

REFUSED = {
    # Draws and members.
    "strategy=bald posterior=deterministic posterior.draws=0": (
        "strategy bald needs at least 2 distinct posterior draws",
        "mc_dropout",
    ),
    "strategy=mean_std posterior.draws=1": (
        "strategy mean_std needs at least 2 distinct posterior draws",
        "there is 1",
    ),
    "strategy=batchbald model.dropout_dense=0": ("strategy batchbald needs at least 2", "set model.dropout_dense=0.5"),
    "strategy=epig posterior.draws=0": ("strategy epig needs at least 2", "posterior.draws above 1"),
    "strategy=power_bald posterior=deterministic posterior.draws=0": ("strategy power_bald needs at least 2",),
    "strategy=qbc_vote_entropy posterior.members=1": ("committee of at least 2", "posterior.members is 1"),
    "strategy=qbc_vote_margin posterior=mc_dropout": ("committee of at least 2", "set posterior=ensemble"),
    "strategy=qbc_consensus_kl posterior.members=0": ("posterior.members is 0; it must be at least 1",),
    # The stochastic draw.
    "strategy=power_bald strategy.beta=-1": ("strategy.beta is -1.0; it must be at least 0 and finite",),
    "strategy=entropy strategy.beta=nan": ("strategy.beta is nan",),
    "strategy=epig strategy.stochastic=softmax strategy.beta=inf": ("strategy.beta is inf",),
    "strategy=learning_loss strategy.beta=-0.5": ("strategy.beta is -0.5",),
    "strategy=margin strategy.stochastic=boltzmann": ("strategy.stochastic", "power", "softmax", "softrank"),
    "strategy=learning_loss strategy.stochastic=power": (
        "strategy.stochastic is power",
        "learning_loss may be negative",
        "strategy.stochastic=softmax or softrank",
    ),
    # Hyper-parameters.
    "strategy=diverse_minibatch strategy.beta=0.9": ("strategy.beta is 0.9; it must be at least 1", "beta × batch"),
    "strategy=diverse_minibatch strategy.beta=inf": ("strategy.beta is inf",),
    "strategy=clue strategy.temperature=0": ("strategy.temperature is 0.0; it must be above 0",),
    "strategy=coreset_robust strategy.outliers=-1": ("strategy.outliers is -1.0", "a fraction below 1"),
    "strategy=coreset_robust strategy.outliers=1.5": ("strategy.outliers is 1.5; it must be a whole number",),
    "strategy=coreset_robust strategy.outliers=inf": ("strategy.outliers is inf",),
    "strategy=coreset_robust strategy.time_limit=0": ("strategy.time_limit is 0.0",),
    "strategy=coreset_robust strategy.candidates_max=0": ("strategy.candidates_max is 0",),
    "strategy=batchbald strategy.exact_cap=0": ("strategy.exact_cap is 0; it must be at least 1",),
    "strategy=batchbald strategy.samples=0": ("strategy.samples is 0; it must be at least 1",),
    "strategy=batchbald strategy.saturation_tol=-1e-3": ("strategy.saturation_tol is -0.001", "nats"),
    "strategy=badge strategy.features_held=0": ("strategy.features_held is 0",),
    "strategy=coreset_greedy strategy.features_held=3": (
        "strategy.features_held is 3 and schedule.batch is 4",
        "raise strategy.features_held, or set it to null",
    ),
    "strategy=batchbald strategy.candidates_max=3": (
        "strategy.candidates_max is 3 and schedule.batch is 4",
        "raise strategy.candidates_max, or set it to null",
    ),
    "strategy=epig strategy.target_points=0": ("strategy.target_points is 0; it must be at least 1",),
    "strategy=badge strategy.first_centre=median": ("strategy.first_centre", "uniform", "largest_norm"),
    "strategy=bait strategy.regulariser=0": ("strategy.regulariser is 0.0; it must be above 0",),
    "strategy=bait strategy.oversample=0.5": ("strategy.oversample is 0.5; it must be at least 1",),
    "strategy=bait strategy.fisher=diagonal": ("strategy.fisher", "full", "block_diagonal"),
    "strategy=typiclust strategy.neighbours=0": ("strategy.neighbours is 0; it must be at least 1",),
    "strategy=typiclust strategy.clusters_max=0": ("strategy.clusters_max is 0; it must be at least 1",),
    "strategy=probcover strategy.purity=0": ("strategy.purity is 0.0; it must be above 0 and at most 1",),
    "strategy=probcover strategy.purity=1.01": ("strategy.purity is 1.01",),
    "strategy=probcover strategy.delta=0": ("strategy.delta is 0.0; it must be above 0", "null to estimate it"),
    "strategy=probcover strategy.edges_max=0": ("strategy.edges_max is 0; it must be at least 1",),
    "strategy=maxherding strategy.radius=0": ("strategy.radius is 0.0; it must be above 0",),
    "strategy=maxherding strategy.targets_max=0": ("strategy.targets_max is 0; it must be at least 1",),
    "strategy=uherding strategy.calibration_folds=1": (
        "strategy.calibration_folds is 1; it must be 0 (none) or at least 2",
    ),
    "strategy=dropquery strategy.dropout=1": ("strategy.dropout is 1.0; it must be at least 0 and below 1",),
    "strategy=dropquery strategy.draws=0": ("strategy.draws is 0; it must be at least 1",),
    "strategy=dropquery strategy.features=input": (
        "strategy dropquery changes the input of the last linear layer, and strategy.features is input",
        "set strategy.features=penultimate",
    ),
    "strategy=alfamix strategy.epsilon=0": ("strategy.epsilon is 0.0; it must be above 0",),
    "strategy=falcun strategy.gamma=-1": ("strategy.gamma is -1.0; it must be at least 0",),
    "strategy=cal strategy.neighbours=0": ("strategy.neighbours is 0; it must be at least 1",),
    "strategy=cluster_margin strategy.factor=0.5": ("strategy.factor is 0.5; it must be at least 1",),
    "strategy=cluster_margin strategy.rows_max=0": ("strategy.rows_max is 0; it must be at least 1",),
    "strategy=switch +strategy.then_keys.betta=1": ("strategy.then=margin", "betta"),
    "strategy=tcm strategy.then=nothing": ("strategy.then is 'nothing'; choose one of alfamix",),
    "strategy=switch strategy.signal=overall_uncertainty evaluation.stop_set=0": (
        "evaluation.stop_set is 0, and strategy switch waits for a signal of the stop set",
        "strategy.after=LABELS",
    ),
    "strategy=class_balance strategy.of=badge": ("strategy.of is 'badge', which does not score each row by itself",),
    "strategy=random_stratified strategy.clusters=0": ("strategy.clusters is 0; it must be at least 1",),
    "strategy=oracle_greedy strategy.trials=0": ("strategy.trials is 0; it must be at least 1",),
    "strategy=oracle_batch strategy.strategies=[]": ("strategy.strategies is []; it must be one or more names",),
    "strategy=oracle_batch strategy.strategies=[margin,oracle_loss]": (
        "strategy.strategies is 'oracle_loss', a bound that reads labels; choose one of alfamix",
    ),
    "strategy=svm_margin strategy.regularisation=-1": ("strategy.regularisation is -1.0; it must be above 0",),
    "strategy=learning_loss strategy.cut=1.5": ("strategy.cut is 1.5; it must be at least 0 and at most 1",),
    "strategy=learning_loss strategy.margin=0": ("strategy.margin is 0.0; it must be above 0",),
    "strategy=random strategy.beta=2": ("there is no key 'strategy.beta'",),
    # What round 0 has.
    "strategy=svm_margin initial.size=0": ("strategy svm_margin needs labels of two classes and round 0 has 0",),
    "strategy=svm_margin initial.size=1": ("needs labels of two classes and round 0 has 1", "initial.kind=balanced"),
    "strategy=cal initial.size=0": (
        "strategy cal compares with labelled points and round 0 has none",
        "initial.size=1",
    ),
    "strategy=alfamix initial.size=0": ("strategy alfamix compares with labelled points",),
    "strategy=learning_loss initial.size=1": ("at least 2 of them, and round 0 has 1", "initial.size=2 or more"),
    "strategy=learning_loss strategy.variant=mse initial.size=0": ("at least 1 of them, and round 0 has 0",),
    # Layers and files.
    "strategy=badge strategy.features=conv9": (
        "'conv9'",
        "penultimate, input, a file x.npy",
        "dense1, relu1",
        "output",
    ),
    "strategy=typiclust strategy.features=conv9": ("'conv9'", "dense1, relu1"),
    "strategy=learning_loss strategy.layers=[conv9]": ("strategy.layers names the layer 'conv9'", "dense1, relu1"),
    "strategy=learning_loss strategy.layers=[]": ("strategy.layers is []; name one or more layers",),
    "strategy=learning_loss model.hidden=[]": ("finds no activation layer", "name layers in strategy.layers"),
    "strategy=kmeans strategy.features=missing.npy": ("strategy.features is 'missing.npy', which cannot be read",),
    # The pool.
    "strategy=coreset_greedy schedule.candidates=3": ("schedule.candidates is 3, fewer than schedule.batch (4)",),
    "strategy=kmeans schedule.batch=5000": ("schedule.rounds=3 asks for 10006 labelled points and the pool has",),
}


def is_refused(run, *overrides: str, options: tuple[str, ...] = ()) -> str:
    """The one line, after the command has ended with status 2; no folder of a run is there."""
    before = written()
    ran = run(*options, *TINY, *overrides)
    assert ran.status == 2, ran
    assert ran.out == ""
    assert ran.err.startswith("al-bench run: ")
    assert ran.err.count("\n") == 1
    assert written() == before
    return ran.err


@pytest.mark.parametrize("overrides", REFUSED)
def test_a_fault_is_one_line_in_the_users_keys(run, overrides):
    line = is_refused(run, *overrides.split())
    for part in REFUSED[overrides]:
        assert part in line, f"{part!r} is not in: {line}"


@pytest.fixture
def size(run):
    """Points of the training part of the synthetic data."""
    from al_bench.data.synthetic import Synthetic

    return Synthetic().load().size


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda size: np.zeros((size - 1, 3)), "it must hold finite features ["),
        (lambda size: np.zeros(size), "one row a training point of synthetic"),
        (lambda size: np.full((size, 3), np.nan), "it must hold finite features ["),
        (lambda size: np.full((size, 3), 1e300), "it must hold finite features ["),  # infinite in float32
        (lambda size: np.array([["a"] * 3] * size), "which cannot be read: could not convert string to float"),
        (lambda size: np.array([{}] * size), "which cannot be read: Object arrays cannot be loaded"),
    ],
    ids=["rows", "dimensions", "nan", "overflow", "strings", "objects"],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
def test_a_file_of_features_that_do_not_fit(run, size, make, part):
    np.save("mine.npy", make(size), allow_pickle=True)
    line = is_refused(run, "strategy=coreset_greedy", "strategy.features=mine.npy")
    assert part in line
    assert "'mine.npy'" in line


def test_a_file_of_features_that_is_no_array(run):
    Path("mine.npy").write_text("not an array")
    assert "'mine.npy', which cannot be read" in is_refused(run, "strategy=clue", "strategy.features=mine.npy")


PEEKING = """
from dataclasses import dataclass

from al_bench.evidence import Product
from al_bench.strategies.base import ScoreStrategy


@dataclass
class Peeking(ScoreStrategy):
    def needs(self, draws):
        return frozenset({Product.true_labels})

    def score(self, evidence):
        return evidence.true_labels.float()
"""


def test_the_labels_of_the_pool_are_refused_to_a_strategy_that_is_no_oracle(run, tmp_path):
    (tmp_path / "peeking.py").write_text(PEEKING)
    (tmp_path / "own" / "strategy").mkdir(parents=True)
    (tmp_path / "own" / "strategy" / "peeking.yaml").write_text("# Reads labels.\n_target_: peeking.Peeking\n")
    line = is_refused(run, "strategy=peeking", options=("--config-dir", "own"))
    assert "strategy peeking declares true_labels, which only a strategy marked oracle may read" in line
