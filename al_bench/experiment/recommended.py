"""`strategy=recommended`: the strategy that the benchmark's table names for a kind of data and a number of labels.

It is resolved before anything is composed, so that the run, its arm and its record have the strategy's own name; the
table's version is recorded as `recommended_by`, which changes no result and no identity. The
regime is that of the first labels: fewer than 10 labels a class are low, fewer than 30 middle, up to 100 high.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from al_bench.config.compose import compose_dataset, config_dir
from al_bench.config.registry import conf_dir
from al_bench.errors import InputError

WORD = "strategy=recommended"
KINDS = {
    "image": (
        *("digits", "mnist", "fashion_mnist", "kmnist", "emnist", "repeated_mnist", "cifar10", "cifar100", "svhn"),
        "images",
    ),
    "table": ("table", "csv", "letter", "pendigits", "satimage", "krkopt"),
    "text": ("text",),
}
"""Kind of data to options of `dataset`; of any other, al-bench cannot tell what its numbers are of."""
REGIMES = (("low", 10), ("middle", 30), ("high", 100))
"""Regime, and the labels a class of the initial set below which it is that one."""


@dataclass(frozen=True)
class Recommendation:
    """A strategy with where it comes from.

    Args:
        strategy: Its option.
        version: Of the table.
        reading: What was read of the run, and the table's version.
        worth: A sentence on what such advice was worth against margin on data sets left out.
    """

    strategy: str
    version: str
    reading: str
    worth: str = ""


def table_file() -> Path:
    """The table: version, kind to regime to strategy, and regime to what such advice is worth."""
    return Path(conf_dir()) / "benchmark" / "table.json"


def recommend(dataset: str, labels: int, classes: int) -> Recommendation:
    """What the table names.

    Args:
        dataset: The option chosen.
        labels: Points of the initial set.
        classes: Of the data set.

    Raises:
        InputError: It cannot be told, or the table has no answer; the message says what was read.
    """
    table = json.loads(table_file().read_text(encoding="utf-8"))
    kind = next((kind for kind, options in KINDS.items() if dataset in options), None)
    known = ", ".join(option for options in KINDS.values() for option in options)
    if kind is None:
        raise InputError(
            f"{WORD}: dataset={dataset} does not say whether these are images, tables or texts, as {known} do; name a "
            "strategy, see results/benchmark/README.md"
        )
    a_class = labels / classes
    regime = next((name for name, limit in REGIMES if 1 <= a_class < limit), None)
    reading = f"{kind}, {labels} labels of {classes} classes ({a_class:.3g} a class)"
    if regime is None:
        raise InputError(f"{WORD}: the table is for 1 to 100 labels a class at the start; read was {reading}")
    strategy = table["advice"].get(kind, {}).get(regime)
    if strategy is None:
        raise InputError(
            f"{WORD}: the table {table['version']} has no answer in the {regime} regime; read was {reading}; name a "
            "strategy, such as strategy=margin"
        )
    worth = table.get("worth", {}).get(regime, "")
    where = f"table {table['version']}, {reading}: the {regime} regime"
    return Recommendation(strategy, table["version"], where, worth)


def resolve(words: Sequence[str]) -> tuple[list[str], str]:
    """The words of a command with the strategy's name in the place of `recommended`, and what to say; else unchanged.

    Raises:
        InputError: It cannot be told, or it is one of several values of a sweep over other keys than the seed.
    """
    if WORD not in words:
        return list(words), ""
    from al_bench.experiment.shared_data import load_shared  # torch and pandas: not for --help

    swept = [
        word
        for word in words
        if "," in word.partition("=")[2] and "[" not in word and not word.startswith(("seed=", "hydra"))
    ]
    if {"-m", "--multirun"} & set(words) and swept:
        raise InputError(f"{WORD} is told for one setting, and {swept[0]} sweeps over several; name strategies instead")
    plain = [word for word in words if word != WORD and not word.startswith(("-", "seed=", "hydra"))]
    composed = compose_dataset([word for word in plain if "=" in word], config_dir(words))
    run = composed.build()
    found = recommend(composed.choices["dataset"], run.initial.points, load_shared(run).classes)
    changed = [f"strategy={found.strategy}" if word == WORD else word for word in words]
    has_layers = hasattr(run.model, "build") or composed.choices["model"] == "linear"
    features = compose_dataset([f"strategy={found.strategy}"]).config.strategy
    if not has_layers and "features" in features and not any(w.startswith("strategy.features=") for w in words):
        changed.append("strategy.features=input")
    changed.append(f"recommended_by={found.version}")
    said = f"{WORD} is strategy={found.strategy} ({found.reading})"
    return changed, f"{said}. {found.worth}" if found.worth else said
