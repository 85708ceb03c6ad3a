"""Repeated MNIST: a redundant pool, which shows the strategies that label the same image three times.

Kirsch, van Amersfoort and Gal (2019), "BatchBALD", section 4.1: MNIST's training part is repeated three times and
isotropic Gaussian noise of standard deviation 0.1 is added to each image, drawn once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench import checks
from al_bench.data.images import Source, TorchvisionDataset

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset

CHUNK = 4096
"""Images standardised at a time: 13 MB beside the result."""


@dataclass
class RepeatedMNIST:
    """MNIST's 60,000 training images, `copies` of each with noise of their own; the test part is MNIST's.

    Image i of copy c, at dataset index c · 60,000 + i, is (x_i − 0.1307) / 0.3081 + noise · ε_ci with
    ε_ci ~ N(0, I): the noise is added after standardisation, to every copy (with copies=1 too). It is part of the
    data: no later round and no other run seed draws it anew. Fewer copies are the first ones of more copies. Inputs
    are float32 and already standardised, 188 MB a copy.

    Args:
        copies: How many times each image occurs, at least 1.
        noise: Standard deviation of the noise, on the scale of standardised pixels.
        noise_seed: Seed of the noise, independent of the run's seed.
        root: The data root; see `al_bench.data.files.data_root`.
    """

    copies: int = 3
    noise: float = 0.1
    noise_seed: int = 0
    root: str | None = None

    is_benchmark: ClassVar[bool] = True
    """It comes with al-bench: `initial.kind=auto` is balanced."""

    def __post_init__(self) -> None:
        checks.at_least("dataset.copies", self.copies, 1)
        checks.at_least("dataset.noise", self.noise, 0, finite=True)
        checks.at_least("dataset.noise_seed", self.noise_seed, 0)

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        return {} if self.noise else {"noise_seed": "dataset.noise is 0; set dataset.noise=0.1"}

    @property
    def generated_bytes(self) -> int:
        """Bytes of all copies, float32."""
        return 4 * self.copies * 60_000 * 28 * 28

    def load(self) -> Dataset:
        """Read MNIST and build the copies in the memory they stay in.

        Raises:
            InputError: MNIST's files are missing and cannot be downloaded, or are damaged, or the copies do not fit
                into the memory.
        """
        import numpy as np
        import torch

        from al_bench.data.dataset import Dataset
        from al_bench.data.size_limits import check_generated
        from al_bench.rng import Streams

        base = TorchvisionDataset(Source.mnist, self.root).load()
        check_generated(f"dataset.copies={self.copies}", 4 * self.copies * base.size * math.prod(base.shape))
        generator = Streams(self.noise_seed).numpy("pool noise")
        inputs = np.empty((self.copies * base.size, *base.shape), dtype=np.float32)
        # NumPy's stream is the same on every processor; torch's normal_ has a vectorised form that rounds
        # differently, and the data's fingerprint would depend on the machine.
        for copy in range(self.copies):
            for start in range(0, base.size, CHUNK):
                clean = base.prepare(base.inputs[start : start + CHUNK]).numpy()
                part = inputs[copy * base.size + start :][: len(clean)]
                generator.standard_normal(out=part, dtype=np.float32)
                part *= self.noise
                part += clean
        return Dataset(
            name="repeated_mnist",
            inputs=torch.from_numpy(inputs),
            hidden_labels=base.hidden_labels.repeat(self.copies),
            test_inputs=base.prepare(base.test_inputs[:]),
            test_labels=base.test_labels,
            class_names=base.class_names,
        )
