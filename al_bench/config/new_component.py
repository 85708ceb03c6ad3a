"""The files of a component of the user's own, written to start from: its code, its option and its test."""

from __future__ import annotations

import importlib.util
import keyword
import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from al_bench.config.options import files, group_offers
from al_bench.config.registry import conf_dir
from al_bench.errors import InputError

TEMPLATES = Path(__file__).with_name("templates")
"""KIND.py.jinja, KIND.yaml.jinja and KIND_test.py.jinja of every kind; a metric and a plot have no option."""

LONGEST_NAME = 60
"""Characters; with what is added to it a file's name then fits any file system."""

RESERVED = {"null", "true", "false", "nan", "inf", "conftest"}
"""What a command line or a YAML file reads as a value, and the module that pytest looks for."""


@dataclass(frozen=True)
class Kind:
    """A kind of component.

    Args:
        line: What it does.
        group: The config group that it is an option of; None where "module:object" chooses it.
        words: What is typed after `al-bench run` to try it.
        then: What is typed after that; empty for nothing.
    """

    line: str
    group: str | None
    words: str = ""
    then: str = ""


KINDS = {
    "strategy": Kind("picks what to label next", "strategy", "strategy={name}"),
    "dataset": Kind("gives a training part and a test part", "dataset", "dataset={name}"),
    "encoder": Kind("makes features of raw items, once", "encoder", "encoder={name}"),
    "model": Kind("a torch network", "model", "model={name}"),
    "posterior": Kind("draws functions from a trained network", "posterior", "posterior={name}"),
    "learner": Kind("is fitted and predicts, in place of a network", "model", "model={name}"),
    "stopping": Kind("a rule that ends a run", "stopping", "stopping={name}"),
    "stress": Kind("puts one thing wrong with a dataset", "stress", "stress={name}"),
    "annotator": Kind("answers in a simulation", "annotator", "annotator={name}"),
    "metric": Kind("a number for predictions", None, "'evaluation.metrics=[{name}:{constant}]'"),
    "plot": Kind(
        "a figure of runs", None, "", "al-bench plot results/runs/smoke --kind {name}:{name} --out {name}.png"
    ),
}
"""What can be made, by the word that is typed."""


@dataclass(frozen=True)
class NewComponent:
    """What was written.

    Args:
        paths: The files from the current folder: code, option (of a metric or a plot none), test.
        commands: What tries it, one a line.
    """

    paths: tuple[Path, ...]
    commands: tuple[str, ...]

    @property
    def test(self) -> Path:
        """The file of its test."""
        return self.paths[-1]


def new_component(kind: str, name: str, config_dir: Path, taken: Collection[str] = ()) -> NewComponent:
    """Write a component that runs as it is, in the current folder; nothing that is there is overwritten.

    Args:
        kind: One of `KINDS`.
        name: Of the option and of the module; the class has it in capitals.
        config_dir: The folder of the user's options.
        taken: Names that are al-bench's own or a package's, where the kind is no config group.

    Raises:
        InputError: The name is none, or taken; a file is there; or nothing can be written.
    """
    group = KINDS[kind].group
    check_name(kind, name)
    if group is not None and config_dir.resolve() == Path(conf_dir()).resolve():
        raise InputError(
            f"{config_dir} is al-bench's own folder of options: go to a folder of yours, or add --config-dir own"
        )
    check_not_taken(kind, name, taken if group is None else {*files([Path(conf_dir())], group), *group_offers(group)})
    option = [] if group is None else [config_dir / group / f"{name}.yaml"]
    paths = [Path(f"{name}.py"), *option, Path(f"test_{name}.py")]
    if there := [str(path) for path in paths if path.exists() or path.is_symlink()]:
        verb = "is" if len(there) == 1 else "are"
        raise InputError(
            f"{' and '.join(there)} {verb} there, and nothing is overwritten: give another name, "
            f"as in al-bench new {kind} {free_name(name)}"
        )
    check_module(kind, name)
    texts = rendered(kind, name)
    write_new(dict(zip(paths, texts, strict=True)))
    words = {"name": name, "constant": name.upper()}
    run = ["al-bench run"]
    run += [] if group is None else [f"--config-dir {shlex.quote(str(config_dir))}"]
    run += [KINDS[kind].words.format(**words), "debug=smoke"]
    then = KINDS[kind].then.format(**words)
    return NewComponent(tuple(paths), (" ".join(filter(None, run)), *([then] if then else [])))


def check_name(kind: str, name: str) -> None:
    """Refuse what cannot be the name of an option, a module and, in capitals, a class, and say what can.

    Raises:
        InputError: Naming a name that can.
    """
    if re.fullmatch(r"[a-z][a-z0-9_]*", name) and not keyword.iskeyword(name) and name not in RESERVED:
        if len(name) <= LONGEST_NAME:
            return
        raise InputError(f"NAME has {len(name)} characters, and {LONGEST_NAME} are the limit")
    rule = "lower-case letters, digits and _, a letter first, and no word of Python or YAML"
    better = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
    better = better if re.match("[a-z]", better) else f"my_{better or kind}"
    better = f"my_{better}" if keyword.iskeyword(better) or better in RESERVED else better
    raise InputError(f"NAME is {name!r}; it must be {rule}: al-bench new {kind} {better[:LONGEST_NAME]}")


def check_not_taken(kind: str, name: str, taken: Collection[str]) -> None:
    """Refuse the name of an option, a metric or a plot that there is.

    Raises:
        InputError: Naming a name that is free.
    """
    if name in taken:
        better = next(free for free in (f"my_{name}", *(f"my_{name}_{i}" for i in range(2, 999))) if free not in taken)
        raise InputError(f"there is a {kind} {name} already; give yours another name: al-bench new {kind} {better}")


def check_module(kind: str, name: str) -> None:
    """Refuse the name of a module that Python finds before the user's file.

    Raises:
        InputError: Naming a name that is free.
    """
    if importlib.util.find_spec(name) is not None:
        raise InputError(
            f"NAME is {name}, and Python has a module of that name, which would be imported in place of {name}.py: "
            f"al-bench new {kind} my_{name}"
        )


def free_name(name: str) -> str:
    """The name with the first number behind it of which there is no file."""
    return next(free for free in (f"{name}_{i}" for i in range(2, 999)) if not Path(f"{free}.py").exists())


def rendered(kind: str, name: str) -> list[str]:
    """The texts of a component's files: its code, its option where it has one, its test."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    suffixes = [suffix for suffix in (".py", ".yaml", "_test.py") if (TEMPLATES / f"{kind}{suffix}.jinja").is_file()]
    sources = "".join((TEMPLATES / f"{kind}{suffix}.jinja").read_text(encoding="utf-8") for suffix in suffixes)
    capitals = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    if re.search(rf"\b{capitals}\b", sources):  # such as Evidence, which the code imports
        capitals += kind.capitalize()
    words = {"name": name, "cls": capitals, "constant": name.upper()}
    return [environment.get_template(f"{kind}{suffix}.jinja").render(words) for suffix in suffixes]


def write_new(texts: dict[Path, str]) -> None:
    """Write files that are not there, all or none.

    Raises:
        InputError: One cannot be written, or somebody has written it meanwhile.
    """
    written: list[Path] = []
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        where = error.filename or written[-1]
        raise InputError(f"{where} cannot be written: {error.strerror or error}; go to another folder") from error
