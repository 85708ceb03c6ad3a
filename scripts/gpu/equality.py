"""The same networks on the CPU and on the GPU: their log-probabilities, and what ten strategies pick from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from al_bench.config.compose import compose
from al_bench.experiment.acquire import acquire
from al_bench.experiment.loop import train
from al_bench.experiment.meter import Meter
from al_bench.experiment.setup import Experiment, assemble
from gpu.setting import NETWORKS, Setting, line

STRATEGIES = (
    *("random", "entropy", "margin", "variation_ratio", "mean_std", "bald", "batchbald", "badge", "coreset_greedy"),
    "epig",
)
TOLERANCE = 1e-4
"""Nats, between log-probabilities."""
SHARE = 0.95
"""Of the picks that must be the same: rounding may swap two candidates whose scores hardly differ."""


def check(setting: Setting) -> list[dict[str, str]]:
    """One line for the log-probabilities of each network, and one for the picks of each strategy."""
    lines, sizes = [], setting.sizes
    for model in NETWORKS:
        words = (
            *(f"schedule.candidates={sizes.candidates}", f"posterior.draws={sizes.draws}", "schedule.batch=10"),
            *(f"training.steps={sizes.steps}", "schedule.rounds=2"),
        )
        host, device = (setting.experiment(where, *words, model=model) for where in ("cpu", setting.device))
        train(host, host.start, 0)
        states = host.learner.state()
        assert states is not None
        device.learner.load_state(states)
        difference = float((log_probs(host) - log_probs(device)).abs().max())
        lines.append(
            line(
                "equality",
                f"log-probabilities, {model}, {sizes.candidates} x {sizes.draws}",
                "the CPU",
                agreement=f"largest difference {difference:.2g} nats",
                met=difference <= TOLERANCE,
            )
        )
        if model == NETWORKS[0]:
            lines += [picks(name, host, device, words) for name in STRATEGIES]
    return lines


def log_probs(experiment: Experiment) -> Tensor:
    """[n, K, C] of the candidates of round 0, on the CPU."""
    candidates = candidates_of(experiment)
    sampler = experiment.learner.sampler(experiment.streams, "masks", 0)
    chunks = experiment.learner.chunks(sampler, experiment.dataset.inputs, candidates)
    return torch.cat([part.float().cpu() for _, part in chunks])


def candidates_of(experiment: Experiment) -> Tensor:
    """[n] dataset indices."""
    limit = experiment.config.schedule.candidates
    return torch.tensor(experiment.start.candidates(limit, experiment.streams.numpy("candidates", 0)))


def strategy_of(words: tuple[str, ...], strategy: str) -> Any:
    """A strategy with its default keys."""
    return compose([f"strategy={strategy}", *words]).build().strategy


def picks(strategy: str, host: Experiment, device: Experiment, words: tuple[str, ...]) -> dict[str, str]:
    """What a strategy picks on each device, from the same weights, masks and candidates."""
    chosen = []
    chosen_strategy = strategy_of(words, strategy)
    states = host.learner.state()
    assert states is not None
    for experiment in (host, device):
        same = assemble(
            replace(experiment.config, strategy=chosen_strategy),
            strategy,
            experiment.dataset,
            experiment.start,
            experiment.validation,
            experiment.labels_at_end,
            experiment.streams,
        )
        same.learner.load_state(states)
        chosen.append(acquire(same, same.start, Meter(same.device)).indices.tolist())
    shared = len(set(chosen[0]) & set(chosen[1])) / len(chosen[0])
    order = "in the same order" if chosen[0] == chosen[1] else "in another order"
    return line(
        "equality",
        f"picks of {strategy}",
        "the CPU",
        agreement=f"{shared:.0%} of {len(chosen[0])} picks the same, {order}",
        met=shared >= SHARE,
    )
