"""Whether a record is of the same configuration, key by key; a key that it lacks has the rule of its time."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from al_bench.records import RunHeader
from al_bench.storage.header import read_header

FORMER_DEFAULTS: dict[str, Any] = {
    "scoring": "fast",
    "strategy.candidates_max": None,
    "initial.kind": "balanced",
    "strategy.labelled_weighting": "sum",
    "strategy.clustering": "full",
}
"""Key that was added after records had been written, to the value that was the rule before.

A key of today that an old record lacks has this value, else its present default. So whoever adds a key whose default
is not what was done before adds a line here.
"""

FORMER_CHOICES = {
    "encoder": "none",
    "annotator": "perfect",
    "stress": "none",
    "stopping": "none",
    "tuning": "never",
}
"""Component that was added after records had been written, to the option that was the rule before."""

REPLACED_DEFAULTS: dict[str, tuple[Any, Any]] = {
    "dataset.separator": (",", "auto"),
}
"""Key to its former and its present default, where both read the same files to the same data.

They are no difference: were the data another, their fingerprint would be, which is checked as well.
"""

FEATURES = "strategy.features"
FORMER_FEATURES, PRESENT_FEATURES = "penultimate", "auto"
"""The former and the present default of `strategy.features`: without an encoder both mean the same."""
ALWAYS_AUTO = ("typiclust", "probcover")
"""Strategies whose default was `auto` before, too: there `penultimate` was typed, and is another rule."""

_ABSENT = object()


def present_identity(header: RunHeader) -> dict[str, Any]:
    """The keys of a record that change results, flat, a default that has another name today under that name."""
    identity = dict(header.identity or {})
    before_encoders = "encoder" not in header.choices and header.strategy not in ALWAYS_AUTO
    if before_encoders and identity.get(FEATURES) == FORMER_FEATURES:
        identity[FEATURES] = PRESENT_FEATURES
    return identity


def differences(
    header: RunHeader,
    identity: Mapping[str, Any],
    components: Mapping[str, str],
    defaults: Mapping[str, Any],
    leave_out: Collection[str] = (),
) -> list[str]:
    """What differs between a record and a configuration, one phrase a key, sorted.

    Args:
        header: Of the record.
        identity: The configuration's resolved keys that change results, flat.
        components: Component to chosen option; a component that the record does not know is no difference,
            unless there was a rule before it (FORMER_CHOICES).
        defaults: The present default of every key, flat, for keys that the record lacks and no table knows.
        leave_out: Keys that may differ.
    """
    here = dict(json.loads(json.dumps(dict(identity))))
    there = present_identity(header)
    if here.get(FEATURES) == FORMER_FEATURES:
        there = dict(header.identity or {})
    if header.reference == "full":  # records of before its strategy's keys were left out
        there = {key: value for key, value in there.items() if not key.startswith("strategy.")}
    for key in here.keys() - there.keys():
        former = FORMER_DEFAULTS.get(key, defaults.get(key, _ABSENT))
        if former is not _ABSENT:
            there[key] = json.loads(json.dumps(former))
    for key, (former, present) in REPLACED_DEFAULTS.items():
        if there.get(key) == former and here.get(key) == present:
            there[key] = present
    here |= components
    choices = FORMER_CHOICES | header.choices if header.identity is not None else header.choices
    there |= {group: choices[group] for group in components if group in choices}
    keys = sorted(((here.keys() - components.keys()) | there.keys()) - set(leave_out))
    return [
        f"{key} (here {here.get(key, 'absent')}, there {there.get(key, 'absent')})"
        for key in keys
        if (here.get(key, _ABSENT)) != (there.get(key, _ABSENT))
    ]


def began_balanced(folder: Path) -> bool:
    """Whether a run on record began with a balanced set without being asked to: the default of former versions.

    Raises:
        DamagedRecordError: its header is damaged.
    """
    file = folder / "rounds.jsonl"
    header = read_header(folder) if file.is_file() and file.stat().st_size else None
    if header is None:
        return False
    asked = any(word.lstrip("+").startswith("initial.kind=") for word in header.command or ())
    return not asked and (header.identity or {}).get("initial.kind", FORMER_DEFAULTS["initial.kind"]) == "balanced"


def began_without(folder: Path, key: str) -> bool:
    """Whether there is a run on record that began when there was no such key: it goes on by the rule of its time.

    Raises:
        DamagedRecordError: its header is damaged.
    """
    header = read_header(folder) if (folder / "header.json").is_file() else None
    return header is not None and header.identity is not None and key not in header.identity
