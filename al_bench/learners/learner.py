"""The learner protocol: what the round loop trains, and what it asks of it afterwards.

Networks are one implementation (`torch_learner`). Any other is a class that derives from `Learner` and implements
`fit` and `predict`. A model component chooses it: a component (an option of the config group `model`) that has the
method `learner(dataset, posterior, training)` gives the learner of the run; one that has `build(shape, classes)` gives
networks. A dataclass that derives from `Learner` is such a component itself: its fields are config keys, as in

    @dataclass(eq=False)
    class NearestMean(Learner):
        shrinkage: float = 0.0                                  # the key model.shrinkage

        def fit(self, labelled, validation, streams, round_):   # dataset indices
            ...
            return []

        def predict(self, inputs):                              # log-probabilities
            ...

Letters: n rows, K functions, M members, C classes, D features, L labelled points, V validation points.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from al_bench.data.dataset import Dataset
from al_bench.data.sparse import SparseRows
from al_bench.errors import InputError
from al_bench.evidence import Product
from al_bench.learners.auxiliary import Auxiliary
from al_bench.learners.member import split
from al_bench.learners.pass_rows import moved
from al_bench.learners.posterior import Posterior, Sampler

if TYPE_CHECKING:
    from al_bench.data.dataset import Inputs
    from al_bench.learners.fit import Fit
    from al_bench.learners.training import Training
    from al_bench.rng import Streams

CHUNK = 512
"""Rows whose products are computed together."""

FROM_LABELS = frozenset({Product.labelled_labels, Product.true_labels, Product.held_out_log_probs})
"""The products that come from the data set, or from training anew, and that no learner has to give."""


def checked(function: Sampler, tails: Sequence[tuple[int, ...]], name: str) -> Sampler:
    """The function, refused where it gives something else than log-probabilities.

    Args:
        function: Prepared inputs [n, *shape] to log-probabilities [n, ..., C].
        tails: What may follow n in the shape of its values, the usual one first.
        name: Of the user's function, for the message.

    Raises:
        InputError: (when called) it gives no tensor, another shape, or values that are no logarithms of probabilities.
    """

    known_good: list[bool] = []  # on a GPU, where reading a value waits for it, the first call is looked at

    def call(inputs: Tensor) -> Tensor:
        log_probs = function(inputs)
        rows = len(inputs)
        if not isinstance(log_probs, Tensor):
            fault = f"a {type(log_probs).__name__}"
        elif tuple(log_probs.shape) not in [(rows, *tail) for tail in tails]:
            fault = f"a tensor {list(log_probs.shape)}"
        elif rows and not known_good and (log_probs[0].logsumexp(-1).abs() > 1e-3).any():
            fault = "values whose exponentials do not sum to 1 over the classes"
        else:
            if rows and log_probs.device.type != "cpu":
                known_good.append(True)
            return log_probs
        raise InputError(
            f"{name} gives {fault}; it must give log-probabilities {[rows, *tails[0]]}, the last dimension the classes"
        )

    return call


class Learner(ABC):
    """Something that is trained on labelled points and then predicts class probabilities.

    All randomness comes from the streams that are passed, so that a resumed run equals an unbroken one and strategies
    under one seed share round 0.

    Attributes:
        dataset: The inputs, on the run's device, and the labels, of which `fit` may read those of its indices alone.
        chunk: Rows whose products are computed together.
        members: M; the K functions are M equal groups, one after another.
        functions: K, how many distinct functions `sampler` gives when the pool is scored.
        auxiliaries: What a strategy attached to be trained beside the learner; nothing unless it trains networks.
        takes_sparse: Whether the functions of `sampler` take sparse rows, a SciPy matrix [n, D], beside tensors.
        draws_advice: What to type to get several functions, for strategies that need them.
        members_advice: What to type to get several members.
        takes_single_draw_as_given: Whether the mean prediction of one function is what it gives, bit for bit; else the
            logarithm of its exponential, as in the records of former versions.
        minimum_labelled: The fewest labelled points from which the learner can be trained; 0 where it predicts
            untrained.
        provides: The products of evidence that the learner can give; a strategy that needs another one is refused
            before any training.
    """

    dataset: Dataset
    chunk: int = CHUNK
    members: int = 1
    functions: int = 1
    auxiliaries: Sequence[Auxiliary] = ()
    takes_sparse: bool = False
    draws_advice: str = (
        "set posterior=mc_dropout with a model that has dropout and posterior.draws above 1, or posterior=ensemble"
    )
    members_advice: str = "set posterior=ensemble or raise posterior.members"
    takes_single_draw_as_given: ClassVar[bool] = False
    minimum_labelled: ClassVar[int] = 1
    provides: ClassVar[frozenset[Product]] = (
        frozenset(Product) - FROM_LABELS - {Product.predicted_loss, Product.last_layer}
    )

    def learner(self, dataset: Dataset, posterior: Posterior, training: Training) -> Learner:
        """The learner of a run, where the class is a model component; this one, with the dataset, unless overridden.

        Args:
            dataset: On the run's device.
            posterior, training: The run's components of these groups, of use to learners that train networks.
        """
        self.dataset = dataset
        return self

    def reset(self, streams: Streams, round_: int) -> None:
        """Forget what was learnt, before a training from scratch. The default does nothing: `fit` starts anew.

        Args:
            streams: Where initial weights come from.
            round_: From 0.
        """
        return

    @abstractmethod
    def fit(self, labelled: Tensor, validation: Tensor, streams: Streams, round_: int) -> list[Fit]:
        """Train.

        Args:
            labelled: [L] dataset indices, at least `minimum_labelled` of them.
            validation: [V] dataset indices held out of the pool, for early stopping.
            streams: Where every random number has to come from.
            round_: From 0.

        Returns:
            What the training of each member did, for the record; an empty list where there is nothing to say.
        """

    @abstractmethod
    def predict(self, inputs: Tensor) -> Tensor:
        """The point prediction.

        Args:
            inputs: [n, *shape] prepared (`Dataset.prepare`), on the dataset's device.

        Returns:
            [n, C] log-probabilities, nats, float32 or float64, on the same device.
        """

    def sampler(self, streams: Streams, stream: str, round_: int, draws: int | None = None) -> Sampler:
        """The K functions: the same for every row, every chunk and every call. The default gives `predict` alone.

        Args:
            streams: The run's.
            stream: Name of the random stream of the draws: one for the pool, one for the test part.
            round_: From 0.
            draws: Functions a member; None takes the learner's own number, 0 asks for the point prediction.

        Returns:
            Prepared inputs [n, *shape] to log-probabilities [n, K, C], nats.
        """
        predict = checked(self.predict, [(self.dataset.classes,)], f"model: {type(self).__name__}.predict")
        return lambda inputs: predict(inputs)[:, None]

    def check_features(self, source: str) -> None:
        """Refuse a source of features that the learner does not have; the default has the inputs and files.

        Args:
            source: penultimate, a layer's name, input, or a .npy file.

        Raises:
            InputError: naming the key and what is allowed.
        """
        if source != "input" and not source.endswith(".npy"):
            raise InputError(
                f"strategy.features is {source!r}, and {type(self).__name__} is no network and has no layers: set "
                "strategy.features=input, or a file x.npy"
            )

    def features(self, inputs: Tensor, source: str) -> Tensor:
        """[n, D] features of prepared inputs [n, *shape]; a source that `check_features` lets pass."""
        return inputs.flatten(1)

    def frozen_features(self, indices: Tensor, source: str) -> Tensor | None:
        """[n, D] features that no training changes, of dataset indices [n], where it is quicker to take them at once.

        The default, None, leaves them to `point_products`.
        """
        return None

    def point_products(self, wanted: frozenset[Product], source: str) -> Callable[[Tensor], dict[Product, Tensor]]:
        """How to compute the products that need no draws, those of `POINT_PRODUCTS`, in one pass.

        Args:
            wanted: The products, of those that the learner provides.
            source: Of the features.

        Returns:
            Prepared inputs [n, *shape] to the products wanted.
        """

        def products(inputs: Tensor) -> dict[Product, Tensor]:
            values = {}
            if Product.point_log_probs in wanted:
                values[Product.point_log_probs] = self.predict(inputs)
            if Product.features in wanted:
                values[Product.features] = self.features(inputs, source)
            return values

        return products

    def last_layer(self) -> Tensor:
        """[C, D + 1] weights and bias of the last linear layer, whose input are the features `penultimate`.

        Raises:
            InputError: there is none, or the predictions are no softmax of what it gives.
        """
        raise InputError(f"{type(self).__name__} has no last linear layer")

    def products_at(
        self, products: Callable[[Tensor], dict[Product, Tensor]], indices: Tensor
    ) -> dict[Product, Tensor]:
        """What `point_products` gave, applied to the prepared inputs at some dataset indices [n]."""
        inputs = self.dataset.inputs
        return products(self.dataset.prepare(inputs[moved(indices, inputs.device)]))

    def state(self) -> list[dict[str, Any]] | None:
        """What training changed, as tensors by name; None (the default): it cannot be stored.

        Needed for `training.warm_start` and for the cache of round 0.
        """
        return None

    def load_state(self, states: list[dict[str, Any]]) -> None:
        """Take over what `state` gave."""
        raise NotImplementedError(f"{type(self).__name__} gives a state and does not take it back")

    def parts(self) -> list[object]:
        """The objects whose classes decide what training gives: the cache of round 0 knows al-bench's and torch's."""
        return [self, self.dataset]

    def chunks(self, sampler: Sampler, inputs: Inputs, indices: Tensor | None = None) -> Iterator[tuple[slice, Tensor]]:
        """(rows, [n, K, C] log-probabilities) for raw inputs [N, *shape], or for `indices` into them, by chunks."""
        with torch.inference_mode():
            for rows in split(len(inputs) if indices is None else len(indices), self.chunk):
                at = rows if indices is None else moved(indices[rows], inputs.device)
                if self.takes_sparse and isinstance(inputs, SparseRows):
                    yield rows, sampler(inputs.take(at))
                else:
                    yield rows, sampler(self.dataset.prepare(inputs[at]))
