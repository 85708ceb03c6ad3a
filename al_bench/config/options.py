"""What can be chosen in a config group: YAML files of al-bench and of the user, and offers of installed packages."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from al_bench.entry_points import Offer, offers, the_offer
from al_bench.errors import InputError
from al_bench.storage.files import MEGABYTE, read_regular

KIND_GROUPS = {
    "strategies": "strategy",
    "datasets": "dataset",
    "encoders": "encoder",
    "models": "model",
    "posteriors": "posterior",
    "learners": "model",
    "stopping_rules": "stopping",
}
"""Kind of entry point to config group; a learner is chosen as a model."""


def group_offers(group: str) -> dict[str, list[Offer]]:
    """Option to what installed packages offer by its name in a config group."""
    by_name: dict[str, list[Offer]] = {}
    for kind, group_of_kind in KIND_GROUPS.items():
        if group_of_kind == group:
            for name, given in offers(kind).items():
                by_name.setdefault(name, []).extend(given)
    return by_name


def files(folders: Sequence[Path], group: str) -> dict[str, Path]:
    """Option to its YAML file, for every runnable one of a group (partials start with _); a later folder wins."""
    paths = {path.stem: path for folder in folders for path in sorted((folder / group).glob("*.yaml"))}
    return {name: path for name, path in paths.items() if not name.startswith("_")}


def first_line(path: Path) -> str:
    """What a YAML file says of itself in its first comment, or why it cannot be read."""
    try:
        text = read_regular(path, MEGABYTE).decode()
    except UnicodeDecodeError:
        return "(cannot be chosen: the file is not UTF-8)"
    except OSError as error:
        return f"(cannot be chosen: {error.strerror})"
    comments = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
    return next((line for line in comments if "@package" not in line), "")


@dataclass(frozen=True)
class Option:
    """What can be chosen by a name.

    Args:
        name: As typed after `strategy=` or another group.
        line: What it says of itself, in one line.
        path: Its YAML file; None where an installed package offers it.
        offer: The package's offer; None where there is a file.
    """

    name: str
    line: str
    path: Path | None = None
    offer: Offer | None = None


def list_options(folders: Sequence[Path], group: str) -> dict[str, Option]:
    """Every option of a config group by name: those of the files, then those that installed packages offer.

    Args:
        folders: al-bench's folder of YAML files, and the user's.
        group: Such as strategy.
    """
    options = {name: Option(name, first_line(path), path) for name, path in files(folders, group).items()}
    for name, given in group_offers(group).items():
        packages = ", ".join(offer.package for offer in given)
        if name in options or len(given) > 1:
            before = options.get(name, Option(name, ""))
            who = f"al-bench, {packages}" if name in options else packages
            options[name] = Option(name, f"{before.line} (cannot be chosen: offered by {who})".strip(), before.path)
        else:
            options[name] = Option(name, f"{offered_line(given[0])} ({packages})", offer=given[0])
    return options


def offered_line(offer: Offer) -> str:
    """The first line of the docstring of what a package offers, or why it cannot be loaded."""
    try:
        loaded = offer.load()
    except InputError as error:
        return str(error)
    doc = inspect.cleandoc(vars(loaded).get("__doc__") or "") if isinstance(loaded, type) else ""
    return "" if doc.startswith(f"{loaded.__name__}(") else doc.partition("\n")[0]  # else written by @dataclass


def check_names(choices: dict[str, str], folders: Sequence[Path]) -> None:
    """Refuse a chosen option whose name is taken twice, so that nobody runs another one than was meant.

    Args:
        choices: Config group to chosen option.
        folders: al-bench's folder of YAML files, and the user's.

    Raises:
        InputError: naming who has the name.
    """
    for group, name in choices.items():
        paths = [folder / group / f"{name}.yaml" for folder in folders]
        paths = [path for path in paths if path.is_file()]
        if given := group_offers(group).get(name):
            the_offer(given, bool(paths))
        if len(paths) > 1:
            raise InputError(f"{group}={name} is in {paths[0]} and in {paths[1]}; give your file another name")
