"""The learner of torch networks: the members of a posterior, trained one by one, and the functions drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from al_bench.data.dataset import Dataset
from al_bench.errors import InputError
from al_bench.evidence import Product
from al_bench.learners.auxiliary import Auxiliary
from al_bench.learners.class_weights import class_weights
from al_bench.learners.fit import Fit, fit, horizon
from al_bench.learners.learner import CHUNK, FROM_LABELS, Learner, checked
from al_bench.learners.member import Member, point_sampler, split
from al_bench.learners.point_pass import PointPass, feature_layer
from al_bench.learners.posterior import Posterior, Sampler
from al_bench.learners.training import Training
from al_bench.models.dropout import set_generator
from al_bench.models.pretrained import PretrainedBody
from al_bench.models.reset import reset, seeded
from al_bench.progress import bar
from al_bench.rng import Streams


@dataclass(eq=False)
class TorchLearner(Learner):
    """Networks, each trained from its own random streams.

    Args:
        networks: One a member of the posterior, on the dataset's device.
        posterior: How functions are drawn from them.
        training: The config, one a member.
        dataset: Where the inputs come from; its labels are read only through `fit`'s arguments.
        auxiliaries: What a strategy attached to the networks, one a member, or nothing.
        plain: Draw by whole passes, where thinned ones (see `mc_dropout.thinned`) would do.
        chunk: Rows whose products are computed together.
    """

    networks: list[nn.Module]
    posterior: Posterior
    training: list[Training]
    dataset: Dataset
    auxiliaries: Sequence[Auxiliary] = ()
    plain: bool = False
    chunk: int = CHUNK
    minimum_labelled: ClassVar[int] = 0
    _labelled: Tensor | None = field(default=None, init=False, repr=False)

    @property
    def members(self) -> int:  # type: ignore[override]
        """M, the number of networks."""
        return len(self.networks)

    @property
    def functions(self) -> int:  # type: ignore[override]
        """K, how many distinct functions the posterior gives when the pool is scored."""
        return self.posterior.functions(self.networks)

    @property
    def provides(self) -> frozenset[Product]:  # type: ignore[override]
        """All products but those of the labels; the predicted loss where a strategy attached its module."""
        return frozenset(Product) - FROM_LABELS - (frozenset() if self.auxiliaries else {Product.predicted_loss})

    @property
    def is_pretrained(self) -> bool:
        """Whether training from scratch begins with pretrained weights."""
        return any(isinstance(layer, PretrainedBody) for layer in self.networks[0].modules())

    @property
    def trained(self) -> list[nn.Module]:
        """Everything with weights: the networks, then what is attached to them."""
        return [*self.networks, *(auxiliary.modules() for auxiliary in self.auxiliaries)]

    def reset(self, streams: Streams, round_: int) -> None:
        """Fresh initial weights for every member, from the stream `weights` of the round."""
        for member, network in enumerate(self.networks):
            reset(network, streams.integer("weights", round_, member))
        for member, auxiliary in enumerate(self.auxiliaries):
            reset(auxiliary.modules(), streams.integer("auxiliary", round_, member))

    def fit(self, labelled: Tensor, validation: Tensor, streams: Streams, round_: int) -> list[Fit]:
        """Train every member; without labelled points the weights stay, and nothing is returned.

        Args:
            labelled: [L] dataset indices.
            validation: [V] dataset indices, by whose accuracy `training.stop=early` stops.
            streams: For each member those of its dropout masks, of the order of the data and of the augmentation.
            round_: From 0.
        """
        self._labelled = labelled
        fits = self._train(labelled, validation, streams, round_) if len(labelled) else []
        for member in range(self.members):
            with seeded(streams.integer("global", round_, member)):
                self.posterior.after_fit(self._member(member), streams.torch("posterior", round_, member))
        return fits

    def _train(self, labelled: Tensor, validation: Tensor, streams: Streams, round_: int) -> list[Fit]:
        device = self.dataset.inputs.device
        labelled = labelled.to(device)
        inputs, labels = self.dataset.numbers(labelled), self.dataset.labels(labelled)
        fits = []
        for member, network in enumerate(self.networks):
            set_generator(network, streams.torch("dropout", round_, member, device.type))
            config = self.training[member]
            rows = self.posterior.training_rows(labels, streams.torch("bootstrap", round_, member))
            sampled = (inputs, labels) if rows is None else (inputs[rows.to(device)], labels[rows.to(device)])
            with (
                seeded(streams.integer("global", round_, member)),  # for a user's layers that draw from it
                bar("training", horizon(config, len(labels)), "steps") as steps,
            ):
                fits.append(
                    fit(
                        network,
                        config,
                        *sampled,
                        self.dataset.prepare,
                        partial(self._accuracy, network, validation),
                        streams.torch("order", round_, member),
                        streams.torch("augmentation", round_, member),
                        self.auxiliaries[member] if self.auxiliaries else None,
                        steps.update,
                        class_weights(config.class_weights, sampled[1], self.dataset.class_names),
                    )
                )
        return fits

    def _accuracy(self, network: nn.Module, indices: Tensor) -> float:
        """Accuracy of one network, dropout off, on dataset indices."""
        network.eval()
        right = 0
        with torch.inference_mode():
            for rows in split(len(indices), self.chunk):
                batch = indices[rows].to(self.dataset.inputs.device)
                logits = network(self.dataset.prepare(self.dataset.inputs[batch]))
                right += int((logits.argmax(1) == self.dataset.labels(batch)).sum())
        return right / len(indices)

    def _member(self, number: int) -> Member:
        weights = None
        if self._labelled is not None:
            labels = self.dataset.labels(self._labelled)
            weights = class_weights(self.training[number].class_weights, labels, self.dataset.class_names)
        return Member(number, self.networks, self.dataset, self._labelled, self.chunk, self.plain, weights)

    def sampler(self, streams: Streams, stream: str, round_: int, draws: int | None = None) -> Sampler:
        """The posterior's functions: K = members × draws, members first.

        Args:
            streams: The run's.
            stream: Name of the random stream of the draws, which for each member is another one.
            round_: From 0.
            draws: Functions a member; None takes the posterior's own number, 0 the point predictions.
        """
        draws = self.posterior.draws if draws is None else draws
        name, classes = f"posterior: {type(self.posterior).__name__}.sampler", self.dataset.classes
        samplers: list[Sampler] = []
        for number, network in enumerate(self.networks):
            network.eval()
            if draws == 0:
                samplers.append(point_sampler(network))
            else:
                generator = streams.torch(stream, round_, number)
                with seeded(streams.integer("global", round_, number)):
                    sampler = self.posterior.sampler(self._member(number), draws, generator)
                # 1: a posterior may give all its draws as one where they are equal.
                samplers.append(checked(sampler, [(draws, classes), (1, classes)], name))
        if len(samplers) == 1:
            return samplers[0]
        return lambda inputs: torch.cat([sampler(inputs) for sampler in samplers], 1)

    def predict(self, inputs: Tensor) -> Tensor:
        """[n, C] log of the mean prediction of the members with dropout off, nats."""
        wanted = frozenset({Product.point_log_probs})
        return PointPass(self.networks, wanted, "input")(inputs)[Product.point_log_probs]

    def check_features(self, source: str) -> None:
        """Refuse a layer that the first network does not have, and inputs that are names and no numbers: token ids."""
        if source == "input" and self.dataset.encoding is not None and self.dataset.encoding.tokens:
            raise InputError(
                "strategy.features is input, and the inputs are token ids, which have no distances; set "
                "strategy.features=penultimate"
            )
        feature_layer(self.networks[0], source)

    def features(self, inputs: Tensor, source: str) -> Tensor:
        """[n, D] features of the first network, dropout off; see `PointPass` for the sources."""
        return PointPass(self.networks[:1], frozenset({Product.features}), source)(inputs)[Product.features]

    @torch.inference_mode()
    def last_layer(self) -> Tensor:
        """[C, D + 1] weights and bias of the first network's last linear layer.

        Raises:
            InputError: the network has none, or its predictions are no softmax of what that gives.
        """
        layer = feature_layer(self.networks[0], "penultimate")
        assert isinstance(layer, nn.Linear)
        bias = layer.weight.new_zeros(len(layer.weight)) if layer.bias is None else layer.bias
        last = torch.cat([layer.weight, self._shown(bias)[:, None]], 1)
        wanted = frozenset({Product.features, Product.point_log_probs})
        rows = self.dataset.prepare(self.dataset.inputs[:8])
        seen = PointPass(self.networks[:1], wanted, "penultimate")(rows)
        log_probs = torch.addmm(last[:, -1], seen[Product.features].to(last), last[:, :-1].T).log_softmax(1)
        if (
            log_probs.shape != seen[Product.point_log_probs].shape
            or (log_probs.exp() - seen[Product.point_log_probs].exp()).abs().max() > 1e-3
        ):
            raise InputError(
                "the strategy reads the last linear layer, and the model's predictions are no softmax of what that "
                "layer gives; choose another strategy"
            )
        return last

    def _shown(self, bias: Tensor) -> Tensor:
        """[C] the bias of the last layer, as the predictions have it."""
        return bias

    def point_products(self, wanted: frozenset[Product], source: str) -> Callable[[Tensor], dict[Product, Tensor]]:
        """All products wanted from one pass of each network."""
        return PointPass(self.networks, wanted, source, self.auxiliaries)

    def state(self) -> list[dict[str, Any]]:
        """The weights of the networks, then of what is attached to them."""
        return [module.state_dict() for module in self.trained]

    def load_state(self, states: list[dict[str, Any]]) -> None:
        """Load weights and put the networks into evaluation mode.

        A posterior that reads the labelled points or has an `after_fit` needs a `fit` as well: al-bench's mixtures, the
        only ones whose round 0 is cached, need none.
        """
        self._labelled = None
        for module, weights in zip(self.trained, states, strict=True):
            module.load_state_dict(weights)
        for network in self.networks:
            network.eval()

    def parts(self) -> list[object]:
        """The configs, what is attached, and every layer of every network."""
        layers = [module for network in self.trained for module in network.modules()]
        return [self.posterior, *self.training, self.dataset, *self.auxiliaries, *layers]
