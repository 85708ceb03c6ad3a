"""Overrides as people type or paste them: a value that Hydra's grammar does not take is put into quotes for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

KEY = re.compile(r"[+~]*[A-Za-z_][\w./@-]*")


def quote_values(words: Sequence[str]) -> list[str]:
    """The words of a command line, each `key=value` that Hydra cannot parse with its value in double quotes.

    A list that kept the quotes of a shell, as in `'["a b"]'`, loses them. Values with commas or brackets on both ends
    are left alone otherwise: they may be lists or sweeps with a fault in them, which Hydra then names.
    """
    return [_quoted(word) for word in words]


def _quoted(word: str) -> str:
    key, equals, value = word.partition("=")
    if not equals or not value or not KEY.fullmatch(key):
        return word
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


def _parses(word: str) -> bool:
    """Whether Hydra's grammar takes a word."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        return False
    return True
