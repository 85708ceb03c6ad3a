"""What the rows work on: MNIST under networks trained on 300 of its labels, and Gaussian noise.

Everything is written once into a folder of the cache and read from there by both sides. `tiny` makes it small and
synthetic, for tests: no data set is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from al_bench.data.dataset import Dataset
from al_bench.learners.fit import fit
from al_bench.learners.mc_dropout.masks import MaskSet
from al_bench.learners.mc_dropout.thinned import ThinnedSampler
from al_bench.learners.point_pass import PointPass
from al_bench.learners.training import Training
from al_bench.models.dropout import replace_torch_dropout, set_generator
from al_bench.models.memory_format import to_channels_last
from al_bench.models.reset import reset, seeded

LABELS = 300
CLASSES = 10


def model(name: str) -> tuple[Any, tuple[int, ...]]:
    """A model's schema and the shape of its inputs."""
    from al_bench.models.batchbald_cnn import BatchBaldCnn
    from al_bench.models.gal2017_cnn import Gal2017Cnn
    from al_bench.models.mlp import Mlp
    from al_bench.models.resnet import ResNet

    return {
        "batchbald_cnn": (BatchBaldCnn(), (1, 28, 28)),
        "gal2017_cnn": (Gal2017Cnn(), (1, 28, 28)),
        "mlp": (Mlp(hidden=[512]), (1, 28, 28)),
        "resnet_small": (ResNet(widths=[16, 32, 64], blocks=1, dropout_dense=0.2), (3, 32, 32)),
    }[name]


def network(name: str, weights: Path | None = None, ordinary: bool = False) -> nn.Module:
    """A network in evaluation mode, with the weights of a file or, without one, of seed 0.

    Args:
        ordinary: In torch's ordinary layout, not in that of al-bench.
    """
    schema, shape = model(name)
    with seeded(0):
        built = replace_torch_dropout(schema.build(shape, CLASSES))
    built = built if ordinary else to_channels_last(built)
    if weights is not None:
        with np.load(weights) as arrays:
            built.load_state_dict({key: torch.from_numpy(arrays[key]) for key in arrays})
    return built.eval()


def mnist() -> Dataset:
    """MNIST from where al-bench finds it."""
    from al_bench.data.images import Source, TorchvisionDataset

    return TorchvisionDataset(source=Source.mnist).load()


def labelled(data: Dataset, count: int = LABELS) -> Tensor:
    """Indices of a labelled set, the same number a class."""
    labels, generator = data.hidden_labels, torch.Generator().manual_seed(1)
    order = torch.randperm(len(labels), generator=generator)
    return torch.cat([order[labels[order] == c][: count // data.classes] for c in range(data.classes)])


def train(name: str, data: Dataset) -> nn.Module:
    """The network after 300 steps on 300 labels."""
    trained, rows = network(name), labelled(data)
    reset(trained, 0)
    generators = [torch.Generator().manual_seed(seed) for seed in (2, 3, 4)]
    set_generator(trained, generators[2])
    inputs, labels = data.numbers(rows), data.labels(rows)
    fit(trained, Training(), inputs, labels, data.prepare, lambda: 0.0, generators[0], generators[1])
    return trained.eval()


@dataclass(frozen=True)
class Maker:
    """A folder of the cache for each data set of rows, filled where it is missing."""

    cache: Path
    tiny: bool

    def folder(self, name: str, settings: dict[str, Any], fill: Callable[[Path], None]) -> Path:
        """The folder of the data of that name; settings.json in it tells the sides what they need to know."""
        found = self.cache / "data" / f"{name}{'-tiny' if self.tiny else ''}"
        found.mkdir(parents=True, exist_ok=True)
        stamp = json.dumps(settings, sort_keys=True)
        if not (found / "complete").exists() or (found / "complete").read_text() != stamp:
            (found / "settings.json").write_text(stamp)
            with torch.inference_mode(False):
                fill(found)
            (found / "complete").write_text(stamp)
        return found

    def images(self, name: str, rows: int, draws: int) -> Path:
        """Prepared images and a network for them: trained on MNIST, or random where it takes other images."""
        rows, draws = (20, 4) if self.tiny else (rows, draws)
        shape = model(name)[1]
        random = self.tiny or shape != (1, 28, 28)

        def fill(folder: Path) -> None:
            if random:
                images, net = torch.randn(rows, *shape, generator=torch.Generator().manual_seed(0)), network(name)
            else:
                data = mnist()
                images, net = data.prepare(data.inputs[-rows:]), train(name, data)
            save(folder / "images.npy", images)
            np.savez(folder / "weights.npz", **{key: value.numpy() for key, value in net.state_dict().items()})

        return self.folder(f"images-{name}-{rows}", {"model": name, "rows": rows, "draws": draws}, fill)

    def draws(self, kind: str, rows: int, **settings: Any) -> Path:
        """[N, 100, 10] log-probabilities of K draws: of a trained BatchBALD CNN on MNIST, or of Gaussian logits."""
        rows, draws = (60, 6) if self.tiny else (rows, 100)

        def fill(folder: Path) -> None:
            if kind == "noise" or self.tiny:
                generator = torch.Generator().manual_seed(0)
                log_probs = torch.randn(rows, draws, CLASSES, generator=generator).log_softmax(2)
            else:
                data = mnist()
                net, inputs = train("batchbald_cnn", data), data.numbers(slice(rows))
                row = data.prepare(inputs[:1])
                sampler = ThinnedSampler(net, MaskSet(net, row, draws, torch.Generator().manual_seed(5)))
                log_probs = torch.cat([sampler(data.prepare(part)) for part in inputs.split(512)])
            save(folder / "mc_log_probs.npy", log_probs)

        return self.folder(f"draws-{kind}-{rows}", {"rows": rows, **settings}, fill)

    def features(self, kind: str, rows: int = 50_000, more: int = 1_000, batch: int = 100) -> Path:
        """[N, 512] features, [N, 10] log-probabilities and `more` labelled features: MNIST's, or Gaussian noise."""
        rows, more, batch = (300, 20, 10) if self.tiny else (rows, more, batch)

        def fill(folder: Path) -> None:
            if kind == "noise" or self.tiny:
                generator = torch.Generator().manual_seed(0)
                features = torch.randn(rows + more, 512, generator=generator)
                log_probs = torch.randn(rows + more, CLASSES, generator=generator).log_softmax(1)
            else:
                from al_bench.evidence import Product

                data = mnist()
                wanted = frozenset({Product.features, Product.point_log_probs})
                point = PointPass([train("mlp", data)], wanted, "penultimate")
                with torch.inference_mode():
                    passed = point(data.prepare(data.inputs[: rows + more]))
                features, log_probs = passed[Product.features], passed[Product.point_log_probs]
            save(folder / "features.npy", features[:rows])
            save(folder / "labelled_features.npy", features[rows:])
            save(folder / "log_probs.npy", log_probs[:rows])

        return self.folder(f"features-{kind}-{rows}", {"rows": rows, "batch": batch}, fill)

    def training(self) -> Path:
        """MNIST bytes to train on, 640 of them, and others to test the accuracy on."""
        rows, steps = (128, 3) if self.tiny else (640, 300)

        def fill(folder: Path) -> None:
            if self.tiny:
                generator = torch.Generator().manual_seed(0)
                images = torch.randint(256, (2 * rows, 1, 28, 28), generator=generator, dtype=torch.uint8)
                labels = torch.arange(2 * rows) % CLASSES
                parts = {"images": images[:rows], "labels": labels[:rows]}
                parts |= {"test_images": images[rows:], "test_labels": labels[rows:]}
            else:
                data = mnist()
                chosen = labelled(data, rows)
                parts = {"images": data.numbers(chosen), "labels": data.labels(chosen)}
                assert isinstance(data.test_inputs, Tensor)
                parts |= {"test_images": data.test_inputs, "test_labels": data.test_labels}
            for name, part in parts.items():
                save(folder / f"{name}.npy", part)

        return self.folder("training", {"steps": steps, "apart": 1.0 if self.tiny else 0.02}, fill)

    def frozen(self, rounds: int, batch: int, initial: int = 20) -> Path:
        """Blobs of the shape of 50,000 × 384 features in 10 classes, whose directions have unequal spread; and starts.

        Args:
            rounds, batch, initial: Of the runs.
        """
        rows, features, seeds = (300, 8, 2) if self.tiny else (50_000, 384, 5)
        rounds, batch = (2, min(batch, 20)) if self.tiny else (rounds, batch)

        def fill(folder: Path) -> None:
            generator = np.random.default_rng(0)
            spread = 1 / np.sqrt(1 + np.arange(features))
            labels = generator.integers(0, CLASSES, rows + rows // 5)
            centres = 0.4 * generator.normal(size=(CLASSES, features))
            blobs = (centres[labels] + generator.normal(size=(len(labels), features))) * spread
            blobs = (blobs / np.sqrt((blobs**2).sum(1).mean())).astype(np.float32)
            parts = {"x": blobs[:rows], "y": labels[:rows], "x_test": blobs[rows:], "y_test": labels[rows:]}
            np.savez(folder / "blobs.npz", **parts)
            most = initial + rounds * batch
            np.save(folder / "starts.npy", [generator.choice(rows, most, replace=False) for _ in range(5)])

        settings = {"rounds": rounds, "batch": batch, "initial": initial, "C": 100.0, "classes": CLASSES}
        settings |= {"seeds": seeds, "jobs": 2, "apart": 1.0 if self.tiny else 0.02}
        return self.folder(f"frozen-{rounds}x{batch}-{initial}", settings, fill)

    def run(self) -> Path:
        """The protocol of whole runs, in al-bench's words and as arrays for the peers."""
        initial, seeds = 20, "seed=0,1,2,3"
        data = mnist()
        order = torch.randperm(data.size, generator=torch.Generator().manual_seed(1))
        chosen = labelled(data, initial)
        rest = order[~torch.isin(order, chosen)]
        validation, pool = rest[:1024], torch.cat([chosen, rest[1024 : 1024 + 5_000]])
        common = ["dataset=mnist", "model=batchbald_cnn", "results=runs", "schedule.candidates=5000", "device=cpu"]
        words = [
            *common,
            "arm=whole",
            "training=batchbald",
            "validation=1024",
            "schedule.batch=10",
            "schedule.rounds=3",
        ]
        words += [f"initial.indices={chosen.tolist()}".replace(" ", ""), "posterior.draws=100", "evaluation.draws=20"]
        sweep = [*common, seeds, "strategy=bald", "schedule.rounds=2", "evaluation.draws=20"]
        peers = {"rounds": 3, "batch": 10, "draws": 100, "test_draws": 20, "samples": 10_000}
        peers |= {"epochs": 30, "epoch_samples": 5056, "patience": 3}

        def fill(folder: Path) -> None:
            arrays: dict[str, Any] = {
                "images": data.prepare(data.inputs[pool]).numpy(),
                "labels": data.labels(pool).numpy(),
                "initial": torch.arange(initial).numpy(),
                "validation": data.prepare(data.inputs[validation]).numpy(),
                "validation_labels": data.labels(validation).numpy(),
                "test": data.prepare(data.test_inputs[:]).numpy(),
                "test_labels": data.test_labels.numpy(),
            }
            np.savez(folder / "mnist.npz", **arrays)

        settings = {"words": words, "sweep": sweep, "jobs": 2, "apart": 0.08, **peers}
        return self.folder("run", settings, fill)


def save(file: Path, tensor: Tensor) -> None:
    """Write a tensor as an array."""
    np.save(file, np.ascontiguousarray(tensor.numpy()))


def load(folder: Path, name: str) -> Tensor:
    """An array of the folder, read into memory."""
    return torch.from_numpy(np.load(folder / f"{name}.npy"))
