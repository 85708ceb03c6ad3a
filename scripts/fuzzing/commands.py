"""Command lines: of runs, from the keys of the configuration, and of the other commands, from their options."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

import click

from al_bench.metrics import METRICS
from fuzzing import grammar
from fuzzing.grammar import Key
from fuzzing.values import any_text, any_value, typed

SMOKE = "debug=smoke"
HYDRA_OPTIONS = (
    *(["--cfg", "job"], ["--cfg", "all"], ["--cfg", "hydra"], ["--cfg", "job", "--resolve"], ["--info"]),
    *(["--info", "defaults"], ["--info", "config"], ["--info", "searchpath"], ["--package", "dataset", "-c", "job"]),
    *(["--help"], ["--hydra-help"], ["--version"], ["--run"], ["--multirun"], ["--config-name", "config"]),
    *(["--config-dir", "nowhere"], ["--config-name", "x"], ["--config-path", "x"], ["-x"]),
)
"""Options of Hydra and what they may be given."""


WORK = re.compile(r"\d{4}|\d[eE]\+?\d|\binf\b|range\(|--all\b")
"""What may ask for more work than a moment's: a large number."""


def asks_for_work(text: str) -> bool:
    """Whether the words or the files of a case may ask for more than a moment's work."""
    return bool(WORK.search(re.sub(r"/\S+|[a-z]\w+20\d\d", "", text)))


def asks_for_files_elsewhere(argv: Sequence[str]) -> bool:
    """Whether a word names a folder outside of the case's own in which files are to be written."""
    return any(re.match(r"[+]*(results|cache|dataset\.root|hydra\..*)=.*(\.\.|/|~)", word) for word in argv)


def typed_override(key: Key, generator: random.Random, value: object = ...) -> str:
    """A key with a value, as typed: mostly as it should be, at times with a sign of Hydra's or with raw text."""
    shown = typed(key.value(generator) if value is ... else value)
    draw = generator.random()
    if draw < 0.04:
        return f"{key.name}={any_text(generator)}"
    if draw < 0.08:
        return f"{generator.choice(['+', '++'])}{key.name}={shown}"
    if draw < 0.10:
        return f"~{key.name}"
    if draw < 0.12:
        at = generator.randrange(len(key.name))
        return f"{key.name[:at]}{key.name[at + 1 :]}={shown}"
    if draw < 0.13:
        return key.name
    return f"{key.name}={shown}"


def chosen_options(generator: random.Random, but: Sequence[str] = ()) -> dict[str, str]:
    """For some of the groups an option."""
    chosen = {}
    for group in grammar.groups():
        if group in ("debug", *but):
            continue
        options = grammar.options_of(group)
        likely = [option for option in options if "/" not in option]
        # Every strategy is worth a try; other data are mostly not there, other networks and papers' presets take time.
        chance = {"strategy": 0.8, "posterior": 0.3, "model": 0.35, "experiment": 0.06, "scale": 0.03}.get(group, 0.15)
        if generator.random() < chance:
            chosen[group] = generator.choice(likely if generator.random() < 0.95 else options)
    return chosen


def run_overrides(generator: random.Random, strange: int, data: Sequence[str] = ()) -> list[str]:
    """The overrides of a run that takes no time.

    Args:
        generator: Draws.
        strange: How many keys get values at their edges.
        data: The overrides that choose the data; empty: drawn, too.
    """
    chosen = chosen_options(generator, ("dataset",) if data else ())
    choices = [SMOKE, *(f"{group}={option}" for group, option in chosen.items()), *data]
    shape = []
    if chosen.get("model", "mlp") != "mlp" and chosen.get("dataset", "synthetic") == "synthetic" and not data:
        shape = [generator.choice(("dataset.shape=[1,8,8]", "dataset.shape=[3,16,16]", "dataset.shape=[3,32,32]"))]
    pairs = [item.partition("=") for item in data]
    keys = grammar.keys_of_all(chosen | {group: option for group, _, option in pairs if group in grammar.groups()})
    if "experiment" in chosen:  # it chooses others
        keys = [key for key in keys if key.name.partition(".")[0] not in grammar.groups()]
    set_already = {item.partition("=")[0] for item in data}
    small = grammar.small([key for key in keys if not key.name.startswith(("initial.", "schedule.", "evaluation."))])
    overrides = [*choices, *shape, *(f"{name}={value}" for name, value in small.items() if name not in set_already)]
    overrides += [typed_override(key, generator) for key in generator.sample(keys, strange)]
    if generator.random() < 0.02:
        overrides.append(f"{any_text(generator)}={any_text(generator)}")
    if generator.random() < 0.03:
        overrides.append(f"{generator.choice(grammar.groups())}={typed(any_value(generator))}")
    return overrides


def run_words(generator: random.Random) -> list[str]:
    """`al-bench run` with keys at the edges of their types."""
    overrides = run_overrides(generator, generator.choice((0, 1, 1, 1, 1, 2, 3)))
    if generator.random() < 0.05:
        overrides.append(typed_override(generator.choice(grammar.hydra_keys()), generator))
    if generator.random() < 0.08:
        at = generator.randrange(len(overrides) + 1)
        overrides[at:at] = generator.choice(HYDRA_OPTIONS)
    return ["run", *overrides]


def sweep_words(generator: random.Random) -> list[str]:
    """A sweep of two or three runs."""
    swept = generator.choice(
        [
            "seed=0,1",
            "strategy=random,entropy",
            "strategy=bald,no_such",
            "training.steps=1,2",
            "posterior.draws=2,0",
            "seed=range(2)",
            "seed=choice(1,2)",
            "arm=a,b",
            "seed=0,-1",
            f"arm='{any_text(generator)[:50]}',b",
            "strategy=glob(m*)",
        ]
    )
    overrides = run_overrides(generator, generator.choice((0, 1)))
    return ["run", "-m", *[item for item in overrides if not item.startswith(swept.partition("=")[0] + "=")], swept]


def check_words(generator: random.Random) -> list[str]:
    """`al-bench check` of data that need no file."""
    option = generator.choice(("synthetic", "digits", "synthetic", *grammar.options_of("dataset")))
    keys = [*grammar.keys_of("dataset", option), *grammar.common_keys()]
    picked = generator.sample(keys, generator.choice((0, 1, 1, 2)))
    return ["check", f"dataset={option}", *(typed_override(key, generator) for key in picked)]


def reading_words(name: str, folders: Sequence[Path], generator: random.Random) -> list[str]:
    """A command that reads records, with options of every kind.

    Args:
        name: The command.
        folders: What it may be given for folders.
        generator: Draws.
    """
    command = grammar.command(name)
    options = [entry for entry in command.params if isinstance(entry, click.Option)]
    known = {
        "--baseline": ["random", "entropy", "bald"],
        "--quantity": [*METRICS],
        "--metric": [*METRICS],
        "--kind": ["curves", "difference", "targets", "penalty", "time", "os:system", "builtins:print", "x:y", "json"],
        "--paper": ["list", "batchbald2019_mnist", "gal2017_mnist", "no_such"],
    }
    argv = [name, *(str(generator.choice(folders)) for _ in range(generator.choice((1, 1, 1, 2, 0))))]
    if generator.random() < 0.1:
        argv.append(any_text(generator).replace("/", "") or "x")  # to search the whole disk would be asked for
    drawn = generator.sample(options, min(len(options), generator.choice((0, 1, 2, 3))))
    for option in {*drawn, *(entry for entry in options if entry.opts[0] == "--out")}:
        if "--help" in option.opts or (option.opts[0] == "--out" and generator.random() < 0.06):
            continue
        value = grammar.option_value(option, generator, known.get(option.opts[0], []))
        if option.opts[0] == "--out" and generator.random() < 0.85:
            ending = {"plot": ("png", "svg", "pdf"), "report": ("html",), "export": ("csv",)}.get(name, ("csv",))
            value = f"out/file.{generator.choice(ending)}"
        argv += [option.opts[0]] if option.is_flag else [option.opts[0], value]
    if name == "plot" and "--kind" not in argv and generator.random() < 0.5:
        argv += ["--kind", generator.choice(known["--kind"])]
    return argv


def other_words(generator: random.Random, folders: Sequence[Path]) -> list[str]:
    """A command that takes names, or none that there is."""
    text = any_text(generator)
    presets = [option for option in grammar.options_of("experiment") if "/" not in option]
    topics = ["strategies", "datasets", "models", "posteriors", "encoders", "learners", "metrics", "experiments"]
    return generator.choice(
        [
            ["list", generator.choice([*topics, text]), *generator.choice([[], ["--verbose"], ["--markdown"]])],
            ["list", "--config-dir", generator.choice([".", text, str(folders[0])])],
            ["guide", generator.choice(["concepts", "own-data", "x", text])],
            [generator.choice([*grammar.commands(), text]), "--help"],
            [text, *generator.choice([[], ["x"], ["--help"]])],
            ["reproduce", generator.choice([*presets, text]), "--check-only", "--results", str(folders[0].parent)],
            ["reproduce", generator.choice([*presets, "--all"]), "--check-only", f"scale={text}"],
            ["reproduce", "--all", "--check-only", "scale=smoke", "--json", generator.choice(["out/x.json", text])],
            ["reproduce", generator.choice(presets), "--check-only", "--jobs", generator.choice(["0", "-1", "x", "2"])],
            ["export", str(generator.choice(folders)), "--out", generator.choice(["out/picks.csv", text])],
            ["--version", text],
        ]
    )


def completion(generator: random.Random, argv: Sequence[str]) -> dict[str, str]:
    """The environment by which a shell asks for the completion of a line that begins so."""
    line = " ".join(["al-bench", *argv])
    line = line[: generator.randrange(9, len(line) + 1)].replace("\0", "")
    return {
        "_AL_BENCH_COMPLETE": generator.choice(["bash_complete", "zsh_complete", "fish_complete", "bash_source"]),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
        "COMP_WORDBREAKS": " \t\n\"'><=;|&(:",
    }
