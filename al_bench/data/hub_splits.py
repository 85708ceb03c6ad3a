"""The splits of a data set of the hub or of a folder, opened by the package `datasets`; no code of theirs is run."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.data.download import is_offline
from al_bench.data.files import data_root, one_line
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.hub import HubDataset

PLAIN_FORMATS = ("parquet", "arrow", "csv", "json", "text", "imagefolder")
"""Readers of `datasets` that build values from plain data; others may unpickle files or call further packages."""
OLDEST = 4
"""The first release of `datasets` that cannot run a data set's script."""


@contextmanager
def open_splits(keys: HubDataset, cached: bool) -> Iterator[dict[str, Any]]:
    """The splits by name, each a `datasets.Dataset`, which can be read until the end of the `with` statement.

    Args:
        keys: What to open.
        cached: Whether what the package makes of a folder's files may stay in its cache; else it lies in a temporary
            folder. What it downloads stays.

    Raises:
        InputError: The package is missing or too old, there is no such data set, no network, or a format that may hold
            code.
    """
    datasets = _package(str(keys.path))
    folder = _folder(keys)
    if folder is None and is_offline():
        raise InputError(
            f"{keys.path} is a data set of the hub, which is asked for a run only; to show its rows in reports, too, "
            "save it to a folder with datasets' save_to_disk and run with dataset.path=FOLDER"
        )
    with nullcontext() if cached or folder is None else tempfile.TemporaryDirectory() as cache_folder:
        with _quiet():
            splits = _load(datasets, keys, folder, cache_folder)
        yield splits


def _load(datasets: Any, keys: HubDataset, folder: Path | None, cache_folder: str | None) -> dict[str, Any]:
    try:
        if folder is not None and any((folder / name).is_file() for name in ("dataset_dict.json", "state.json")):
            loaded = datasets.load_from_disk(str(folder))
        else:
            arguments: dict[str, Any] = {
                "path": str(folder or keys.path),
                "name": keys.config,
                "cache_dir": cache_folder,
            }
            if keys.revision is not None:
                arguments["revision"] = keys.revision
            builder = datasets.load_dataset_builder(**arguments)
            _check_format(str(keys.path), builder)
            builder.download_and_prepare()
            loaded = builder.as_dataset()
    except InputError:
        raise
    except Exception as error:  # the package and what it calls raise errors of any type
        raise _fault(keys, folder, error) from error
    if isinstance(loaded, datasets.Dataset):
        return {"train": loaded}
    return dict(loaded)


def _package(path: str) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise InputError(
            f"dataset=hub reads {path} by the package datasets, which is not installed: pip install 'al-bench[hub]', "
            "or bring the rows as a file: dataset=table, dataset=text or dataset=images with dataset.path=FILE"
        ) from error
    version = str(datasets.__version__)
    if int(version.partition(".")[0]) < OLDEST:
        raise InputError(
            f"the package datasets {version} may run code of a data set; {OLDEST}.0 or later is expected: pip install "
            "--upgrade datasets"
        )
    return datasets


def _folder(keys: HubDataset) -> Path | None:
    """The folder that the path names, in the current folder or under the data root; None where there is none."""
    given = Path(str(keys.path)).expanduser()
    candidates = [given] if given.is_absolute() else [Path.cwd() / given, data_root(keys.root) / given]
    found = next((candidate for candidate in candidates if candidate.is_dir()), None)
    if found is None and (given.is_absolute() or str(keys.path).startswith((".", "~"))):
        raise InputError(f"dataset.path: there is no folder {candidates[0]}; correct it")
    return found


def _check_format(path: str, builder: Any) -> None:
    reader = type(builder).__module__.rpartition(".")[2]
    if reader not in PLAIN_FORMATS:
        raise InputError(
            f"{path} is in the format {reader!r}, which is not read, as it may hold code; {', '.join(PLAIN_FORMATS)} "
            "are read: save it with datasets' to_parquet"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Inside, the retries of the hub's client are not logged, and bars are drawn on a terminal only."""
    import datasets

    loggers = [logging.getLogger(name) for name in ("huggingface_hub", "datasets")]
    levels = [logger.level for logger in loggers]
    bars = datasets.are_progress_bars_disabled()
    try:
        if not sys.stderr.isatty():
            datasets.disable_progress_bars()
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if not bars:
            datasets.enable_progress_bars()


def _fault(keys: HubDataset, folder: Path | None, error: Exception) -> InputError:
    """One line on why a data set cannot be opened."""
    reason = one_line(error)
    if "Config name is missing" in str(error):
        return InputError(f"{keys.path} has several configurations; name one: dataset.config=NAME ({reason})")
    if folder is not None:
        return InputError(
            f"{folder} cannot be read by datasets ({reason}); a folder that save_to_disk wrote, or of Parquet files, "
            "is expected"
        )
    if isinstance(error, ConnectionError) or "offline" in reason.lower() or "reach" in reason.lower():
        return InputError(
            f"{keys.path} cannot be fetched, and there is no such folder here ({reason}); where there is a network, "
            f"run python -c \"import datasets; datasets.load_dataset('{keys.path}').save_to_disk('FOLDER')\", bring "
            "the folder here and give dataset.path=FOLDER"
        )
    return InputError(f"{keys.path} cannot be read from the hub ({reason}); correct dataset.path=OWNER/NAME")
