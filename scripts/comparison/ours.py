"""al-bench's side of the rows on scoring, kernels and training."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from al_bench import kernels
from al_bench.data.dataset import Dataset
from al_bench.experiment.process import keep_freed_memory
from al_bench.learners.fit import fit
from al_bench.learners.mc_dropout.masks import MaskSet
from al_bench.learners.mc_dropout.thinned import ThinnedSampler
from al_bench.learners.training import Precision, Training
from al_bench.models.dropout import set_generator
from al_bench.models.reset import reset
from comparison.evidence import load, network
from comparison.worker import Work, serve


def seeded(seed: int = 0) -> torch.Generator:
    """A generator, the same on both sides."""
    return torch.Generator().manual_seed(seed)


def sample(folder: Path, settings: dict[str, Any]) -> Work:
    """MC dropout as the runner does it: a sampler a round, then chunk after chunk."""
    net, images = network(settings["model"], folder / "weights.npz"), load(folder, "images")
    masks = MaskSet(net, images[:1], settings["draws"], seeded())

    def work() -> dict[str, Any]:
        sampler = ThinnedSampler(net, masks)
        with torch.inference_mode():
            return {"log_probs": torch.cat([sampler(part) for part in images.split(512)])}

    return work


def bald(folder: Path, settings: dict[str, Any]) -> Work:
    """BALD of every row."""
    draws = load(folder, "mc_log_probs")
    return lambda: {"scores": kernels.bald(draws)}


def entropy(folder: Path, settings: dict[str, Any]) -> Work:
    """The entropy of every row's mean prediction."""
    draws = load(folder, "mc_log_probs")
    return lambda: {"scores": kernels.entropy(kernels.mean_log_probs(draws))}


def batchbald(folder: Path, settings: dict[str, Any]) -> Work:
    """A BatchBALD batch, exact while there are at most as many configurations as samples, as in the peer."""
    draws, samples = load(folder, "mc_log_probs"), settings["samples"]

    def work() -> dict[str, Any]:
        chosen = kernels.select_batchbald(draws, settings["batch"], seeded(), exact_cap=samples, samples=samples)
        return {"rows": chosen.rows, "gains": chosen.gains, "evaluations": chosen.evaluations}

    return work


def badge(folder: Path, settings: dict[str, Any]) -> Work:
    """A BADGE batch; with it, the squared distance of every pick to those before."""
    log_probs, features = load(folder, "log_probs"), load(folder, "features")
    largest = settings.get("first_centre", "largest_norm")
    return lambda: {
        "rows": kernels.select_badge(log_probs, features, settings["batch"], seeded(), first_centre=largest)
    }


def k_centre(folder: Path, settings: dict[str, Any]) -> Work:
    """A core-set batch."""
    features, labelled = load(folder, "features"), load(folder, "labelled_features")

    def work() -> dict[str, Any]:
        chosen = kernels.select_k_centre(features, labelled, settings["batch"], seeded())
        return {"rows": chosen.rows, "radii": chosen.radii}

    return work


def _training(folder: Path, settings: dict[str, Any], precision: Precision) -> Work:
    """`fit` from the same weights each time: `steps` steps of 64, BatchBALD CNN."""
    images, labels = load(folder, "images"), load(folder, "labels")
    data = Dataset("images", images, labels, images[:1], labels[:1], tuple("0123456789"))
    net = network("batchbald_cnn")
    config = Training(steps=settings["steps"], precision=precision)

    def work() -> dict[str, Any]:
        reset(net, 0)
        set_generator(net, seeded(1))
        never: Any = None
        start = time.perf_counter()
        done = fit(net, config, images, labels, data.prepare, never, seeded(2), seeded(3))
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "loss": done.loss, "accuracy": accuracy(net, folder)}

    return work


def accuracy(net: torch.nn.Module, folder: Path) -> float:
    """On images that were not trained on, dropout off."""
    net.eval()
    images, labels = load(folder, "test_images"), load(folder, "test_labels")
    with torch.inference_mode():
        right: Tensor = torch.cat([net(part.float() / 255).argmax(1) for part in images.split(256)]) == labels
    return right.float().mean().item()


def train_fp32(folder: Path, settings: dict[str, Any]) -> Work:
    """Training steps in float32."""
    return _training(folder, settings, Precision.fp32)


def train_bf16(folder: Path, settings: dict[str, Any]) -> Work:
    """Training steps under autocast."""
    return _training(folder, settings, Precision.bf16)


if __name__ == "__main__":
    keep_freed_memory()  # as every job does
    serve(
        {
            "sample": sample,
            "bald": bald,
            "entropy": entropy,
            "batchbald": batchbald,
            "badge": badge,
            "k_centre": k_centre,
            "train_fp32": train_fp32,
            "train_bf16": train_bf16,
        }
    )
