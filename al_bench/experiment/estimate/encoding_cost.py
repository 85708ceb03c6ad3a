"""What it takes to encode the items that are not in the cache, from a sample of them.

A sample's features then stand in for all of them, so that the stages of a run can be tried: rows of it in turn, with a
little noise, so that no two are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from al_bench.config.schema import RunConfig
from al_bench.data.encoders.encoder import Encoder, Workspace
from al_bench.data.encoders.item_encoder import ItemEncoder
from al_bench.data.encoding import Encoding
from al_bench.data.user_data import VALIDATION_FILE
from al_bench.experiment.estimate.curve import NOTHING, Cost, measure_growth, timed
from al_bench.experiment.own_components import faults_named, load_checked, workspace_of
from al_bench.experiment.process import pick_device

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset

SAMPLE = 128
"""Items that are encoded to see how long it takes; where no more are missing, they are encoded as in a run."""
NOISE = 0.05
"""Of a feature's standard deviation."""


@dataclass(frozen=True)
class Encoded:
    """A configuration whose objects can be made at once.

    Args:
        config: The run's, or with features that stand in for its encoder's.
        cost: What encoding takes, once where there is a cache.
        cache_bytes: What it adds to the cache.
        remark: What to say of it; empty where nothing stands in.
    """

    config: RunConfig
    cost: Cost = NOTHING
    cache_bytes: float = 0.0
    remark: str = ""


@dataclass
class StandIn(Encoder):
    """Features [n, D] of a sample, which stand in for those of all items."""

    features: Tensor = field(default_factory=lambda: torch.empty(0, 0))

    def encode(self, dataset: Dataset, workspace: Workspace) -> Dataset:
        generator = torch.Generator().manual_seed(0)
        scale = NOISE * self.features.std(0)

        def rows(count: int) -> Tensor:
            chosen = torch.arange(count) % len(self.features)
            return self.features[chosen] + scale * torch.randn(count, self.features.shape[1], generator=generator)

        encoding = Encoding(dataset.fingerprint(), "", self.features.shape[1])
        inputs, tested = rows(len(dataset.inputs)), rows(len(dataset.test_inputs))
        return replace(dataset, inputs=inputs, test_inputs=tested, mean=None, std=None, encoding=encoding)

    def describe(self, dataset: Dataset, workspace: Workspace) -> str:
        return f"{self.features.shape[1]:,} numbers an item"


def encoded_or_stand_in(config: RunConfig, until: float) -> Encoded:
    """The configuration as it is where its features are in the cache or soon made, else with features that stand in.

    Args:
        config: The run's.
        until: By `time.perf_counter`, when a sample has to be encoded.

    Raises:
        InputError: the data or the encoder cannot be used.
    """
    encoder = config.encoder
    if not isinstance(encoder, ItemEncoder):
        return Encoded(config)
    raw = load_checked(config.dataset, config.cache, config.initial.rows or (), config.validation == VALIDATION_FILE)
    workspace = workspace_of(encoder, pick_device(config.device), config.cache)
    missing = encoder.count_missing(raw, workspace)
    if missing <= SAMPLE:
        return Encoded(config)
    alone = replace(workspace, cache=None)
    order = np.random.default_rng(0).permutation(len(raw.inputs))
    features = torch.empty(0, 0)

    def encode(count: int) -> Cost:
        nonlocal features
        chosen = torch.tensor(np.sort(order[:count]))
        sample = replace(raw, inputs=raw.inputs[chosen], test_inputs=raw.test_inputs[:0])
        with timed() as watch, faults_named(encoder, "encoder", "encode(dataset, workspace)"):
            made = encoder.encode(sample, alone).inputs
        assert isinstance(made, Tensor)
        features = made
        return watch.cost

    sizes = sorted({encoder.batch, 2 * encoder.batch, max(SAMPLE, 2 * encoder.batch)})
    curve = measure_growth(encode, [min(size, len(order)) for size in sizes], until)
    dimension = features.shape[1]
    return Encoded(
        replace(config, encoder=StandIn(features)),
        curve.at(missing),
        4.0 * dimension * missing if workspace.cache else 0.0,
        f"the features of {missing:,} items, which are not in the cache: a sample stands in for them here",
    )
