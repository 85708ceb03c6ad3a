"""baal's side, in its own environment: its prediction, its heuristics, and a run written with its parts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from baal.active import ActiveLearningDataset  # type: ignore[import-not-found]
from baal.active.heuristics import BALD, Entropy  # type: ignore[import-not-found]
from baal.bayesian.dropout import patch_module  # type: ignore[import-not-found]
from baal.modelwrapper import ModelWrapper, TrainingArgs  # type: ignore[import-not-found]
from baal.utils.array_utils import to_prob  # type: ignore[import-not-found]
from torch import nn
from torch.utils.data import Dataset, TensorDataset

from comparison.worker import Work, serve

BATCH = 32
"""Images a batch when predicting; baal copies each as often as there are draws."""


def cnn() -> nn.Sequential:
    """The MNIST network of Kirsch et al. 2019 in torch's layers, with baal's dropout, named as al-bench names it."""
    layers = {
        "conv1": nn.Conv2d(1, 32, 5),
        "dropout1": nn.Dropout2d(0.5),
        "pool1": nn.MaxPool2d(2),
        "relu1": nn.ReLU(),
        "conv2": nn.Conv2d(32, 64, 5),
        "dropout2": nn.Dropout2d(0.5),
        "pool2": nn.MaxPool2d(2),
        "relu2": nn.ReLU(),
        "flatten": nn.Flatten(),
        "dense1": nn.Linear(1024, 128),
        "dropout3": nn.Dropout(0.5),
        "relu3": nn.ReLU(),
        "output": nn.Linear(128, 10),
    }
    net = nn.Sequential()
    for name, layer in layers.items():
        net.add_module(name, layer)
    return patch_module(net)


def wrapped(net: nn.Module, batch: int = BATCH) -> ModelWrapper:
    """The network in baal's wrapper, without worker processes, which on two cores cost more than they bring."""
    arguments = TrainingArgs(
        optimizer=torch.optim.Adam(net.parameters(), lr=1e-3),
        criterion=nn.CrossEntropyLoss(),
        batch_size=batch,
        epoch=1,
        use_cuda=False,
        workers=0,
    )
    return ModelWrapper(net, args=arguments)


def sample(folder: Path, settings: dict[str, Any]) -> Work:
    """`predict_on_dataset` with the trained weights."""
    net = cnn()
    with np.load(folder / "weights.npz") as arrays:
        net.load_state_dict({key: torch.from_numpy(arrays[key]) for key in arrays})
    images = torch.from_numpy(np.load(folder / "images.npy"))
    data, model = TensorDataset(images, torch.zeros(len(images), dtype=torch.long)), wrapped(net)

    def work() -> dict[str, Any]:
        torch.manual_seed(0)
        logits = model.predict_on_dataset(data, iterations=settings["draws"])  # [n, C, K]
        return {"log_probs": torch.from_numpy(logits).log_softmax(1).permute(0, 2, 1)}

    return work


def log_probabilities(folder: Path) -> np.ndarray:
    """[N, C, K], the layout of baal's own predictions, which are logits; its heuristics make them probabilities."""
    return np.ascontiguousarray(np.load(folder / "mc_log_probs.npy").transpose(0, 2, 1))


def bald(folder: Path, settings: dict[str, Any]) -> Work:
    """BALD of every row."""
    found = log_probabilities(folder)
    return lambda: {"scores": BALD().get_uncertainties(found)}


def entropy(folder: Path, settings: dict[str, Any]) -> Work:
    """The entropy of every row's mean prediction.

    Given logits, the heuristic averages these and not the probabilities, which is another score: so its own `to_prob`
    comes first.
    """
    found = log_probabilities(folder)
    return lambda: {"scores": Entropy().get_uncertainties(to_prob(found))}


def bald_ready(folder: Path, settings: dict[str, Any]) -> Work:
    """BALD of every row, given probabilities."""
    found = np.exp(log_probabilities(folder))
    return lambda: {"scores": BALD().get_uncertainties(found)}


def entropy_ready(folder: Path, settings: dict[str, Any]) -> Work:
    """The entropy of every row's mean prediction, given probabilities."""
    found = np.exp(log_probabilities(folder))
    return lambda: {"scores": Entropy().get_uncertainties(found)}


class Cycled(Dataset[Any]):
    """A data set gone through again and again until it has a given length."""

    def __init__(self, data: Any, length: int) -> None:
        self.data, self.length = data, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Any:
        return self.data[index % len(self.data)]


def fit(model: ModelWrapper, data: Any, validation: Any, truth: torch.Tensor, settings: dict[str, Any]) -> None:
    """Epochs of a fixed length, early stopping on the validation accuracy; the best weights are kept."""
    best, waited, state = -1.0, 0, model.state_dict()
    for _ in range(settings["epochs"]):
        model.train_on_dataset(Cycled(data, settings["epoch_samples"]))
        guesses = torch.from_numpy(model.predict_on_dataset(validation, iterations=1)[..., 0]).argmax(1)
        right = (guesses == truth).float().mean().item()
        if right > best:
            best, waited = right, 0
            state = {key: value.clone() for key, value in model.state_dict().items()}
        else:
            waited += 1
        if waited >= settings["patience"]:
            break
    model.load_state_dict(state)


def run(folder: Path, settings: dict[str, Any]) -> Work:
    """A whole run: train, evaluate, score, select, round after round; BALD."""
    parts = {name: torch.from_numpy(array) for name, array in np.load(folder / "mnist.npz").items()}
    train = TensorDataset(parts["images"], parts["labels"])
    validation = TensorDataset(parts["validation"], parts["validation_labels"])
    test = TensorDataset(parts["test"], parts["test_labels"])

    def work() -> dict[str, Any]:
        torch.manual_seed(0)
        start, stages, accuracies = (
            time.perf_counter(),
            dict.fromkeys(("train", "evaluate", "score", "select"), 0.0),
            [],
        )
        data = ActiveLearningDataset(train)
        data.label(parts["initial"].tolist())
        for round_ in range(settings["rounds"]):
            began = time.perf_counter()
            model = wrapped(cnn(), 64)
            fit(model, data, validation, parts["validation_labels"], settings)
            stages["train"] += time.perf_counter() - began
            began = time.perf_counter()
            logits = torch.from_numpy(model.predict_on_dataset(test, iterations=settings["test_draws"]))
            guesses = logits.softmax(1).mean(-1).argmax(1)
            accuracies.append((guesses == parts["test_labels"]).float().mean().item())
            stages["evaluate"] += time.perf_counter() - began
            if round_ == settings["rounds"] - 1:
                break
            began = time.perf_counter()
            predictions = model.predict_on_dataset(data.pool, iterations=settings["draws"])
            stages["score"] += time.perf_counter() - began
            began = time.perf_counter()
            data.label(BALD()(predictions)[: settings["batch"]].tolist())
            stages["select"] += time.perf_counter() - began
        return {"seconds": time.perf_counter() - start, "accuracies": accuracies, **stages}

    return work


if __name__ == "__main__":
    scores = {"bald": bald, "entropy": entropy, "bald_ready": bald_ready, "entropy_ready": entropy_ready}
    serve({"sample": sample, **scores, "run": run})
