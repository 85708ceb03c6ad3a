"""What is refused of the keys that the user typed: one that changes nothing, a posterior that its name does not fit.

Only what was typed is looked at: a paper's preset may set what one of its arms does not use. A record that has begun
goes on as it began.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from al_bench.config.schema import RunConfig
from al_bench.data.reading import Reading
from al_bench.errors import InputError
from al_bench.learners.mixture import Mixture

GROUPS = (
    "dataset",
    "stress",
    "model",
    "posterior",
    "training",
    "tuning",
    "annotator",
    "strategy",
    "initial",
    "schedule",
    "evaluation",
)
"""The parts of a configuration whose objects may have a method `keys_without_effect`."""

OPTIONS = {
    (False, False): "deterministic",
    (False, True): "mc_dropout",
    (True, False): "ensemble",
    (True, True): "mc_dropout_ensemble",
}
"""Whether there are several members, and whether dropout masks are drawn, to the option of `posterior` that says so."""

DEFAULT_POSTERIOR = "mc_dropout"
"""The option that a run has where nobody chooses one (conf/config.yaml)."""


def typed_keys(command: Iterable[str]) -> dict[str, str]:
    """Key to override, of the overrides as typed; of one key the last counts."""
    return {word.lstrip("+~").partition("=")[0]: word for word in command}


def words(overrides: Iterable[str]) -> str:
    """Overrides as a shell takes them."""
    return " ".join(shlex.quote(word) for word in overrides)


def refuse_keys_without_effect(config: RunConfig, command: Sequence[str]) -> None:
    """Refuse a key that was typed and that nothing reads beside the other keys.

    Args:
        config: The typed configuration.
        command: The overrides as typed.

    Raises:
        InputError: naming the key, the reason and what to set.
    """
    typed = typed_keys(command)
    varied = {key.partition(".")[0] for key in config.posterior.vary} if hasattr(config.posterior, "vary") else set()
    for group in GROUPS:
        idle: Mapping[str, str] = getattr(getattr(config, group), "keys_without_effect", dict)()
        for key, reason in idle.items():
            name = f"{group}.{key}"
            word = next((typed[key] for key in typed if f"{key}.".startswith(f"{name}.")), None)
            word = word or next((typed[key] for key in typed if name.startswith(f"{key}.") and key != group), None)
            if word is not None and group not in varied:
                raise InputError(f"{words([word])} has no effect: {reason}, or leave the key out")


def refuse_split_of_given_part(reading: Reading | None, command: Iterable[str]) -> None:
    """Refuse a typed key that says how a test part is split off, where the files give the test part.

    Args:
        reading: What was read of the user's data; None of others.
        command: The overrides as typed.

    Raises:
        InputError: naming the key, and what gives the test part.
    """
    typed = typed_keys(command)
    if reading is None or not reading.test_from:
        return
    for key in ("dataset.test_fraction", "dataset.split_seed"):
        if key in typed:
            raise InputError(
                f"{words([typed[key]])} has no effect: the test part is {reading.test_from}, so none is split off; "
                "leave the key out"
            )


def refuse_other_name(
    config: RunConfig, option: str, command: Sequence[str], chosen_in: Callable[[], str | None]
) -> None:
    """Refuse a posterior whose keys make another one of it than its option's name says.

    Args:
        config: The typed configuration.
        option: The option chosen in the config group `posterior`.
        command: The overrides as typed.
        chosen_in: Gives the YAML file that asks for the posterior, or None. Of a default the keys may be changed.

    Raises:
        InputError: naming the option that the keys make.
    """
    posterior: Any = config.posterior
    if type(posterior) is not Mixture or option not in OPTIONS.values():
        return
    several, draws = posterior.members > 1, posterior.draws > 0
    named_several, named_draws = next(kind for kind, name in OPTIONS.items() if name == option)
    exact = option == "deterministic"  # the others may be mixed further: an ensemble whose members have dropout
    contradicted = [
        key
        for key, named, actual in (("members", named_several, several), ("draws", named_draws, draws))
        if (named and not actual) or (exact and actual)
    ]
    typed = typed_keys(command)
    if not contradicted or (option == DEFAULT_POSTERIOR and "posterior" not in typed and chosen_in() is None):
        return
    values = " and ".join(f"posterior.{key} is {getattr(posterior, key)}" for key in contradicted)
    own = {"members": {False: 1, True: max(2, posterior.members)}, "draws": {False: 0, True: max(100, posterior.draws)}}
    restored = [
        f"posterior.{key}={own[key][named]}"
        for key, named in (("members", named_several), ("draws", named_draws))
        if key in contradicted
    ]
    there = [typed[key] for key in ("posterior", *(f"posterior.{key}" for key in contradicted)) if key in typed]
    other = OPTIONS[several, draws]
    kept = [f"posterior={other}", *(f"posterior.{key}={getattr(posterior, key)}" for key in contradicted)]
    place = f" in place of {words(there)}" if there else ""
    raise InputError(
        f"posterior={option} and {values}: that is posterior={other}; type {words(kept)} for it, or "
        f"{words([f'posterior={option}', *restored])} for what the name says{',' if place else ''}{place}"
    )
