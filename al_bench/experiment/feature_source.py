"""Where the features of a strategy come from: the encoder's where there is one and the strategy leaves it open."""

from __future__ import annotations

from al_bench.data.dataset import Dataset
from al_bench.strategies.base import FeatureStrategy, Strategy

AUTO, INPUT = "auto", "input"


def feature_source(strategy: Strategy, labelled: int, dataset: Dataset) -> str:
    """penultimate, a layer's name, input, or a .npy file.

    Args:
        strategy: A typed `features` of a strategy wins.
        labelled: L, the number of points labelled.
        dataset: What the learner sees: under an encoder, its inputs are the encoder's features.
    """
    if dataset.encoding is not None and isinstance(strategy, FeatureStrategy) and strategy.features == AUTO:
        return INPUT
    return strategy.feature_source(labelled)
