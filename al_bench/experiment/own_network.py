"""What a user's own network turns out to be, by forward passes of two rows before a run's folder is made.

A copy is tried, with the weights that training starts from. Every fault is one line: the class, what it does, and what
to write instead.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from al_bench.config.load_class import describe_error
from al_bench.config.own_schema import is_own_class
from al_bench.data.dataset import Dataset
from al_bench.errors import BenchError, InputError
from al_bench.experiment.own_components import faults_named, type_name, who
from al_bench.models.randomness import differs_by_seed, dropout_calls, seeded_everywhere
from al_bench.models.reset import reset

PROBED_ROWS = 2
"""Rows of the forward passes that show what a user's network gives."""
NORMS = nn.modules.batchnorm._BatchNorm
CLOSE = 1e-3
"""How far the prediction of a row may change with the rows beside it, relative to the largest output."""


def probed_rows(dataset: Dataset, rows: int = PROBED_ROWS) -> Tensor:
    """[rows, *shape] the first inputs, prepared, on the run's device; repeated where there are fewer."""
    return dataset.prepare(dataset.inputs[torch.arange(rows, device=dataset.inputs.device) % dataset.size])


def build_network(model: Any, dataset: Dataset, check: bool = True, deterministic: bool = True) -> nn.Module:
    """A new network of a model component; what one of a user's own gives is checked.

    Args:
        model: The component.
        dataset: On the run's device.
        check: Whether the network of a user's own is tried; one a component is enough.
        deterministic: Whether it must be a function in evaluation; a posterior of the user's own may seed its draws.

    Raises:
        InputError: the network cannot be built, cannot be trained, or does not give one logit for each class.
    """
    if not is_own_class(type(model)):
        return model.build(dataset.shape, dataset.classes)
    with faults_named(model, "model", "build(shape, classes)"):
        network = model.build(dataset.shape, dataset.classes)
    if not isinstance(network, nn.Module):
        raise InputError(
            f"{who(model, 'model')}: build() returns a {type(network).__name__}; it must return a torch Module"
        )
    if check:
        name = who(model, "model")
        if (fault := weights_fault(network)) is not None:
            raise InputError(f"{name}: {fault}")
        rows = probed_rows(dataset)
        with seeded_everywhere(0, rows.device):
            with faults_named(model, "model", f"a copy of the network on {rows.device}"):
                probe = copy.deepcopy(network).to(rows.device)
            reset(probe, 0)
            Trial(name, dataset, rows, deterministic).run(probe)
    return network


def weights_fault(network: nn.Module) -> str | None:
    """What is wrong with the weights of a network, before any forward pass; None where nothing is."""
    for key, parameter in network.named_parameters():
        layer = key.rpartition(".")[0] or "network"
        if isinstance(parameter, nn.parameter.UninitializedParameter):
            return f"the layer {layer} has no size yet; give it its number of inputs in place of a lazy layer"
        if parameter.is_meta:
            return f"the layer {layer} is on the device meta, without values; build it on the CPU, al-bench moves it"
    if not any(parameter.requires_grad for parameter in network.parameters()):
        return "the network has no weights that can be trained; let requires_grad be True for some of them"
    return None


class Trial:
    """The forward passes of one network.

    Args:
        name: Of the user's class, to begin messages with.
        dataset: Whose classes the network must give.
        rows: [2, *shape] prepared inputs.
        deterministic: Whether the network must be a function in evaluation.
    """

    def __init__(self, name: str, dataset: Dataset, rows: Tensor, deterministic: bool) -> None:
        self.name, self.dataset, self.rows, self.deterministic = name, dataset, rows, deterministic

    def run(self, network: nn.Module) -> None:
        """Try a network in both modes.

        Args:
            network: A copy, on the device of the rows; its state is changed.

        Raises:
            InputError: with what is wrong, and what to write.
        """
        network.eval()
        last = _LastFunction()
        with torch.no_grad(), last:
            outputs = self.outputs(network, self.rows)
        if (fault := logits_fault(outputs, last.of(outputs))) is not None:
            raise InputError(f"{self.name}: {fault}")
        random = differs_by_seed(network, self.rows)
        if random and self.deterministic:
            called = " and ".join(dropout_calls(network, self.rows))
            raise InputError(
                f"{self.name}: in evaluation the outputs of the network are random{f' ({called})' if called else ''}; "
                "write dropout as a layer torch.nn.Dropout, whose masks posterior=mc_dropout draws and holds fixed, "
                "and let nothing draw random numbers where self.training is False"
            )
        with torch.no_grad():
            single = self.outputs(network, self.rows[:1])
        apart = (single - outputs[:1]).abs().max() > CLOSE * outputs.abs().max().clamp(min=1)
        if apart and not random:
            raise InputError(
                f"{self.name}: in evaluation the outputs of a row change with the rows beside it; let nothing "
                "mix the rows of a batch (BatchNorm with track_running_stats=False, a softmax over dimension "
                "0, attention without batch_first=True)"
            )
        network.train()
        trained = self.outputs(network, self.rows, " in training mode")
        if not trained.requires_grad:
            raise InputError(
                f"{self.name}: no gradient reaches the weights of the network; let forward compute its outputs from "
                "them without torch.no_grad, detach, .data or numpy"
            )

    def outputs(self, network: nn.Module, rows: Tensor, mode: str = "") -> Tensor:
        """[n, C] what a forward pass gives, checked."""
        what = f"a forward pass of {count(len(rows))} of shape {list(self.dataset.shape)}{mode}"
        try:
            outputs = network(rows)
        except BenchError:
            raise
        except (Exception, SystemExit) as error:
            hint = failure_hint(network, rows, str(error))
            raise InputError(f"{self.name}: {what} fails: {describe_error(error)}{hint}") from error
        fault = outputs_fault(outputs, rows, self.dataset.classes)
        if fault is None:
            return outputs
        where = f" for {count(len(rows))}{mode}"
        raise InputError(f"{self.name}: the network gives {fault.format(where=where, dataset=self.dataset.name)}")


def count(rows: int) -> str:
    """A number of rows in words: 1 row, 2 rows."""
    return f"{rows} row{'s' if rows > 1 else ''}"


def failure_hint(network: nn.Module, rows: Tensor, text: str) -> str:
    """What to write where a forward pass fails for a reason that can be told; "" where it cannot.

    Args:
        network: The network.
        rows: Its inputs.
        text: Of the exception.
    """
    types = {parameter.dtype for parameter in network.parameters() if parameter.is_floating_point()}
    if types - {torch.float32} and ("dtype" in text or "type" in text):
        names = " and ".join(sorted(type_name(kind) for kind in types))
        return f"; the inputs are float32 and the weights {names}: give float32 weights, as network.float() does"
    if "device" in text:
        return (
            f"; the inputs are on {rows.device}: make tensors of the network parameters or buffers "
            "(self.register_buffer), which move with it"
        )
    if len(rows) == 1:
        return "; two rows pass: a batch may have one row, so do not squeeze it, nor take statistics of the batch"
    return ""


def outputs_fault(outputs: Any, rows: Tensor, classes: int) -> str | None:
    """What is wrong with what a network gives, after "the network gives "; None where nothing is.

    `{where}` and `{dataset}` in it stand for the rows and for the name of the data set.
    """
    expected = [len(rows), classes]
    if not isinstance(outputs, Tensor):
        return f"a {type(outputs).__name__}{{where}}; {tensor_advice(outputs)}"
    kind = f"{list(outputs.shape)} of {type_name(outputs.dtype)}"
    if list(outputs.shape) != expected or not outputs.is_floating_point():
        advice = f"end it in a layer of {classes} outputs, build's argument classes"
        if outputs.ndim == 2 and outputs.shape[0] == len(rows) and not outputs.is_floating_point():
            advice = "return floating-point numbers, before any argmax or rounding"
        return (
            f"{kind}{{where}}; {{dataset}} has {classes} classes, so it must give numbers of shape {expected}: {advice}"
        )
    if outputs.device != rows.device:
        return f"outputs on {outputs.device}{{where}} on {rows.device}; leave them where the inputs are"
    if rows.isfinite().all() and not outputs.isfinite().all():
        return (
            "NaN or infinite numbers{where} that are finite; look for a division by 0, a logarithm or root of 0, or "
            "weights that reset_parameters leaves as they are"
        )
    return None


def tensor_advice(outputs: object) -> str:
    """How to return the logits alone, where a network returns something else than a tensor."""
    if isinstance(getattr(outputs, "logits", None), Tensor):
        return "return the logits alone: outputs.logits"
    if isinstance(outputs, Mapping):
        keys = [key for key, value in outputs.items() if isinstance(value, Tensor)]
        key = next((key for key in keys if "logit" in str(key)), next(iter(keys), "logits"))
        return f"return the logits alone, such as outputs[{key!r}]"
    if isinstance(outputs, Sequence) and not isinstance(outputs, str):
        return "return the logits alone, such as outputs[0]"
    return "return a tensor of one logit for each class"


def logits_fault(outputs: Tensor, function: str) -> str | None:
    """What is wrong with finite outputs [n, C] that are no logits; None where they may be.

    Args:
        outputs: In evaluation.
        function: The name of the function that gave them.
    """
    values = outputs.double()
    softmax = "al-bench takes the softmax itself"
    if bool((values >= 0).all()) and bool(((values.sum(1) - 1).abs() < 1e-4).all()):
        return f"the network gives probabilities (each row sums to 1); return logits, without a softmax: {softmax}"
    if bool((values <= 0).all()) and bool((values.logsumexp(1).abs() < 1e-4).all()):
        return f"the network gives log-probabilities; return logits, without a log_softmax: {softmax}"
    if function in ("sigmoid", "sigmoid_", "hardsigmoid", "logsigmoid", "special_expit"):
        return f"the network ends in {function}; return logits, without it: {softmax}"
    return None


class _LastFunction(TorchFunctionMode):
    """Remembers which of torch's functions gave a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[tuple[Tensor, str]] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            self.given = [*self.given[-8:], (result, getattr(func, "__name__", ""))]
        return result

    def of(self, tensor: Tensor) -> str:
        """The name of the last function that gave a tensor; "" where none is known."""
        return next((name for result, name in reversed(self.given) if result is tensor), "")


def single_row_fault(network: nn.Module, row: Tensor) -> str | None:
    """Why a network cannot be trained on a batch of one row; None where it can.

    Args:
        network: It is left as it is.
        row: [1, *shape] prepared input on its device.
    """
    probe = copy.deepcopy(network).train()
    try:
        with torch.no_grad(), seeded_everywhere(0, row.device), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a variance of one value
            outputs = probe(row)
    except (ValueError, RuntimeError) as error:
        text = f"{type(error).__name__}: {error}"
    else:
        if outputs.isfinite().all() or not row.isfinite().all():
            return None
        text = "its outputs are not finite"
    kinds = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm, nn.GroupNorm)
    norms = [(key, layer) for key, layer in network.named_modules() if isinstance(layer, kinds)]
    return (
        f"its {type(norms[0][1]).__name__} ({norms[0][0]}) needs two points or more"
        if norms
        else " ".join(text.split())
    )


def batch_norm_of(network: nn.Module) -> str | None:
    """The first BatchNorm of a network that takes its statistics from the batch in training, or None."""
    was = network.training
    network.train()  # in which a pretrained network may leave them as they are
    layers = [name for name, layer in network.named_modules() if layer.training and isinstance(layer, NORMS)]
    network.train(was)
    return layers[0] if layers else None
