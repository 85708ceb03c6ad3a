"""One run as a job: threads, folder, header, log, status; shared by single runs and sweeps."""

from __future__ import annotations

import logging
import platform
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.config import RunConfig
from al_bench.errors import BenchError, InputError
from al_bench.record import RunFolder

if TYPE_CHECKING:
    from al_bench.assembly import Bench

logger = logging.getLogger("al_bench")


@dataclass(frozen=True)
class Job:
    """A run to play.

    Args:
        config: The typed configuration.
        folder: Where its record lives.
        identity: What may not differ between two runs in the folder, flat.
        resolved: The resolved configuration as YAML.
        choices: Config group to chosen option.
        command: The overrides as typed.
        bar: Show a progress bar where the output is a terminal.
    """

    config: RunConfig
    folder: Path
    identity: dict[str, Any]
    resolved: str
    choices: dict[str, Any]
    command: list[str]
    bar: bool = True


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Args:
        status: complete, or failed.
        folder: The run's folder; None where the configuration was refused before there was one.
        note: One line: the last accuracy, or what went wrong.
        bad_input: The failure is the configuration's fault.
    """

    status: str
    folder: str | None
    note: str
    bad_input: bool = False


def versions() -> dict[str, str]:
    """Versions of what results depend on."""
    found = {"python": platform.python_version()}
    for name in ("al-bench", "torch", "torchvision", "numpy", "scipy", "scikit-learn", "hydra-core"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def commit() -> dict[str, Any]:
    """The commit of the al-bench checkout that runs, and whether files differ from it; None outside a checkout."""
    here = Path(__file__).resolve().parent

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(here), *words], capture_output=True, text=True, timeout=10)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        if git("ls-files", "--error-unmatch", "job.py"):
            dirty = bool(git("status", "--porcelain", "--", ".", "../conf"))
            return {"commit": git("rev-parse", "HEAD"), "dirty": dirty}
    except (OSError, subprocess.SubprocessError):
        pass
    return {"commit": None, "dirty": None}


def set_threads(count: int) -> None:
    """Bind torch, BLAS and OpenMP to `count` threads: results differ bit for bit with their number."""
    import threadpoolctl
    import torch

    torch.set_num_threads(count)
    threadpoolctl.threadpool_limits(count)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


def perform(job: Job) -> Outcome:
    """Play a job to its end, or go on where it was interrupted; an error becomes a failed outcome.

    Raises:
        KeyboardInterrupt: passed on, after the status has been written.
    """
    from al_bench.assembly import assemble

    folder = RunFolder(job.folder)
    try:
        folder.check(job.identity)
        if folder.status == "complete":
            return Outcome("complete", str(job.folder), f"already complete, {_last(folder)}")
        set_threads(job.config.threads)
        bench = assemble(job.config, str(job.choices["strategy"]))
        with folder.open(job.identity):
            handler = logging.FileHandler(job.folder / "run.log")
            handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
            logger.addHandler(handler)
            logger.setLevel(logging.INFO)
            try:
                return _play(job, bench, folder)
            except InputError:
                raise
            except KeyboardInterrupt:
                folder.mark("interrupted")
                raise
            except Exception as error:
                note = str(error) if isinstance(error, BenchError) else f"{type(error).__name__}: {error}"
                logger.exception("failed")
                folder.mark("failed", error=note, traceback=traceback.format_exc())
                return Outcome("failed", str(job.folder), " ".join(note.split()))
            finally:
                logger.removeHandler(handler)
                handler.close()
    except InputError as error:
        return Outcome("failed", str(job.folder), str(error), bad_input=True)


def _play(job: Job, bench: Bench, folder: RunFolder) -> Outcome:
    """Play the missing rounds of a job whose folder is held."""
    from tqdm import tqdm

    from al_bench.runner import play

    done = len(folder.rounds)
    header = {
        "study": job.folder.parents[2].name,
        "dataset": bench.dataset.name,
        "arm": job.folder.parent.name,
        "seed": job.config.seed,
        "strategy": job.choices["strategy"],
        "oracle": bench.strategy.oracle,
        "reference": job.config.reference.value,
        "command": job.command,
        "choices": job.choices,
        "classes": bench.dataset.classes,
        "class_names": list(bench.dataset.class_names),
        "pool": len(bench.start.pool),
        "validation": len(bench.validation),
        "test": len(bench.dataset.test_labels),
        "initial": bench.start.labelled.tolist() if job.config.reference.value == "none" else None,
        "functions": bench.learner.functions,
        "fingerprint": bench.dataset.fingerprint(),
        "device": str(bench.dataset.inputs.device),
        "threads": job.config.threads,
        "versions": versions(),
        **commit(),
        "host": platform.node(),
        "platform": platform.platform(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "identity": job.identity,
    }
    folder.check_header(header)
    folder.begin(header, job.resolved)
    if done:
        logger.info("resuming after round %d", done - 1)
        print(f"al-bench: going on after round {done - 1} of {job.folder}", file=sys.stderr)
    labels = len(folder.resume(bench.start).labelled)
    with tqdm(
        total=bench.rounds,
        initial=done,
        unit="round",
        desc=f"{job.folder.parent.name} seed {job.config.seed}: {labels} labels",
        disable=None if job.bar else True,
    ) as bar:

        def report(entry: dict[str, Any]) -> None:
            accuracy = "" if entry["accuracy"] is None else f", accuracy {entry['accuracy']:.4f}"
            logger.info("round %d: %d labels%s", entry["round"], entry["labelled"], accuracy)
            bar.set_description_str(f"{job.folder.parent.name} seed {job.config.seed}: {entry['labelled']} labels")
            bar.set_postfix_str(accuracy.removeprefix(", "), refresh=False)
            bar.update()

        play(bench, folder, report)
    folder.mark("complete")
    return Outcome("complete", str(job.folder), _last(folder))


def _last(folder: RunFolder) -> str:
    """The last round in words."""
    entry = folder.rounds[-1]
    return f"{entry['labelled']} labels, accuracy {entry['accuracy']:.4f}"
