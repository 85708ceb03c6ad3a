"""What can go wrong, in the user's words: every message is one line and says what, which value, what to do."""


class BenchError(Exception):
    """Base of the errors that reach the user as one line, without a traceback."""


class InputError(BenchError):
    """Bad input (a key, a value, a missing file): nothing has run, the exit status is 2."""


class ScoreError(BenchError):
    """A score that may not be ranked (NaN, infinite, out of its range): the run fails, the exit status is 1."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came. Unlike Ctrl-C, which a terminal sends to every process of a command, only this one may have it."""
