"""The plain forms that need no peer: whole passes, materialised gradients, the incremental core-set, a bare loop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from al_bench.learners.mc_dropout.masks import MaskSet
from comparison.evidence import load, network
from comparison.worker import Work, serve


def passes(net: nn.Module, masks: MaskSet, images: Tensor, batch: int, draws: int) -> Tensor:
    """[n, K, C] log-probabilities by `draws` whole passes over tensors in memory."""
    found = []
    with torch.inference_mode():
        for draw in range(draws):
            with masks.use(net, draw):
                found.append(torch.cat([net(part).log_softmax(1) for part in images.split(batch)]))
    return torch.stack(found, 1)


def sample(folder: Path, settings: dict[str, Any], ordinary: bool = True) -> Work:
    """K passes at the fastest batch size of 64, 256 and 1024."""
    net, images = network(settings["model"], folder / "weights.npz", ordinary), load(folder, "images")
    masks = MaskSet(net, images[:1], settings["draws"], torch.Generator().manual_seed(0))
    seconds = {}
    for batch in (64, 256, 1024, 64, 256, 1024):  # the second time counts
        start = time.perf_counter()
        passes(net, masks, images, batch, 1)
        seconds[batch] = time.perf_counter() - start
    best = min(seconds, key=lambda batch: seconds[batch])
    return lambda: {"log_probs": passes(net, masks, images, best, settings["draws"]), "batch_size": best}


def sample_laid_out(folder: Path, settings: dict[str, Any]) -> Work:
    """The same with the weights in al-bench's layout, channels-last where convolutions allow it."""
    return sample(folder, settings, ordinary=False)


def badge(folder: Path, settings: dict[str, Any]) -> Work:
    """k-means++ on the N × C·D gradients, one matrix-vector product a pick; building them is part of the work."""
    log_probs, features = load(folder, "log_probs"), load(folder, "features")

    def work() -> dict[str, Any]:
        generator = torch.Generator().manual_seed(0)
        logits_gradient = log_probs.exp()
        logits_gradient[torch.arange(len(log_probs)), log_probs.argmax(1)] -= 1
        gradients = (logits_gradient[:, :, None] * features[:, None, :]).flatten(1)
        norms = gradients.square().sum(1)
        rows = [int(norms.argmax())]
        nearest = torch.full_like(norms, torch.inf)
        while len(rows) < settings["batch"]:
            distances = norms + norms[rows[-1]] - 2 * (gradients @ gradients[rows[-1]])
            nearest = torch.minimum(nearest, distances.clamp_(min=0))
            nearest[rows[-1]] = 0
            cumulative = nearest.double().cumsum(0)
            uniform = torch.rand(1, generator=generator, dtype=torch.float64)
            rows.append(min(int(torch.searchsorted(cumulative, uniform * cumulative[-1])), len(norms) - 1))
        return {"rows": torch.tensor(rows)}

    return work


def k_centre(folder: Path, settings: dict[str, Any]) -> Work:
    """The running minimum in NumPy: blocks of products for the start, cached norms, one product a pick."""
    features = np.load(folder / "features.npy")
    labelled = np.load(folder / "labelled_features.npy")

    def work() -> dict[str, Any]:
        norms = np.einsum("nd,nd->n", features, features)
        labelled_norms = np.einsum("nd,nd->n", labelled, labelled)
        nearest = np.empty_like(norms)
        for start in range(0, len(features), 4096):
            part = slice(start, start + 4096)
            distances = labelled_norms - 2 * (features[part] @ labelled.T)
            nearest[part] = distances.min(1) + norms[part]
        rows = []
        for _ in range(settings["batch"]):
            row = int(nearest.argmax())
            rows.append(row)
            np.minimum(nearest, norms + norms[row] - 2 * (features @ features[row]), out=nearest)
        return {"rows": np.array(rows)}

    return work


def stream(folder: Path, settings: dict[str, Any]) -> Work:
    """The features read once a pick and nothing else: the least that an incremental form can take."""
    features = load(folder, "features")
    vectors = features[: settings["batch"]].clone()

    def work() -> dict[str, Any]:
        total = 0.0
        for vector in vectors:
            total += float((features @ vector)[0])
        return {"total": total}

    return work


def train(folder: Path, settings: dict[str, Any]) -> Work:
    """A bare loop: torch's own layers, Adam, batches cut from a permutation of float32 tensors in memory."""
    images, labels = load(folder, "images").float() / 255, load(folder, "labels")

    def bare() -> nn.Sequential:
        return nn.Sequential(
            *(nn.Conv2d(1, 32, 5), nn.Dropout2d(0.5), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Conv2d(32, 64, 5), nn.Dropout2d(0.5), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(1024, 128), nn.Dropout(0.5), nn.ReLU(), nn.Linear(128, 10)),
        )

    def work() -> dict[str, Any]:
        torch.manual_seed(0)
        net = bare()
        optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
        step, started = 0, time.perf_counter()
        while step < settings["steps"]:
            order = torch.randperm(len(labels))
            for start in range(0, len(order) - 63, 64):
                if step == settings["steps"]:
                    break
                rows = order[start : start + 64]
                loss = nn.functional.cross_entropy(net(images[rows]), labels[rows])
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                step += 1
        seconds = time.perf_counter() - started
        net.eval()
        test, truth = load(folder, "test_images"), load(folder, "test_labels")
        with torch.inference_mode():
            guesses = torch.cat([net(part.float() / 255).argmax(1) for part in test.split(256)])
        return {"seconds": seconds, "loss": loss.item(), "accuracy": (guesses == truth).float().mean().item()}

    return work


if __name__ == "__main__":
    serve(
        {
            "sample": sample,
            "sample_laid_out": sample_laid_out,
            "badge": badge,
            "k_centre": k_centre,
            "stream": stream,
            "train": train,
        }
    )
