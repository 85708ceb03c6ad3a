"""A class from its path, as `_target_` and entry points name it."""

from __future__ import annotations

import importlib
import sys
import traceback
from functools import reduce
from pathlib import Path
from typing import Any

from al_bench.errors import InputError


def load_class(path: str) -> type:
    """The class at "module:Class" or "module.Class"; modules of a user's own are found in the current folder too.

    Raises:
        InputError: there is no such module, it fails to be imported, or what the path names is no class.
    """
    module, _, name = path.rpartition(":" if ":" in path else ".")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        loaded: Any = reduce(getattr, name.split("."), importlib.import_module(module))
    except (Exception, SystemExit) as error:  # importing runs a module's code, which may raise anything
        raise InputError(f"_target_ is {path!r}, which cannot be loaded: {describe_error(error)}") from error
    if not isinstance(loaded, type):
        raise InputError(f"_target_ is {path!r}, which is a {type(loaded).__name__} and no class; name a dataclass")
    return loaded


def describe_error(error: BaseException) -> str:
    """An exception as one line: its kind unless it says enough, its text, and the user's file and line it came from."""
    if isinstance(error, SyntaxError):
        where = f"{Path(error.filename).name}, line {error.lineno}" if error.filename else "its source"
        return f"{where}: {type(error).__name__}: {error.msg}"
    text = " ".join(str(error).split())
    plain = isinstance(error, (ImportError, AttributeError, ValueError)) and not raised_in(error)
    kind = "" if plain else type(error).__name__ + (": " if text else "")
    return kind + text + (f" ({where})" if (where := raised_in(error)) else "")


def raised_in(error: BaseException) -> str:
    """The file and line of a user's own code that an error came from, or ""."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if is_own_file(frame.filename)]
    return f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""


LIBRARY = str(Path(importlib.__file__).resolve().parents[1])
PACKAGE = str(Path(__file__).resolve().parents[1])


def is_own_file(filename: str) -> bool:
    """Whether a source file is neither al-bench's, nor the standard library's, nor an installed package's."""
    if filename.startswith("<"):
        return False
    path = Path(filename).resolve()
    installed = any(part in ("site-packages", "dist-packages") for part in path.parts)
    return not installed and not any(path.is_relative_to(folder) for folder in (LIBRARY, PACKAGE))
