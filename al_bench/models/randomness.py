"""What a network draws at random in training beside the masks of its `Dropout` layers, which alone can be held fixed.

`torch.nn.functional.dropout` and its like are off in evaluation, so that a posterior of dropout masks does not see
them. Their calls are read off a forward pass; whatever else is random shows as two passes that differ.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from al_bench.models.dropout import Dropout

PASSES = 4
"""Forward passes that are compared: a layer that drops a tenth of its inputs may do nothing in one of them."""
SIGNATURES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"), ("input", "p", "training", "inplace")
    ),
    "scaled_dot_product_attention": ("query", "key", "value", "attn_mask", "dropout_p"),
}
"""Arguments of torch's own functions, whose signatures Python cannot tell."""


class _DropoutCalls(TorchFunctionMode):
    """Notes every function called inside that drops at random, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if "dropout" in name or name in ("scaled_dot_product_attention", "multi_head_attention_forward"):
            given = _arguments(func, name, args, kwargs)
            share = given.get("dropout_p", given.get("p", 0.5 if "dropout" in name else 0.0))
            if float(share) > 0 and given.get("training", given.get("train", True)):
                module = "torch.nn.functional" if hasattr(nn.functional, name) else "torch"
                self.names[f"{module}.{name}"] = None
        return func(*args, **kwargs)


def _arguments(func: Callable[..., Any], name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name, defaults included where Python knows them."""
    try:
        bound = inspect.signature(func).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return {**dict(zip(SIGNATURES.get(name, ()), args, strict=False)), **kwargs}
    bound.apply_defaults()
    return dict(bound.arguments)


@contextmanager
def seeded_everywhere(seed: int, device: torch.device) -> Iterator[None]:
    """Inside, torch's global generators of the CPU and of a device start from a seed; then they are as before."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def random_functions(network: nn.Module, rows: Tensor) -> tuple[str, ...]:
    """What in a network drops at random in training and is no `Dropout`, by the name of the function or layer.

    Args:
        network: Whose torch dropout layers were replaced (see `replace_torch_dropout`); it is left as it is.
        rows: [n, *shape] prepared inputs on its device, two or more.

    Returns:
        Names such as torch.nn.functional.dropout; nothing where training is a function of the inputs, `Dropout` apart.
    """
    trial = copy.deepcopy(network).train()
    for module in trial.modules():
        if isinstance(module, Dropout):
            module.p = 0.0
    return dropout_calls(trial, rows) or (("random numbers",) if differs_by_seed(trial, rows) else ())


def dropout_calls(network: nn.Module, rows: Tensor) -> tuple[str, ...]:
    """What a network calls, in the mode that it has, that drops at random and is no `Dropout`: functions and layers.

    Args:
        network: Whose torch dropout layers were replaced.
        rows: [n, *shape] prepared inputs on its device.
    """
    calls = _DropoutCalls()

    def note(layer: nn.Module, _inputs: Any, _outputs: Any) -> None:
        if isinstance(layer, nn.RNNBase) and layer.dropout > 0 and layer.num_layers > 1 and layer.training:
            calls.names[f"torch.nn.{type(layer).__name__}"] = None

    hooks = [layer.register_forward_hook(note) for layer in network.modules() if isinstance(layer, nn.RNNBase)]
    try:
        with torch.no_grad(), calls, seeded_everywhere(0, rows.device):
            network(rows)
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(calls.names)


def differs_by_seed(network: nn.Module, rows: Tensor) -> bool:
    """Whether passes of one network, in the mode that it has, differ where the global generators do.

    Args:
        network: Gives a tensor.
        rows: [n, *shape] prepared inputs on its device.
    """
    outputs = []
    for seed in range(PASSES):
        with torch.no_grad(), seeded_everywhere(seed, rows.device):
            outputs.append(network(rows))
    return any(not torch.allclose(outputs[0], other, rtol=1e-4, atol=1e-6, equal_nan=True) for other in outputs[1:])
