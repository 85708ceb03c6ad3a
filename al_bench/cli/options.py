"""The arguments and options that commands share, and the types of their values."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from al_bench.cli.command import Argument, Option
from al_bench.errors import InputError, plain_line

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

FILE = click.Path(path_type=Path, readable=False)
"""A file, which need not exist."""
FOLDER = click.Path(path_type=Path, readable=False, file_okay=True)
"""A folder, which need not exist."""


def _name(param: click.Parameter | None) -> str:
    """A parameter as the user types it."""
    if isinstance(param, click.Argument):
        return param.human_readable_name
    return param.opts[0] if param else "the value"


class Number(click.ParamType):
    """A finite number."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise InputError(f"{_name(param)} is {value}; it must be a number, such as 0.95")
        return number


class WholeNumber(click.ParamType):
    """A whole number, of at least `minimum` where that is given."""

    name = "whole number"

    def __init__(self, minimum: int | None = None) -> None:
        self.minimum = minimum

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = int(value)
        except ValueError:
            raise InputError(f"{_name(param)} is {value!r}; it must be a whole number") from None
        if self.minimum is not None and number < self.minimum:
            raise InputError(f"{_name(param)} is {number}; it must be at least {self.minimum}")
        return number


class OneOf(click.Choice):
    """One of some names; the shell completes them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            raise InputError(f"{_name(param)} is {value!r}; choose one of {', '.join(self.choices)}")
        return str(value)


def option(*declarations: str, **attributes: Any) -> Decorator:
    """An option of one command."""
    return click.option(*declarations, cls=Option, **attributes)


def argument(name: str, metavar: str, summary: str, **attributes: Any) -> Decorator:
    """A positional word of one command, or several with `nargs=-1`."""
    return click.argument(name, cls=Argument, metavar=metavar, summary=summary, **attributes)


def folders(required: bool = True) -> Decorator:
    """`FOLDER...`, the folders of runs that a command reads."""
    text = "a study, a dataset, an arm or a run; all below it"
    return argument("folders", "FOLDER", text, nargs=-1, required=required, type=FOLDER)


def targets(help: str) -> Decorator:
    """`--target VALUE`, given to the command as the tuple `targets`; whether the metric can have it is checked later.

    Args:
        help: What the command does with each.
    """
    text = f"a fraction such as 0.95, or a value of --metric as it is recorded: {help}"
    return option("--target", "targets", multiple=True, type=Number(), metavar="VALUE", help=text)


def check_targets(targets: Sequence[float], metric: str | None) -> None:
    """Refuse targets that the metric cannot have before anything is read, as far as al-bench knows the metric.

    Raises:
        InputError: naming the range.
    """
    from al_bench.metrics.table import built_in

    if (known := built_in((metric or "accuracy").partition(":")[0])) is not None:
        for target in targets:
            known.check_target(target)


def metric(does: str = "judge by this instead of accuracy", *former: str) -> Decorator:
    """`--metric NAME`, given to the command as `metric`; None where it was not typed.

    Args:
        does: What the command does with it.
        former: A former name of the option, which still holds; the command then takes the value by that.
    """
    text = f"{does}: a name of al-bench list metrics, recall:CLASS, or successor_accuracy"
    return option("--metric", *former, metavar="METRIC", shell_complete=completing(_metrics), help=text)


def _metrics() -> list[str]:
    from al_bench.metrics import CLASS_METRICS, METRICS
    from al_bench.records import SUCCESSOR

    return [*METRICS, *(f"{name}:" for name in CLASS_METRICS), f"{SUCCESSOR}accuracy"]


def baseline(
    help: str = "the strategy to compare with in each setting, or one arm for all (default: random)",
) -> Decorator:
    """`--baseline ARM`."""
    return option("--baseline", metavar="ARM", help=help)


def over() -> Decorator:
    """`--over labels|cost`, given to the command as `over`."""
    text = "what curves, tables and verdicts run over: the number of labels (default), or what they cost"
    return option("--over", type=OneOf(("labels", "cost")), default="labels", help=text)


def planned() -> Decorator:
    """`--planned STRATEGY`, given to the command as the tuple `planned`."""
    text = "a strategy or arm named before the results were seen: tested apart from the others; may be repeated"
    return option("--planned", multiple=True, metavar="STRATEGY", help=text)


def include_incomplete() -> Decorator:
    """`--include-incomplete`."""
    text = "take in runs that are running, failed or interrupted, as far as they got"
    return option("--include-incomplete", is_flag=True, help=text)


def trust() -> Decorator:
    """`--trust`."""
    text = "import a data set's class that is not al-bench's own; runs code that records name"
    return option("--trust", is_flag=True, help=text)


def out(help: str, required: bool = False) -> Decorator:
    """`--out FILE`."""
    return option("--out", required=required, type=FILE, metavar="FILE", help=help)


def completing(names: Callable[[], Sequence[str]]) -> Callable[..., list[CompletionItem]]:
    """What `shell_complete` of an argument or option takes, from a function that lists the names.

    Args:
        names: Called when the shell asks, so that it may import what it needs.
    """

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in names() if name.startswith(incomplete)]

    return complete


def reporter(command: str) -> Callable[[str], None]:
    """A function that writes a line about the work to stderr, after the command's name."""

    def report(line: str) -> None:
        print(f"al-bench {command}: {plain_line(line)}", file=sys.stderr)

    return report
