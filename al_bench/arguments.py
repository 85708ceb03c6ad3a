"""Arguments of the commands that take no Hydra overrides."""

from __future__ import annotations

import argparse
from typing import NoReturn

from al_bench.errors import InputError


class Parser(argparse.ArgumentParser):
    """argparse whose complaints are one line, like every other."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")
