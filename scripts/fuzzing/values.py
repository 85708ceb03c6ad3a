"""Values at the edges of their types: as JSON, as typed on a command line, and as cells of a table."""

from __future__ import annotations

import random
from typing import Any

from fuzzing.faults import CANARY, SECRET_NAME

INTERPOLATION = f"${{oc.env:{SECRET_NAME}}}"
TARGET: dict[str, Any] = {"_target_": "os.system", "command": f"touch {CANARY}"}

TEXTS = (
    *("", " ", "x", "x" * 5_000, "\x1b[2J\x07", "a\nb", "a\rb", "\t", "$\\frac{1}{0}$", "$", INTERPOLATION, "${seed}"),
    *("${oc.env:NO_SUCH_VARIABLE}", "${", "}", "%s", "{0}", "{x!r:>10}", "\\", "\\n", "'", '"', "it's", 'say "x"'),
    *("<script>alert(1)</script>", "../../../x", "../" * 9 + "x", "/dev/null", "/", ".", "..", "~", "-", "--help"),
    *("\u202e", "Ω≈", "日本語", "🦆", "e\u0301", "ß", "İ", "\ufeff", "\u2028", "\udcff", "\u0661\u0662"),
    *("null", "true", "nan", "-inf", "1e400", "0x10", "1_000", "007", "1,5", "1.000,5", "50 %", "€3", "2024-01-01"),
    *("a,b", "[a", "b]", "{a: 1", "a=b", "a: b", "# x", "!!python/name:os.system", "@x", "*", "?", "a/b", "a\\b"),
    *("=cmd|' /C calc'!A0", "con", "x" * 300, "a" * 255, "None", "[]", "{}", "()", "\\x", "${hydra:runtime.cwd}"),
)
"""Texts that something may take for more than a text."""
NUMBERS = (
    *(-1, 0, 1, 2, 3, 7, 10, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63), 10**30, 10**400),
    *(0.5, -0.5, 1.0, 1.5, 1e-320, 1e308, -1e308, float("nan"), float("inf"), -float("inf"), -0.0),
)
EDGES: tuple[Any, ...] = (
    *(None, True, False, *NUMBERS, *TEXTS, "\x00"),
    *([], {}, [[]], [None], [-1], [2**60], [""], ["x"], ["x", 1], [1] * 999, {"x": None}, {"": 1}, {1: 2}, TARGET),
)
"""Values in the place of others."""


def typed(value: Any) -> str:
    """A value as Hydra's grammar has it, quoted where it is a text that Hydra would take for something else."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key or 'empty'}:{typed(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(typed, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return value if value.isidentifier() and value.isascii() else f"'{escaped}'"
    return str(value)


def any_value(generator: random.Random) -> Any:
    """A value of any type."""
    return generator.choice(EDGES)


def any_text(generator: random.Random) -> str:
    """A text that something may take for more than a text."""
    return generator.choice(TEXTS)
