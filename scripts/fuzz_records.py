"""Damage the folder of one run of a study, seeded, and see that every command ends in order: a status and plain lines.

    python scripts/fuzz_records.py                    600 damaged folders, about ten minutes
    python scripts/fuzz_records.py --cases 20 --seed 3

Each case damages one file of one run in a copy of a small study and calls one command in a child of this process,
which must end as `scripts/fuzz.py` says: a status and plain lines, none twice; nothing that a file names is run or
shown.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzzing import warm
from fuzzing.child import Call, call
from fuzzing.faults import CANARY, SECRET, SECRET_NAME, Surroundings, faults_of, leaks
from fuzzing.values import EDGES

from al_bench.cli import main as command_line

FILES = ("header.json", "status.json", "rounds.jsonl", "config.yaml", "curve.csv", "run.log")


def deep(levels: int) -> str:
    """JSON and YAML alike: lists within lists."""
    return "[" * levels + "]" * levels


def whole_file_faults(sentinel: Path) -> dict[str, Callable[[Path, random.Random], None]]:
    """What may be wrong with a file as a whole, by name."""

    def replaced(make: Callable[[Path], None]) -> Callable[[Path, random.Random], None]:
        def fault(path: Path, _: random.Random) -> None:
            path.unlink()
            make(path)

        return fault

    def sparse(path: Path) -> None:
        with open(path, "wb") as file:
            file.truncate(3 * 2**30)

    def cut(path: Path, generator: random.Random) -> None:
        os.truncate(path, generator.randrange(path.stat().st_size + 1))

    def flipped(path: Path, generator: random.Random) -> None:
        content = bytearray(path.read_bytes())
        if content:
            content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
        path.write_bytes(content)

    def doubled(path: Path, _: random.Random) -> None:
        path.write_bytes(path.read_bytes() * 2)

    def nan(path: Path, generator: random.Random) -> None:
        words = path.read_text().split(":")
        at = generator.randrange(len(words))
        path.write_text(
            ":".join([*words[:at], generator.choice(["NaN", "Infinity", "1e999", "-0", "1" * 400]), *words[at:]])
        )

    texts = {
        "nothing": "",
        "a line end": "\n",
        "null": "null",
        "a list": "[]",
        "a number": "3",
        "a text": '"x"',
        "no keys": "{}",
        "deep nesting": deep(200_000),
        "deep keys": '{"a":' * 50_000,
        "no UTF-8": "\udcff\udcfe",
        "NUL bytes": "\0" * 999,
        "a tag": f"dataset: !!python/object/apply:os.system ['touch {sentinel}']\n",
        "a target": f"dataset:\n  _target_: os.system\n  command: touch {sentinel}\n",
        "a target in JSON": json.dumps({"schema": 1, "_target_": "os.system", "command": f"touch {sentinel}"}),
        "aliases": "a: &a0 [x]\n" + "".join(f"b{n}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(30)),
    }

    def written(text: str) -> Callable[[Path, random.Random], None]:
        def fault(path: Path, _: random.Random) -> None:
            path.write_bytes(text.encode(errors="surrogateescape"))

        return fault

    return {
        "lost": replaced(lambda path: None),
        "a folder": replaced(Path.mkdir),
        "a pipe": replaced(lambda path: os.mkfifo(path)),
        "a device": replaced(lambda path: path.symlink_to("/dev/zero")),
        "a link to itself": replaced(lambda path: path.symlink_to(path)),
        "a link to nowhere": replaced(lambda path: path.symlink_to("/nowhere")),
        "three gigabytes": replaced(sparse),
        "cut off": cut,
        "a flipped bit": flipped,
        "twice over": doubled,
        "a strange number": nan,
        **{name: written(text) for name, text in texts.items()},
    }


def change_value(value: Any, generator: random.Random) -> Any:
    """JSON with one value, at a random place, removed or replaced by one of EDGES."""
    if isinstance(value, dict) and value and generator.random() < 0.93:
        key = generator.choice(sorted(value))
        if generator.random() < 0.12:
            return {name: entry for name, entry in value.items() if name != key}
        return value | {key: change_value(value[key], generator)}
    if isinstance(value, list) and value and generator.random() < 0.8:
        at = generator.randrange(len(value))
        return [*value[:at], change_value(value[at], generator), *value[at + 1 :]]
    return generator.choice(EDGES)


def change_json(folder: Path, generator: random.Random) -> str:
    """Change values of the record without digests, which would find any change of a round; returns what was changed."""
    header = json.loads((folder / "header.json").read_text())
    lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    for entry in lines:
        entry.pop("digest", None)
    header["digests"] = None
    what = generator.choice(("header", "header", "rounds", "rounds", "status"))
    for _ in range(generator.choice((1, 1, 2, 5))):
        if what == "header":
            header = change_value(header, generator)
        elif what == "rounds":
            at = generator.randrange(len(lines))
            lines[at] = change_value(lines[at], generator)
    if what == "status":
        status = change_value(json.loads((folder / "status.json").read_text()), generator)
        (folder / "status.json").write_text(json.dumps(status))
    (folder / "header.json").write_text(json.dumps(header))
    (folder / "rounds.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in lines))
    return f"values of the {what}"


def damage(folder: Path, generator: random.Random, sentinel: Path) -> str:
    """Damage one run's folder; returns what was done."""
    if generator.random() < 0.5:
        return change_json(folder, generator)
    faults = whole_file_faults(sentinel)
    name, fault = generator.choice(FILES), generator.choice(sorted(faults))
    faults[fault](folder / name, generator)
    return f"{name}: {fault}"


def commands(study: Path, out: Path) -> dict[str, list[str]]:
    """The commands by name, as typed."""
    runs = str(study)
    return {
        "compare": ["compare", runs, "--csv", str(out / "csv"), "--markdown", str(out / "tables.md")],
        "compare --include-incomplete": ["compare", runs, "--include-incomplete", "--json", str(out / "tables.json")],
        "plot": ["plot", runs, "--out", str(out / "curves.svg"), "--csv", str(out / "curves.csv")],
        "plot --kind": ["plot", runs, "--kind", "targets", "--target", "0.5", "--out", str(out / "labels.png")],
        "report": ["report", runs, "--out", str(out / "page.html"), "--include-incomplete"],
        "run": ["run", *warm.RUN, "strategy=random", "seed=0", f"results={study.parent}"],
    }


WEIGHTS = {"compare": 4, "compare --include-incomplete": 4, "plot": 3, "plot --kind": 1, "report": 3, "run": 4}
"""How often each command is called, in proportion."""


def fuzz(cases: int, seed: int, root: Path) -> int:
    """Run the cases and print every fault; returns how many cases had one."""
    warm.import_all()
    study = warm.make_study(root / "results")
    here = root / "case"
    sentinel, failures, statuses = here / "out" / CANARY, 0, Counter[str]()
    surroundings = Surroundings(root, here)
    for case in range(cases):
        generator = random.Random(f"{seed} {case}")
        shutil.rmtree(here, ignore_errors=True)
        copied = here / "results" / "fuzz"
        shutil.copytree(study, copied)
        (here / "out").mkdir()
        name = generator.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        folders = sorted(path.parent for path in copied.rglob("header.json"))
        folder = generator.choice(folders)
        if name == "run":  # the run that this command goes on with
            folder = next(path for path in folders if "random" in path.parent.name and path.name == "seed-0")
        done = damage(folder, generator, sentinel)
        ended = call(Call(commands(copied, here / "out")[name], here / "out"), command_line.main)
        statuses[f"{name} {ended.status}"] += 1
        wrong = [*faults_of(ended), *leaks(here / "out", ended), *surroundings.changes()]
        if any(here.rglob(CANARY)):
            wrong.append("ran what a file names")
        if wrong:
            failures += 1
            said = f"case {case} (seed {seed}): {name}; {done}: {'; '.join(wrong)}"
            print(f"{said}\n{ended.err[-1500:]}", flush=True)
    print(f"{cases} cases, {failures} with a fault; {', '.join(f'{key}: {n}' for key, n in sorted(statuses.items()))}")
    return failures


def main(argv: list[str] | None = None) -> int:
    """Returns 0 where no case had a fault, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=600, help="damaged folders (default: 600)")
    parser.add_argument("--seed", type=int, default=0, help="of the damage (default: 0)")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as work:
        root = Path(work).resolve()
        os.environ.update(warm.environment(root))
        os.environ[SECRET_NAME] = SECRET
        return 1 if fuzz(options.cases, options.seed, root) else 0


if __name__ == "__main__":
    sys.exit(main())
