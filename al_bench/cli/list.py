"""`al-bench list`: what can be chosen, from the first line of each YAML file; with --verbose a page a strategy."""

from __future__ import annotations

import argparse
from pathlib import Path

from al_bench.cli.options import Parser, answer
from al_bench.config.strategy_pages import as_markdown, as_text, files, first_line, page
from al_bench.errors import InputError

GROUPS = {
    "strategies": "strategy",
    "datasets": "dataset",
    "models": "model",
    "posteriors": "posterior",
    "trainings": "training",
    "experiments": "experiment",
}


def main(argv: list[str]) -> int:
    """Print the options of one group or of all, or the pages of the strategies; returns the exit status, 0 or 2."""
    return answer("list", lambda: _list(_parser().parse_args(argv)))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="al-bench list", description="What can be chosen, one line each.")
    parser.add_argument("group", nargs="?", choices=list(GROUPS), help="one kind only")
    parser.add_argument("--config-dir", type=Path, help="a folder of your own with strategy/, dataset/, …")
    parser.add_argument("--verbose", action="store_true", help="of strategies: formula, needs, keys, cost, source")
    parser.add_argument("--markdown", action="store_true", help="the same as Markdown")
    return parser


def _list(given: argparse.Namespace) -> None:
    from al_bench.config.compose import conf_dir

    folders = [Path(conf_dir())]
    if given.config_dir:
        if not given.config_dir.is_dir():
            raise InputError(f"--config-dir is {given.config_dir}, and there is no such folder")
        folders.append(given.config_dir)
    if given.verbose or given.markdown:
        if given.group != "strategies":
            option = "--markdown" if given.markdown else "--verbose"
            raise InputError(f"only strategies have pages: al-bench list strategies {option}")
        pages = [page(name, path, folders) for name, path in sorted(files(folders, "strategy").items())]
        print(as_markdown(pages) if given.markdown else as_text(pages))
        return
    for title, group in GROUPS.items():
        if given.group not in (None, title):
            continue
        found = {name: first_line(path) for name, path in files(folders, group).items()}
        width = max(map(len, found), default=0)
        if given.group is None:
            print(f"{title}:")
        for name, line in found.items():
            print(f"{'' if given.group else '  '}{name:<{width}}  {line}".rstrip())
