"""Faults of the defaults list of an option of the user's own, such as an experiment: what to write there instead."""

from __future__ import annotations

import re

from al_bench.config.registry import COMPONENTS

GROUPS = (*COMPONENTS, "experiment", "scale", "debug")
GLOBAL = "# @package _global_"
"""The first line of an option that sets keys of other groups."""
_GROUP = "|".join(GROUPS)


def choose_there(group: str, option: object) -> str:
    """The line of a defaults list that chooses an option."""
    return f"- override /{group}: {option}"


def defaults_fault(text: str) -> str | None:
    """What is wrong with a defaults list, from Hydra's message; None for any other message.

    Args:
        text: The message, on one line.
    """
    advice = "write in its defaults list: "
    if match := re.search(rf"Could not override '({_GROUP})@([a-z]+)\.\1'", text):
        return f"a file in {match[2]}/ overrides {match[1]}, and lacks its first line, {GLOBAL}"
    if match := re.search(rf"In '([^']+)': Could not find '\1?[^']*?/({_GROUP})/([^/']+)'", text):
        return f"{match[1]}.yaml looks for {match[2]} below its own folder; {advice}{choose_there(match[2], match[3])}"
    if match := re.search(rf"Could not find '[^']*?[^/']/({_GROUP})/([^/']+)'", text):
        return f"a file looks for {match[1]} below its own folder; {advice}{choose_there(match[1], match[2])}"
    if match := re.search(rf"Multiple values for ({_GROUP})\. To override a value use 'override \1: ([^']+)'", text):
        return (
            f"{match[1]} is chosen twice; on the command line type {match[1]}={match[2]}, without +; in a file "
            f"{advice}{choose_there(match[1], match[2])}"
        )
    if match := re.search(rf"Could not override '[^']*?({_GROUP})@", text):
        return f"a file overrides {match[1]} where it has none; {advice}{choose_there(match[1], 'OPTION')}"
    return None
