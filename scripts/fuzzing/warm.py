"""The warm parent: everything imported, a small study run, and files that take time to make."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import pkgutil
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import al_bench
from al_bench.cli.main import dispatch
from al_bench.config.compose import register
from fuzzing import damage, tables

RUN = ("debug=smoke", "training.steps=4", "posterior.draws=2", "study=fuzz", "cache=off")
"""The smallest runs there are."""
NO_NETWORK = "http://127.0.0.1:9"
"""A proxy that nobody answers at: what tries to download fails at once."""


@dataclass(frozen=True)
class Templates:
    """What the cases share, which none of them may change.

    Args:
        folder: Where files are made when they are first asked for, as that takes time.
        record_folders: Folders of records.
    """

    folder: Path
    record_folders: tuple[Path, ...]

    def file(self, name: str) -> Path:
        """One of `FILES`."""
        path = self.folder / name
        if not path.exists():
            FILES[name](path)
        return path


def write_parquet(path: Path) -> None:
    """Write a valid Parquet file, drawn by its name, in a child, as DuckDB starts threads."""
    child = os.fork()
    if child == 0:
        path.write_bytes(tables.as_parquet(tables.rows_of(random.Random(path.name)), path.parent))
        os._exit(0)
    os.waitpid(child, 0)


PARQUET = tuple(f"valid-{number}.parquet" for number in range(6))
"""Names of valid Parquet files."""
FILES: dict[str, Callable[[Path], object]] = {
    **dict.fromkeys(PARQUET, write_parquet),
    "bomb.csv.gz": lambda path: path.write_bytes(damage.gzip_bomb(8_192)),
    "bomb.parquet.gz": lambda path: path.write_bytes(damage.gzip_bomb(1_024)),
    "bomb.npz": lambda path: damage.write_archive_bomb(path, 1_024),
}
"""Files by name, and what makes them."""


def environment(root: Path) -> dict[str, str]:
    """The variables under which nothing is read from or written to the user's folders, and nothing is downloaded."""
    home = root / "home"
    home.mkdir(exist_ok=True)
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    return {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "AL_BENCH_CACHE": "off",
        "OMP_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "HF_HUB_OFFLINE": "1",
        **dict.fromkeys(names, NO_NETWORK),
        "no_proxy": "",
        "NO_PROXY": "",
    }


def make_study(results: Path) -> Path:
    """Two arms of two seeds each."""
    for strategy in ("random", "entropy"):
        for seed in (0, 1):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                status = dispatch(["run", *RUN, f"strategy={strategy}", f"seed={seed}", f"results={results}"])
            if status:
                raise SystemExit(f"the study of the fuzz could not be run: {printed.getvalue()}")
    return results / "fuzz"


def import_all() -> None:
    """Import every module of al-bench, once here and not in every child."""
    for module in pkgutil.walk_packages(al_bench.__path__, "al_bench."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page of what is imported


def warm_up(root: Path) -> Templates:
    """Import everything and run a study."""
    import_all()
    register()
    study = make_study(root / "results")
    folder = root / "templates"
    folder.mkdir()
    run = next(path.parent for path in sorted(study.rglob("header.json")))
    return Templates(folder, (study, study, run.parent.parent, run.parent, run))
