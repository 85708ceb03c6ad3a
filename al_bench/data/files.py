"""Where data are looked for, and what to say when they are not there.

The data root is, in this order: `dataset.root`, the environment variable AL_BENCH_DATA, the user's cache folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from al_bench.errors import InputError

LONGEST_REASON = 240


def data_root(root: str | None = None) -> Path:
    """The folder that holds the data: `root`, else AL_BENCH_DATA, else the user's cache folder of al-bench."""
    chosen = root or os.environ.get("AL_BENCH_DATA")
    if chosen is None or not chosen:
        import platformdirs

        chosen = platformdirs.user_cache_dir("al-bench", appauthor=False)
    return Path(chosen).expanduser().absolute()


def find_file(path: str, key: str, root: str | None = None, folders: bool = False) -> Path:
    """The file (or folder) that `path` names: absolute, or in the current folder, or under the data root.

    Args:
        path: What the user wrote; `~` is expanded.
        key: The config key it came from, for the message.
        root: `dataset.root`; see `data_root`.
        folders: A folder will do, too.

    Raises:
        InputError: There is no such file.
    """
    wanted = Path(path).expanduser()
    places = [wanted] if wanted.is_absolute() else [Path.cwd() / wanted, data_root(root) / wanted]
    for place in places:
        if place.is_file() or (folders and place.is_dir()):
            return place
    if folder := next((place for place in places if place.is_dir()), None):
        raise InputError(f"{key}: {folder} is a folder; name the file in it")
    seen = " nor ".join(str(place) for place in dict.fromkeys(places))
    advice = "" if wanted.is_absolute() else ", or set dataset.root or AL_BENCH_DATA to the folder that holds it"
    raise InputError(f"{key}: there is no file {seen}; correct the path{advice}")


def one_line(error: BaseException) -> str:
    """The error's own words on one line, shortened, with its type where it has none."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= LONGEST_REASON else words[: LONGEST_REASON - 1] + "…"


def check_split(test_fraction: float, split_seed: int) -> None:
    """Raise InputError unless `dataset.test_fraction` lies in (0, 1) and `dataset.split_seed` is not negative."""
    if not 0 < test_fraction < 1:
        raise InputError(f"dataset.test_fraction is {test_fraction}; it must lie between 0 and 1, both excluded")
    if split_seed < 0:
        raise InputError(f"dataset.split_seed is {split_seed}; it must be 0 or more")
