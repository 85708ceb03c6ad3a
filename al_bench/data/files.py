"""Where data files are looked for.

The data root is, in this order: `dataset.root`, the environment variable AL_BENCH_DATA, the user's cache folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from al_bench.errors import InputError

LONGEST_REASON = 240
"""Characters of an error's message that are quoted."""


def data_root(root: str | None = None) -> Path:
    """The folder that holds the data: `root`, else AL_BENCH_DATA, else the user's cache folder of al-bench."""
    folder = root or os.environ.get("AL_BENCH_DATA")
    if not folder:
        import platformdirs

        folder = platformdirs.user_cache_dir("al-bench", appauthor=False)
    return expanded(folder).absolute()


def expanded(path: str) -> Path:
    """A path with `~` expanded; one such as ~x.csv, where there is no user of that name, as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def find_file(path: str, key: str, root: str | None = None, folders: bool = False) -> Path:
    """The file (or folder) that `path` names: absolute, or in the current folder, or under the data root.

    Args:
        path: The value of the config key; `~` is expanded.
        key: The config key, for the message.
        root: The value of `dataset.root`; see `data_root`.
        folders: Whether a folder is accepted, too.

    Raises:
        InputError: There is no such file.
    """
    relative = expanded(path)
    candidates = [relative] if relative.is_absolute() else [Path.cwd() / relative, data_root(root) / relative]
    for candidate in candidates:
        if candidate.is_file() or (folders and candidate.is_dir()):
            return candidate
    advice = ""
    if key == "dataset.path":
        advice = ", or read a folder of images with dataset=images, one of .txt files with dataset=text"
    if folder := next((candidate for candidate in candidates if candidate.is_dir()), None):
        raise InputError(f"{key}: {folder} is a folder; name the file in it{advice}")
    tried = " nor ".join(str(candidate) for candidate in dict.fromkeys(candidates))
    advice = "" if relative.is_absolute() else ", or set dataset.root or AL_BENCH_DATA to the folder that holds it"
    what = "file or folder" if folders else "file"
    raise InputError(f"{key}: there is no {what} {tried}; correct the path{advice}")


def one_line(error: BaseException) -> str:
    """An error's message on one line, shortened to `LONGEST_REASON`; the error's type if it has no message."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"
