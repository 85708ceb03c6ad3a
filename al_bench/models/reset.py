"""Weights from a seed: build or re-initialise a network without touching the global random state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from al_bench.errors import InputError


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside the block torch's global CPU generator starts from `seed`; afterwards it has the state from before.

    `with seeded(seed): network = model.build(shape, classes)` builds the network that `reset` restores.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def reset(network: nn.Module, seed: int) -> None:
    """Initialise a network again, in place: bit for bit what building it anew under `seeded(seed)` gives.

    Every module with `reset_parameters` is called in the order of construction, which resets BatchNorm's
    running statistics too; one whose attribute `resets_children` is true covers the modules within. Values are drawn on
    the CPU, in torch's default type and layout, whatever device, type or memory format the parameters have, and copied
    into the storage they have: the result is the same on every device, and does not depend on what happened to the
    network before.

    Args:
        network: The network; its gradients are dropped.
        seed: The seed of the weights.

    Raises:
        InputError: a module holds parameters and has no `reset_parameters`; nothing has been changed.
    """
    modules = list(_initialised(network))
    for name, module in modules:
        if any(parameter is not None for parameter in module._parameters.values()) and not callable(
            getattr(module, "reset_parameters", None)
        ):
            raise InputError(
                f"the model's layer {name or 'network'} ({type(module).__name__}) holds parameters and has "
                "no reset_parameters, so it cannot be initialised again; give its class that method"
            )
    parameters = list(network.parameters())
    storages = [parameter.data for parameter in parameters]
    for parameter in parameters:
        parameter.grad = None
        parameter.data = torch.empty(parameter.shape, dtype=torch.get_default_dtype())
    try:
        with seeded(seed):
            for _, module in modules:
                if callable(own := getattr(module, "reset_parameters", None)):
                    own()
    finally:
        for parameter, storage in zip(parameters, storages, strict=True):
            parameter.data = storage.copy_(parameter.data)


def _initialised(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules of a network by name, in the order of construction, each once, without those that another covers."""
    covered: set[int] = set()
    for name, module in network.named_modules():
        if id(module) in covered:
            continue
        if getattr(module, "resets_children", False):
            covered |= {id(part) for part in module.modules() if part is not module}
        yield name, module
