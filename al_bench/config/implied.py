"""Choices that follow from other choices: what an option implies for the groups that the user leaves open.

The YAML file of an option may say `implies: {posterior: trees, strategy: margin}`: whoever chooses the option and does
not choose a posterior, on the command line or in an experiment's file, gets `trees`. An option that is implied itself
may imply choices of the groups behind its own in `ORDER` alone, so that there are no circles; one that the user chose
decides about groups before its own, too: a model that reads texts itself needs no encoder. Of two options that imply
the same group, the later in `ORDER` counts: the encoder knows better than the dataset which model fits. A choice that
is implied also counts before one that an option brings by `override` in its defaults list.

Hydra knows nothing of it: `hydra_adapter` repeats the composition with what is implied until nothing more follows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from al_bench.errors import InputError

ORDER = ("dataset", "encoder", "model", "training", "posterior", "strategy")
"""The groups whose options may imply others: those behind it, and where the user chose the option, those before it."""
KEY = "implies"
"""The key of an option's YAML file; it is no key of the run."""
PREFIX = "/implied/"
"""How the entries of Hydra's table of choices begin that say which option implied a choice."""


def take_implied(content: DictConfig, path: str) -> dict[str, str]:
    """What the content of an option's YAML file implies, taken out of it: group to option.

    Args:
        content: Changed in place.
        path: The option below its folder, such as model/random_forest.

    Raises:
        InputError: it is no table from groups to options, or names a group that the option may not decide about.
    """
    group = path.partition("/")[0]
    if group not in ORDER or KEY not in content:
        return {}
    declared: Any = content._get_node(KEY)
    declared = OmegaConf.to_container(declared) if OmegaConf.is_config(declared) else declared
    del content[KEY]
    others = [name for name in ORDER[1:] if name != group]  # whose data these are, the user says
    if not isinstance(declared, dict) or not all(isinstance(option, str) for option in declared.values()):
        raise InputError(
            f"{path}.yaml: {KEY} is {declared!r}; it must name options, as in {KEY}: {{{others[-1]}: NAME}}"
        )
    for name in declared:
        if name not in others:
            raise InputError(f"{path}.yaml: {KEY} names {name!r}; an option of {group} may imply {', '.join(others)}")
    return {str(name): option for name, option in declared.items()}


def follow(
    choices: Mapping[str, Any], open_groups: Collection[str], declared: Callable[[str, str], Mapping[str, str]]
) -> dict[str, tuple[str, str]]:
    """What the options chosen so far imply: group to (option, source), the source being such as "model=random_forest".

    Args:
        choices: Group to chosen option.
        open_groups: The groups that the user has left open.
        declared: From a group and an option to what the option implies.
    """
    implied: dict[str, tuple[str, str]] = {}
    for group in ORDER:
        choice = choices.get(group)
        if isinstance(choice, str):
            for name, option in declared(group, choice).items():
                if name in open_groups and (group not in open_groups or ORDER.index(name) > ORDER.index(group)):
                    implied[name] = (option, f"{group}={choice}")
    return implied


def implied_choices(choices: Mapping[str, Any]) -> dict[str, str]:
    """Group to the source of its choice, such as "model=random_forest", from Hydra's table of choices."""
    return {group: str(choices[PREFIX + group]) for group in ORDER if PREFIX + group in choices}


def implied_line(choices: Mapping[str, str], sources: Mapping[str, str]) -> str:
    """What was chosen for the user and why, in one line; empty where nothing was.

    Args:
        choices: Group to chosen option.
        sources: Group to what implied its choice.
    """
    by_source: dict[str, list[str]] = {}
    for group, source in sources.items():
        by_source.setdefault(source, []).append(f"{group}={choices[group]}")
    return "; ".join(f"{source} implies {' and '.join(implied)}" for source, implied in by_source.items())
