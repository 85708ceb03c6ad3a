"""What can go wrong, in the user's words: every message is one line and says what, which value, what to do.

What it says to type is quoted so that a shell and Hydra take it as it is printed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

PLAIN = re.compile(r"[A-Za-z0-9_./+@%\-]+( [A-Za-z0-9_./+@%\-]+)*")
"""Texts that Hydra's grammar takes without quotes."""
WORDS = {"true", "false", "null", "nan", "inf"}
LONGEST_WORD, LONGEST_PATH, LONGEST_LINE = 200, 1_000, 2_000
"""Characters of a word, of a word with a slash, and of a line that are shown."""


def plain_line(text: str) -> str:
    """A text as one line that can be shown: what is not printable is escaped, what is too long is shortened.

    A control character would move the cursor or clear the screen; a cell of a file may have thousands of digits.
    """
    line = " ".join(map(_shortened, printable(text).split(" ")))
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def printable(text: str) -> str:
    """A text with everything escaped that is not printable: control characters, line ends, marks of direction."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _shortened(word: str) -> str:
    most = LONGEST_PATH if "/" in word else LONGEST_WORD
    return word if len(word) <= most else f"{word[: most // 2]}…[{len(word):,} characters]…{word[-most // 4 :]}"


class BenchError(Exception):
    """Base of the errors that reach the user as one line, without a traceback.

    Args:
        message: The line; whatever of it comes from a file or the command line may hold anything.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(plain_line(message))


class InputError(BenchError):
    """Bad input (a key, a value, a missing file): nothing has run, the exit status is 2."""


class ScoreError(BenchError):
    """A score that may not be ranked (NaN, infinite, out of its range): the run fails, the exit status is 1."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came. Unlike Ctrl-C, which a terminal sends to every process of a command, only this one may have it."""


def override(key: str, value: str | Sequence[str]) -> str:
    """`key=value` for a shell: `'dataset.drop=["image path (jpg)"]'`, but `dataset.label=grade` as it is.

    A list is always in quotes: a bracket is a pattern of file names to a shell, and zsh refuses one that fits no file.
    """
    if isinstance(value, str):
        typed = f"{key}={literal(value)}"
    else:
        typed = f"{key}=[{','.join(literal(text, inside=True) for text in value)}]"
    return typed if re.fullmatch(r"[\w./=+,@%\-]+", typed, re.ASCII) else shlex.quote(typed)


def literal(text: str, inside: bool = False) -> str:
    """A text as Hydra reads it: in double quotes where its grammar needs them.

    Args:
        text: Any text.
        inside: Whether it stands in a list, where a number would become one.
    """
    number = re.fullmatch(r"[+-]?[\d_.]+([eE][+-]?[\d_]+)?", text)
    whole = not inside and re.fullmatch(r"0|[1-9]\d*", text)  # which a text's key takes back as it is
    if PLAIN.fullmatch(text) and text.lstrip("+-").lower() not in WORDS and (whole or not number):
        return text
    text = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)  # else an interpolation
    escaped = re.sub(r'(\\*)"', lambda match: match[1] * 2 + '\\"', text)
    trailing = re.search(r"\\*$", escaped)
    return f'"{escaped}{trailing[0] if trailing else ""}"'


def typed_path(path: str) -> str:
    """A path that no command takes for an option."""
    return f"./{path}" if path.startswith("-") else path
