"""Whether a strategy has a meaning for a run: its draws, products and features, checked before any training."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor

from al_bench.config.schema import RunConfig
from al_bench.data.dataset import Dataset
from al_bench.data.encoders.reduced import truncated_svd
from al_bench.data.sparse import SparseRows
from al_bench.errors import InputError
from al_bench.evidence import Product
from al_bench.experiment.equal_draws import EqualDraws
from al_bench.experiment.feature_source import INPUT, PENULTIMATE, feature_source
from al_bench.experiment.own_components import declared_needs
from al_bench.learners.learner import FROM_LABELS, Learner
from al_bench.pool import PoolState
from al_bench.storage.cache import cache_folder
from al_bench.strategies.base import RunFacts, Strategy


def check_strategy(
    config: RunConfig, name: str, learner: Learner, start: PoolState, equal: EqualDraws | None = None
) -> tuple[Tensor | None, ...]:
    """Refuse a strategy that has no meaning here.

    Returns:
        For each of its parts the features of the file that it names, or reduced ones; None where it needs neither.

    Raises:
        InputError: naming the keys.
    """
    strategy, dataset = cast(Strategy, config.strategy), learner.dataset
    if equal is not None and hasattr(config.model, "build") and learner.functions < strategy.minimum_draws:
        number, draws = learner.functions, config.posterior.draws
        raise InputError(
            f"strategy {name} needs at least {strategy.minimum_draws} distinct posterior draws and there "
            f"{'is' if number == 1 else 'are'} {number}: {'' if draws else 'posterior.draws is 0, and '}{equal.cause}; "
            f"{equal.remedy}{'' if draws else ', with posterior=mc_dropout'}, or set posterior=ensemble"
        )
    strategy.check(
        RunFacts(
            name=name,
            functions=learner.functions,
            members=learner.members,
            batch=config.schedule.batch,
            classes=dataset.classes,
            labelled=len(start.labelled),
            labelled_classes=len(dataset.labels(torch.tensor(start.labelled)).unique()),
            draws_advice=learner.draws_advice,
            members_advice=learner.members_advice,
        )
    )
    if len(start.labelled) < (least := learner.minimum_labelled):
        raise InputError(
            f"round 0 has {len(start.labelled)} labelled points, and {type(learner).__name__} needs at least {least}: "
            "raise initial.size"
        )
    if strategy.reads_signals and config.evaluation.stop_set == 0:
        raise InputError(
            f"evaluation.stop_set is 0, and strategy {name} waits for a signal of the stop set; set "
            "evaluation.stop_set=1000, or strategy.after=LABELS in place of strategy.signal"
        )
    return tuple(_check_part(config, part or name, strategy_, learner, start) for part, strategy_ in strategy.parts())


def _check_part(config: RunConfig, name: str, strategy: Strategy, learner: Learner, start: PoolState) -> Tensor | None:
    """The same for one of the strategies that pick: what it needs, and its features."""
    dataset, needs = learner.dataset, declared_needs(strategy, learner.functions > 1)
    if strategy.reads_trials and not strategy.oracle:
        raise InputError(f"strategy {name} reads trials, which only a strategy marked oracle may do")
    if Product.true_labels in needs and not strategy.oracle:
        raise InputError(f"strategy {name} declares true_labels, which only a strategy marked oracle may read")
    if Product.true_labels in needs and bool((dataset.hidden_labels < 0).any()):
        raise InputError(
            f"strategy {name} reads true labels, and some items of the pool are of none of the classes; choose another "
            "strategy, or stress=none"
        )
    if missing := needs - FROM_LABELS - learner.provides:
        product = min(product.name for product in missing)
        given = ", ".join(sorted(product.name for product in learner.provides))
        raise InputError(
            f"strategy {name} needs {product}, which {type(learner).__name__} does not provide (it provides {given}); "
            "choose another strategy or another model"
        )
    if not needs & {Product.features, Product.labelled_features}:
        return None
    source = feature_source(strategy, len(start.labelled), learner)
    learner.check_features(source)
    if Product.last_layer in needs:
        if source != PENULTIMATE:
            raise InputError(
                f"strategy {name} changes the input of the last linear layer, and strategy.features is {source}: set "
                "strategy.features=penultimate"
            )
        learner.last_layer()
    if source == INPUT and isinstance(dataset.inputs, SparseRows):
        return truncated_svd(dataset.inputs, cache_folder(config.cache)).to(dataset.inputs.device)
    return read_table(source, dataset) if source.endswith(".npy") else None


def read_table(file: str, dataset: Dataset) -> Tensor:
    """[training points, D] features from a .npy file.

    Raises:
        InputError: it cannot be read, or has another shape, or holds values that are not finite.
    """
    try:
        table = torch.from_numpy(np.load(file, allow_pickle=False).astype(np.float32))
    except (OSError, EOFError, ValueError, AttributeError) as error:  # missing, empty, damaged, an .npz
        raise InputError(f"strategy.features is {file!r}, which cannot be read: {error}") from error
    if table.ndim != 2 or len(table) != dataset.size or not table.isfinite().all():
        raise InputError(
            f"strategy.features is {file!r}, of shape {list(table.shape)}; it must hold finite features "
            f"[{dataset.size}, D], one row a training point of {dataset.name}"
        )
    return table.to(dataset.inputs.device)
