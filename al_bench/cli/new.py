"""`al-bench new`: the files of a component of the user's own, which run as they are."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from pathlib import Path

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.config.new_component import KINDS, new_component

_KINDS = "\n".join(f"  {name:<9}  {kind.line}" for name, kind in KINDS.items())
_EPILOG = f"""\
kinds:
{_KINDS}

examples:
  al-bench new strategy my_score     my_score.py, conf/strategy/my_score.yaml, test_my_score.py
  al-bench new dataset my_data
  al-bench new metric my_metric

What is written runs as it is, and its test passes: then change it. Nothing that is there is overwritten. Exit status:
0 done, 2 bad input."""


@bench_command(
    "new", "Write a component of your own to start from: its code, its option and its test, in this folder.", _EPILOG
)
@options.argument("kind", "KIND", "one of the kinds below", type=options.OneOf(tuple(KINDS)))
@options.argument("name", "NAME", "by which it will be chosen: lower-case letters, digits and _")
@options.option(
    "--config-dir",
    type=options.FOLDER,
    default=Path("conf"),
    metavar="FOLDER",
    help="your folder of options (default: conf)",
)
def command(kind: str, name: str, config_dir: Path) -> None:
    """Write the files and say how to try them."""
    made = new_component(kind, name, config_dir, taken=taken_names(kind))
    print(f"wrote {', '.join(map(str, made.paths))}")
    missing = "" if importlib.util.find_spec("pytest") else "pip install pytest && "
    print(f"next: {missing}python -m pytest {made.test}")
    for line in made.commands:
        print(f"next: {line}")


def taken_names(kind: str) -> Collection[str]:
    """The names of al-bench's own and of packages' metrics or plots, which are no options of a config group."""
    from al_bench.entry_points import offers

    if kind == "metric":
        from al_bench.metrics import CLASS_METRICS, METRICS

        return {*METRICS, *CLASS_METRICS, *offers("metrics")}
    if kind == "plot":
        from al_bench.analysis.figures.kinds import KINDS as FIGURES

        return {*FIGURES, *offers("plots")}
    return ()


def main(argv: list[str]) -> int:
    """Run `al-bench new` with the words after `new`; returns the exit status, 0 or 2."""
    return exit_status(command, argv)
