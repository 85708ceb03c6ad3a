"""What can go wrong, in the user's words: every message is one line and says what, which value, what to do."""

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
