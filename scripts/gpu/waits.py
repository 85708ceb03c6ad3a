"""How often the host waits for the device inside a training step and inside a chunk of scoring, by the profiler."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch.profiler import ProfilerActivity, profile

from al_bench.experiment.acquire import gatherer_of, score
from al_bench.experiment.loop import train
from gpu.setting import NETWORKS, Setting, line

WAITS = frozenset({"cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize", "cudaMemcpy"})
"""Calls of the runtime in which the host waits. In cudaStreamWaitEvent one stream of the device waits for another."""
STEPS = 128
"""Of the shorter training: two epochs of losses that are read together, of two steps each."""


def waits(setting: Setting) -> list[dict[str, str]]:
    """The calls of twice the work less those of the work once: what is done once a round falls out."""
    if setting.device != "cuda":
        return [line("waits", "host waits", "", note="counted on a GPU only")]
    lines = []
    for model in NETWORKS:
        words = (f"posterior.draws={setting.sizes.draws}", "initial.size=100")
        once, twice = (
            setting.experiment("cuda", *words, f"training.steps={STEPS * times}", model=model) for times in (1, 2)
        )
        calls = [counted(partial(train, each, each.start, 0)) for each in (once, twice)]
        steps = (calls[1] - calls[0]) / STEPS
        lines.append(
            line(
                "waits",
                f"host waits a training step of {model}",
                "none",
                agreement=f"{steps:.3g} (the losses of 32 epochs are read together)",
                met=steps <= 1 / 32,
            )
        )
        _, gatherer = gatherer_of(once, once.start)
        chunk = once.learner.chunk
        pool = torch.tensor(once.start.unlabelled[: 4 * chunk])
        calls = [counted(partial(score, gatherer, pool[: times * chunk])) for times in (2, 4)]
        chunks = (calls[1] - calls[0]) / 2
        lines.append(
            line(
                "waits",
                f"host waits a scored chunk of {chunk} x {setting.sizes.draws}, {model}",
                "one, for its scores",
                agreement=f"{chunks:.3g}",
                met=chunks <= 1,
            )
        )
    return lines


def counted(work: Callable[[], object]) -> int:
    """How often the host waits in the work, after once without counting. The profiler waits as often each time."""
    work()
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiler:
        work()
    return sum(event.count for event in profiler.key_averages() if event.key in WAITS)
