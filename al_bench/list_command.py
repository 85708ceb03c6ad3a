"""`al-bench list`: what can be chosen, from the first line of each YAML file."""

from __future__ import annotations

import argparse
from pathlib import Path

GROUPS = {
    "strategies": "strategy",
    "datasets": "dataset",
    "models": "model",
    "posteriors": "posterior",
    "trainings": "training",
    "experiments": "experiment",
}


def options(folder: Path, group: str) -> dict[str, str]:
    """Option to its one line, for every runnable YAML file of a group (partials start with _)."""
    found = {}
    for path in sorted((folder / group).glob("*.yaml")):
        if path.name.startswith("_"):
            continue
        comments = [line for line in path.read_text().splitlines() if line.startswith("#")]
        comments = [line.lstrip("# ") for line in comments if "@package" not in line]
        found[path.stem] = comments[0] if comments else ""
    return found


def main(argv: list[str]) -> int:
    """Print the options of one group or of all."""
    from al_bench.config import conf_dir

    parser = argparse.ArgumentParser(prog="al-bench list", description="What can be chosen, one line each.")
    parser.add_argument("group", nargs="?", choices=list(GROUPS), help="one kind only")
    parser.add_argument("--config-dir", type=Path, help="a folder of your own with strategy/, dataset/, …")
    arguments = parser.parse_args(argv)
    for title, group in GROUPS.items():
        if arguments.group not in (None, title):
            continue
        found = options(Path(conf_dir()), group)
        if arguments.config_dir:
            found |= options(arguments.config_dir, group)
        width = max(map(len, found), default=0)
        if arguments.group is None:
            print(f"{title}:")
        for name, line in found.items():
            print(f"{'' if arguments.group else '  '}{name:<{width}}  {line}".rstrip())
    return 0
