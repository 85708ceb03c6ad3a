"""Whether the words of a command get past the parser of its options and Hydra's grammar."""

from __future__ import annotations

from collections.abc import Sequence

import click

from fuzzing import grammar


def is_parsed(argv: Sequence[str]) -> bool:
    """Whether the parsers take the words; what the command makes of their values is another matter."""
    from al_bench.config.hydra_adapter import options_first
    from al_bench.config.shell_words import quote_values
    from al_bench.errors import InputError

    if not argv or argv[0] not in grammar.commands():
        return bool(argv) and argv[0] in ("--version", "--help")
    name, *rest = argv
    if name == "run":
        try:
            overrides = quote_values(options_first(rest))
        except (InputError, SystemExit):
            return "--help" in rest or "--version" in rest or "--hydra-help" in rest
        return _hydra_takes([word for word in overrides if not word.startswith("-")], rest)
    command = grammar.command(name)
    try:
        context = command.make_context(name, list(rest))
    except click.exceptions.Exit:
        return True
    except (click.ClickException, InputError):
        return False
    return name != "check" or _hydra_takes(quote_values(context.params["words"]), ())


def _hydra_takes(overrides: Sequence[str], argv: Sequence[str]) -> bool:
    """Whether Hydra's grammar takes every override; values of its options stand among them."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    values = {argv[at + 1] for at, word in enumerate(argv[:-1]) if word.startswith("-") and "=" not in argv[at + 1]}
    try:
        OverridesParser.create().parse_overrides([word for word in overrides if word not in values])
    except HydraException:
        return False
    return True
