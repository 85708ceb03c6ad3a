"""Every strategy under every learner: it runs from the names alone, or is refused in a line that says what to type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from al_bench.config.options import files
from al_bench.config.registry import conf_dir
from tests.conftest import record

STRATEGIES = sorted(files([Path(conf_dir())], "strategy"))
SMALLEST = ("debug=smoke", "dataset.points=60", "dataset.test_points=20", "schedule.rounds=2")
LEARNERS = {
    "linear": ("model=linear", "posterior.members=2"),
    "linear with a Laplace approximation": ("model=linear", "posterior=laplace", "posterior.draws=5"),
    "forest": ("model=random_forest", "model.n_estimators=5"),
    "boosting": ("model=hist_gradient_boosting", "model.max_iter=3"),
}
LAYERS = {"badge", "bait", "clue", "coreset_greedy", "coreset_robust", "diverse_minibatch", "kmeans", "probcover"}
LAYERS |= {"oracle_batch", "random_stratified", "switch", "tcm"}
LAYERS |= {"cal", "cluster_margin", "maxherding", "svm_margin", "typiclust", "uherding"}
"""The strategies that read the features of a layer unless told otherwise."""
DRAWS = {"bald", "batchbald", "epig", "mean_std", "power_bald", "softmax_bald", "softrank_bald"}
"""The strategies that compare draws."""
COMMITTEES = {"qbc_consensus_kl", "qbc_vote_entropy", "qbc_vote_margin"}
LAST_LAYER = {"alfamix", "dropquery"}
"""The strategies that change the input of the last linear layer."""
REFUSALS = {
    "last layer": r"strategy=\w+ changes the input of a last linear layer, and model=\w+ has none: choose another "
    r"strategy, or model=linear or a network",
    "layers": r"strategy=\w+ reads the features of a layer \(penultimate\), and model=\w+ has no layers: "
    r"set strategy\.features=input, or a file x\.npy",
    "draws": r"strategy \w+ needs at least 2 distinct posterior draws and there is 1: set posterior=bootstrap",
    "committee": r"strategy \w+ needs a committee of at least 2 and posterior\.members is 1: set posterior=bootstrap",
    "loss": r"strategy learning_loss needs predicted_loss, which \w+ does not provide .*",
}


def expected_refusal(learner: str, strategy: str) -> str | None:
    """Why a combination is refused; None where it runs."""
    if strategy == "learning_loss":
        return "loss"
    if "linear" not in learner and strategy in LAST_LAYER:
        return "last layer"
    if "linear" not in learner and strategy in LAYERS:
        return "layers"
    if learner == "boosting" and strategy in DRAWS:
        return "draws"
    few = learner in ("boosting", "forest", "linear with a Laplace approximation")
    return "committee" if few and strategy in COMMITTEES else None


@pytest.mark.slow
@pytest.mark.parametrize("learner", LEARNERS)
def test_it_runs_or_says_in_one_line_what_to_type(run, learner):
    found: dict[str, str | None] = {}
    for strategy in STRATEGIES:
        done = run(*SMALLEST, *LEARNERS[learner], f"strategy={strategy}", f"arm={strategy}")
        lines = [line for line in done.err.splitlines() if line.startswith("al-bench run: ")]
        if done.status == 0:
            found[strategy] = None
            assert len(record(strategy).rounds) == 2
            continue
        assert (done.status, len(lines)) == (2, 1), done.err
        message = lines[0].removeprefix("al-bench run: ")
        found[strategy] = next((why for why, pattern in REFUSALS.items() if re.fullmatch(pattern, message)), message)
    assert found == {strategy: expected_refusal(learner, strategy) for strategy in STRATEGIES}


def test_the_features_of_the_input_are_open_to_every_learner(run):
    for learner in ("forest", "boosting"):
        words = (*LEARNERS[learner], "strategy=badge", "strategy.features=input", "posterior=deterministic")
        done = run(*SMALLEST, *words, f"arm={learner}")
        assert done.status == 0, done.err
