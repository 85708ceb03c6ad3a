"""The presets that ship with al-bench: conf/experiment/NAME/claims.toml, each checked as it is read."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from al_bench.config.registry import conf_dir
from al_bench.errors import InputError
from al_bench.reproduce.preset import METRICS, RULES, SCALES, Arm, Claim, Curve, Entry, Preset, Scale, Size
from al_bench.storage import typed_toml

T = TypeVar("T")


class PresetFile(Entry, frozen=True, kw_only=True):
    """The tables of a claims.toml; `departures` are those of every scale, `report` claims that are not judged."""

    paper: str
    dataset: str
    published: str = ""
    notes: tuple[str, ...] = ()
    departures: tuple[str, ...] = ()
    arm: tuple[Arm, ...]
    scale: dict[Scale, Size]
    claim: tuple[Claim, ...] = ()
    curve: tuple[Curve, ...] = ()
    report: tuple[Claim, ...] = ()


def folder() -> Path:
    """Where the experiments of papers lie: NAME.yaml, and in NAME/ its scales and its claims."""
    return Path(conf_dir()) / "experiment"


def names() -> tuple[str, ...]:
    """The presets there are, in the order in which `--all` runs them."""
    text = (folder() / "order.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def load(name: str) -> Preset:
    """The preset called `name`.

    Raises:
        InputError: There is none (the message offers near names), or its file is not a preset's.
    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        offer = f"did you mean {' or '.join(near)}?" if near else f"choose one of {', '.join(known)}"
        raise InputError(f"there is no preset {name!r}; {offer}")
    return _checked(typed_toml.read_toml(folder() / name / "claims.toml", PresetFile), name)


def from_tables(tables: dict[str, Any], name: str) -> Preset:
    """A preset from the tables of its file.

    Raises:
        InputError: naming what is wrong with it.
    """
    return _checked(typed_toml.convert(tables, PresetFile, f"preset {name}"), name)


def _checked(file: PresetFile, name: str) -> Preset:
    """The preset that a file describes.

    Raises:
        InputError: the preset cannot be run or judged as it stands.
    """
    sizes = {
        scale: msgspec.structs.replace(size, departures=file.departures + size.departures)
        for scale, size in file.scale.items()
    }
    points = [point for curve in file.curve for point in curve.claims]
    claims = (*file.claim, *points, *file.report)
    preset = Preset(name, file.paper, file.dataset, file.published, file.notes, file.arm, sizes, claims)
    for kind, given in (("arm", [arm.name for arm in preset.arms]), ("claim", [claim.id for claim in claims])):
        if repeated := _repeated(given):
            raise InputError(f"preset {name}: two {kind}s are called {repeated[0]!r}")
    if set(sizes) != set(SCALES):
        raise InputError(f"preset {name} has the scales {', '.join(sizes)}, not {', '.join(SCALES)}")
    for arm in preset.arms:
        _check_overrides(arm, preset)
        _check_seeds(arm, preset)
    for claim in claims:
        _check_claim(claim, preset)
    return preset


def _repeated(values: Sequence[T]) -> list[T]:
    """The values that are given more than once."""
    return [value for value in values if values.count(value) > 1]


def _check_overrides(arm: Arm, preset: Preset) -> None:
    """Raises InputError where an override would run or look up something: a preset sets al-bench's own keys alone."""
    for override in (*arm.overrides, *arm.paper, *arm.laptop, *arm.smoke):
        key = override.partition("=")[0].lstrip("+~")
        if "${" in override or "_target_" in override or key.partition(".")[0].partition("/")[0] == "hydra":
            raise InputError(
                f"preset {preset.name}: arm {arm.name} has {override!r}; a preset sets al-bench's own keys"
            )


def _check_seeds(arm: Arm, preset: Preset) -> None:
    """Raises InputError where an arm has no seeds at a scale, or one of them twice."""
    for scale in SCALES:
        seeds = preset.arm_seeds(arm, scale)
        if not seeds:
            raise InputError(f"preset {preset.name}: arm {arm.name} has no seeds at the scale {scale}")
        if repeated := _repeated(seeds):
            raise InputError(
                f"preset {preset.name}: arm {arm.name} has the seed {repeated[0]} twice at the scale {scale}"
            )


def _check_claim(claim: Claim, preset: Preset) -> None:
    """Raises InputError where a claim cannot be judged as it stands."""
    where = f"preset {preset.name}, claim {claim.id}"
    for key, value, allowed in (("metric", claim.metric, METRICS), ("rule", claim.rule, RULES)):
        if value not in allowed:
            raise InputError(f"{where}: {key} is {value!r}; allowed are {', '.join(allowed)}")
    for scale in claim.scales:
        available = {arm.name for arm in preset.arms_at(scale)}
        if unknown := [arm for arm in claim.arms if arm not in available]:
            raise InputError(f"{where} names the arm {unknown[0]!r}, which the scale {scale} does not have")
        shared = preset.claim_seeds(claim, scale)
        if others := sorted(set(claim.seeds) - set(shared)):
            raise InputError(f"{where} names the seed {others[0]}, which its arms do not share at the scale {scale}")
        if not shared:
            raise InputError(f"{where}: its arms share no seed at the scale {scale}")
    if elsewhere := sorted(set(claim.findings) - set(claim.scales)):
        raise InputError(f"{where} has a finding at the scale {elsewhere[0]!r}, at which it is not judged")
    if claim.band is not None and not claim.band[0] < claim.band[1]:
        raise InputError(f"{where}: the band {list(claim.band)} is empty")
    if missing := _missing_keys(claim):
        raise InputError(f"{where}: {claim.metric} needs {missing}")


def _missing_keys(claim: Claim) -> str:
    """The keys that a claim's metric needs, where the claim does not have them; else empty."""
    counts = (claim.at is None) != (claim.span is None)
    needs = {
        "accuracy_difference": (claim.versus != "" and counts, "versus, and at or a span"),
        "accuracy": (counts, "at or a span"),
        "labels_ratio": (claim.versus != "" and claim.target is not None, "versus and target"),
        "labels": (claim.target is not None, "target"),
        "balance_difference": (claim.versus != "" and claim.at is not None, "versus and at"),
        "penalty_place": (bool(claim.settings) and claim.arm in claim.settings[0], "settings, with arm in the first"),
    }
    enough, keys = needs[claim.metric]
    return "" if enough else keys
