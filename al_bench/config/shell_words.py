"""Overrides as people type or paste them: a value that Hydra's grammar does not take is put into quotes for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from al_bench.config.registry import conf_dir
from al_bench.errors import InputError, literal, override

PACKAGES = ("experiment", "scale", "debug")
"""Groups whose options set keys of other groups; with + before them, as Hydra's pages show it, they mean the same."""
KEY = re.compile(r"[+~]*[A-Za-z_][\w./@-]*")


def quote_values(words: Sequence[str]) -> list[str]:
    """The words of a command line, each `key=value` that Hydra cannot parse with its value in double quotes.

    A list that kept the quotes of a shell, as in `'["a b"]'`, loses them. Values with commas or brackets on both ends
    are left alone otherwise: they may be lists or sweeps with a fault in them, which Hydra then names.
    """
    return [
        _quoted(word[1:] if word.startswith("+") and word[1:].partition("=")[0] in PACKAGES else word) for word in words
    ]


def set_apart_keys_of_swept_groups(words: Sequence[str]) -> list[str]:
    """The words of a sweep, each key of a group whose options are swept as a sweep of its one value.

    Hydra composes what the jobs of a sweep share with the group's default option, which may lack a key that all options
    have that are swept: `-m strategy=badge,typiclust strategy.features=input` would be refused, as BALD reads none.
    """
    if not {"-m", "--multirun"} & set(words):
        return list(words)
    swept = {word.partition("=")[0] for word in words if _is_sweep(word)}
    return [
        f"{key}=choice({value})" if key.lstrip("+").partition(".")[0] in swept and "." in key and value else word
        for word in words
        for key, _, value in [("", "", "") if _is_sweep(word) else word.partition("=")]
    ]


def rules_by_names(words: Sequence[str]) -> list[str]:
    """The words of a command line, with what is short for others spelt out.

    `stopping=[a,b]` is stopping=any_of stopping.rules=[a,b]; `tracker=a` and `tracker=[a,b]` are tracker.to=[a,b].

    Raises:
        InputError: trackers without brackets, which in a sweep would mean a run for each.
    """
    spelt: list[str] = []
    for word in words:
        key, _, value = word.partition("=")
        if key == "tracker" and value:
            if "," in value and not value.startswith("["):
                raise InputError(
                    f"tracker={value} has commas: for a run that is shown in each type 'tracker=[{value}]'"
                )
            none = value.lower() in ("none", "null")
            spelt.append(f"tracker.to={'[]' if none else value if value.startswith('[') else f'[{value}]'}")
            continue
        several = key == "stopping" and value.startswith("[") and value.endswith("]")
        spelt += ["stopping=any_of", f"stopping.rules={value}"] if several else [word]
    return spelt


def override_fault(error: BaseException) -> str | None:
    """What Hydra could not read of an override, and how to type it; None for any other error."""
    from hydra.errors import OverrideParseException

    text = " ".join(str(error).split())
    if match := re.search(r"Ambiguous value for argument '([^=']+)=(.*)' 1\. To use it as a list", text):
        key, value = match[1].lstrip("+~"), match[2]
        if (Path(conf_dir()) / key).is_dir():
            return f"{key}={value} names several options; choose one, or add -m to run each in turn"
        return (
            f"{key}={value} has commas: for one text type {override(key, value)}; for a list "
            f"{override(key, value.split(','))}; to run each value in turn, add -m"
        )
    if isinstance(error, OverrideParseException):
        key, equals, value = str(error.override).partition("=")
        reason = str(error.message).splitlines()[0]
        if equals and KEY.fullmatch(key) and value:
            return f"{key}={value} cannot be read ({reason}); for a text type {override(key, value)}"
    return None


def _quoted(word: str) -> str:
    key, equals, value = word.partition("=")
    if not equals or not value or not KEY.fullmatch(key):
        return word
    if value != value.strip() and _parses(padded := f"{key}={literal(value)}"):
        return padded  # Hydra would leave the blanks out
    if (shell := re.fullmatch(r"'?(\[.*\])'", value, re.DOTALL)) and _parses(f"{key}={shell[1]}"):
        return f"{key}={shell[1]}"
    if _parses(word):
        return word
    if "," in value or re.fullmatch(r"[\[{(].*[\]})]", value, re.DOTALL):
        return word
    if value[0] in "\"'" and value[-1] == value[0] and len(value) > 1:
        return word
    escaped = re.sub(r'(\\*)("|$)', lambda match: match[1] * 2 + ('\\"' if match[2] else ""), value)
    quoted = f'{key}="{escaped}"'
    return quoted if _parses(quoted) else word


def _is_sweep(word: str) -> bool:
    """Whether Hydra reads an override as several values to run in turn."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    if "=" not in word or word.startswith("-"):
        return False
    try:
        return OverridesParser.create().parse_override(word).is_sweep_override()
    except HydraException:
        return False  # Hydra names the fault


def _parses(word: str) -> bool:
    """Whether Hydra's grammar takes a word."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        return False
    return True
