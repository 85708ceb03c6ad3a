"""The commands under `al-bench`: each one's module is imported when the command is used."""

from __future__ import annotations

from importlib import import_module

import click
from click.shell_completion import CompletionItem

from al_bench import __version__
from al_bench.cli.command import near_matches
from al_bench.cli.main import COMMANDS, USAGE


class Group(click.Group):
    """`al-bench`, whose commands are `command` of the module with their name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"al_bench.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            near = near_matches(name, COMMANDS) or f"; choose one of {', '.join(COMMANDS)}"
            raise click.UsageError(f"there is no command {name!r}{near}", ctx)
        return name, command, args[1:]

    def get_help(self, ctx: click.Context) -> str:
        return USAGE.rstrip("\n")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands, without importing any, and the options of `al-bench` itself."""
        commands = [CompletionItem(name, help=line) for name, line in COMMANDS.items() if name.startswith(incomplete)]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]


al_bench = Group(
    "al-bench",
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[
        click.Option(
            ["-V", "--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            help="the version",
            callback=lambda ctx, _, asked: _version(ctx) if asked else None,
        )
    ],
)


def _version(ctx: click.Context) -> None:
    click.echo(f"al-bench {__version__}")
    ctx.exit()
