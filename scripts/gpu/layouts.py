"""A training step in both memory formats and both precisions: which of them al-bench should take on a GPU."""

from __future__ import annotations

from functools import partial

import torch

from al_bench.experiment.loop import train
from gpu.setting import Setting, line

STEPS, BATCH = 50, 128
MODELS = {"batchbald_cnn": "[1,28,28]", "resnet18": "[3,32,32]"}
"""Network to the shape of its images."""


def layouts(setting: Setting) -> list[dict[str, str]]:
    """Seconds of channels-last beside channels-first, on synthetic images."""
    lines, small = [], setting.small
    steps = 2 if small else STEPS
    for model, shape in list(MODELS.items())[: 1 if small else None]:
        for precision in ("fp32", "bf16"):
            seconds = {}
            for name, layout in (("first", torch.contiguous_format), ("last", torch.channels_last)):
                experiment = setting.experiment(
                    setting.device,
                    *("dataset=synthetic", f"dataset.shape={shape}", "dataset.classes=10", "dataset.points=1200"),
                    *("dataset.test_points=60", "initial.size=1000", f"training.steps={steps}"),
                    *(f"training.batch_size={BATCH}", f"training.precision={precision}"),
                    model=model,
                    strategy="random",
                )
                experiment.learner.networks[0].to(memory_format=layout)  # type: ignore[attr-defined]
                seconds[name], _ = setting.seconds(partial(train, experiment, experiment.start, 0))
            subject = f"training, {steps} steps of {BATCH}, {model}, {precision}, channels-last"
            lines.append(line("layouts", subject, "channels-first", seconds["last"], seconds["first"], n=3))
    return lines
