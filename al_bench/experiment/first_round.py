"""Round 0's networks and their quality: under one seed most strategies share them, so they are trained once.

The networks of round 0 are a function of model, posterior, training, data, initial set, validation set and seed (see
`rng`), not of the strategy, unless the strategy trains something beside them; that is then part of the key, as are the
threads, the device, the kind of CPU, all versions and the source of al-bench. What is loaded equals, byte for byte,
what training anew gives. Networks with user-defined layers are not cached: their code is not covered by the key.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import TYPE_CHECKING, Any

import torch

from al_bench.learners.fit import Fit
from al_bench.metrics import METRICS
from al_bench.metrics.measure import Quality
from al_bench.metrics.table import LabelMetric
from al_bench.storage import cache
from al_bench.storage.environment import versions

if TYPE_CHECKING:
    from al_bench.experiment.setup import Experiment

KIND = "first-rounds"
SCHEMA = 1
TRACKED_PACKAGES = ("torch", "torchvision", "al_bench")
"""Packages whose classes are covered by the key: by a version, or by the hash of the source."""

logger = logging.getLogger("al_bench")


@dataclass
class FirstRound:
    """The cache's entry of a run's round 0, or nothing where there is none.

    Args:
        experiment: The run.
        store: The cache; None: neither read nor written.
        key: The entry's name.
        value: What the entry holds.
    """

    experiment: Experiment
    store: cache.Cache | None = None
    key: str = ""
    value: dict[str, Any] = field(default_factory=dict)

    def read(self) -> list[Fit] | None:
        """Load the networks, and return what their training did; None where they are not in the cache."""
        if self.store is None:
            return None
        entry = self.store.load(KIND, self.key)
        if entry is None:
            return None
        try:
            fits = [Fit(**fit) for fit in entry["fits"]]
            quality = None if entry["quality"] is None else Quality.from_plain(entry["quality"])
            self.value = {"quality": quality, "seconds": float(entry["seconds"])}
            self.experiment.learner.load_state(entry["states"])
        except Exception as error:  # an entry of other content than this code writes: whatever its use raises
            self.value = {}
            self.store.reject(KIND, self.key, f"its content is another ({type(error).__name__})")
            return None
        return fits

    @property
    def quality(self) -> Quality | None:
        """The quality of the networks loaded; None where it lacks a metric, such as one of the user's own."""
        stored: Quality | None = self.value.get("quality")
        needed = {metric.name for metric in self.experiment.metrics if not isinstance(metric, LabelMetric)}
        return stored if stored is not None and needed <= stored.values.keys() else None

    @property
    def header_entry(self) -> dict[str, Any]:
        """What the run's header says of the cache: the entry's name, and whether it was there."""
        return {"key": self.key, "loaded": bool(self.value)} if self.store else {}

    def store_result(self, fits: list[Fit], quality: Quality | None, seconds: float) -> None:
        """Say in the log where the networks come from, and put new ones into the cache.

        Args:
            seconds: What training and evaluation took here: those of loading, where they were loaded.
        """
        if self.store is None:
            return
        path = self.store.path(KIND, self.key)
        if self.value:
            logger.info(
                "round 0: networks and quality loaded in %.2f s from %s; training them took another run %.2f s",
                seconds,
                path,
                self.value["seconds"],
            )
            return
        entry = {
            "states": self.experiment.learner.state(),
            "fits": [asdict(fit) for fit in fits],
            "quality": None if quality is None else quality.plain() | {"values": _without_own(quality.values)},
            "seconds": seconds,
        }
        self.store.store(KIND, self.key, entry)
        logger.info("round 0: networks trained here in %.2f s, and kept as %s", seconds, path)


@contextmanager
def first_round(experiment: Experiment, round_: int) -> Iterator[FirstRound]:
    """The entry of a run's round 0, locked against other processes.

    An empty one for later rounds, without a cache, and for a learner whose state cannot be stored or does not suffice.
    """
    folder = cache.cache_folder(experiment.config.cache) if round_ == 0 else None
    if folder is None or experiment.learner.state() is None:
        yield FirstRound(experiment)
    elif (foreign := uncacheable_class(experiment)) is not None:
        logger.info("round 0: trained for this run alone, %s is not of al-bench or torch", foreign)
        yield FirstRound(experiment)
    elif not experiment.config.posterior.weights_suffice:
        logger.info("round 0: trained for this run alone, as its posterior reads more than the weights")
        yield FirstRound(experiment)
    else:
        entry = FirstRound(experiment, cache.Cache(folder), cache.key(cache_key_parts(experiment)))
        assert entry.store is not None
        with entry.store.hold(KIND, entry.key):
            yield entry


def uncacheable_class(experiment: Experiment) -> str | None:
    """The first class that takes part in training and whose source the key does not cover, or None."""
    config, learner = experiment.config, experiment.learner
    participants = [config.model, config.posterior, config.training, *learner.parts()]
    if learner.auxiliaries:
        participants.append(experiment.strategy)
    for part in participants:
        if type(part).__module__.partition(".")[0] not in TRACKED_PACKAGES:
            return f"{type(part).__module__}.{type(part).__qualname__}"
    return None


def cache_key_parts(experiment: Experiment) -> dict[str, Any]:
    """All that networks and quality of round 0 depend on."""
    config, data = experiment.config, experiment.dataset
    device = data.inputs.device
    posterior = _plain(config.posterior)
    draws = config.evaluation.draws
    return {
        "schema": SCHEMA,
        "source": cache.source(),
        "versions": versions(),
        "processor": [cache.processor(), torch.backends.cpu.get_cpu_capability()],
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "environment": [os.environ.get(name) for name in cache.ROUNDING],
        "threads": config.threads,
        "chunk": experiment.learner.chunk,
        "seed": config.seed,
        "training_seed": experiment.streams.seed_of("training"),
        "features": None if data.encoding is None else data.encoding.digest,
        "data": [data.fingerprint(), *(_digest(part) for part in (data.mean, data.std)), data.classes],
        "given": None if data.given_labels is None else _digest(data.given_labels),
        "labelled": _digest(torch.tensor(experiment.start.labelled)),
        "validation": _digest(torch.tensor(experiment.validation)),
        "model": _plain(config.model),
        "training": _plain(config.training),
        "posterior": posterior | {"draws": config.posterior.draws if draws is None else draws},
        "scoring": config.scoring.value,
        "auxiliary": _plain(experiment.strategy) if experiment.learner.auxiliaries else None,
    }


def _without_own(values: dict[str, float | None]) -> dict[str, float | None]:
    """The values of al-bench's metrics: the key of an entry does not cover the code of a user's."""
    return {name: value for name, value in values.items() if name in METRICS}


def _plain(component: Any) -> dict[str, Any]:
    """A component's class and keys."""
    assert is_dataclass(component)
    return {"class": f"{type(component).__module__}.{type(component).__qualname__}", **asdict(component)}  # type: ignore[arg-type]


def _digest(values: torch.Tensor | None) -> str | None:
    if values is None:
        return None
    whole = values.detach().cpu().contiguous()
    digest = hashlib.blake2b(f"{whole.dtype}{tuple(whole.shape)}".encode(), digest_size=16)
    digest.update(whole.numpy().data)
    return digest.hexdigest()
