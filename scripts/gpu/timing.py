"""Scoring the whole pool and training, against whole passes in plain PyTorch and against baal."""

from __future__ import annotations

import copy
from typing import Any

import torch
from comparison.plain import passes
from torch import Tensor, nn

from al_bench.experiment.acquire import gatherer_of, score
from al_bench.experiment.loop import train
from al_bench.experiment.setup import Experiment
from al_bench.learners.mc_dropout.masks import MaskSet
from al_bench.models.reset import reset
from gpu.baal_form import baal_scoring
from gpu.setting import NETWORKS, Setting, line

BATCH = 1024
"""Images of a plain pass: small networks on a GPU are the faster the larger it is, up to about here."""


def scoring(setting: Setting) -> list[dict[str, str]]:
    """BALD of the whole pool with K draws, both networks."""
    lines, sizes = [], setting.sizes
    for model in NETWORKS:
        experiment = setting.experiment(
            setting.device, f"posterior.draws={sizes.draws}", f"training.steps={sizes.steps}", model=model
        )
        train(experiment, experiment.start, 0)
        subject = f"scoring {sizes.images:,} images x {sizes.draws} draws, {model}"
        pool = torch.tensor(experiment.start.unlabelled[: sizes.images])

        def ours(experiment: Experiment = experiment, pool: Tensor = pool) -> Tensor:
            _, gatherer = gatherer_of(experiment, experiment.start)
            found = score(gatherer, pool)
            assert isinstance(found, Tensor)
            return found

        network = ordinary(experiment)
        images = experiment.dataset.prepare(experiment.dataset.numbers(pool))
        part = images[: sizes.slice]
        masks = MaskSet(network, images[:1], sizes.draws, torch.Generator().manual_seed(0))

        def plain(network: nn.Module = network, masks: MaskSet = masks, part: Tensor = part) -> Tensor:
            return bald(passes(network, masks, part, BATCH, sizes.draws))

        our_seconds, scores = setting.seconds(ours)
        their_seconds, plain_scores = setting.seconds(plain)
        same = float((scores[: len(part)].mean() - plain_scores.cpu().mean()).abs())
        scale = len(pool) / len(part)
        note = "" if scale == 1 else f"theirs on {len(part):,} images, in proportion"
        lines.append(
            line(
                *("scoring", subject, "plain PyTorch"),
                our_seconds,
                their_seconds * scale,
                f"mean BALD apart by {same:.2g} nats (draws of their own)",
                note=note,
                n=sizes.repeats,
            )
        )
        if model == NETWORKS[0]:
            lines.append(baal_scoring(setting, subject, our_seconds, part, scale))
    return lines


def ordinary(experiment: Experiment) -> nn.Module:
    """A copy of the run's network in torch's ordinary memory layout."""
    networks: Any = experiment.learner
    network: nn.Module = copy.deepcopy(networks.networks[0]).to(memory_format=torch.contiguous_format)
    return network.eval()


def bald(draws: Tensor) -> Tensor:
    """[n] H[E p] − E H[p] of log-probabilities [n, K, C], as it is written."""
    probs = draws.exp()
    mean = probs.mean(1)
    return -(mean * mean.log()).sum(1) + (probs * draws).sum(2).mean(1)


def training(setting: Setting) -> list[dict[str, str]]:
    """Steps of Adam on the initial set, both networks."""
    lines, sizes = [], setting.sizes
    for model in NETWORKS:
        experiment = setting.experiment(
            setting.device, f"training.steps={sizes.steps}", "initial.size=100", model=model
        )
        subject = f"training, {sizes.steps} steps of 64, {model}"
        network = ordinary(experiment)
        rows = torch.tensor(experiment.start.labelled)
        images = experiment.dataset.prepare(experiment.dataset.numbers(rows.to(experiment.dataset.inputs.device)))
        labels = experiment.dataset.labels(rows)

        def ours(experiment: Experiment = experiment) -> float:
            return train(experiment, experiment.start, 0)[0].loss

        def plain(network: nn.Module = network, images: Tensor = images, labels: Tensor = labels) -> float:
            return plain_training(network, images, labels, sizes.steps)

        our_seconds, our_loss = setting.seconds(ours)
        their_seconds, their_loss = setting.seconds(plain)
        agreement = f"last losses {our_loss:.3g} and {their_loss:.3g}"
        lines.append(line("training", subject, "plain PyTorch", our_seconds, their_seconds, agreement, n=sizes.repeats))
    return lines


def plain_training(network: nn.Module, images: Tensor, labels: Tensor, steps: int) -> float:
    """A bare loop of Adam on batches of 64; the loss of the last step."""
    reset(network, 0)
    network.train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(0)
    loss = torch.zeros(())
    for _ in range(steps):
        batch = torch.randperm(len(images), generator=generator)[:64].to(images.device)
        loss = nn.functional.cross_entropy(network(images[batch]), labels[batch])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    network.eval()
    return float(loss.detach())
