"""On a pool in which every image is three times, strategies that look at the whole batch buy fewer copies than BALD.

Not that they buy none: the copies differ by noise, and a second label of an image still carries information.

Scikit-learn's digits stand for Repeated MNIST: 300 of them three times over, each copy with noise of standard deviation
0.02 on pixels between 0 and 1, scored by an MC-dropout network that was trained on 100 others.
"""

from __future__ import annotations

import pytest
import torch

from al_bench.data.dataset import Dataset
from al_bench.data.digits import Digits
from al_bench.experiment.gather import Gatherer
from al_bench.learners.mixture import Mixture
from al_bench.learners.torch_learner import TorchLearner
from al_bench.learners.training import Training
from al_bench.models.dropout import replace_torch_dropout
from al_bench.models.mlp import Mlp
from al_bench.pool import PoolState
from al_bench.rng import Streams
from al_bench.strategies.coverage import CoresetGreedy, DiverseMinibatch
from al_bench.strategies.gradients import Badge
from al_bench.strategies.information import BatchBald
from al_bench.strategies.uncertainty import Bald

LABELLED, IMAGES, COPIES, BATCH, DRAWS, SEEDS = 100, 300, 3, 10, 50, 3


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Threads that wait for each other are slow where a core is busy, and results differ with their number."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def learners() -> list[tuple[TorchLearner, PoolState, Streams]]:
    """One trained network a seed, and the pool of copies."""
    data = Digits().load()
    trained = []
    for seed in range(SEEDS):
        streams = Streams(seed)
        chosen = torch.from_numpy(streams.numpy("images").permutation(data.size)[: LABELLED + IMAGES])
        indices = torch.cat([chosen[:LABELLED], chosen[LABELLED:].repeat(COPIES)])
        noise = torch.randn(indices.numel(), *data.shape, generator=streams.torch("noise")) * 0.02
        noise[:LABELLED] = 0
        repeated = Dataset(
            name="repeated_digits",
            inputs=data.inputs[indices] + noise,
            hidden_labels=data.hidden_labels[indices],
            test_inputs=data.test_inputs,
            test_labels=data.test_labels,
            class_names=data.class_names,
        )
        network = replace_torch_dropout(Mlp().build(repeated.shape, repeated.classes))
        learner = TorchLearner([network], Mixture(draws=DRAWS), [Training(steps=200)], repeated)
        learner.reset(streams, 0)
        learner.fit(torch.arange(LABELLED), torch.arange(0), streams, 0)
        trained.append((learner, PoolState.start(range(len(indices)), range(LABELLED)), streams))
    return trained


def duplicates(strategy, learners) -> float:
    """Rows of a batch whose image the batch has already, the mean over the networks."""
    counts = []
    for learner, state, streams in learners:
        evidence = Gatherer(learner, strategy, state, streams).all(torch.tensor(state.unlabelled))
        rows = strategy.select(evidence, BATCH, streams.torch("selection")).rows
        counts.append(BATCH - len((rows % IMAGES).unique()))
    return sum(counts) / len(counts)


@pytest.fixture(scope="module")
def of_bald(learners) -> float:
    """Duplicates of the rows of highest BALD."""
    return duplicates(Bald(), learners)


# Duplicates in a batch of 10, the mean of three networks (torch 2.14, one thread): BALD 5.7, BatchBALD 1.7, and none of
# BADGE, of k-centre and of diverse mini-batch.
STRATEGIES = [BatchBald(exact_cap=10_000, samples=2_000), Badge(), CoresetGreedy(), DiverseMinibatch()]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: type(strategy).__name__)
def test_fewer_duplicates_than_bald(strategy, learners, of_bald):
    count = duplicates(strategy, learners)
    assert count < of_bald, f"{count:.1f} of {BATCH} are duplicates, and {of_bald:.1f} of BALD's"


def test_bald_buys_duplicates(of_bald):
    assert of_bald >= 3, f"{of_bald:.1f} of {BATCH}: the evidence shows no redundancy, and the test above little"
