"""Damage the folder of one run of a study, seeded, and see that every command ends in order: a status and plain lines.

    python scripts/fuzz_records.py                    600 damaged folders, about ten minutes
    python scripts/fuzz_records.py --cases 20 --seed 3

Each case damages one file of one run in a copy of a small study and calls one command in a child of this process. The
command must end with status 0, 1 or 2 within 20 seconds, print no traceback, at most one line of stderr a fault (none
twice, none longer than 2,000 characters), create no sentinel file, and, where other runs are whole, show them.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from al_bench.cli.main import dispatch

SECONDS = 20
"""The most that one command may take."""
LONGEST = 2_000
"""Characters of a line of stderr."""
FILES = ("header.json", "status.json", "rounds.jsonl", "config.yaml", "curve.csv", "run.log")
RUN = ("debug=smoke", "training.steps=4", "posterior.draws=2", "study=fuzz", "cache=off")

EDGES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2**53, 2**63, 2**64, -(2**63), 10**30, 1e308, -1e308, 1e-320, 0.5),
    *("", " ", "x", "x" * 5_000, "\x00", "\x1b[2J\x07", "a\nb", "$\\frac{1}{0}$", "$", "${oc.env:HOME}"),
    *(
        "<script>alert(1)</script>",
        "../../../x",
        "\u202e",
        "Ω≈",
        "{0}",
        "%s",
        [],
        {},
        [[]],
        [None],
        [-1],
        [2**60],
        ["x"],
    ),
    *(["x"], {"x": None}, {"": 1}, {"_target_": "os.system"}),
)
"""Values in the place of others."""


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
        "aliases": "a: &a [x]\n" + "".join(f"b{n}: &a [*a, *a, *a, *a]\n" for n in range(30)),
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
        "run": ["run", *RUN, "strategy=random", "seed=0", f"results={study.parent}"],
    }


WEIGHTS = {"compare": 4, "compare --include-incomplete": 4, "plot": 3, "plot --kind": 1, "report": 3, "run": 4}
"""How often each command is called, in proportion."""


def call(words: list[str], out: Path) -> tuple[int, str]:
    """A command in a child of this process: its exit status (-1 where it took too long) and what it wrote to stderr."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(out / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.stdout, sys.stderr = (
            io.TextIOWrapper(os.fdopen(n, "wb", closefd=False), write_through=True) for n in (1, 2)
        )
        status = 70
        try:
            status = dispatch(words)
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
            os._exit(status)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status), (out / "stderr").read_text(errors="replace")
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1, (out / "stderr").read_text(errors="replace")


def faults_of(status: int, err: str, sentinel: Path) -> list[str]:
    """What is wrong with how a command ended; empty where nothing is."""
    lines = [line for line in err.splitlines() if line.strip()]
    checks = (
        (status == -1, f"took more than {SECONDS} s"),
        (status not in (-1, 0, 1, 2), f"ended with status {status}"),
        ("Traceback" in err or "--- Logging error ---" in err, "printed a traceback"),
        ("Warning" in err, "printed a warning of a library"),
        (len(set(lines)) < len(lines), "said a line twice"),
        (any(len(line) > LONGEST for line in lines), f"printed a line of more than {LONGEST} characters"),
        (not all(line.isprintable() for line in lines), "printed control characters"),
        (status == 2 and len([line for line in lines if ": skipped " not in line]) > 12, "printed many lines"),
        (sentinel.exists(), "ran what a file named"),
    )
    return [text for is_wrong, text in checks if is_wrong]


def make_study(results: Path) -> Path:
    """Two arms of two seeds each, the smallest runs there are."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for strategy in ("random", "entropy"):
            for seed in (0, 1):
                if dispatch(["run", *RUN, f"strategy={strategy}", f"seed={seed}", f"results={results}"]):
                    raise SystemExit("the study to damage could not be run")
    return results / "fuzz"


def fuzz(cases: int, seed: int, work: Path) -> int:
    """Run the cases and print every fault; returns how many cases had one."""
    study = make_study(work / "results")
    sentinel, failures, statuses = work / "ran", 0, Counter[str]()
    for module in ("al_bench.analysis.report.page", "al_bench.analysis.figures.layout", "al_bench.analysis.verdict"):
        __import__(module)  # once here, not in every child
    for case in range(cases):
        generator = random.Random(f"{seed} {case}")
        here = work / "case"
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
        status, err = call(commands(copied, here / "out")[name], here / "out")
        statuses[f"{name} {status}"] += 1
        if found := faults_of(status, err, sentinel):
            failures += 1
            sentinel.unlink(missing_ok=True)
            print(f"case {case} (seed {seed}): {name}; {done}: {'; '.join(found)}\n{err[-1500:]}", flush=True)
    print(f"{cases} cases, {failures} with a fault; {', '.join(f'{key}: {n}' for key, n in sorted(statuses.items()))}")
    return failures


def main(argv: list[str] | None = None) -> int:
    """Returns 0 where no case had a fault, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=600, help="damaged folders (default: 600)")
    parser.add_argument("--seed", type=int, default=0, help="of the damage (default: 0)")
    options = parser.parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as work:
        return 1 if fuzz(options.cases, options.seed, Path(work)) else 0


if __name__ == "__main__":
    sys.exit(main())
