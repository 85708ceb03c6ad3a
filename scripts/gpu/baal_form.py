"""The same work by baal's own parts, where it is installed."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from al_bench.experiment.setup import Experiment
from gpu.setting import Setting, line

BATCH = 64
MISSING = "baal is not installed: not measured"
RUN_SECONDS = 150.0
"""Seconds that must be left for its run."""


def baal_model(device: str) -> Any:
    """baal's wrapper around its form of the BatchBALD CNN; None where baal is not installed."""
    try:
        from baal.modelwrapper import ModelWrapper, TrainingArgs  # type: ignore[import-not-found]
        from comparison.baal_side import cnn
    except ImportError:
        return None
    network = cnn().to(device)
    arguments = TrainingArgs(
        optimizer=torch.optim.Adam(network.parameters(), lr=1e-3),
        criterion=nn.CrossEntropyLoss(),
        batch_size=BATCH,
        epoch=1,
        use_cuda=device == "cuda",
        workers=0,
    )
    return ModelWrapper(network, args=arguments)


def baal_scoring(setting: Setting, subject: str, ours: float, images: Tensor, scale: float) -> dict[str, str]:
    """baal's prediction and its BALD.

    Args:
        subject: Of the line.
        ours: Seconds.
        images: [n, 1, 28, 28] prepared.
        scale: What the time is multiplied by.
    """
    model = baal_model(setting.device)
    if model is None:
        return line("scoring", subject, "baal", ours, note=MISSING)
    from baal.active.heuristics import BALD  # type: ignore[import-not-found]
    from torch.utils.data import TensorDataset

    data = TensorDataset(images.cpu(), torch.zeros(len(images), dtype=torch.long))

    def theirs() -> Any:
        return BALD().get_uncertainties(model.predict_on_dataset(data, iterations=setting.sizes.draws))

    seconds, _ = setting.seconds(theirs, repeats=1)
    return line("scoring", subject, "baal", ours, seconds * scale, note=f"theirs on {len(images):,}, in proportion")


def baal_run(setting: Setting, experiment: Experiment, subject: str, ours: float) -> dict[str, str]:
    """Rounds of baal's training, prediction and BatchBALD on the same start, as many steps and candidates.

    Args:
        experiment: al-bench's side: data, start and sizes.
        subject: Of the line.
        ours: Seconds.
    """
    if baal_model(setting.device) is None:
        return line("run", subject, "baal", ours, note=MISSING)
    if setting.left < RUN_SECONDS and not setting.small:
        return line("run", subject, "baal", ours, note=f"left out: {setting.left:.0f} s were left")
    from baal.active.heuristics import BatchBALD
    from comparison.baal_side import Cycled
    from torch.utils.data import Subset, TensorDataset

    sizes, data = setting.sizes, experiment.dataset
    images = data.prepare(data.numbers(slice(None))).cpu()
    train = TensorDataset(images, data.labels(torch.arange(data.size)).cpu())
    test = TensorDataset(data.prepare(data.test_inputs[:]).cpu(), data.test_labels.cpu())
    labelled = experiment.start.labelled.tolist()
    generator = np.random.default_rng(0)
    accuracy = 0.0
    began = time.perf_counter()
    for round_ in range(sizes.rounds):
        model = baal_model(setting.device)
        model.train_on_dataset(Cycled(Subset(train, labelled), sizes.steps * BATCH))
        logits = torch.from_numpy(model.predict_on_dataset(test, iterations=sizes.draws))
        guesses = logits.softmax(1).mean(-1).argmax(1)
        accuracy = float((guesses == data.test_labels.cpu()).double().mean())
        if round_ == sizes.rounds - 1:
            break
        free = np.setdiff1d(np.arange(data.size), labelled)
        candidates = generator.choice(free, min(sizes.run_candidates, len(free)), replace=False)
        predictions = model.predict_on_dataset(Subset(train, candidates.tolist()), iterations=sizes.draws)
        ranked = BatchBALD(num_samples=sizes.batch)(predictions)
        labelled += candidates[np.asarray(ranked)[: sizes.batch]].tolist()
    agreement = f"its accuracy at the end {accuracy:.3f} (draws of its own; joint entropies of 500 samples)"
    return line("run", subject, "baal", ours, time.perf_counter() - began, agreement)
