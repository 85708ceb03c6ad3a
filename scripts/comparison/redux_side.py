"""batchbald_redux's side, in its own environment: its acquisition functions, and a run written with its parts.

Uses the package through its public functions and classes; the loop around them follows its tutorial's protocol.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from batchbald_redux import active_learning, consistent_mc_dropout  # type: ignore[import-not-found]
from batchbald_redux.batchbald import compute_conditional_entropy, compute_entropy, get_batchbald_batch  # type: ignore[import-not-found]
from torch import nn
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from comparison.worker import Work, serve


def draws(folder: Path) -> torch.Tensor:
    """[N, K, C] log-probabilities."""
    return torch.from_numpy(np.load(folder / "mc_log_probs.npy"))


def bald(folder: Path, settings: dict[str, Any]) -> Work:
    """BALD of every row."""
    found = draws(folder)
    return lambda: {"scores": compute_entropy(found) - compute_conditional_entropy(found)}


def entropy(folder: Path, settings: dict[str, Any]) -> Work:
    """The entropy of every row's mean prediction."""
    found = draws(folder)
    return lambda: {"scores": compute_entropy(found)}


def batchbald(folder: Path, settings: dict[str, Any]) -> Work:
    """A BatchBALD batch in float32."""
    found = draws(folder)

    def work() -> dict[str, Any]:
        torch.manual_seed(0)
        with torch.no_grad():
            batch = get_batchbald_batch(found, settings["batch"], settings["samples"], dtype=torch.float)
        return {"rows": np.array(batch.indices), "scores": np.array(batch.scores)}

    return work


class BayesianCnn(consistent_mc_dropout.BayesianModule):
    """The MNIST network of Kirsch et al. 2019 on the package's dropout."""

    def __init__(self) -> None:
        super().__init__()
        channels, values = consistent_mc_dropout.ConsistentMCDropout2d, consistent_mc_dropout.ConsistentMCDropout
        self.layers = nn.Sequential(
            *(nn.Conv2d(1, 32, 5), channels(), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Conv2d(32, 64, 5), channels(), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(1024, 128), values(), nn.ReLU(), nn.Linear(128, 10), nn.LogSoftmax(1)),
        )

    def mc_forward_impl(self, mc_input_BK: torch.Tensor) -> torch.Tensor:
        """The package calls the network's layers here."""
        return self.layers(mc_input_BK)


def predict(net: BayesianCnn, loader: DataLoader[Any], draws: int) -> torch.Tensor:
    """[n, K, C] log-probabilities of the loader's images."""
    net.eval()
    with torch.no_grad():
        return torch.cat([net(images, draws) for images, _ in loader])


def fit(net: BayesianCnn, loader: DataLoader[Any], validation: DataLoader[Any], settings: dict[str, Any]) -> None:
    """Adam, epochs of a fixed length, early stopping on the validation accuracy; the best weights are kept."""
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    best, waited, state = -1.0, 0, net.state_dict()
    for _ in range(settings["epochs"]):
        net.train()
        for images, labels in loader:
            optimiser.zero_grad()
            nn.functional.nll_loss(net(images, 1).squeeze(1), labels).backward()
            optimiser.step()
        truth = torch.cat([labels for _, labels in validation])
        right = (predict(net, validation, 1).mean(1).argmax(1) == truth).float().mean().item()
        if right > best:
            best, waited = right, 0
            state = {key: value.clone() for key, value in net.state_dict().items()}
        else:
            waited += 1
        if waited >= settings["patience"]:
            break
    net.load_state_dict(state)


def run(folder: Path, settings: dict[str, Any]) -> Work:
    """A whole run: train, evaluate, score, select, round after round."""
    parts = {name: torch.from_numpy(array) for name, array in np.load(folder / "mnist.npz").items()}
    train = TensorDataset(parts["images"], parts["labels"])
    validation = DataLoader(TensorDataset(parts["validation"], parts["validation_labels"]), batch_size=256)
    test = DataLoader(TensorDataset(parts["test"], parts["test_labels"]), batch_size=256)

    def work() -> dict[str, Any]:
        torch.manual_seed(0)
        start, stages, accuracies = (
            time.perf_counter(),
            dict.fromkeys(("train", "evaluate", "score", "select"), 0.0),
            [],
        )
        data = active_learning.ActiveLearningData(train)
        data.acquire(parts["initial"].tolist())
        for round_ in range(settings["rounds"]):
            began = time.perf_counter()
            # The package's own sampler of a fixed length fails in torch 2.14 (its base class takes no argument now).
            sampler = RandomSampler(data.training_dataset, replacement=True, num_samples=settings["epoch_samples"])
            net = BayesianCnn()
            fit(net, DataLoader(data.training_dataset, batch_size=64, sampler=sampler), validation, settings)
            stages["train"] += time.perf_counter() - began
            began = time.perf_counter()
            mean = predict(net, test, settings["test_draws"]).exp().mean(1)
            accuracies.append((mean.argmax(1) == parts["test_labels"]).float().mean().item())
            stages["evaluate"] += time.perf_counter() - began
            if round_ == settings["rounds"] - 1:
                break
            began = time.perf_counter()
            log_probs = predict(net, DataLoader(data.pool_dataset, batch_size=64), settings["draws"])
            stages["score"] += time.perf_counter() - began
            began = time.perf_counter()
            with torch.no_grad():
                batch = get_batchbald_batch(log_probs, settings["batch"], settings["samples"], dtype=torch.float)
            data.acquire(batch.indices)
            stages["select"] += time.perf_counter() - began
        return {"seconds": time.perf_counter() - start, "accuracies": accuracies, **stages}

    return work


if __name__ == "__main__":
    serve({"bald": bald, "entropy": entropy, "batchbald": batchbald, "run": run})
