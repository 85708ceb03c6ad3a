"""Where the features of a strategy come from: the encoder's where there is one and the strategy leaves it open."""

from __future__ import annotations

from al_bench.data.sparse import SparseRows
from al_bench.errors import InputError
from al_bench.learners.learner import Learner
from al_bench.learners.linear_learner import LinearLearner
from al_bench.learners.torch_learner import TorchLearner
from al_bench.strategies.base import FeatureStrategy, Strategy

AUTO, INPUT, PENULTIMATE = "auto", "input", "penultimate"


def feature_source(strategy: Strategy, labelled: int, learner: Learner) -> str:
    """penultimate, a layer's name, input, or a .npy file.

    Args:
        strategy: A typed `features` of a strategy wins.
        labelled: L, the number of points labelled.
        learner: Under an encoder, its inputs are the encoder's features.
    """
    strategy = strategy.reads_features_as()
    if not isinstance(strategy, FeatureStrategy) or strategy.features != AUTO:
        return strategy.feature_source(labelled)
    if isinstance(learner, TorchLearner) and learner.is_pretrained:
        return PENULTIMATE  # whose features mean something before any training, too
    if learner.dataset.encoding is None:
        return strategy.feature_source(labelled)
    return PENULTIMATE if strategy.last_layer and has_last_layer(learner) else INPUT


def has_last_layer(learner: Learner) -> bool:
    """Whether a learner gives the input of a last linear layer, dense: not where that is the sparse input itself."""
    if isinstance(learner, LinearLearner) and isinstance(learner.dataset.inputs, SparseRows):
        return False
    try:
        learner.check_features(PENULTIMATE)
    except InputError:
        return False
    return True
