"""What every command of al-bench is made of: its help page, its one-line errors and its exit status, by click."""

from __future__ import annotations

import difflib
import errno
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from al_bench.errors import InputError, plain_line

UNUSABLE_NAME = {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM}
"""Errors of a file or folder that the user named, and that no other run of the command would get around."""
WIDTH = 110
"""Most characters a line of a help page, where the terminal is that wide."""


class Argument(click.Argument):
    """A positional word with a line in the help page.

    Args:
        declarations: The name that the function takes it by.
        summary: The line. (click's own `help` of an argument is newer than the click that is asked for.)
        attributes: As of click.Argument; `metavar` is needed.
    """

    def __init__(self, declarations: Sequence[str], summary: str, **attributes: Any) -> None:
        super().__init__(declarations, **attributes)
        self.summary = summary

    def make_metavar(self, *context: click.Context) -> str:
        name = self.human_readable_name if self.required else f"[{self.human_readable_name}]"
        return name if self.nargs == 1 else f"{name}..."


class Option(click.Option):
    """An option that does not take another option for its value: in `--title --out x.html` the title is missing."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        options = {name for parameter in ctx.command.params for name in parameter.opts}
        values = value if isinstance(value, (list, tuple)) else [value]
        if any(isinstance(typed, str) and typed in options for typed in values):
            raise click.UsageError(f"{self.opts[0]} needs a value", ctx)
        return super().type_cast_value(ctx, value)


class Command(click.Command):
    """A command whose help page keeps the line breaks of its texts and describes its positional words.

    An InputError raised while it parses or runs becomes a click.UsageError, which knows the command's name.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except InputError as error:
            raise click.UsageError(str(error), ctx) from error
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # click's parser does not name the command
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            raise click.UsageError(str(error), ctx) from error
        except OSError as error:
            if error.errno not in UNUSABLE_NAME or not error.filename:
                raise  # the output, or the machine: al_bench.cli.main says so
            cause = InputError(f"{error.filename}: {error.strerror}; name another file or folder")
            raise click.UsageError(str(cause), ctx) from cause

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), prefix="usage: ")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(f"\n{self.help}\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        arguments = [(entry.human_readable_name, entry.summary) for entry in self.params if isinstance(entry, Argument)]
        options = [option.get_help_record(ctx) for option in self.get_params(ctx) if isinstance(option, click.Option)]
        for title, rows in (("arguments", arguments), ("options", [row for row in options if row is not None])):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.epilog:
            formatter.write(f"\n{self.epilog}\n")


def bench_command(name: str, help: str, epilog: str = "") -> Callable[[Callable[..., Any]], Command]:
    """A decorator that makes a function the command `al-bench NAME`.

    Args:
        name: The word after `al-bench`.
        help: What the command does, above its options.
        epilog: Examples and whatever else stands below the options.
    """
    settings = {"help_option_names": ["-h", "--help"], "max_content_width": WIDTH}
    return click.command(name, cls=Command, help=help, epilog=epilog, context_settings=settings)


def near_matches(word: str, known: Iterable[str]) -> str:
    """`; did you mean A or B?`, with the names that are spelt nearly like the word; empty without any."""
    names = {name.lstrip("-"): name for name in known}
    near = [names[name] for name in difflib.get_close_matches(word.lstrip("-"), names, n=3)]
    return f"; did you mean {' or '.join(near)}?" if near else ""


def exit_status(command: click.Command, argv: Sequence[str]) -> int:
    """Run a command and return its exit status: what its function returns (None is 0), or 2 for bad input.

    Args:
        command: `al-bench` itself, or one of its commands.
        argv: The words after its name.
    """
    program = command.name if command.name == "al-bench" else f"al-bench {command.name}"
    try:
        with command.make_context(program, list(argv)) as context:
            return command.invoke(context) or 0
    except click.exceptions.Exit as leaving:  # --help
        return leaving.exit_code
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else program
        print(f"{path}: {plain_line(_one_line(error, path))}", file=sys.stderr)
        return 2


def _one_line(error: click.UsageError, path: str) -> str:
    """What a fault of the words typed is, and what to type."""
    if isinstance(error.__cause__, InputError):
        return error.message
    if isinstance(error, click.NoSuchOption):
        known = (
            [name for option in error.ctx.command.get_params(error.ctx) for name in option.opts] if error.ctx else []
        )
        text = f"there is no option {error.option_name}{near_matches(error.option_name, known)}"
    elif isinstance(error, click.MissingParameter) and error.param:
        text = f"{error.param.metavar if isinstance(error.param, Argument) else error.param.opts[0]} is missing"
    else:
        message = error.format_message()
        text = f"{message[:1].lower()}{message[1:].rstrip('.')}"
    return f"{text}{' ' if text.endswith('?') else '; '}see {path} --help"
