"""scikit-learn's classifiers, and others with the same methods, as models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from al_bench import checks
from al_bench.config.load_class import load_class
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset
    from al_bench.learners.estimator_learner import EstimatorLearner
    from al_bench.learners.posterior import Posterior
    from al_bench.learners.training import Training

WIDEST_DENSE = 2_000
"""Columns of sparse features that are made dense for an estimator that reads no sparse ones."""
EXTRAS = {"xgboost": "xgboost", "lightgbm": "lightgbm"}
"""Package to the extra of al-bench that installs it."""
QUIET = {"lightgbm": {"verbosity": -1}}
"""Package to the parameters without which it prints thousands of lines a round."""


@dataclass
class Estimator(ABC):
    """A model that is an estimator with `fit` and `predict_proba`.

    Attributes:
        option: Its name in the config group `model`.
        training_keys: The keys of `training` that it uses.
        kind_of_learner: Its default space in `tuning.spaces`; none where the class has no such attribute.
        seeds_differ: Whether two estimators that see the same labels differ by their random state.
    """

    option: ClassVar[str]
    training_keys: ClassVar[frozenset[str]] = frozenset({"class_weights"})
    seeds_differ: ClassVar[bool] = False

    @abstractmethod
    def estimator_class(self) -> type:
        """The class of the estimator."""

    def parameters(self) -> dict[str, Any]:
        """What its constructor is called with, beside the random state and the threads: the fields."""
        return asdict(self)

    def new(self, seed: int, threads: int) -> Any:
        """An untrained estimator; the random state and the threads are given where the class knows them."""
        estimator = self.estimator_class()(**self.parameters())
        known = estimator.get_params()
        given = {"random_state": seed, "n_jobs": threads}
        return estimator.set_params(**{key: value for key, value in given.items() if key in known})

    def learner(self, dataset: Dataset, posterior: Posterior, training: Training) -> EstimatorLearner:
        """The learner of a run.

        Raises:
            InputError: the posterior has no meaning for the estimator, it takes no weights and there are some, or the
                features are sparse, too many to be made dense.
        """
        from sklearn.utils.validation import has_fit_parameter

        from al_bench.data.sparse import SparseRows
        from al_bench.learners.estimator_learner import EstimatorLearner, check_posterior

        estimator, name = self.new(0, 1), f"model={self.option}"
        if training.class_weights not in (None, "none") and not has_fit_parameter(estimator, "sample_weight"):
            raise InputError(
                f"training.class_weights is set, and {type(estimator).__name__} takes no weights; choose another "
                "model, or training.class_weights=none"
            )
        trees, takes_sparse = count_trees(estimator), reads_sparse(estimator)
        if isinstance(dataset.inputs, SparseRows) and not takes_sparse and (wide := dataset.shape[0]) > WIDEST_DENSE:
            raise InputError(
                f"{name} cannot read sparse features, and {wide:,} columns of mostly zeros would take it minutes a "
                f"round; set encoder.max_features={WIDEST_DENSE}, choose another encoder, or model=linear"
            )
        check_posterior(posterior, name, trees > 0, self.seeds_differ)
        advice = "set posterior=trees or posterior=bootstrap" if trees else "set posterior=bootstrap"
        return EstimatorLearner(dataset, posterior, training, self.new, name, trees, advice, takes_sparse)


def reads_sparse(estimator: Any) -> bool:
    """Whether an estimator says of itself that it reads sparse matrices."""
    try:
        from sklearn.utils import get_tags  # since scikit-learn 1.6

        return bool(get_tags(estimator).input_tags.sparse)
    except Exception:  # an older one, or an estimator that has no tags: dense rows always work
        return False


def count_trees(estimator: Any) -> int:
    """S, the trees of an untrained forest; 0 where an estimator is no forest."""
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

    is_forest = isinstance(estimator, (RandomForestClassifier, ExtraTreesClassifier))
    return int(estimator.n_estimators) if is_forest else 0


@dataclass
class LogisticRegression(Estimator):
    """scikit-learn's logistic regression on the inputs as they are prepared (`model=linear` scales them).

    Args:
        C: Inverse strength of the L2 penalty.
        max_iter: Most iterations of L-BFGS.
    """

    C: float = 1.0
    max_iter: int = 1000
    kind_of_learner: ClassVar[str] = "linear"
    option: ClassVar[str] = "logistic_regression"

    def __post_init__(self) -> None:
        checks.above("model.C", self.C, 0, finite=True)
        checks.at_least("model.max_iter", self.max_iter, 1)

    def estimator_class(self) -> type:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression


@dataclass
class RandomForest(Estimator):
    """scikit-learn's random forest; its trees are its posterior.

    Args:
        n_estimators: Trees.
        max_depth: Of a tree; null grows it until its leaves are pure.
        min_samples_leaf: Fewest labelled points of a leaf.
        max_features: Features tried at a split: sqrt, log2, or a fraction of them.
    """

    n_estimators: int = 100
    max_depth: int | None = None
    min_samples_leaf: int = 1
    max_features: Any = "sqrt"
    kind_of_learner: ClassVar[str] = "forest"
    option: ClassVar[str] = "random_forest"
    seeds_differ: ClassVar[bool] = True

    def __post_init__(self) -> None:
        checks.at_least("model.n_estimators", self.n_estimators, 1)
        checks.at_least("model.min_samples_leaf", self.min_samples_leaf, 1)
        if self.max_depth is not None:
            checks.at_least("model.max_depth", self.max_depth, 1, ", or null")
        fraction = isinstance(self.max_features, float) and 0 < self.max_features <= 1
        good = fraction or self.max_features in ("sqrt", "log2")
        checks.require(good, "model.max_features", self.max_features, "sqrt, log2, or a fraction such as 0.5")

    def estimator_class(self) -> type:
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier


@dataclass
class HistGradientBoosting(Estimator):
    """scikit-learn's histogram gradient boosting.

    Args:
        learning_rate: Of every tree.
        max_iter: Trees a class.
        max_leaf_nodes: Leaves of a tree.
        min_samples_leaf: Fewest labelled points of a leaf: 5, where scikit-learn has 20, which gives no tree at all for
            fewer than 40 labelled points.
        l2_regularization: Of the leaves' values.
    """

    learning_rate: float = 0.1
    max_iter: int = 100
    max_leaf_nodes: int = 31
    min_samples_leaf: int = 5
    l2_regularization: float = 0.0
    kind_of_learner: ClassVar[str] = "boosting"
    option: ClassVar[str] = "hist_gradient_boosting"

    def __post_init__(self) -> None:
        checks.above("model.learning_rate", self.learning_rate, 0, finite=True)
        for key, low in (("max_iter", 1), ("max_leaf_nodes", 2), ("min_samples_leaf", 1), ("l2_regularization", 0)):
            checks.at_least(f"model.{key}", getattr(self, key), low)

    def parameters(self) -> dict[str, Any]:
        return asdict(self) | {"early_stopping": False}

    def estimator_class(self) -> type:
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier


@dataclass
class Sklearn(Estimator):
    """Any classifier with `fit` and `predict_proba`, by the path of its class.

    Args:
        target: module.Class, such as xgboost.XGBClassifier.
        params: Keys and values that the constructor is called with, or null; random_state and n_jobs are the run's
            unless given.
    """

    target: str = ""
    params: Any = None
    option: ClassVar[str] = "sklearn"
    seeds_differ: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.params is not None and not isinstance(self.params, Mapping):
            raise InputError(
                f"model.params is {self.params!r}; it must be keys with values, as in 'model.params={{max_depth: 4}}'"
            )

    def parameters(self) -> dict[str, Any]:
        return {**QUIET.get(self.target.partition(".")[0], {}), **(self.params or {})}

    def estimator_class(self) -> type:
        """The class at `target`.

        Raises:
            InputError: there is none, or it is no classifier.
        """
        if not self.target.strip():
            raise InputError(
                "model.target is not set; name a class, as in model=sklearn model.target=sklearn.ensemble."
                "ExtraTreesClassifier"
            )
        try:
            cls = load_class(self.target)
        except InputError as error:
            raise InputError(self._in_words_of_the_key(str(error))) from error
        for method in ("fit", "predict_proba", "get_params", "set_params"):
            if not callable(getattr(cls, method, None)):
                raise InputError(
                    f"model.target is {self.target!r}, which has no {method}; name the class of a classifier that "
                    "gives probabilities, such as sklearn.ensemble.ExtraTreesClassifier"
                )
        return cls

    def _in_words_of_the_key(self, fault: str) -> str:
        """A fault of loading the class, with the package to install where al-bench has an extra for it."""
        fault = fault.replace("_target_ is", "model.target is", 1).replace(
            "name a dataclass", "name a classifier's class"
        )
        package = self.target.partition(".")[0]
        missing = f"No module named '{package}'" in fault and package in EXTRAS
        return f"{fault}; pip install 'al-bench[{EXTRAS[package]}]'" if missing else fault

    def new(self, seed: int, threads: int) -> Any:
        cls = self.estimator_class()
        try:
            estimator = cls(**self.parameters())
            known = estimator.get_params()
        except Exception as error:  # another's constructor may raise anything
            raise InputError(f"model.params: {self.target} refuses them: {' '.join(str(error).split())}") from error
        if not hasattr(estimator, "predict_proba"):
            raise InputError(
                f"model.target is {self.target!r}, which gives no probabilities with these model.params; choose "
                "others, or another class"
            )
        given = {"random_state": seed, "n_jobs": threads}
        mine = {key: value for key, value in given.items() if key in known and key not in self.parameters()}
        return estimator.set_params(**mine)
