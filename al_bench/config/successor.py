"""The components of a successor: a model with the posterior and the training that it has by default."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig

from al_bench.config.compose import compose
from al_bench.config.hydra_adapter import COMPOSE_ERRORS, set_aside
from al_bench.config.messages import one_line
from al_bench.config.options import list_options
from al_bench.config.registry import conf_dir
from al_bench.errors import InputError


@dataclass(frozen=True)
class SuccessorComponents:
    """What a successor is made of.

    Args:
        name: The option of the config group `model`.
        choices: Group to option, of model, posterior and training.
        model, posterior, training: The components.
    """

    name: str
    choices: dict[str, str]
    model: Any
    posterior: Any
    training: Any


def successor_components(name: str) -> SuccessorComponents:
    """The components of `successor=NAME`, as `model=NAME` alone would give them.

    Args:
        name: An option of the config group `model`, of al-bench, of the run's `--config-dir` or of a package.

    Raises:
        InputError: there is no such option, or it cannot be composed.
    """
    folders = _own_folders()
    known = list_options([Path(conf_dir()), *folders], "model")
    if name not in known:
        raise InputError(f"successor is {name!r}; it must be null or a model: {', '.join(sorted(known))}")
    search = [f"hydra.searchpath=[{','.join(f'file://{folder}' for folder in folders)}]"] if folders else []
    try:
        with set_aside():
            composed = compose([*search, f"model={name}"])
        run = composed.build()
    except (*COMPOSE_ERRORS, InputError) as error:
        raise InputError(f"successor={name}: {one_line(error)}") from error
    groups = ("model", "posterior", "training")
    choices = {group: composed.choices[group] for group in groups}
    return SuccessorComponents(name, choices, run.model, run.posterior, run.training)


def _own_folders() -> list[Path]:
    """The folders of options of the user's own in the run that Hydra composed last, if it did."""
    if not HydraConfig.initialized():
        return []
    sources = HydraConfig.get().runtime.config_sources
    paths = [Path(source.path) for source in sources if source.schema == "file"]
    return [path for path in paths if path.resolve() != Path(conf_dir()).resolve()]
