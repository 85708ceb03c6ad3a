"""What the parts of the check share: sizes, the objects of a run on a device, a clock, a line of the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch

from al_bench.config.compose import compose, register
from al_bench.experiment import sweep
from al_bench.experiment.process import keep_freed_memory, set_threads
from al_bench.experiment.setup import Experiment, set_up

NETWORKS = ("batchbald_cnn", "gal2017_cnn")
COLUMNS = ("part", "subject", "against", "n", "ours_s", "theirs_s", "ratio", "agreement", "met", "note", "device")


@dataclass(frozen=True)
class Sizes:
    """How much is computed.

    Args:
        images: Of the pool, scored with `draws` functions.
        candidates: Whose log-probabilities and picks are compared.
        slice: Images of which a slower peer scores, in the place of all; its time is taken in proportion.
        rounds, batch: Of the whole run.
        features, dimensions: Of the frozen features.
    """

    images: int = 60_000
    draws: int = 100
    candidates: int = 2_000
    slice: int = 6_000
    steps: int = 300
    rounds: int = 6
    batch: int = 4
    run_candidates: int = 10_000
    features: int = 50_000
    dimensions: int = 384
    repeats: int = 3


SMALL = Sizes(120, 4, 60, 60, 5, 2, 2, 40, 200, 8, 1)


@dataclass(frozen=True)
class Setting:
    """One call of the check.

    Args:
        device: cuda; cpu to test the script.
        sizes: How much is computed.
        small: Whether synthetic images stand in for MNIST.
        ends: By `time.perf_counter`, when the check has to be done.
    """

    device: str
    sizes: Sizes
    small: bool
    ends: float

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.ends - time.perf_counter()

    def experiment(self, device: str, *words: str, model: str = "batchbald_cnn", strategy: str = "bald") -> Experiment:
        """The objects of a run.

        Args:
            device: cpu or cuda.
            words: Further overrides.
        """
        data = ["dataset=mnist"]
        if self.small:
            data = [
                *("dataset=synthetic", "dataset.shape=[1,28,28]", "dataset.classes=10", "dataset.test_points=60"),
                f"dataset.points={self.sizes.images + 40}",
            ]
        register()
        sweep.register()
        composed = compose(
            [
                *data,
                f"model={model}",
                f"strategy={strategy}",
                f"device={device}",
                "cache=off",
                "initial.size=20",
                *words,
            ]
        )
        config = composed.build()
        set_threads(config.threads)
        keep_freed_memory()
        return set_up(config, strategy)

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def seconds(self, work: Callable[[], Any], repeats: int | None = None) -> tuple[float, Any]:
        """The median time of some repetitions after one that is not counted, and what the last gave."""
        taken = []
        result = work()
        for _ in range(repeats or self.sizes.repeats):
            self.wait()
            began = time.perf_counter()
            result = work()
            self.wait()
            taken.append(time.perf_counter() - began)
        return sorted(taken)[len(taken) // 2], result


def line(
    part: str,
    subject: str,
    against: str,
    ours: float | None = None,
    theirs: float | None = None,
    agreement: str = "",
    met: bool | None = None,
    note: str = "",
    n: int = 1,
) -> dict[str, str]:
    """A line of the table, but for its device."""
    ratio = "" if not ours or theirs is None else f"{theirs / ours:.3g}"
    return {
        "part": part,
        "subject": subject,
        "against": against,
        "n": str(n),
        "ours_s": "" if ours is None else f"{ours:.4g}",
        "theirs_s": "" if theirs is None else f"{theirs:.4g}",
        "ratio": ratio,
        "agreement": agreement,
        "met": "" if met is None else "yes" if met else "no",
        "note": note,
    }


Part = Callable[[Setting], Iterable[dict[str, str]]]
