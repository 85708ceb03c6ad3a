"""What installed packages offer to al-bench by entry points: `name = "module:Class"` in a group `al_bench.KIND`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from al_bench.errors import InputError

KINDS = ("strategies", "datasets", "encoders", "models", "posteriors", "learners", "stopping_rules", "metrics", "plots")
"""The groups are `al_bench.strategies` and so on."""


@dataclass(frozen=True)
class Offer:
    """Something that an installed package offers.

    Args:
        kind: One of `KINDS`.
        name: What it is chosen by.
        target: "module:Class", or "module:object".
        package: The package and its version, such as "toy 1.0".
    """

    kind: str
    name: str
    target: str
    package: str

    def load(self) -> Any:
        """The object offered.

        Raises:
            InputError: it cannot be imported, whatever that raises.
        """
        try:
            return metadata.EntryPoint(self.name, self.target, f"al_bench.{self.kind}").load()
        except (Exception, SystemExit) as error:
            text = " ".join(f"{type(error).__name__}: {error}".split())
            raise InputError(
                f"{self.name} of {self.package} is {self.target!r}, which cannot be loaded: {text}"
            ) from error


def offers(kind: str) -> dict[str, list[Offer]]:
    """Name to what installed packages offer by it, of one kind; more than one where packages clash.

    Args:
        kind: One of `KINDS`.
    """
    by_name: dict[str, list[Offer]] = {}
    for offer in _all_offers(tuple(_path_state())):
        if offer.kind == kind:
            by_name.setdefault(offer.name, []).append(offer)
    return by_name


def _path_state() -> Iterator[tuple[str, int]]:
    """Each folder that modules are found in, with the time of its last change: a package may be installed meanwhile."""
    for folder in sys.path:
        with contextlib.suppress(OSError):
            yield folder, Path(folder or ".").stat().st_mtime_ns


@lru_cache(maxsize=1)
def _all_offers(path_state: tuple[tuple[str, int], ...]) -> tuple[Offer, ...]:
    """Everything that installed packages offer, by name and package; reading it takes some milliseconds.

    Args:
        path_state: The folders of packages; what is read depends on them.
    """
    offers = set()  # a folder may be on the path twice
    points = metadata.entry_points()
    for kind in KINDS:
        for point in points.select(group=f"al_bench.{kind}"):
            package = f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unknown package"
            offers.add(Offer(kind, point.name, f"{point.module}:{point.attr}", package))
    return tuple(sorted(offers, key=lambda offer: (offer.name, offer.package)))


def the_offer(given: list[Offer], built_in: bool) -> Offer:
    """The only one who offers a name.

    Args:
        given: Who offers it, of one kind.
        built_in: al-bench itself has that name.

    Raises:
        InputError: several do, or al-bench does.
    """
    if built_in or len(given) > 1:
        who = [*(["al-bench itself"] if built_in else []), *(offer.package for offer in given)]
        raise InputError(
            f"the name {given[0].name} in al_bench.{given[0].kind} is offered by {' and by '.join(who)}; "
            "rename the entry point or uninstall one package"
        )
    return given[0]
