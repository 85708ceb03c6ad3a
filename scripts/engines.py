"""A sweep on a real Slurm of one node and on a real Ray cluster, each started here, against the same sweep on joblib.

    python scripts/engines.py --out results/engines.csv --logs results
    python scripts/engines.py --out results/engines.csv --logs results --pool FOLDER --only ray torchrun

With --pool it is the pool of a single run that is scored (`engine=ray` and `engine=torchrun`), as `scoring_engines.py`
says. Rows of other engines stay in the table as they are.

What is done with each engine, in new folders: (1) the sweep, on the clock; (2) the sweep, with one run's process killed
(SIGKILL) in the middle, and the same command again; (3) the sweep, with the command itself killed in the middle, as a
lost connection does, and the same command again. Records are compared with those of joblib, byte for byte but for
times, memory and the digests that cover them. What the commands said is in engines_ENGINE.md beside the table.

Slurm is that of Debian (`apt-get install slurmctld slurmd slurm-client munge`), with submitit; Ray is `pip install
ray`. An engine that is not installed is left out. With two cores, two runs at a time.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import psutil
import scoring_engines
from clusters import one_node_ray, one_node_slurm

SWEEP = (
    *("strategy=random,entropy", "seed=0,1", "dataset=digits", "debug=smoke"),
    *("schedule.batch=1", "study=engines"),
)
LOCAL = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
ON_ENGINE = ("hydra.launcher.array_parallelism=2", "hydra.launcher.mem_mb=1200", "hydra.launcher.poll_s=1")
SWEEP_OF_RUNS, POOL = "a sweep", f"the pool of a run, {scoring_engines.WORKERS} workers"
VICTIM = ("random", 0)
"""The run whose process is killed: its strategy and seed."""
ROUNDS = 60
"""Of each run; more than an eighth of them are on record before anything is killed."""
PATIENCE = 600.0


@dataclass
class Row:
    """What is reported of an engine.

    Args:
        engine: Its name and version.
        runs, rounds: Of the sweep, and of each of them.
        seconds: Of the sweep on the engine, from the command to its table.
        seconds_local: Of the same sweep on joblib, on this machine.
        equal: Runs whose records equal joblib's, of the sweep that nothing befell.
        killed: What the table said of the run whose process was killed.
        resumed: Whether the same command went on after its last recorded round, and the records equal joblib's.
        submitted_again: Runs that the command submitted again after a lost connection though they were at work.
        reattached: Whether it completed the sweep, with records equal to joblib's.
        what: What was tried: a sweep, or the pool of a run scored in so many workers.
        worker_mb: Megabytes that a worker took for its work, beside the interpreter with its libraries (USS).
    """

    engine: str
    runs: int
    rounds: int
    seconds: float
    seconds_local: float
    equal: int = 0
    killed: str = ""
    resumed: bool = False
    submitted_again: int | None = 0
    reattached: bool | None = False
    what: str = SWEEP_OF_RUNS
    worker_mb: float | None = None


@dataclass
class Folder:
    """A folder in which commands are typed.

    Args:
        path: The folder.
        environment: Of the commands.
        said: What they were and what they said.
    """

    path: Path
    environment: Mapping[str, str]
    said: list[str] = field(default_factory=list)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Type a command, and do not wait for it."""
        self.path.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", "al_bench", *words],
            cwd=self.path,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, process: subprocess.Popen[str], words: Sequence[str]) -> str:
        """Wait for a command; returns what it said."""
        output, _ = process.communicate(timeout=PATIENCE)
        lines = [line for line in output.splitlines() if "(raylet)" not in line and "authentication" not in line]
        told = "\n".join(lines)
        self.said.append(f"$ al-bench {' '.join(words)}\n{told}\n(exit status {process.returncode})")
        return told

    def type(self, *words: str) -> str:
        """Type a command and wait for it."""
        return self.end(self.start(*words), words)

    def run(self, strategy: str, seed: int) -> Path:
        """The folder of a run."""
        return self.path / f"results/runs/engines/digits/{strategy},batch=1/seed-{seed}"

    def runs(self) -> dict[str, Path]:
        """Every run of the sweep."""
        return {f"{strategy} {seed}": self.run(strategy, seed) for strategy in ("random", "entropy") for seed in (0, 1)}

    def rounds(self, strategy: str, seed: int) -> int:
        """Rounds on record of a run."""
        try:
            return (self.run(strategy, seed) / "rounds.jsonl").read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0

    def wait_for(self, ready: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {PATIENCE:.0f} s; {self.said}")
            time.sleep(0.02)

    def kill_run(self, strategy: str, seed: int) -> None:
        """Kill the process of a run, as a machine does that has no memory left."""
        for process in psutil.process_iter():
            try:
                words, here = process.cmdline(), process.cwd() == str(self.path)
            except psutil.Error:
                continue
            if here and {"al_bench", f"strategy={strategy}", f"seed={seed}"} <= set(words):
                process.kill()
                self.said.append(f"(the process of {strategy}, seed {seed} is killed: SIGKILL)")
                return
        raise AssertionError(f"no process of {strategy}, seed {seed}")


def stable(run: Path) -> object:
    """What a run's record says but for times, memory, and the digests that cover them."""
    files = {name: (run / name).read_bytes() for name in ("curve.csv", "stop_set.bin", "config.yaml")}
    header = json.loads((run / "header.json").read_text())
    return (
        scoring_engines.stable_rounds(run),
        files,
        {key: header[key] for key in ("identity", "command", "choices", "initial", "fingerprint")},
    )


def equal_runs(one: Folder, other: Folder) -> int:
    """Runs whose records say the same."""
    pairs = zip(one.runs().values(), other.runs().values(), strict=True)
    return sum(
        (a / "rounds.jsonl").exists() and (b / "rounds.jsonl").exists() and stable(a) == stable(b) for a, b in pairs
    )


def local(folder: Path, rounds: int = ROUNDS) -> tuple[Folder, float]:
    """The sweep on joblib, and its seconds."""
    here = Folder(folder, {"AL_BENCH_CACHE": "off"})
    began = time.monotonic()
    here.type("run", "-m", *SWEEP, f"schedule.rounds={rounds}", *LOCAL)
    return here, time.monotonic() - began


def try_engine(
    name: str,
    version: str,
    environment: Mapping[str, str],
    folder: Path,
    reference: Folder,
    seconds_local: float,
    rounds: int = ROUNDS,
) -> tuple[Row, list[str]]:
    """Sweep, kill a run, lose the connection; what came of it, and what the commands said."""
    words: tuple[str, ...] = ("run", "-m", *SWEEP, f"schedule.rounds={rounds}", f"hydra/launcher={name}", *ON_ENGINE)
    environment = {**environment, "AL_BENCH_CACHE": "off"}
    plain, kill, lost = (Folder((folder / part).resolve(), environment) for part in ("plain", "kill", "lost"))
    began = time.monotonic()
    plain.type(*words)
    row = Row(
        f"{name} {version}", len(plain.runs()), rounds, round(time.monotonic() - began, 1), round(seconds_local, 1)
    )
    row.equal = equal_runs(plain, reference)

    if name == "slurm":
        words = (*words, "hydra.launcher.timeout_min=30")  # measured once is enough
    sweep = kill.start(*words)
    kill.wait_for(lambda: kill.rounds(*VICTIM) > rounds // 8, "rounds of the run to be killed")
    kill.kill_run(*VICTIM)
    table = kill.end(sweep, words)
    row.killed = next(
        (line.split()[0] for line in table.splitlines() if f"{VICTIM[0]},batch=1/seed-{VICTIM[1]}" in line), ""
    )
    kill.type("status", "results/runs/engines")
    before = kill.rounds(*VICTIM)
    kill.type(*words)
    log = (kill.run(*VICTIM) / "run.log").read_text()
    row.resumed = f"resuming after round {before - 1}," in log and equal_runs(kill, reference) == row.runs

    sweep = lost.start(*words)
    lost.wait_for(lambda: lost.rounds(*VICTIM) > rounds // 8, "rounds of a run")
    sweep.kill()
    lost.end(sweep, words)
    lost.type("status", "results/runs/engines")
    told = lost.type(*words)
    row.submitted_again = sum("runs submitted" in line or "run submitted" in line for line in told.splitlines())
    row.reattached = "4 complete, 0 failed, 0 missing" in told and equal_runs(lost, reference) == row.runs
    titles = ("The sweep", "One run's process killed", "The command killed")
    pages = [
        "\n\n".join([f"## {title}", "\n".join(["```text", "\n\n".join(part.said), "```"])])
        for title, part in zip(titles, (plain, kill, lost), strict=True)
    ]
    return row, pages


def slurm_version(environment: Mapping[str, str]) -> str:
    """Such as 22.05.8; its programs say nothing without the file that the environment names."""
    done = subprocess.run(["sbatch", "--version"], env=dict(environment), capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


Cluster = Callable[[Path], AbstractContextManager[Mapping[str, str]]]


def engines() -> dict[str, tuple[Cluster, Callable[[Mapping[str, str]], str]]]:
    """The engines that are installed: how to start each, and its version."""
    there: dict[str, tuple[Cluster, Callable[[Mapping[str, str]], str]]] = {}
    if not one_node_slurm.missing() and importlib.util.find_spec("submitit"):
        there["slurm"] = (one_node_slurm.running, slurm_version)
    if one_node_ray.is_installed():
        there["ray"] = (one_node_ray.running, lambda _: importlib.metadata.version("ray"))
    return there


def try_scoring(names: Sequence[str], pool: Path, folder: Path) -> Iterator[Row]:
    """The pool of a run, scored on each of some engines."""
    reference = scoring_engines.Run(folder / "local", pool.resolve(), "local", {})
    if reference.type():
        raise RuntimeError(reference.said)
    for name in names:
        with contextlib.ExitStack() as stack:
            environment: Mapping[str, str] = {}
            if name == "ray":
                environment = stack.enter_context(one_node_ray.running(folder / "cluster"))
            found = scoring_engines.try_scoring(name, pool.resolve(), folder / name, reference, environment)
        version = importlib.metadata.version("ray" if name == "ray" else "torch")
        yield Row(
            *(f"{name} {version}", 1, scoring_engines.ROUNDS, found.seconds, found.seconds_local, int(found.equal)),
            *(found.killed, found.resumed, None, None, POOL, found.worker_mb),
        )


def write(table: Path, rows: Sequence[Row]) -> None:
    """Put rows into the table, in the place of those of the same engine and trial."""
    written: list[dict[str, object]] = []
    if table.exists():
        with open(table, newline="") as file:
            written = [{"what": SWEEP_OF_RUNS, **line} for line in csv.DictReader(file)]
    for row in rows:
        name = row.engine.partition(" ")[0]
        written = [
            line for line in written if (str(line["engine"]).partition(" ")[0], line["what"]) != (name, row.what)
        ]
        written.append(asdict(row))
    with open(table, "w", newline="") as file:
        writer = csv.DictWriter(file, [entry.name for entry in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(written)


def main() -> None:
    """Try every engine that is installed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the table")
    parser.add_argument("--logs", type=Path, required=True, help="the folder of what the commands said")
    parser.add_argument("--only", nargs="+", choices=("slurm", "ray", "torchrun"), help="some engines")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each run of a sweep")
    parser.add_argument("--pool", type=Path, help="FOLDER/1000000 of large_pool.py: score it, in place of a sweep")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="al-") as name:
        folder = Path(name)
        if arguments.pool:
            for row in try_scoring(arguments.only or ("ray", "torchrun"), arguments.pool, folder):
                write(arguments.out, [row])
                print(row)
            return
        reference, seconds = local(folder / "local", arguments.rounds)
        for engine, (running, version) in engines().items():
            if arguments.only is None or engine in arguments.only:
                with running(folder / engine / "cluster") as environment:
                    row, pages = try_engine(
                        engine, version(environment), environment, folder / engine, reference, seconds, arguments.rounds
                    )
                write(arguments.out, [row])
                text = "\n\n".join([f"# A sweep on {row.engine}: what the commands said", *pages])
                (arguments.logs / f"engines_{engine}.md").write_text(text.replace(str(folder), "TEMPORARY") + "\n")
                print(row)


if __name__ == "__main__":
    main()
