"""What a table or a legend calls an arm: its name less what all arms share, plus what the name keeps quiet about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from al_bench.analysis.arms import Group
from al_bench.storage.runs import Run

# A strategy's own settings make the strategy; the seed is what runs are averaged over.
_OWN = ("strategy.", "seed")
_COMPONENTS = ("model", "posterior", "training")

_KEYS, _LETTERS = 4, 30  # what a title has room for; the report lists all differences


def titles(groups: Sequence[Group]) -> tuple[dict[str, str], tuple[str, ...]]:
    """A title for every group of one dataset, all different, and the overrides left out because all share them.

    Overrides that every arm was run with say nothing about their difference: `bald,steps=100` beside
    `random,steps=100` are `bald` and `random`. Keys of the resolved configuration that differ between the arms
    although no arm's name says so are added in brackets where an arm departs from most others, the first few of them.
    A key that a run's record lacks is no difference: the al-bench that wrote it did not know the key, or its component
    has no such key.

    Args:
        groups: The groups of one dataset; their names are different.

    Returns:
        Title by group.name; the shared overrides as written, such as `steps=100`.
    """
    parts = {group.name: split_arm(group.name) for group in groups}
    overrides = [set(words[1:]) for words in parts.values()]
    common = set.intersection(*overrides) if len(groups) > 1 else set()
    short = {
        name: ",".join([words[0], *(word for word in words[1:] if word not in common)]) for name, words in parts.items()
    }
    if len(set(short.values())) < len(short):
        short, common = {name: name for name in parts}, set()
    hidden = _hidden(groups)
    found = {name: title + _brackets(hidden[name]) for name, title in short.items()}
    first = next(iter(parts.values()), [])
    return found, tuple(word for word in first[1:] if word in common)


def _brackets(words: Sequence[str]) -> str:
    """Keys in brackets after a title, as many as there is room for."""
    if not words:
        return ""
    cut = [word if len(word) <= _LETTERS else word[: _LETTERS - 1] + "…" for word in words]
    if len(cut) > _KEYS:
        cut = [*cut[: _KEYS - 1], f"{len(cut) - _KEYS + 1} keys more"]
    return f" ({', '.join(cut)})"


def split_arm(arm: str) -> list[str]:
    """An arm's name at its commas, those within brackets aside: `bald,hidden=[8,8]` has two parts."""
    parts, depth = [""], 0
    for letter in arm:
        depth += (letter in "[{(") - (letter in "]})")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def settings(run: Run) -> dict[str, object]:
    """The resolved keys of a run's record, and the components chosen but for the strategy; empty where it has none."""
    identity, choices = run.header.get("identity"), run.header.get("choices")
    found = {key: choices[key] for key in _COMPONENTS if key in choices} if isinstance(choices, dict) else {}
    return found | identity if isinstance(identity, dict) else {}


def _hidden(groups: Sequence[Group]) -> dict[str, list[str]]:
    """`key=value` for keys that differ between groups but are in nobody's name, where a group is unlike most."""
    known = {group.name: settings(group.runs[0]) for group in groups}
    named = {word.split("=")[0] for group in groups for word in split_arm(group.arm)[1:]}
    hidden: dict[str, list[str]] = {group.name: [] for group in groups}
    keys = sorted({key for identity in known.values() for key in identity})
    last = Counter(key.split(".")[-1] for key in keys)
    for key in keys:
        if key.startswith(_OWN) or any(key == name or key.endswith(f".{name}") for name in named):
            continue
        values = {name: str(identity[key]) for name, identity in known.items() if key in identity}
        usual = Counter(values.values()).most_common(1)[0][0]
        for name, value in values.items():
            if value != usual:
                short = key.split(".")[-1]
                hidden[name].append(f"{short if last[short] == 1 else key}={value}")
    return hidden
