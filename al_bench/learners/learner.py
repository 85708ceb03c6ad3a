"""A learner: the networks of a posterior, trained together, and the functions drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from al_bench.data.dataset import Dataset, Inputs
from al_bench.learners.fit import Fit, fit, horizon
from al_bench.learners.mc_dropout.masks import MaskSet, active_dropout
from al_bench.learners.mc_dropout.plain import PlainSampler
from al_bench.learners.mc_dropout.thinned import ThinnedSampler
from al_bench.learners.posterior import Posterior
from al_bench.learners.training import Training
from al_bench.models.dropout import set_generator
from al_bench.models.reset import reset, seeded
from al_bench.progress import bar
from al_bench.rng import Streams

if TYPE_CHECKING:
    from al_bench.learners.auxiliary import Auxiliary

Sampler = Callable[[Tensor], Tensor]
"""Prepared inputs [n, *shape] to log-probabilities [n, K, C] of the same K functions at every call."""


def split(count: int, chunk: int) -> Iterator[slice]:
    """Slices that cover range(count), each of `chunk` or fewer."""
    return (slice(start, min(start + chunk, count)) for start in range(0, count, chunk))


@dataclass(eq=False)
class Learner:
    """Networks of one architecture, each trained from its own random streams.

    Args:
        networks: One a member of the posterior, on the dataset's device.
        posterior: The config.
        training: The config, one a member.
        dataset: Where the inputs come from; its labels are read only through `fit`'s arguments.
        auxiliaries: What a strategy attached to the networks, one a member, or nothing.
        plain: Draw by whole passes, where thinned ones (see `mc_sampling`) would do.
        chunk: Rows whose products are computed together.
    """

    networks: list[nn.Module]
    posterior: Posterior
    training: list[Training]
    dataset: Dataset
    auxiliaries: Sequence[Auxiliary] = ()
    plain: bool = False
    chunk: int = 512

    @property
    def functions(self) -> int:
        """K, how many distinct functions the posterior gives when the pool is scored."""
        return self.posterior.functions(any(map(active_dropout, self.networks)))

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
        """Train every member on the dataset indices `labelled` [L]; stop by those of `validation` [V]."""
        device = self.dataset.inputs.device
        labelled = labelled.to(device)
        inputs, labels = self.dataset.inputs[labelled], self.dataset.labels(labelled)
        fits = []
        for member, network in enumerate(self.networks):
            set_generator(network, streams.torch("dropout", round_, member, device.type))
            config = self.training[member]
            with (
                seeded(streams.integer("global", round_, member)),  # for a user's layers that draw from it
                bar("training", horizon(config, len(labels)), "steps") as steps,
            ):
                fits.append(
                    fit(
                        network,
                        config,
                        inputs,
                        labels,
                        self.dataset.prepare,
                        partial(self._accuracy, network, validation),
                        streams.torch("order", round_, member),
                        streams.torch("augmentation", round_, member),
                        self.auxiliaries[member] if self.auxiliaries else None,
                        steps.update,
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

    def sampler(self, streams: Streams, stream: str, round_: int, draws: int | None = None) -> Sampler:
        """The posterior's functions: K = members × draws, members first; without dropout a member's draws are equal.

        Args:
            stream: Name of the random stream of the dropout masks.
            draws: Masks a member; None takes the posterior's, 0 switches dropout off.
        """
        draws = self.posterior.draws if draws is None else draws
        draws = draws if any(map(active_dropout, self.networks)) else 0
        row = self.dataset.prepare(self.dataset.inputs[:1])
        samplers: list[Sampler] = []
        for member, network in enumerate(self.networks):
            network.eval()
            if draws == 0 or not active_dropout(network):
                samplers.append(_repeated(_point(network), max(draws, 1)))
            else:
                generator = streams.torch(stream, round_, member)
                masks = MaskSet(network, row, draws, generator)
                samplers.append((PlainSampler if self.plain else ThinnedSampler)(network, masks))
        if len(samplers) == 1:
            return samplers[0]
        return lambda inputs: torch.cat([sampler(inputs) for sampler in samplers], 1)

    def chunks(self, sampler: Sampler, inputs: Inputs, indices: Tensor | None = None) -> Iterator[tuple[slice, Tensor]]:
        """(rows, [n, K, C] log-probabilities) for raw inputs [N, *shape], or for `indices` into them, by chunks."""
        with torch.inference_mode():
            for rows in split(len(inputs) if indices is None else len(indices), self.chunk):
                batch = inputs[rows] if indices is None else inputs[indices[rows].to(inputs.device)]
                yield rows, sampler(self.dataset.prepare(batch))


def _repeated(sampler: Sampler, times: int) -> Sampler:
    """One function as so many equal draws."""
    return lambda inputs: sampler(inputs).expand(-1, times, -1)


def _point(network: nn.Module) -> Sampler:
    """A network with dropout off as a single function: [n, *shape] to [n, 1, C]."""

    def sample(inputs: Tensor, part: int = 64) -> Tensor:
        logits = torch.cat([network(inputs[rows]) for rows in split(len(inputs), part)])
        return logits.float().log_softmax(1)[:, None]

    return sample
