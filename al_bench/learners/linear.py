"""`model=linear`: multinomial logistic regression, solved to convergence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from al_bench import checks
from al_bench.errors import InputError
from al_bench.learners.mixture import Mixture

if TYPE_CHECKING:
    from torch import nn

    from al_bench.data.dataset import Dataset
    from al_bench.learners.linear_learner import LinearLearner
    from al_bench.learners.posterior import Posterior
    from al_bench.learners.training import Training


class Scaling(Enum):
    norm = "norm"
    none = "none"
    standard = "standard"


@dataclass
class Linear:
    """Multinomial logistic regression, the same whatever the seed.

    W, b = argmin C Σ_i w_i · (−log softmax(W x_i + b)[y_i]) + ½ ‖W‖², over the classes that have a labelled point.
    The bias b is not penalised, and the w_i are those of `training.class_weights`, else 1. A class without a labelled
    point has probability 10⁻⁶.

    Args:
        C: Inverse strength of the L2 penalty; the loss is summed over the labelled points, as in scikit-learn.
        scaling: Of the features x. norm: one number divides them all, so that the mean of ‖x‖² over the training part
            is 1, and C means the same for features of any scale and number; their geometry stays. none: as the
            dataset or the encoder gives them. standard: every column has mean 0 and deviation 1 over the training part.
            No label is read for it.

    Source:
        The solver is a truncated Newton method in float64, to a gradient of at most 10⁻¹⁰ a labelled point; where more
        than 2,500 points of more than 2,500 features make that too costly, scikit-learn's L-BFGS, to 10⁻⁶.
    """

    C: float = 100.0
    scaling: Scaling = Scaling.norm
    kind_of_learner: ClassVar[str] = "linear"
    training_keys: ClassVar[frozenset[str]] = frozenset({"class_weights"})

    def __post_init__(self) -> None:
        checks.above("model.C", self.C, 0, finite=True)

    def learner(self, dataset: Dataset, posterior: Posterior, training: Training) -> LinearLearner:
        """One network a member of the posterior.

        Raises:
            InputError: the members would be equal, or sparse features would become dense.
        """
        from al_bench.data.sparse import SparseRows
        from al_bench.learners.linear_learner import LinearLearner, moments
        from al_bench.learners.linear_network import LinearNetwork

        check_members(posterior, "model=linear")
        sparse = isinstance(dataset.inputs, SparseRows)
        if sparse and self.scaling is Scaling.standard:
            raise InputError(
                "model.scaling is standard, which would fill sparse features; set model.scaling=norm or none"
            )
        shift, scale = moments(dataset, self.scaling)
        features = math.prod(dataset.shape)
        networks: list[nn.Module] = [
            LinearNetwork(features, dataset.classes, shift, scale, 1 / self.C).to(dataset.inputs.device)
            for _ in range(posterior.members)
        ]
        takes_sparse = sparse and isinstance(posterior, Mixture)
        trainings = [training] * len(networks)
        return LinearLearner(networks, posterior, trainings, dataset, C=self.C, takes_sparse=takes_sparse)


def check_members(posterior: Posterior, model: str) -> None:
    """Refuse members that would be equal: several of one training set, or such as differ in keys of networks.

    Raises:
        InputError: naming what to choose.
    """
    if posterior.vary:
        raise InputError(f"posterior.vary is for networks, and {model} has none; choose posterior=bootstrap")
    if type(posterior) is Mixture and posterior.members > 1:
        raise InputError(
            f"posterior.members is {posterior.members}, and members of {model} that see the same labels would be "
            "equal; choose posterior=bootstrap"
        )
