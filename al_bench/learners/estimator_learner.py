"""The learner of scikit-learn's estimators, and of others with the same methods.

Letters: n rows, K functions, M members, S trees, C classes, L labelled points.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from al_bench.data.sparse import SparseRows
from al_bench.errors import InputError
from al_bench.learners.bootstrap import Bootstrap
from al_bench.learners.class_weights import class_weights
from al_bench.learners.fit import Fit
from al_bench.learners.learner import Learner
from al_bench.learners.matrices import Matrix
from al_bench.learners.posterior import Posterior, Sampler
from al_bench.learners.trees import Trees

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset
    from al_bench.learners.training import Training
    from al_bench.rng import Streams

logger = logging.getLogger("al_bench")

TEST = "test_masks"
"""The stream of the test part, of whose functions the mean alone is read."""
FLOOR = 1e-6
"""ε, the least probability of a class."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """One trained estimator.

    Args:
        estimator: Trained on classes 0 to k − 1; None where one class alone is labelled.
        present: [k] the classes that it knows, by their numbers in the data set.
        classes: C.
    """

    estimator: Any
    present: np.ndarray
    classes: int

    def log_probs(self, rows: Matrix) -> np.ndarray:
        """[n, C] float64 log-probabilities of the rows [n, D]."""
        if self.estimator is None:
            return self._all_classes(np.ones((rows.shape[0], 1)), np.zeros(1, int))
        return self._all_classes(self.estimator.predict_proba(rows), self.estimator.classes_)

    def tree_log_probs(self, rows: Matrix, trees: int) -> np.ndarray:
        """[n, S, C] float32 log-probabilities of each of the first S trees."""
        if self.estimator is None:
            return np.repeat(self.log_probs(rows).astype(np.float32)[:, None], trees, 1)
        probs = np.empty((rows.shape[0], trees, len(self.present)), np.float32)
        for number, tree in enumerate(self.estimator.estimators_[:trees]):  # a forest's trees know the same classes
            probs[:, number] = tree.predict_proba(rows, check_input=isinstance(rows, csr_matrix))
        probs *= 1 - self.classes * FLOOR
        probs += FLOOR
        np.log(probs, out=probs)
        if len(self.present) == self.classes:
            return probs
        every = np.full((*probs.shape[:2], self.classes), np.log(FLOOR), np.float32)
        every[..., self.present] = probs
        return every

    def _all_classes(self, probs: np.ndarray, known: np.ndarray) -> np.ndarray:
        """log of (1 − C ε) p + ε over all C classes, p being 0 for a class that the estimator does not know.

        Args:
            probs: [n, k] predictions.
            known: [k] the classes of their columns, as the estimator numbers them.
        """
        mapped = np.zeros((len(probs), self.classes))
        mapped[:, self.present[np.asarray(known).astype(int)]] = probs
        mapped /= mapped.sum(1, keepdims=True)
        return np.log((1 - self.classes * FLOOR) * mapped + FLOOR)


@dataclass(eq=False)
class EstimatorLearner(Learner):
    """Estimators, each trained with a random state and a sample of the labelled points of its own.

    A prediction p becomes (1 − C ε) p + ε with ε = 10⁻⁶: the least probability is ε, the sum stays 1, the ranking of
    the classes and the mean over functions stay as they are. A class without a labelled point has probability ε. Where
    one class alone is labelled, that class is predicted and nothing is trained.

    Args:
        dataset: Where the inputs come from.
        posterior: trees, bootstrap, or a mixture whose members differ in their seeds.
        training: Of its keys `class_weights` is used.
        make: From a random state (32 bits) and a number of threads to a new estimator.
        name: Of the model, for messages.
        takes_sparse: Whether the estimator reads sparse rows as they are.
        trees: S, of each forest; 0 where it is none.
        draws_advice: What to choose so that there are several functions.
    """

    dataset: Dataset
    posterior: Posterior
    training: Training
    make: Callable[[int, int], Any]
    name: str
    trees: int = 0
    draws_advice: str = "set posterior=bootstrap"
    takes_sparse: bool = False
    chunk: int = 1024
    members_advice: str = "set posterior=bootstrap"
    _fitted: list[Fitted] = field(default_factory=list, init=False, repr=False)

    @property
    def fitted(self) -> list[Fitted]:
        """The members as they were trained last."""
        return self._fitted

    @property
    def members(self) -> int:  # type: ignore[override]
        """M."""
        return self.posterior.members

    @property
    def functions(self) -> int:  # type: ignore[override]
        """K: M · S for the trees of forests, else M."""
        return self.members * (self._trees_drawn or 1)

    @property
    def _trees_drawn(self) -> int:
        """S, trees that are drawn from each member; 0 where a member is one function."""
        if not isinstance(self.posterior, Trees):
            return 0
        return min(self.posterior.draws or self.trees, self.trees)

    def fit(self, labelled: Tensor, validation: Tensor, streams: Streams, round_: int) -> list[Fit]:
        """Train every member anew; see `Learner.fit`."""
        from threadpoolctl import threadpool_limits

        labels = self.dataset.labels(labelled).cpu()
        self._fitted, fits = [], []
        with threadpool_limits(torch.get_num_threads()):  # libraries that were loaded after the run's threads were set
            for member in range(self.members):
                rows = self.posterior.training_rows(labels, streams.torch("bootstrap", round_, member))
                indices, targets = (labelled, labels) if rows is None else (labelled[rows], labels[rows])
                seed = streams.integer("estimator", round_, member) % 2**32
                fits.append(self._fit(self._labelled_rows(indices), targets, seed))
        return fits

    @property
    def _device(self) -> torch.device:
        return self.dataset.inputs.device

    def _labelled_rows(self, indices: Tensor) -> Matrix:
        """[n, D] float32 of dataset indices."""
        if self.takes_sparse and isinstance(self.dataset.inputs, SparseRows):
            return self.dataset.inputs.take(indices)
        return self._rows(self.dataset.prepare(self.dataset.numbers(indices.to(self._device))))

    def _rows(self, inputs: Tensor | csr_matrix) -> Matrix:
        """[n, D] float32 of prepared inputs [n, *shape]; sparse rows as they are."""
        if isinstance(inputs, csr_matrix):
            return inputs
        return np.ascontiguousarray(inputs.flatten(1).float().cpu().numpy())

    def _fit(self, rows: Matrix, labels: Tensor, seed: int) -> Fit:
        """Train one member on the rows [L, D] and keep it."""
        present, encoded = np.unique(labels.numpy(), return_inverse=True)
        weights = class_weights(self.training.class_weights, labels, self.dataset.class_names)
        point_weights = None if weights is None else weights[labels].numpy()
        estimator = None
        if len(present) > 1:
            estimator = self.make(seed, torch.get_num_threads())
            self._call_fit(estimator, rows, encoded, point_weights)
        self._fitted.append(Fitted(estimator, present, self.dataset.classes))
        log_probs, points = self._fitted[-1].log_probs(rows), np.arange(len(labels))
        steps = int(np.max(getattr(estimator, "n_iter_", 0)))
        accuracy = float((log_probs.argmax(1) == labels.numpy()).mean())
        return Fit(steps, steps, float(-log_probs[points, labels.numpy()].mean()), accuracy, None, True)

    def _call_fit(self, estimator: Any, rows: Matrix, labels: np.ndarray, weights: np.ndarray | None) -> None:
        """Train an estimator; its warnings go to the run's log.

        Raises:
            InputError: it refuses its parameters or these points.
        """
        keys = {} if weights is None else {"sample_weight": weights}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                estimator.fit(rows, labels, **keys)
                estimator.predict_proba(rows[:1])  # some say no more before it that they have too few points
                if "n_jobs" in estimator.get_params():
                    estimator.set_params(n_jobs=1)  # sums over trees in one order
            except (ValueError, TypeError) as error:
                text = " ".join(str(error).split())
                raise InputError(
                    f"{self.name} cannot be trained on {len(labels)} labelled points of {labels.max() + 1} classes: "
                    f"{text}"
                ) from error
        for text in sorted({f"{each.category.__name__}: {each.message}" for each in caught}):
            logger.warning("%s, %d labelled points: %s", self.name, len(labels), " ".join(text.split()))

    def predict(self, inputs: Tensor) -> Tensor:
        """[n, C] log of the mean prediction of the members, nats, float64."""
        rows = self._rows(inputs)
        log_probs = np.logaddexp.reduce([member.log_probs(rows) for member in self._fitted]) - np.log(self.members)
        return torch.from_numpy(log_probs).to(self._device)

    def sampler(self, streams: Streams, stream: str, round_: int, draws: int | None = None) -> Sampler:
        """The members, or the trees of each: K = M · S; nothing is drawn at random."""
        trees = self._trees_drawn if draws is None else min(draws, self._trees_drawn)
        if stream == TEST and draws is None and trees == self.trees:
            trees = 0  # the mean over all trees is the forest's own prediction, exactly: ties are broken as it does

        def sample(inputs: Tensor) -> Tensor:
            rows = self._rows(inputs)
            if trees:
                parts = np.concatenate([member.tree_log_probs(rows, trees) for member in self._fitted], 1)
            else:
                parts = np.stack([member.log_probs(rows) for member in self._fitted], 1)
            return torch.from_numpy(parts).to(self._device)

        return sample


def check_posterior(posterior: Posterior, name: str, forest: bool, seeds_differ: bool) -> None:
    """Refuse a posterior that has no meaning for an estimator.

    Args:
        posterior: Of the run.
        name: Of the model, as typed.
        forest: Whether the estimator has trees that can be drawn.
        seeds_differ: Whether estimators of other seeds differ.

    Raises:
        InputError: naming what to choose.
    """
    from al_bench.learners.mixture import Mixture

    fitting = "trees, bootstrap or deterministic" if forest else "bootstrap or deterministic"
    if isinstance(posterior, Trees) and not forest:
        raise InputError(f"posterior=trees is for forests, and {name} is none; choose posterior={fitting}")
    if not isinstance(posterior, (Trees, Mixture)):
        raise InputError(
            f"posterior: {type(posterior).__name__} draws from networks, and {name} is none; choose posterior={fitting}"
        )
    if posterior.vary:
        raise InputError(f"posterior.vary is for networks, and {name} is none; choose posterior=bootstrap")
    if posterior.members > 1 and not seeds_differ and not isinstance(posterior, Bootstrap):
        raise InputError(
            f"posterior.members is {posterior.members}, and members of {name} that see the same labels would be equal; "
            "choose posterior=bootstrap"
        )
