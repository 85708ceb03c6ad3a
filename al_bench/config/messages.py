"""Faults of the configuration in the user's words: one line each."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from omegaconf.errors import OmegaConfBaseException

EXTENSIBLE = ("training.layer_weight_decay", "posterior.vary")
"""Keys that hold entries of the user's choice."""


def unknown_key(key: str, known: Iterable[str]) -> str:
    """That there is no such key, and which are meant: those that end in its last word, else those spelt nearly so."""
    keys = set(known)
    keys |= {other.partition(".")[0] for other in keys}
    word = key.rpartition(".")[2]
    near = sorted(other for other in keys if other.rpartition(".")[2] == word)[:3]
    near = near or difflib.get_close_matches(key, sorted(keys), n=3, cutoff=0.5)
    return f"there is no key '{key}'" + (f"; did you mean {' or '.join(near)}?" if near else "")


def one_line(error: BaseException, config: Iterable[str] = ()) -> str:
    """An error of Hydra or OmegaConf as one line in the user's words.

    Args:
        error: The exception.
        config: The dotted keys that exist, to suggest the nearest.
    """
    while error.__cause__ is not None and isinstance(error.__cause__, OmegaConfBaseException):
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not re.match(r"(object_type|reference_type|To append to your config)", line)]
    text = re.sub(r"\s+", " ", "; ".join(lines))
    if match := re.search(r"Key '[^']+' (?:is )?not in .*full_key: ([^\s;]+)", text):
        parent = match[1].rpartition(".")[0]
        if parent in EXTENSIBLE:
            return f"{parent} has no entry for '{match[1].removeprefix(parent + '.')}' yet; add it with +{match[1]}=…"
        return unknown_key(match[1], config)
    if match := re.search(r"Could not override '([^']+)'", text):
        return unknown_key(match[1], config)
    if match := re.search(
        r"Could not find '([^/']+(?:/[^/']+)*)/([^/']+)'.*Available options in '[^']+':;?(.*?)(; Config|$)", text
    ):
        options = [option for option in re.split(r"[;\s]+", match[3]) if option]
        return f"{match[1]} is '{match[2]}'; choose one of {', '.join(options)}"
    if match := re.search(r"full_key: (\S+)", text):
        reason = text[: match.start()].rstrip("; ")
        return f"{match[1]}: {reason}"
    return text
