"""The loss-prediction module: from a network's intermediate activations to the loss that a point would have.

Letters: n points, C_s channels of the s-th of S activations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from al_bench.errors import InputError
from al_bench.learners.mc_dropout.masks import evaluating
from al_bench.models.reset import seeded
from al_bench.models.residual import ResidualBlock

ACTIVATIONS = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish),
    *(nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.Softplus, nn.Softsign, nn.Sigmoid, nn.Tanh),
)
"""The activations that end a hidden layer; not softmax and the like, which end a network."""


class LossModule(nn.Module):
    """l̂ = w · [relu(W_1 f_1 + b_1), …, relu(W_S f_S + b_S)] + b.

    Args:
        channels: C_s of each feature vector.
        width: Units of each of the S branches.
    """

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Linear(count, width) for count in channels)
        self.output = nn.Linear(width * len(channels), 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """S tensors [n, C_s] to [n]."""
        hidden = [branch(feature).relu() for branch, feature in zip(self.branches, features, strict=True)]
        return self.output(torch.cat(hidden, 1)).squeeze(1)


class LossPrediction:
    """A `LossModule` attached to one network: an `Auxiliary`.

    Each activation is averaged over its positions, [n, C_s, ...] to [n, C_s], in float32 also under autocast. A
    layer that the network calls several times gives one activation for each call.

    Args:
        network: The network, on its device. No reference to it is stored.
        row: [1, *shape] one prepared input, by which the layers' channels are found.
        layers: Names of the layers whose outputs are read, as in `named_modules`; None: see `default_layers`.
        loss: From predicted and true losses [n], [n] to a scalar.
        weight: λ.
        cut: From this fraction of the training on, the term's gradient stops at the features.
        width: Units a branch.

    Raises:
        InputError: the network has no such layer, its forward pass does not reach it, or its output is no tensor
            [n, channels, ...].

    Source:
        Yoo and Kweon 2019, Learning Loss for Active Learning (1905.03677), section 3.2 and figure 2.
    """

    def __init__(
        self,
        network: nn.Module,
        row: Tensor,
        layers: Sequence[str] | None,
        loss: Callable[[Tensor, Tensor], Tensor],
        weight: float,
        cut: float,
        width: int,
    ) -> None:
        self.layers = default_layers(network) if layers is None else list(layers)
        self.loss, self.weight, self.cut = loss, weight, cut
        self._captured: list[tuple[str, Tensor]] = []
        _check_names(network, self.layers)
        with evaluating(network), self.capture(network):
            network(row)
        if missed := [name for name in self.layers if name not in {layer for layer, _ in self._captured}]:
            raise InputError(
                f"strategy learning_loss reads the layer {missed[0]!r}, which the model's forward pass does not reach; "
                "name other layers in strategy.layers"
            )
        for name, feature in self._captured:
            if len(feature) != len(row):
                raise _unreadable(name, f"has {len(feature)} rows for {len(row)} inputs")
        with seeded(0):  # values that `reset` replaces; the global generator is left as it is
            self.module = LossModule([feature.shape[1] for _, feature in self._captured], width).to(row.device)
        self._captured = []

    def modules(self) -> LossModule:
        """The trainable part."""
        return self.module

    @contextmanager
    def capture(self, network: nn.Module) -> Iterator[None]:
        """Inside, the features of a forward pass of the network are recorded here."""
        self._captured = []
        handles = [
            network.get_submodule(name).register_forward_hook(partial(self._record, name)) for name in self.layers
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _record(self, name: str, layer: nn.Module, given: object, output: object) -> None:
        if not isinstance(output, Tensor):
            raise _unreadable(name, f"is a {type(output).__name__}")
        if output.ndim < 2:
            raise _unreadable(name, f"has shape {list(output.shape)}")
        # A copy also where there is nothing to average: a layer that works in place cannot change it.
        self._captured.append((name, output.reshape(*output.shape[:2], -1).mean(2, dtype=torch.float32)))

    def _features(self) -> list[Tensor]:
        features, self._captured = [feature for _, feature in self._captured], []
        return features

    def term(self, per_example_losses: Tensor, epoch_fraction: float) -> Tensor:
        """The module's loss on the pass captured last; its features are detached from `cut` on."""
        features = self._features()
        if epoch_fraction >= self.cut:
            features = [feature.detach() for feature in features]
        return self.loss(self.module(features), per_example_losses)

    def predict(self, network: nn.Module, inputs: Tensor) -> Tensor:
        """[n] predicted losses of prepared inputs [n, *shape], dropout off."""
        with evaluating(network), self.capture(network):
            network(inputs)
            return self.module(self._features())


def default_layers(network: nn.Module) -> list[str]:
    """The layers read where the user names none, in the order in which they were built.

    A network with residual blocks among its children: the last block of every stage, as in the paper (the blocks
    of a stage share the part of their names before `_block`). Any other network: every activation layer, at any
    depth, that is the end of a hidden layer (`ACTIVATIONS`). A layer under several names is read once.

    Raises:
        InputError: there is none, as in a linear model or where activations are functions rather than layers.
    """
    blocks = [name for name, child in network.named_children() if isinstance(child, ResidualBlock)]
    if blocks:
        return list({name.partition("_block")[0]: name for name in blocks}.values())
    layers = [name for name, module in network.named_modules() if isinstance(module, ACTIVATIONS)]
    if not layers:
        raise InputError(
            "strategy learning_loss finds no activation layer (such as torch.nn.ReLU) in the model to predict losses "
            f"from; name layers in strategy.layers, of: {_names(network)}"
        )
    return layers


def _check_names(network: nn.Module, layers: Sequence[str]) -> None:
    known = dict(network.named_modules(remove_duplicate=False))
    for name in layers:
        if not name or name not in known:
            raise InputError(f"strategy.layers names the layer {name!r}; the model has {_names(network)}")


def _unreadable(name: str, fault: str) -> InputError:
    return InputError(
        f"strategy learning_loss reads the layer {name!r}, whose output {fault}; it needs a tensor "
        "[rows, channels, ...]: name other layers in strategy.layers"
    )


def _names(network: nn.Module) -> str:
    return ", ".join(name for name, _ in network.named_modules(remove_duplicate=False) if name)
