"""`al-bench clean`: what the cache holds, and emptying it."""

from __future__ import annotations

from pathlib import Path

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError

_EPILOG = """\
examples:
  al-bench clean                     list what the cache holds; nothing is deleted
  al-bench clean features --yes      delete the encoders' features
  al-bench clean --yes               delete everything that runs share

No result depends on the cache: what is deleted is computed again when a run needs it. Runs' records are no part of
it."""


@bench_command(
    "clean", "List what runs share on disk (features, data sets, first rounds); with --yes empty it.", _EPILOG
)
@options.argument("kind", "KIND", "one kind only, as the list names it", required=False)
@options.option("--yes", is_flag=True, help="delete what is listed")
@options.option(
    "--cache",
    type=options.FOLDER,
    metavar="FOLDER",
    help="the folder; else AL_BENCH_CACHE, else the user's cache folder",
)
def command(kind: str | None, yes: bool, cache: Path | None) -> None:
    """List the entries of the cache, or delete them."""
    from al_bench.storage.cache import cache_folder
    from al_bench.storage.cache_contents import contents, delete

    folder = cache_folder("auto" if cache is None else str(cache))
    if folder is None:
        print("there is no cache: AL_BENCH_CACHE is off")
        return
    found = contents(folder)
    kinds = sorted({entry.kind for entry in found})
    if kind is not None and kind not in kinds:
        raise InputError(f"the cache in {folder} has no {kind!r}; it has {', '.join(kinds) or 'nothing'}")
    chosen = [entry for entry in found if kind in (None, entry.kind)]
    if not chosen:
        print(f"{folder} is empty")
        return
    print(f"{folder}:")
    width = max(len(entry.kind) for entry in chosen)
    for entry in chosen:
        print(f"  {entry.kind:<{width}}  {entry.bytes / 1e6:>9,.1f} MB  last used {entry.last_used}  {entry.what}")
    total = sum(entry.bytes for entry in chosen)
    if not yes:
        words = "" if kind is None else f" {kind}"
        print(f"{total / 1e6:,.1f} MB in all; al-bench clean{words} --yes deletes them")
        return
    left = delete(chosen)
    print(f"deleted {(total - sum(entry.bytes for entry in left)) / 1e6:,.1f} MB")
    for entry in left:
        print(f"kept {entry.path}: a run is using it")


def main(argv: list[str]) -> int:
    """Run `al-bench clean` with the words after `clean`; returns the exit status, 0 or 2."""
    return exit_status(command, argv)
