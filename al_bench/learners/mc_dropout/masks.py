"""K dropout masks that every row, every chunk and every call share, so that K draws are K functions.

Joint entropies over several rows (BatchBALD) and votes of a committee are defined only if the K predictions of every
row come from the same K functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from al_bench import checks
from al_bench.errors import InputError
from al_bench.learners.pass_rows import moved
from al_bench.models.dropout import Dropout


def active_dropout(network: nn.Module) -> bool:
    """Whether evaluation calls a `Dropout` with p > 0, so that different masks give different functions."""
    return any(isinstance(module, Dropout) and module.p > 0 and module.reached for module in network.modules())


def mark_reached(network: nn.Module, row: Tensor) -> None:
    """Find by a forward pass in evaluation which of a network's dropout layers it calls; the others cannot draw.

    Args:
        network: Whose dropout layers are `Dropout`; their attribute `reached` is set.
        row: [1, *shape], one prepared input on the network's device.
    """
    called: set[nn.Module] = set()
    layers = [module for module in network.modules() if isinstance(module, Dropout)]
    hooks = [layer.register_forward_hook(lambda module, _inputs, _output: called.add(module)) for layer in layers]
    try:
        with evaluating(network):
            network(row)
    finally:
        for hook in hooks:
            hook.remove()
    for layer in layers:
        layer.reached = layer in called


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Inside, the network is in evaluation mode and no gradients are recorded; then each module's mode is restored.

    torch's fused transformer path skips the dropout layers in evaluation, and with them their masks: it is off inside.
    """
    training = [module for module in network.modules() if module.training]
    fused = torch.backends.mha.get_fastpath_enabled()
    network.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for module in training:
            module.training = True


class MaskSet:
    """One mask for each draw and each active `Dropout`.

    Masks are drawn draw by draw and, within a draw, layer by layer in the order of `network.named_modules()`: the first
    K masks of a larger set are those of a smaller one from an equal generator. They are stored as bool, a byte a
    feature.

    Args:
        network: A network whose dropout layers are `Dropout` (see `replace_torch_dropout`). The set stores their names
            and no reference to the network, and so fits its copies.
        row: [1, *shape], one prepared input on the network's device; a forward pass finds the feature shapes.
        draws: K, at least 1.
        generator: Where every mask comes from; on the CPU it gives the same masks for every device.

    Attributes:
        draws: K.
        shapes: The feature shape (of one row) by the name of each active layer that the forward pass reaches.
        binary: [K, *mask_shape] bool by name, on the network's device: True where a draw leaves the unit.
        scales: 1 / (1 − p) by name.

    Raises:
        InputError: no active layer is reached, a layer is used twice, or K is below 1.
    """

    def __init__(self, network: nn.Module, row: Tensor, draws: int, generator: torch.Generator) -> None:
        checks.at_least("posterior.draws", draws, 1)
        if len(row) != 1:
            raise ValueError(f"row has {len(row)} rows; it must be one row [1, *shape]")
        self.draws = draws
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._dtypes: dict[str, torch.dtype] = {}
        modules = {
            name: module for name, module in network.named_modules() if isinstance(module, Dropout) and module.p > 0
        }
        self._record(network, row, modules)
        if not self.shapes:
            raise InputError(
                "the model has no active dropout, so all its posterior draws are equal; set a dropout above "
                "0 (such as model.dropout_dense=0.5), or pick a posterior that needs none"
            )
        reached = {name: module for name, module in modules.items() if name in self.shapes}
        drawn = [
            [module.binary_mask(self.shapes[name], generator) for name, module in reached.items()] for _ in range(draws)
        ]
        self.scales = {name: 1 / (1 - module.p) for name, module in reached.items()}
        self._drawn = {
            name: torch.stack(column) for name, column in zip(reached, zip(*drawn, strict=True), strict=True)
        }
        self.binary = {name: moved(masks, row.device) for name, masks in self._drawn.items()}

    def _record(self, network: nn.Module, row: Tensor, modules: dict[str, Dropout]) -> None:
        def recorder(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
            def record(_module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
                if name in self.shapes:
                    raise InputError(
                        f"the model calls its dropout layer {name} several times, and the calls would share "
                        "a mask; use a layer of its own for each call"
                    )
                self.shapes[name] = tuple(inputs[0].shape[1:])
                self._dtypes[name] = inputs[0].dtype

            return record

        hooks = [module.register_forward_hook(recorder(name)) for name, module in modules.items()]
        try:
            with evaluating(network):
                network(row)
        finally:
            for hook in hooks:
                hook.remove()

    def mask(self, name: str, draw: int) -> Tensor:
        """The mask of one layer in one draw, scaled, in the type of the layer's inputs: [*mask_shape]."""
        return self.binary[name][draw].to(self._dtypes[name]) * self.scales[name]

    def units(self, name: str, draw: int) -> Tensor:
        """[u] int64 on the network's device: the positions that a mask leaves; found where the masks were drawn."""
        return moved(self._drawn[name][draw].flatten().nonzero()[:, 0], self.binary[name].device)

    @contextmanager
    def use(self, network: nn.Module, draw: int) -> Iterator[None]:
        """Inside, the network (in evaluation mode) is the function of draw number `draw`."""
        layers = {name: network.get_submodule(name) for name in self.shapes}
        try:
            for name, layer in layers.items():
                layer.mask = self.mask(name, draw)
            yield
        finally:
            for layer in layers.values():
                layer.mask = None  # type: ignore[assignment]
