"""Does the wheel install and run where pyproject.toml says it does? Writes results/wheels.csv.

It builds the wheel and installs it into clean environments, each with the newest or with the oldest dependencies that
pyproject.toml allows, and there types `al-bench list`, `al-bench run debug=smoke` and the README's first command. What
cannot be run is resolved: every extra alone, by Python version, and for macOS and Windows. Needs uv (pip install uv),
Debian's or pyenv's Pythons on the PATH, a package index, 10 GB of disk and, at first, the time to download torch.

    python scripts/wheels.py                            all of it, about a quarter of an hour on two idle cores
    python scripts/wheels.py --run 3.11:oldest          one environment; other rows of the table stay
    python scripts/wheels.py --resolve
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
TABLE = REPOSITORY / "results" / "wheels.csv"

PYTHONS = ("3.11", "3.12", "3.13")
ENVIRONMENTS = tuple(f"{python}:{versions}" for python in PYTHONS for versions in ("oldest", "newest"))
PLATFORMS = {"macOS": "aarch64-apple-darwin", "Windows": "x86_64-pc-windows-msvc"}
COMMANDS = ("list", "run debug=smoke", "run", "compare results/runs/default")
"""What is typed in each environment; `run` is the README's first command."""
SHOWN = ("torch", "numpy", "pandas", "scikit-learn", "click", "msgspec", "duckdb")
"""The packages whose versions are in the table."""
FROM_SOURCE = "antlr4-python3-runtime"
"""A dependency of hydra-core that has no wheel; of others, releases without one count as none."""


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Args:
        how: run (installed, commands typed) or resolved (the versions fit together, nothing was installed).
        platform, python: Where.
        extra: Of pyproject.toml; empty for none.
        versions: newest or oldest, of those allowed.
        outcome: ok, or what failed.
        packages: How many there are.
        detail: Versions, or the end of the message.
        date: Of the day.
    """

    how: str
    platform: str
    python: str
    extra: str
    versions: str
    outcome: str
    packages: int
    detail: str
    date: str = datetime.now(UTC).strftime("%Y-%m-%d")

    @property
    def key(self) -> tuple[str, ...]:
        """What the row is about."""
        return self.how, self.platform, self.python, self.extra, self.versions


def uv(*words: str, **options: str) -> subprocess.CompletedProcess[str]:
    """Call uv, which downloads no Python."""
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"} | options
    return subprocess.run(["uv", *words], capture_output=True, text=True, env=environment, cwd=REPOSITORY)


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """The end of what a command said, as one line."""
    return " ".join((done.stderr or done.stdout).split())[-300:]


def resolve(python: str, versions: str, extra: str = "", platform: str = "linux") -> tuple[str, list[str]]:
    """(fault, "package==version" of all), the fault empty where the versions fit together."""
    words = ["pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-version", python]
    words += ["--resolution", "lowest-direct" if versions == "oldest" else "highest"]
    words += ["--only-binary", ":all:", "--no-binary", FROM_SOURCE, "--python-platform", platform]
    done = uv(*words, *(["--extra", extra] if extra else []), "pyproject.toml")
    return (last_line(done) or "uv failed") if done.returncode else "", re.findall(r"^\S+==\S+", done.stdout, re.M)


def described(packages: list[str]) -> str:
    """The versions that the table shows."""
    known = dict(package.split("==") for package in packages)
    return ", ".join(f"{name} {known[name]}" for name in SHOWN if name in known)


def resolved_row(platform: str, python: str, extra: str) -> Row:
    """Whether an extra's newest versions fit together somewhere."""
    fault, packages = resolve(python, "newest", extra, PLATFORMS.get(platform, "linux"))
    outcome = "does not resolve" if fault else "ok"
    return Row("resolved", platform, python, extra, "newest", outcome, len(packages), fault or described(packages))


def run_row(environment: str, wheel: Path, folder: Path) -> Row:
    """Install the wheel into a clean environment and type the commands."""
    python, versions = environment.split(":")

    def row(outcome: str, packages: list[str], detail: str) -> Row:
        return Row("run", "Linux", python, "", versions, outcome, len(packages), detail)

    fault, packages = resolve(python, versions)
    if fault:
        return row("does not resolve", packages, fault)
    place = folder / environment.replace(":", "-")
    made = uv("venv", "--quiet", "--python", python, str(place))
    if made.returncode:
        return row("not tried: no such Python", packages, last_line(made))
    (place / "packages.txt").write_text("\n".join(packages))
    target = ["--quiet", "--python", str(place / "bin" / "python")]
    installed = uv("pip", "install", *target, "--requirement", str(place / "packages.txt"), str(wheel))
    if installed.returncode:
        return row("does not install", packages, last_line(installed))
    if (consistent := uv("pip", "check", *target)).returncode:
        return row("pip check fails", packages, last_line(consistent))
    here = place / "here"
    here.mkdir()
    said = os.environ | {"AL_BENCH_CACHE": "off", "PYTHONWARNINGS": "default", "PYTHONPATH": ""}
    for command in COMMANDS:
        words = [str(place / "bin" / "al-bench"), *command.split()]
        done = subprocess.run(words, cwd=here, env=said, capture_output=True, text=True)
        if done.returncode:
            return row(f"al-bench {command} fails", packages, last_line(done))
    (log,) = here.glob("results/runs/default/digits/*/seed-0/run.log")
    accuracy = re.findall(r"accuracy (0\.\d+)", log.read_text())[-1]
    return row("ok", packages, f"{described(packages)}; digits {accuracy}")


def write(rows: list[Row]) -> None:
    """Put rows into the table, in the place of those about the same."""
    table = {}
    if TABLE.is_file():
        with TABLE.open(newline="") as file:
            for entry in csv.DictReader(file):
                old = Row(**{**entry, "packages": int(entry["packages"])})  # type: ignore[arg-type]
                table[old.key] = old
    table |= {row.key: row for row in rows}
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(table[key]) for key in sorted(table))


def main() -> int:
    """Do what the arguments say; returns 1 where a row is not ok."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", nargs="*", metavar="PYTHON:VERSIONS", help=f"of {', '.join(ENVIRONMENTS)}")
    parser.add_argument("--resolve", action="store_true", help="only resolve")
    arguments = parser.parse_args()
    if shutil.which("uv") is None:
        parser.error("there is no uv: pip install uv")
    environments = ENVIRONMENTS if arguments.run is None and not arguments.resolve else arguments.run or ()
    if strange := set(environments) - set(ENVIRONMENTS):
        parser.error(f"--run is {', '.join(sorted(strange))}; choose of {', '.join(ENVIRONMENTS)}")
    bad = 0

    def note(row: Row) -> None:
        nonlocal bad
        bad += row.outcome != "ok"
        print(*row.key, row.outcome, row.detail, sep="  ", flush=True)
        write([row])

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if environments:
            build = [sys.executable, "-m", "build", "--wheel", "--outdir", name, str(REPOSITORY)]
            subprocess.run(build, check=True, capture_output=True)
            (wheel,) = folder.glob("*.whl")
            for environment in environments:
                note(run_row(environment, wheel, folder))
                shutil.rmtree(folder / environment.replace(":", "-"), ignore_errors=True)
        if arguments.run is None:
            extras = [
                "",
                *tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"],
            ]
            places = [("Linux", python) for python in PYTHONS] + [(platform, PYTHONS[0]) for platform in PLATFORMS]
            wanted = [(*place, extra) for place in places for extra in extras]
            with ThreadPoolExecutor(4) as pool:  # most of the time is the index's
                for row in pool.map(lambda words: resolved_row(*words), wanted):
                    note(row)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
