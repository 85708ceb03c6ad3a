"""Settings: the arms of a dataset that differ in their strategy alone, and what each of them is compared with.

Runs have the same setting where every key of their records but those of the strategy (`strategy.*`) and the seed is the
same, the components chosen included; how long a run was to be, and when it stops, is no part of it. Each setting is
judged by itself: its arms against its own baseline, its tests corrected among themselves. So further arms take a
verdict away where they are of the same setting, as more was tried, but not where they are of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from al_bench.analysis.arms import Arm, recorded_configuration
from al_bench.storage.identity import FORMER_DEFAULTS, REPLACED_DEFAULTS, present_identity
from al_bench.storage.rounds import LENGTH_KEYS
from al_bench.storage.runs import Run

ARM_KEYS = ("strategy.", "stopping.", "evaluation.stop_set")
"""The keys that begin so make the arm, how it picks and when it stops: they are no part of a setting."""

RANDOM = "random"

ALIKE_OF_TWO_CLASSES = ("entropy", "least_confidence", "margin")
"""Strategies that rank alike where there are two classes: each is a falling function of |p − 1/2|, p the prediction.

Predictions of one class are p and 1 − p: the entropy, 1 less the larger of the two, and minus their difference.
"""


@dataclass(frozen=True)
class Setting:
    """The arms of one setting.

    Args:
        arms: Their names, in the study's order.
        baseline: The name of the arm that they are compared with; None where there is none.
        own: Whether that arm is of this setting; else it is the nearest of the others.
    """

    arms: tuple[str, ...]
    baseline: str | None
    own: bool


def setting_keys(run: Run) -> dict[str, str]:
    """The keys of a run's record that make its setting, as texts; empty where it has none, as in the oldest records."""
    if run.header.identity is None:
        return {}
    keys = FORMER_DEFAULTS | recorded_configuration(run) | present_identity(run.header)
    for key, (former, present) in REPLACED_DEFAULTS.items():
        if keys.get(key) == former:
            keys[key] = present
    return {
        key: str(value)
        for key, value in keys.items()
        if not key.startswith((*ARM_KEYS, "seeds.")) and key != "seed" and key not in LENGTH_KEYS
    }


def settings_of(arms: Sequence[Arm], candidates: Sequence[Arm], chosen: str | None) -> tuple[Setting, ...]:
    """The settings of a dataset's arms, each with its baseline; that of the chosen baseline first.

    An arm whose record lacks a key has the value that was the rule before there was the key, or any value. A setting
    without a baseline of its own is compared with the nearest: the candidate with the fewest keys that differ, the
    chosen one before others, then the shortest name.

    Args:
        arms: The arms of one dataset.
        candidates: Those that may be a baseline: one that the user named, or all of one strategy.
        chosen: The name of the candidate that the study is compared with; None where there is no candidate.
    """
    keys = {arm.name: setting_keys(arm.runs[0]) for arm in arms}
    first_known = sorted(arms, key=lambda arm: (-len(keys[arm.name]), arm.name != chosen, arm.name))
    groups: list[tuple[dict[str, str], list[str]]] = []
    for arm in first_known:
        known, names = next((group for group in groups if not _differing(group[0], keys[arm.name])), ({}, []))
        if not names:
            groups.append((known, names))
        known |= keys[arm.name] | known
        names.append(arm.name)
    order = {arm.name: number for number, arm in enumerate(arms)}
    settings = []
    for known, names in groups:
        own = [arm for arm in candidates if arm.name in names and (len(names) > 1 or arm.name == chosen)]
        near = own or [arm for arm in candidates if arm.name not in names]
        baseline = min(
            near,
            key=lambda arm: (
                len(_differing(known, keys[arm.name])), arm.name != chosen, len(arm.name), arm.name
            ),
            default=None,
        )  # fmt: skip
        name = None if baseline is None else baseline.name
        settings.append(Setting(tuple(sorted(names, key=order.__getitem__)), name, bool(own)))
    return tuple(sorted(settings, key=lambda setting: (chosen not in setting.arms, order[setting.arms[0]])))


def _differing(first: Mapping[str, str], second: Mapping[str, str]) -> set[str]:
    """The keys that both have with different values."""
    return {key for key in first.keys() & second.keys() if first[key] != second[key]}


def rank_alike(arms: Sequence[Arm]) -> list[list[str]]:
    """The names of arms of one setting, those together whose strategies rank alike and are one test.

    That is known of `ALIKE_OF_TWO_CLASSES` where the data have two classes, with the same further keys of the strategy.
    """
    groups: dict[object, list[str]] = {}
    for arm in arms:
        header = arm.runs[0].header
        key: object = arm.name
        if header.classes == 2 and arm.strategy in ALIKE_OF_TWO_CLASSES and header.identity is not None:
            key = tuple(sorted((k, str(v)) for k, v in header.identity.items() if k.startswith(ARM_KEYS[0])))
        groups.setdefault(key, []).append(arm.name)
    return list(groups.values())
