"""The config group `tuning`: whether and when the learner's hyper-parameters are chosen by cross-validation.

They are chosen on the labelled points alone. What a trial is and how it is judged is in
`al_bench.experiment.tuning.cross_validation`, what may be tuned in `al_bench.experiment.tuning.keys`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from al_bench import checks
from al_bench.errors import InputError


class CrossValidated(Enum):
    nll = "nll"
    accuracy = "accuracy"


class Search(Enum):
    tpe = "tpe"
    random = "random"


@dataclass
class Tuning:
    """The base of the options of `tuning`.

    Attributes:
        tunes: Whether anything is tuned.
        every_round: Whether that is done anew before each training.
    """

    tunes: ClassVar[bool] = False
    every_round: ClassVar[bool] = False

    def check_installed(self) -> None:
        """Refuse an option whose library is not installed.

        Raises:
            InputError: naming what to install.
        """


@dataclass
class NoTuning(Tuning):
    """The hyper-parameters are those configured, in every round."""


@dataclass
class TuneAtStart(Tuning):
    """The hyper-parameters are chosen once, on the initial labelled set, and kept to the end of the run.

    A trial trains the learner on all folds but one and predicts that one, for every fold; its loss is the mean over all
    points held out. Trial 0 is the learner as it is configured, and another is chosen only where its loss is lower. All
    trials of a round share their folds and their random numbers.

    Args:
        trials: Configurations tried, the configured one among them.
        folds: k, parts of the labelled set, stratified by class as far as the labels go.
        metric: What is minimised over the points held out. nll: their mean negative log-likelihood, nats. accuracy: the
            share of them that is wrong.
        search: How trials are proposed. tpe: by a tree-structured Parzen estimator (Bergstra et al. 2011), the first
            ten at random. random: all at random.
        space: Key of the learner to the values that are tried; null takes the default one of its kind out of `spaces`.
            A list is a choice; {low: 0.1, high: 10, log: true} a range; {factor: 10} a range from a tenth to ten times
            the configured value, on a logarithmic scale.
        spaces: Kind of learner to its default space; empty in a run's record, whose `space` is what was taken.

    Source:
        Lüth et al. 2023 (2301.10625), pitfall 4: tune the classifier, that of Random, too. Munjal et al. 2022
        (2002.09564) tune in each round, by 50 random trials on a validation set that is labelled beside.
    """

    tunes: ClassVar[bool] = True
    trials: int = 20
    folds: int = 5
    metric: CrossValidated = CrossValidated.nll
    search: Search = Search.tpe
    space: Any = None
    spaces: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.at_least("tuning.trials", self.trials, 2, ", the configured one among them")
        checks.at_least("tuning.folds", self.folds, 2)
        if self.space is not None and not isinstance(self.space, Mapping):
            raise InputError(
                f"tuning.space is {self.space!r}; it must be keys with values, as in "
                "'tuning.space={model.C: [0.1, 1, 10]}', or null for the default one"
            )

    def check_installed(self) -> None:
        if importlib.util.find_spec("optuna") is None:
            raise InputError("tuning needs Optuna: pip install 'al-bench[tuning]', or type tuning=never")


@dataclass
class TuneEveryRound(TuneAtStart):
    """The hyper-parameters are chosen anew before each training, on all points that are labelled by then.

    All else is as with `tuning=start`. Where the labelled points cannot be cut, the round trains as configured, and its
    record says why.
    """

    every_round: ClassVar[bool] = True
