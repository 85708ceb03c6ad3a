"""A whole BatchBALD run and rounds on frozen features, against the same written out in plain PyTorch."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from comparison.plain import passes
from torch import Tensor, nn

from al_bench.experiment.acquire import acquire
from al_bench.experiment.estimate.curve import timed
from al_bench.experiment.loop import train
from al_bench.experiment.meter import Meter
from al_bench.experiment.setup import Experiment
from al_bench.learners.mc_dropout.masks import MaskSet
from gpu.baal_form import baal_run
from gpu.setting import Setting, line
from gpu.timing import BATCH, ordinary, plain_training


def batchbald(setting: Setting) -> Iterator[dict[str, str]]:
    """Train, test, score, select, round after round; every batch by exact joint entropies on both sides."""
    sizes = setting.sizes
    words = (
        *(f"schedule.rounds={sizes.rounds}", f"schedule.batch={sizes.batch}", f"training.steps={sizes.steps}"),
        *(f"schedule.candidates={sizes.run_candidates}", f"posterior.draws={sizes.draws}", "evaluation.stop_set=0"),
    )
    subject = f"BatchBALD run, {sizes.rounds} rounds of {sizes.batch}, {sizes.run_candidates:,} candidates"
    experiment = setting.experiment(setting.device, *words, strategy="batchbald")
    train(experiment, experiment.start, 0)  # what the first call costs more
    setting.wait()
    began = time.perf_counter()
    ours = run(experiment)
    setting.wait()
    our_seconds = time.perf_counter() - began
    began = time.perf_counter()
    theirs = plain_run(setting, experiment)
    setting.wait()
    their_seconds = time.perf_counter() - began
    agreement = f"accuracy at the end {ours:.3f} and {theirs:.3f} (draws of their own)"
    yield line("run", subject, "plain PyTorch", our_seconds, their_seconds, agreement)
    yield baal_run(setting, experiment, subject, our_seconds)


def run(experiment: Experiment) -> float:
    """The rounds of al-bench's loop without its files; the accuracy of the last."""
    from al_bench.experiment.loop import predict

    state, accuracy = experiment.start, 0.0
    for round_ in range(experiment.rounds):
        train(experiment, state, round_)
        guesses = predict(experiment, round_).argmax(1)
        accuracy = float((guesses.cpu() == experiment.dataset.test_labels.cpu()).double().mean())
        if round_ < experiment.rounds - 1:
            state = state.acquire(acquire(experiment, state, Meter(experiment.device)).indices)
    return accuracy


def plain_run(setting: Setting, experiment: Experiment) -> float:
    """The same rounds with whole passes and materialised joint entropies."""
    sizes, data = setting.sizes, experiment.dataset
    network, device = ordinary(experiment), data.inputs.device
    labelled = torch.tensor(experiment.start.labelled)
    generator = torch.Generator().manual_seed(0)
    test = data.prepare(data.test_inputs[:])
    accuracy = 0.0
    for round_ in range(sizes.rounds):
        images = data.prepare(data.numbers(labelled.to(device)))
        plain_training(network, images, data.labels(labelled), sizes.steps)
        masks = MaskSet(network, images[:1], sizes.draws, generator)
        guesses = passes(network, masks, test, BATCH, sizes.draws).exp().mean(1).argmax(1)
        accuracy = float((guesses.cpu() == data.test_labels.cpu()).double().mean())
        if round_ == sizes.rounds - 1:
            break
        unlabelled = torch.ones(data.size, dtype=torch.bool)
        unlabelled[labelled] = False
        free = unlabelled.nonzero()[:, 0]
        candidates = free[torch.randperm(len(free), generator=generator)[: sizes.run_candidates]]
        draws = passes(network, masks, data.prepare(data.numbers(candidates.to(device))), BATCH, sizes.draws)
        labelled = torch.cat([labelled, candidates[joint_picks(draws, sizes.batch).cpu()]])
    return accuracy


def joint_picks(draws: Tensor, batch: int, chunk: int = 256) -> Tensor:
    """[B] rows picked greedily by H[y_1 … y_b] − Σ E H[y_i], the joint distribution over all C^b outcomes written out.

    Args:
        draws: [N, K, C] log-probabilities.
        batch: B; C^B has to fit into memory.
        chunk: Candidates whose joint distributions are computed together.
    """
    probs = draws.exp()
    conditional = -(probs * draws).sum(2).mean(1)
    joint = torch.ones(1, draws.shape[1], device=draws.device)  # [outcomes, K]
    picked: list[int] = []
    for _ in range(batch):
        gains = []
        for part in probs.split(chunk):
            outcomes = torch.einsum("ok,nkc->noc", joint, part) / draws.shape[1]
            gains.append(-torch.special.xlogy(outcomes, outcomes).sum((1, 2)))
        gain = torch.cat(gains) - conditional
        gain[picked] = -torch.inf
        picked.append(int(gain.argmax()))
        joint = (joint[:, None, :] * probs[picked[-1]].T[None]).flatten(0, 1)
    return torch.tensor(picked)


def frozen(setting: Setting) -> list[dict[str, str]]:
    """Rounds of a linear model by margin on features of clusters, against L-BFGS in plain PyTorch."""
    import numpy as np

    sizes = setting.sizes
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, sizes.features)
    centres = generator.standard_normal((10, sizes.dimensions)) * 0.3
    features = (centres[labels] + generator.standard_normal((sizes.features, sizes.dimensions))).astype(np.float32)
    subject = f"frozen features, {sizes.features:,} x {sizes.dimensions}, margin, {sizes.rounds} rounds"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "features.npz")
        np.savez(path, X=features, y=labels)
        experiment = frozen_experiment(setting, path)
        run(experiment)
        with timed() as ours:
            accuracy = run(experiment)
            setting.wait()
    inputs = experiment.dataset.prepare(experiment.dataset.numbers(slice(None)))
    truth = experiment.dataset.labels(torch.arange(experiment.dataset.size))
    plain_rounds(inputs, truth, experiment)
    setting.wait()
    with timed() as theirs:
        plain_accuracy = plain_rounds(inputs, truth, experiment)
        setting.wait()
    agreement = f"accuracy at the end {accuracy:.3f} and {plain_accuracy:.3f}"
    return [line("features", subject, "plain PyTorch", ours.cost.wall, theirs.cost.wall, agreement)]


def frozen_experiment(setting: Setting, path: Path) -> Experiment:
    """The objects of a run on a file of features."""
    import dataclasses

    sizes = setting.sizes
    small = dataclasses.replace(setting, small=False)
    words = (f"dataset.path={path}", "schedule.batch=20", f"schedule.rounds={sizes.rounds}", "initial.size=50")
    return small.experiment(setting.device, "dataset=npz", *words, model="linear", strategy="margin")


def plain_rounds(inputs: Tensor, labels: Tensor, experiment: Experiment) -> float:
    """Logistic regression by L-BFGS, the two largest probabilities, the smallest gaps, round after round."""
    data, rounds, batch = experiment.dataset, experiment.rounds, experiment.config.schedule.batch
    labelled = torch.tensor(experiment.start.labelled, device=inputs.device)
    test = data.prepare(data.test_inputs[:])
    accuracy = 0.0
    for round_ in range(rounds):
        layer = nn.Linear(inputs.shape[1], data.classes).to(inputs.device)
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
        optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=100, line_search_fn="strong_wolfe")
        rows, truth = inputs[labelled], labels[labelled]

        def closure(layer: nn.Linear = layer, rows: Tensor = rows, truth: Tensor = truth) -> Tensor:
            layer.zero_grad()
            loss = nn.functional.cross_entropy(layer(rows), truth, reduction="sum")
            loss = loss + 0.5 * layer.weight.square().sum() / 100
            loss.backward()
            return loss

        optimiser.step(closure)
        with torch.inference_mode():
            accuracy = float((layer(test).argmax(1) == data.test_labels.to(test.device)).double().mean())
            if round_ == rounds - 1:
                break
            top = layer(inputs).softmax(1).topk(2, 1).values
            gap = top[:, 0] - top[:, 1]
            gap[labelled] = torch.inf
            labelled = torch.cat([labelled, gap.topk(batch, largest=False).indices])
    return accuracy
