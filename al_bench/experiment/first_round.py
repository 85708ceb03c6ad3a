"""Round 0's networks and their quality: under one seed most strategies share them, so they are trained once.

The networks of round 0 are a function of model, posterior, training, data, initial set, validation set and seed (see
`rng`), not of the strategy, unless the strategy trains something beside them; that is then part of the key, as are the
threads, the device, the kind of CPU, all versions and the source of al-bench. What is loaded equals, byte for byte,
what training anew gives. A network with layers of a user's own is trained anew: their source reaches anywhere.
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
from al_bench.storage import cache
from al_bench.storage.environment import versions

if TYPE_CHECKING:
    from al_bench.experiment.setup import Bench

KIND = "first-rounds"
SCHEMA = 1
ROUNDING = ("MKL_CBWR", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "DNNL_DEFAULT_FPMATH_MODE")
"""Environment variables that choose among matrix products of different rounding."""
KNOWN = ("torch", "torchvision", "al_bench")
"""Packages whose classes are covered by the key: by a version, or by the hash of the source."""

logger = logging.getLogger("al_bench")


@dataclass
class FirstRound:
    """The cache's entry of a run's round 0, or nothing where there is none.

    Args:
        bench: The run.
        store: The cache; None: neither read nor written.
        key: The entry's name.
        value: What the entry holds.
    """

    bench: Bench
    store: cache.Cache | None = None
    key: str = ""
    value: dict[str, Any] = field(default_factory=dict)

    def read(self) -> list[Fit] | None:
        """Load the networks, and return what their training did; None where they are not in the cache."""
        if self.store is None:
            return None
        found = self.store.load(KIND, self.key)
        if found is None:
            return None
        learner = self.bench.learner
        learner.load_state(found["states"])
        self.value = found
        return [Fit(**fit) for fit in found["fits"]]

    @property
    def quality(self) -> dict[str, Any] | None:
        """The quality of the networks loaded."""
        return dict(self.value["quality"]) if self.value else None

    @property
    def told(self) -> dict[str, Any]:
        """What the run's header says of the cache: the entry's name, and whether it was there."""
        return {"key": self.key, "loaded": bool(self.value)} if self.store else {}

    def keep(self, fits: list[Fit], quality: dict[str, Any], seconds: float) -> None:
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
            "states": self.bench.learner.state(),
            "fits": [asdict(fit) for fit in fits],
            "quality": quality,
            "seconds": seconds,
        }
        self.store.store(KIND, self.key, entry)
        logger.info("round 0: networks trained here in %.2f s, and kept as %s", seconds, path)


@contextmanager
def first_round(bench: Bench, round_: int) -> Iterator[FirstRound]:
    """The entry of a run's round 0, held against other processes; an empty one for later rounds or without a cache."""
    folder = cache.cache_folder(bench.config.cache) if round_ == 0 else None
    if folder is None:
        yield FirstRound(bench)
    elif (stranger := unknown(bench)) is not None:
        logger.info("round 0: trained for this run alone, %s is not of al-bench or torch", stranger)
        yield FirstRound(bench)
    else:
        entry = FirstRound(bench, cache.Cache(folder), cache.key(ingredients(bench)))
        assert entry.store is not None
        with entry.store.hold(KIND, entry.key):
            yield entry


def unknown(bench: Bench) -> str | None:
    """The first class that takes part in training and whose source the key does not cover, or None."""
    config, learner = bench.config, bench.learner
    taking_part = [config.model, config.posterior, config.training, *learner.parts()]
    if learner.auxiliaries:
        taking_part.append(bench.strategy)
    for part in taking_part:
        if type(part).__module__.partition(".")[0] not in KNOWN:
            return f"{type(part).__module__}.{type(part).__qualname__}"
    return None


def ingredients(bench: Bench) -> dict[str, Any]:
    """All that networks and quality of round 0 depend on."""
    config, data = bench.config, bench.dataset
    device = data.inputs.device
    posterior = _plain(config.posterior)
    draws = config.evaluation.draws
    return {
        "schema": SCHEMA,
        "source": cache.source(),
        "versions": versions(),
        "processor": [cache.processor(), torch.backends.cpu.get_cpu_capability()],
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "environment": [os.environ.get(name) for name in ROUNDING],
        "threads": config.threads,
        "chunk": bench.learner.chunk,
        "seed": config.seed,
        "data": [data.fingerprint(), *(_digest(part) for part in (data.mean, data.std)), data.classes],
        "labelled": _digest(torch.tensor(bench.start.labelled)),
        "validation": _digest(torch.tensor(bench.validation)),
        "model": _plain(config.model),
        "training": _plain(config.training),
        "posterior": posterior | {"draws": config.posterior.draws if draws is None else draws},
        "scoring": config.scoring.value,
        "auxiliary": _plain(bench.strategy) if bench.learner.auxiliaries else None,
    }


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
