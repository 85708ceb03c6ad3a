"""Overrides in messages, quoted so that a shell and Hydra take them as they are printed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

PLAIN = re.compile(r"[A-Za-z0-9_./+@%\-]+( [A-Za-z0-9_./+@%\-]+)*")
"""Texts that Hydra's grammar takes without quotes."""
WORDS = {"true", "false", "null", "nan", "inf"}


def override(key: str, value: str | Sequence[str]) -> str:
    """`key=value` for a shell: `'dataset.drop=["image path (jpg)"]'`, but `dataset.drop=[id]` as it is."""
    if isinstance(value, str):
        typed = f"{key}={_quoted(value)}"
    else:
        typed = f"{key}=[{','.join(_quoted(text, inside=True) for text in value)}]"
    return typed if re.fullmatch(r"[\w./=+,@%\[\]\-]+", typed, re.ASCII) else shlex.quote(typed)


def _quoted(text: str, inside: bool = False) -> str:
    """A text as Hydra reads it: in double quotes where its grammar needs them."""
    number = re.fullmatch(r"[+-]?[\d_.]+([eE][+-]?\d+)?", text)
    if PLAIN.fullmatch(text) and text.lower() not in WORDS and not (number and inside):
        return text
    escaped = re.sub(r'(\\*)"', lambda match: match[1] * 2 + '\\"', text)
    trailing = re.search(r"\\*$", escaped)
    return f'"{escaped}{trailing[0] if trailing else ""}"'
