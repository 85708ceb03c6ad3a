"""Arguments of the commands that take no Hydra overrides."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from al_bench.errors import InputError


class Parser(argparse.ArgumentParser):
    """argparse whose complaints are one line, like every other."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


def answer(command: str, work: Callable[[], int | None]) -> int:
    """The exit status of a command's work: what it returns (None is 0), 2 for bad input, which is said in one line.

    Args:
        command: The word after `al-bench`.
        work: Parses the arguments and does the rest.
    """
    try:
        return work() or 0
    except InputError as error:
        print(f"al-bench {command}: {error}", file=sys.stderr)
        return 2
    except SystemExit as leaving:  # --help
        return int(leaving.code or 0)
