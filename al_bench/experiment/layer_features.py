"""Strategies that read a layer's features, refused beside a model without layers before any data are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from al_bench.config.schema import Reference, RunConfig
from al_bench.data.encoders.encoder import NoEncoder
from al_bench.errors import InputError
from al_bench.evidence import Product
from al_bench.experiment.feature_source import AUTO, INPUT
from al_bench.experiment.own_components import declared_needs
from al_bench.learners.estimators import Estimator
from al_bench.strategies.base import FeatureStrategy, Strategy


def refuse_layer_features(config: RunConfig, choices: Mapping[str, Any]) -> None:
    """Refuse a strategy whose features come from a layer that the model has not.

    Args:
        config: The typed configuration.
        choices: Config group to chosen option, for the message.

    Raises:
        InputError: naming both options and what to set.
    """
    if not isinstance(config.model, Estimator) or config.reference is Reference.full:
        return
    for _, part in config.strategy.parts():
        _refuse(part.reads_features_as(), config, choices)


def _refuse(strategy: Strategy, config: RunConfig, choices: Mapping[str, Any]) -> None:
    """The same for one strategy of those that a run is made of."""
    needs = declared_needs(strategy, True)
    if not isinstance(strategy, FeatureStrategy) or Product.features not in needs:
        return
    if Product.last_layer in needs:
        raise InputError(
            f"strategy={choices.get('strategy')} changes the input of a last linear layer, and "
            f"model={choices.get('model')} has none: choose another strategy, or model=linear or a network"
        )
    if strategy.features == AUTO and not isinstance(config.encoder, NoEncoder):
        return  # those of the encoder
    source = strategy.feature_source(config.initial.points)
    if source != INPUT and not source.endswith(".npy"):
        raise InputError(
            f"strategy={choices.get('strategy')} reads the features of a layer ({source}), and "
            f"model={choices.get('model')} has no layers: set strategy.features=input, or a file x.npy"
        )
