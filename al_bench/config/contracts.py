"""What a component of a user's own has to be, checked on its class before anything of it is called.

Each fault is one line that names the class, says what is wrong and what to write instead.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, is_dataclass
from typing import Any, get_origin

from al_bench.config.load_class import load_class
from al_bench.errors import InputError


@dataclass(frozen=True)
class Contract:
    """What the classes of one config group have to be.

    Args:
        base: Path of the class that they derive from, or None.
        methods: The methods that they must have where there is no base, as called, one of each inner tuple.
    """

    base: str | None = None
    methods: tuple[str, ...] = ()


CONTRACTS = {
    "strategy": Contract("al_bench.strategies.base:Strategy"),
    "posterior": Contract("al_bench.learners.posterior:Posterior"),
    "training": Contract("al_bench.learners.training:Training"),
    "tuning": Contract("al_bench.learners.tuning:Tuning"),
    "encoder": Contract("al_bench.data.encoders.encoder:Encoder"),
    "stress": Contract("al_bench.conditions.stress:Stress"),
    "annotator": Contract("al_bench.annotators.annotator:Annotator"),
    "stopping": Contract(methods=("fires(signals, classes)",)),
    "dataset": Contract(methods=("load()",)),
    "model": Contract(methods=("build(shape, classes)", "learner(dataset, posterior, training)")),
}
"""Config group to its contract. The classes are named, as this folder lies below theirs."""


def class_name(cls: type) -> str:
    """The class as `_target_` names it."""
    return f"{cls.__module__}.{cls.__qualname__}"


def check_class(cls: type, group: str) -> None:
    """Refuse a class that cannot be a component of a config group.

    Raises:
        InputError: it does not derive from the group's base class, lacks a method, has one of another signature, is no
            dataclass, or has annotated fields and is not decorated itself.
    """
    contract = CONTRACTS[group]
    name = f"{group}: {class_name(cls)}"
    if contract.base is not None:
        base = load_class(contract.base)
        if not issubclass(cls, base):
            raise InputError(f"{name} is no {base.__name__}: derive from {class_name(base)}")
        expected = inherited_methods(cls, base)
    else:
        required = {method.partition("(")[0]: method.partition("(")[2].rstrip(")") for method in contract.methods}
        expected = {method: names.split(", ") if names else [] for method, names in required.items()}
        if not any(hasattr(cls, method) for method in expected):
            raise InputError(f"{name} has no method {' or '.join(contract.methods)}; write one")
    if missing := sorted(getattr(cls, "__abstractmethods__", ())):
        called = [f"{method}({', '.join(signature_of(cls, method))})" for method in missing]
        raise InputError(
            f"{name} does not implement {' and '.join(called)}; write {'it' if len(called) == 1 else 'them'}"
        )
    check_fields(cls, name)
    for method, arguments in expected.items():
        if hasattr(cls, method):
            check_signature(cls, method, arguments, name)


def check_fields(cls: type, name: str) -> None:
    """Refuse a class that is no dataclass, or whose own fields are none, as it is not decorated itself."""
    if not is_dataclass(cls):
        raise InputError(f"{name} is no dataclass, so its fields are no config keys: decorate it with @dataclass")
    known = getattr(cls, "__dataclass_fields__", {})
    own = [
        key for key, kind in inspect.get_annotations(cls).items() if key not in known and not is_class_variable(kind)
    ]
    if own and "__dataclass_fields__" not in vars(cls):
        raise InputError(f"{name} has the fields {', '.join(own)} and is not decorated: write @dataclass above it")


def is_class_variable(annotation: Any) -> bool:
    """Whether an annotation says ClassVar."""
    return (
        "ClassVar" in annotation
        if isinstance(annotation, str)
        else "ClassVar" in str(get_origin(annotation) or annotation)
    )


def inherited_methods(cls: type, base: type) -> dict[str, list[str]]:
    """The methods that al-bench's classes declare for their heirs to write or to override, and their arguments.

    Args:
        cls: A user's class.
        base: The class at the root of its group, such as Strategy.
    """
    expected: dict[str, list[str]] = {}
    for ancestor in reversed(cls.__mro__):
        if ancestor.__module__.partition(".")[0] == "al_bench" and issubclass(ancestor, base):
            for name, value in vars(ancestor).items():
                if inspect.isfunction(value) and not name.startswith("_"):
                    expected.setdefault(name, signature_of(ancestor, name))
    return expected


def signature_of(cls: type, method: str) -> list[str]:
    """The arguments that a method is called with, without self."""
    return list(inspect.signature(getattr(cls, method)).parameters)[1:]


def check_signature(cls: type, method: str, arguments: list[str], name: str) -> None:
    """Refuse a method that cannot be called with these arguments, in this order."""
    raw = inspect.getattr_static(cls, method)
    if not callable(raw) and not isinstance(raw, (staticmethod, classmethod)):
        raise InputError(
            f"{name}: {method} is a {type(raw).__name__}; it must be a method {method}({', '.join(arguments)})"
        )
    bound = getattr(cls, method)
    own = 0 if isinstance(raw, (staticmethod, classmethod)) else 1
    try:
        signature = inspect.signature(bound)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*[None] * (own + len(arguments)))
    except TypeError:
        given = ", ".join(list(signature.parameters)[own:])
        raise InputError(
            f"{name}: {method} takes ({given}); it is called as {method}({', '.join(arguments)})"
        ) from None
