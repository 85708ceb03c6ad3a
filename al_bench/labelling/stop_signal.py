"""Whether predictions still change from batch to batch: what stopping rules read, measured on a labelling folder.

The stop set is a fixed random part of the pool of the first batch that has a model. Each batch's record holds the
classes predicted for it, so that the next call knows how many of them changed. No label is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from al_bench import kernels
from al_bench.labelling.batch import STRATEGY, BatchRecord
from al_bench.labelling.choose import Trained
from al_bench.labelling.pool import LabellingPool
from al_bench.records import StopSetRecord
from al_bench.rng import Streams


@dataclass(frozen=True)
class StopSignal:
    """How the predictions of a call's model moved.

    Args:
        history: Of the batches of the strategy so far, this call's last; what a rule reads.
        predicted: Item of the stop set to the class that this call's model predicts.
    """

    history: tuple[StopSetRecord | None, ...]
    predicted: dict[str, str]

    @property
    def now(self) -> StopSetRecord | None:
        """That of this call."""
        return self.history[-1]

    def describe(self) -> list[str]:
        """What there is to say of it, one line at most."""
        if self.now is None or self.now.changed is None or self.now.kappa is None:
            return []
        return [
            f"predictions for {self.now.points:,} random items: {100 * self.now.changed:.1f} % changed since the batch "
            f"before, kappa {self.now.kappa:.3f}"
        ]


def measure_stop_signal(records: Sequence[BatchRecord], pool: LabellingPool, trained: Trained) -> StopSignal:
    """Measure how far the predictions for the stop set are those of the batch before.

    Args:
        records: Of all batches so far.
        pool: The items.
        trained: The model of this call.
    """
    former = [record for record in records if record.kind == STRATEGY]
    history = [record.stop_set for record in former]
    items = stop_items(former, pool, trained)
    if not items:
        return StopSignal((*history, None), {})
    experiment = trained.experiment
    probabilities = torch.from_numpy(trained.probabilities(pool.indices(items)))
    classes = np.array(experiment.dataset.class_names, dtype=object)
    predicted = dict(zip(items, classes[probabilities.argmax(1).numpy()].tolist(), strict=True))
    entropy = kernels.entropy(probabilities.log()).mean().item()
    before = former[-1].stop_predicted if former else {}
    both = [item for item in items if item in before]
    if not both:
        return StopSignal((*history, StopSetRecord(points=len(items), entropy=entropy)), predicted)
    number = {name: position for position, name in enumerate(dict.fromkeys([*before.values(), *predicted.values()]))}
    first, second = (torch.tensor([number[given[item]] for item in both]) for given in (before, predicted))
    signal = StopSetRecord(
        points=len(items),
        entropy=entropy,
        kappa=kernels.cohens_kappa(first, second),
        changed=(first != second).double().mean().item(),
    )
    return StopSignal((*history, signal), predicted)


def stop_items(former: Sequence[BatchRecord], pool: LabellingPool, trained: Trained) -> list[str]:
    """The items of the stop set that are in the pool; drawn where no batch has a stop set yet.

    Args:
        former: Records of the strategy's batches.
        pool: The items.
        trained: The model of this call; its configuration says how many items and which seed.
    """
    known = next((record.stop_predicted for record in former if record.stop_predicted), None)
    if known is not None:
        return [item for item in known if item in pool.index]
    config = trained.experiment.config
    size = min(config.evaluation.stop_set, len(pool.items))
    rows = np.sort(Streams(config.seed).numpy("stop_set").choice(len(pool.items), size, replace=False))
    return [pool.items[row] for row in rows]
