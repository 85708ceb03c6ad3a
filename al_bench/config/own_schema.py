"""The schema of a component of a user's own: all fields of its dataclass are config keys, listed in the YAML or not.

An option with `_target_: module.Class` gets a schema made from the class, which is merged before the file's own keys,
as the schemas of al-bench's components are. The schema is a dataclass with the same fields, and `_target_` beside
them, without the class's methods: composing calls nothing of the user's.
"""

from __future__ import annotations

import sys
import typing
from dataclasses import MISSING, Field, field, fields, make_dataclass
from typing import Any

from omegaconf import MISSING as NOT_SET
from omegaconf import DictConfig, OmegaConf

from al_bench.config.contracts import check_class, class_name
from al_bench.config.load_class import describe_error, load_class
from al_bench.errors import InputError

TARGET = "_target_"


def key_fields(cls: type) -> list[Field[Any]]:
    """The fields of a dataclass that its constructor takes: its config keys."""
    return [entry for entry in fields(cls) if entry.init]


def has_default(entry: Field[Any]) -> bool:
    """Whether a field may be left out."""
    return entry.default is not MISSING or entry.default_factory is not MISSING


def field_type(cls: type, entry: Field[Any]) -> Any:
    """The type of a field; Any where its annotation names what only a type checker imports."""
    try:
        return typing.get_type_hints(cls)[entry.name]
    except Exception:  # one name that cannot be resolved fails all fields: try this one alone
        names = vars(sys.modules[cls.__module__])
        try:
            return eval(entry.type, names) if isinstance(entry.type, str) else entry.type
        except Exception:
            return Any


def schema_field(cls: type, entry: Field[Any]) -> tuple[str, Any, Any]:
    """A field as `make_dataclass` takes it: checked by type where OmegaConf knows the type, else of any type.

    A default that OmegaConf cannot hold is left to the class: the key is then not set unless the user sets it.
    """
    if entry.default is not MISSING:
        default = field(default=entry.default)
    elif entry.default_factory is not MISSING:
        default = field(default_factory=entry.default_factory)
    else:
        default = field(default=NOT_SET)
    for kind, value in ((field_type(cls, entry), default), (Any, default)):
        try:
            OmegaConf.structured(make_dataclass("Trial", [(entry.name, kind, value)]))
        except Exception:  # OmegaConf's own errors, and whatever a default factory raises
            continue
        return entry.name, kind, value
    return entry.name, Any, field(default=NOT_SET)


def make_schema(cls: type, target: str) -> type:
    """A dataclass of the fields of a user's class, for OmegaConf; its attribute `own_class` is that class."""
    entries = [schema_field(cls, entry) for entry in key_fields(cls)]
    return make_dataclass(cls.__name__, [*entries, (TARGET, str, field(default=target))], namespace={"own_class": cls})


def own_class(schema: Any) -> type | None:
    """The user's class that a schema was made from; None for any other type."""
    return vars(schema).get("own_class") if isinstance(schema, type) else None


def load_own_class(target: Any, group: str) -> type:
    """The class that `_target_` names, checked against the contract of its group.

    Raises:
        InputError: it cannot be loaded, or is not what the group needs.
    """
    if not isinstance(target, str) or not target:
        raise InputError(f"{group}.{TARGET} is {target!r}; give the path of a class, such as module.Class")
    cls = load_class(target)
    check_class(cls, group)
    return cls


def from_node(node: DictConfig, group: str) -> Any:
    """The component of a node that has an own schema.

    Raises:
        InputError: a key without default is not set, or the class refuses its keys.
    """
    cls = own_class(OmegaConf.get_type(node))
    assert cls is not None
    keys: dict[str, Any] = {}
    for entry in key_fields(cls):
        if OmegaConf.is_missing(node, entry.name):
            if not has_default(entry):
                raise InputError(f"{group}.{entry.name} is not set; {cls.__name__} needs it")
            continue
        value: Any = node[entry.name]
        value = OmegaConf.to_object(value) if OmegaConf.is_config(value) else value
        is_tuple = typing.get_origin(field_type(cls, entry)) is tuple and isinstance(value, list)
        keys[entry.name] = tuple(value) if is_tuple else value
    return construct(cls, keys, group)


def construct(cls: type, keys: dict[str, Any], group: str) -> Any:
    """An object of a user's class.

    Raises:
        InputError: whatever its constructor raises, in one line.
    """
    try:
        return cls(**keys)
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"{group}: {class_name(cls)} cannot be built: {describe_error(error)}") from error


def values(node: DictConfig) -> dict[str, Any]:
    """The keys of a node that are set, as plain values."""
    content = typing.cast(dict[str, Any], OmegaConf.to_container(node, resolve=True))
    return {key: value for key, value in content.items() if not OmegaConf.is_missing(node, key)}


def merge_own(node: DictConfig, group: str) -> DictConfig:
    """A node with `_target_` merged on the schema of its class.

    Raises:
        InputError: the class is faulty.
        OmegaConfBaseException: a key that the class does not have, or a value of another type.
    """
    target = node.get(TARGET)
    schema: Any = make_schema(load_own_class(target, group), str(target))
    parent = OmegaConf.create({group: OmegaConf.structured(schema)})  # so that messages have the whole key
    parent.merge_with({group: node})
    return typing.cast(DictConfig, parent[group])


def is_own(node: Any) -> bool:
    """Whether a node of a configuration has an own schema."""
    return isinstance(node, DictConfig) and own_class(OmegaConf.get_type(node)) is not None


def is_own_class(cls: type) -> bool:
    """Whether a component's class is not one of al-bench's."""
    return cls.__module__.partition(".")[0] != "al_bench"


def convert_key(cls: type, key: str, value: Any) -> Any:
    """A value of a key of a user's class, converted to the type of the field.

    Raises:
        OmegaConfBaseException: the class has no such field, or the value is of another type.
    """
    node: Any = OmegaConf.merge(OmegaConf.structured(make_schema(cls, class_name(cls))), {key: value})
    return OmegaConf.to_object(node[key]) if OmegaConf.is_config(node[key]) else node[key]
