"""What a user's own data set and strategy turn out to be, checked before a run's folder is made.

The class of a component is checked when its option is read (`al_bench.config.contracts`). Here its methods are called:
whatever they raise or return amiss becomes one line that names the class, the fault and what to write.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from al_bench.config.contracts import class_name
from al_bench.config.load_class import describe_error
from al_bench.config.own_code import own_code
from al_bench.config.own_schema import is_own_class
from al_bench.data.cached import load_dataset
from al_bench.data.dataset import Dataset, Inputs
from al_bench.data.encoders.encoder import Workspace
from al_bench.data.encoding import Encoding, digest_of
from al_bench.data.texts import Texts
from al_bench.errors import BenchError, InputError
from al_bench.evidence import Product
from al_bench.storage import cache
from al_bench.strategies.base import Strategy


def who(component: object, group: str) -> str:
    """A component of a config group and its class, to begin a message with."""
    return f"{group}: {class_name(type(component))}"


@contextmanager
def faults_named(component: object, group: str, method: str) -> Iterator[None]:
    """Turn whatever a method of a user's class raises into one line; what al-bench's classes raise stays as it is.

    Raises:
        InputError: naming the class, the method, and the file and line of the fault.
    """
    try:
        yield
    except BenchError:
        raise
    except (Exception, SystemExit) as error:
        if not is_own_class(type(component)):
            raise
        raise InputError(f"{who(component, group)}: {method} fails: {describe_error(error)}") from error


def load_checked(
    component: Any, cache_folder: str | None, initial_rows: Sequence[int | str] = (), validation: bool = False
) -> Dataset:
    """The data set of a component; one of a user's own is checked.

    Args:
        component: A dataclass whose fields are config keys, with a method `load`.
        cache_folder: The value of a run's key `cache`.
        initial_rows: Rows of a user's file that a test part split off leaves alone.
        validation: Whether the validation part that a user's files name is read.

    Raises:
        InputError: `load` fails, or returns what no run can use.
    """
    if not is_own_class(type(component)):
        return load_dataset(component, cache_folder, initial_rows, validation)
    with faults_named(component, "dataset", "load()"):
        dataset = load_dataset(component, cache_folder)
    if (fault := dataset_fault(dataset)) is not None:
        raise InputError(f"{who(component, 'dataset')}: load() {fault}")
    return dataset


def workspace_of(encoder: Any, device: torch.device, cache_folder: str | None) -> Workspace:
    """Where an encoder computes and stores its features.

    Args:
        encoder: The component.
        device: Where networks run.
        cache_folder: The value of a run's key `cache`.
    """
    code = own_code([encoder])
    return Workspace(device, cache.cache_folder(cache_folder), None if code is None else code["digest"])


def describe_encoder(component: Any, dataset: Dataset, device: torch.device, cache_folder: str | None) -> str:
    """What is known of an encoder's features of a data set before they are computed: their shape, and what is cached.

    Args: as `encode_checked`.

    Raises:
        InputError: the encoder cannot read these inputs, or fails.
    """
    with faults_named(component, "encoder", "describe(dataset, workspace)"):
        return str(component.describe(dataset, workspace_of(component, device, cache_folder)))


def encode_checked(component: Any, dataset: Dataset, device: torch.device, cache_folder: str | None) -> Dataset:
    """A data set with an encoder's features as inputs; what an encoder of a user's own gives is checked.

    Args:
        component: An encoder.
        dataset: Raw inputs.
        device: Where networks run.
        cache_folder: The value of a run's key `cache`.

    Raises:
        InputError: the encoder cannot read these inputs, fails, or returns what no run can use.
    """
    workspace = workspace_of(component, device, cache_folder)
    if workspace.own_code is None:
        return component.encode(dataset, workspace)
    with faults_named(component, "encoder", "encode(dataset, workspace)"):
        encoded = component.encode(dataset, workspace)
    if (fault := dataset_fault(encoded)) is not None:
        raise InputError(f"{who(component, 'encoder')}: encode() {fault}")
    if (len(encoded.inputs), len(encoded.test_inputs)) != (len(dataset.inputs), len(dataset.test_inputs)):
        raise InputError(
            f"{who(component, 'encoder')}: encode() gives {len(encoded.inputs):,} training and "
            f"{len(encoded.test_inputs):,} test points for {len(dataset.inputs):,} and {len(dataset.test_inputs):,}; "
            "give one row a point"
        )
    encoding = encoded.encoding
    if encoding is None or encoding is dataset.encoding:
        digest = digest_of([encoded.inputs, encoded.test_inputs])
        facts = {"encoder": class_name(type(component)), "own_code": workspace.own_code}
        encoding = Encoding(dataset.fingerprint(), digest, math.prod(encoded.shape), facts)
    return replace(
        dataset,
        inputs=encoded.inputs,
        test_inputs=encoded.test_inputs,
        mean=encoded.mean,
        std=encoded.std,
        encoding=encoding,
    )


def declared_needs(strategy: Strategy, draws: bool) -> frozenset[Product]:
    """The products that a strategy declares; what one of a user's own gives is checked.

    Args:
        strategy: The strategy.
        draws: Whether the posterior gives several draws.

    Raises:
        InputError: `needs` fails, or does not return a set of products.
    """
    with faults_named(strategy, "strategy", "needs(draws)"):
        needs = strategy.needs(draws)
    if not isinstance(needs, (set, frozenset)) or not all(isinstance(product, Product) for product in needs):
        raise InputError(
            f"{who(strategy, 'strategy')}: needs(draws) returns {needs!r}; it must return a frozenset of "
            "al_bench.evidence.Product, such as frozenset({Product.mean_log_probs})"
        )
    return frozenset(needs)


def dataset_fault(dataset: object) -> str | None:
    """What is wrong with a data set, after "load() "; None where nothing is."""
    if not isinstance(dataset, Dataset):
        return f"returns a {type(dataset).__name__}; it must return an al_bench.data.dataset.Dataset"
    names = dataset.class_names
    if not isinstance(names, (tuple, list)) or not all(isinstance(name, str) for name in names) or len(names) < 2:
        return f"gives the class_names {names!r}; give a tuple of two texts or more, one for each class"
    for part, inputs, labels in (
        ("", dataset.inputs, dataset.hidden_labels),
        ("test_", dataset.test_inputs, dataset.test_labels),
    ):
        label_name = "test_labels" if part else "hidden_labels"
        fault = inputs_fault(f"{part}inputs", inputs) or labels_fault(label_name, labels, len(names))
        if fault is not None:
            return fault
        if len(inputs) != len(labels):
            return f"gives {len(inputs)} rows of {part}inputs and {len(labels)} {label_name}; give one label a row"
    if isinstance(dataset.inputs, Texts) != isinstance(dataset.test_inputs, Texts):
        return "gives texts in one of inputs and test_inputs only; both must be texts, or neither"
    if tuple(dataset.inputs.shape[1:]) != tuple(dataset.test_inputs.shape[1:]):
        shapes = f"{list(dataset.inputs.shape[1:])} and test_inputs of shape {list(dataset.test_inputs.shape[1:])}"
        return f"gives inputs of shape {shapes} a row; they must be equal"
    return None


def inputs_fault(name: str, inputs: object) -> str | None:
    """What is wrong with the inputs [N, *shape] of one part."""
    if not isinstance(inputs, Inputs):
        return f"gives {name} as a {type(inputs).__name__}; give a tensor, as torch.from_numpy(…) makes from an array"
    if isinstance(inputs, Texts):
        return f"gives {name} without a text; give one row or more" if len(inputs) == 0 else None
    if inputs.dtype not in (torch.uint8, torch.float32):
        return f"gives {name} of {type_name(inputs.dtype)}; give float32, as {name}.float() does, or uint8 for images"
    if len(inputs.shape) < 2 or len(inputs) == 0:
        return f"gives {name} of shape {list(inputs.shape)}; give one row or more, [rows, *shape]"
    if isinstance(inputs, Tensor) and not inputs.isfinite().all():
        return f"gives {name} that hold NaN or infinite values; give finite numbers"
    return None


def labels_fault(name: str, labels: object, classes: int) -> str | None:
    """What is wrong with the labels [N] of one part."""
    if not isinstance(labels, Tensor):
        return f"gives {name} as a {type(labels).__name__}; give a tensor, as torch.from_numpy(…) makes from an array"
    if labels.dtype != torch.int64:
        return f"gives {name} of {type_name(labels.dtype)}; give int64, as {name}.long() does"
    if labels.ndim != 1:
        return f"gives {name} of shape {list(labels.shape)}; give one class a row, [rows]"
    for label in (int(labels.min()), int(labels.max())) if len(labels) else ():
        if not 0 <= label < classes:
            return f"gives {name} that hold {label}; with {classes} class_names the labels are 0 to {classes - 1}"
    return None


def type_name(dtype: torch.dtype) -> str:
    """A torch type without its module: int32."""
    return str(dtype).removeprefix("torch.")
