"""What one call of `al-bench query` asks for, and what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from al_bench.config.query_schema import QueryConfig
from al_bench.config.schema import Engine, StopOn
from al_bench.errors import InputError


@dataclass(frozen=True)
class Request:
    """What a call asks for.

    Args:
        config: The typed configuration.
        strategy: The option chosen.
        study: The study's name.
        settings: Resolved keys, flat, for the record.
        typed: Keys that the user typed.
        label_files: Further files of labels.
        partial: Whether items without a label are passed over.
        where: A predicted class within which is asked; "" for all.
        predict: Whether predictions and the learner are written, in place of a batch.
        formats: Formats of labelling tools in which a batch is written, too: names of
            `al_bench.labelling.exchange.task_files.FORMATS`.
        label_studio: The address of a Label Studio server, or of a project there; None for none.
        say: Is called with a line to show at once.
    """

    config: QueryConfig
    strategy: str
    study: str
    settings: dict[str, str] = field(default_factory=dict)
    typed: frozenset[str] = frozenset()
    label_files: tuple[Path, ...] = ()
    partial: bool = False
    where: str = ""
    predict: bool = False
    formats: tuple[str, ...] = ()
    label_studio: str | None = None
    say: Callable[[str], None] = lambda line: None

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return Path(self.config.labelling).expanduser() / self.study


@dataclass(frozen=True)
class Reply:
    """What a call did.

    Args:
        lines: What to show, one line each.
        batch: The file to fill; None where nothing is left to ask.
    """

    lines: list[str]
    batch: Path | None


WITHOUT_EFFECT = {
    "annotator": "people label",
    "stress": "the pool is taken as it is",
    "seeds": "seed=N drives all",
    "tuning": "it trains the learner as it is configured",
    "tracker": "it makes no run that could be shown",
}
"""Groups of keys that have a meaning for `al-bench run` alone, and why."""


def check_request(request: Request) -> None:
    """Refuse what has a meaning for `al-bench run` alone.

    Raises:
        InputError: naming the key and what to do.
    """
    config, typed = request.config, request.typed
    if request.predict and request.where:
        raise InputError(
            "--predict writes predictions for all items, and --where asks within a class; give one of them"
        )
    if request.predict and request.formats:
        raise InputError("--predict writes no batch, and --tasks says how a batch is written; give one of them")
    if config.reference.value != "none":
        raise InputError("reference=full trains on the labels of all items, which nobody has; leave it out")
    if config.validation != 0:
        raise InputError(
            f"validation={config.validation} holds items out whose labels nobody has; leave it out, or give a test "
            "part: dataset.test_path=…"
        )
    if config.training.warm_start:
        raise InputError("training.warm_start is true, and al-bench query trains from scratch; set it to false")
    if config.engine is Engine.torchrun:
        raise InputError("engine is torchrun, which is for al-bench run; type engine=ray or workers=2")
    if config.tuning.tunes:
        raise InputError(
            "tuning is for al-bench run, and al-bench query trains the learner as it is configured: type tuning=never, "
            "with the values that a run on similar data has chosen"
        )
    schedule = config.schedule
    if schedule.stop_at_accuracy is not None and schedule.stop_at_accuracy_on is not StopOn.audit:
        raise InputError(
            f"schedule.stop_at_accuracy={schedule.stop_at_accuracy:g} reads the {schedule.stop_at_accuracy_on.value} "
            "part's labels, which nobody has; type schedule.stop_at_accuracy_on=audit, which reads the audit's labels"
        )
    for key in ("schedule.rounds", "initial.indices", "initial.rows"):
        if key in typed:
            why = "schedule.budget says how many labels are wanted" if key.startswith("schedule") else "people label"
            raise InputError(f"{key} has no effect on al-bench query: {why}; leave the key out")
    for key in sorted(typed):
        if (group := key.partition(".")[0]) in WITHOUT_EFFECT:
            why = WITHOUT_EFFECT[group]
            raise InputError(f"{key} has no effect on al-bench query: {why}; leave the key out")
    if "initial.kind" in typed and config.initial.kind.value == "balanced":
        raise InputError(
            "initial.kind=balanced reads all labels, which nobody has; set initial.kind=random or clusters"
        )
