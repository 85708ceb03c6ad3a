"""One run as a job: threads, folder, header, log, status; shared by single runs and sweeps."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import platform
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.config.schema import RunConfig
from al_bench.data.files import find_file
from al_bench.errors import BenchError, InputError
from al_bench.experiment.outcome import Outcome
from al_bench.storage.environment import commit, described, versions
from al_bench.storage.run_folder import RunFolder

if TYPE_CHECKING:
    from torch import Tensor

    from al_bench.experiment.setup import Bench

logger = logging.getLogger("al_bench")

NO_PLACE = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT, errno.EEXIST),
    *(errno.ENAMETOOLONG, errno.ELOOP),
}
"""Errors of a path at which no folder can be; a full disk is none of them."""


@dataclass(frozen=True)
class Job:
    """A run to play.

    Args:
        config: The typed configuration.
        folder: Where its record lives.
        identity, components: What may not differ between two runs in the folder: keys, and the options chosen.
        resolved: The resolved configuration as YAML.
        choices: Config group to chosen option.
        command: The overrides as typed.
        bar: Show a progress bar where the output is a terminal.
    """

    config: RunConfig
    folder: Path
    identity: dict[str, Any]
    components: dict[str, str]
    resolved: str
    choices: dict[str, Any]
    command: list[str]
    bar: bool = True


def set_threads(count: int) -> None:
    """Bind torch, BLAS and OpenMP to `count` threads: results differ bit for bit with their number."""
    import threadpoolctl
    import torch

    torch.set_num_threads(count)
    threadpoolctl.threadpool_limits(count)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


def keep_freed_memory() -> None:
    """Have the C library keep what a network's layers free for the next ones, in place of giving it back each time.

    glibc maps a block above a threshold from the system and returns it when freed, so that every activation of some
    megabytes is paid for in page faults; a freed block of up to 32 MB raises the threshold to its size. The trunk of a
    small ResNet on 1,000 images, one core of an AMD EPYC: 0.50 s without and 0.36 s with it. Of no effect elsewhere.
    """
    import torch

    torch.empty(2**25 - 2**16, dtype=torch.uint8)


def perform(job: Job) -> Outcome:
    """Play a job to its end, or go on where it was interrupted; an error becomes a failed outcome.

    Raises:
        KeyboardInterrupt: passed on, after the status has been written.
    """
    from al_bench.experiment.setup import assemble

    folder = RunFolder(job.folder)
    try:
        folder.check(job.identity, job.components)
        if folder.complete:
            if _changed_since(job, folder):
                bench = assemble(job.config, str(job.choices["strategy"]))
                folder.check_header(describe(job, bench), ("fingerprint", "features"))
            return Outcome("complete", str(job.folder), f"already complete, {_last(folder)}")
        set_threads(job.config.threads)
        keep_freed_memory()
        bench = assemble(job.config, str(job.choices["strategy"]))
        with folder.open(job.identity, job.components):
            handler = logging.FileHandler(job.folder / "run.log")
            handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
            logger.addHandler(handler)
            logger.setLevel(logging.INFO)
            try:
                return _play(job, bench, folder)
            except InputError as error:
                if folder.status == "running":
                    folder.mark("failed", error=str(error))
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
    except Exception as error:  # before there is a folder to record it in: too little memory, no place for one
        if isinstance(error, OSError) and _no_place(error, job.folder):
            note = f"results: {error.filename} cannot be used: {error.strerror}; choose another place with results=…"
            return Outcome("failed", str(job.folder), note, bad_input=True)
        return Outcome("failed", str(job.folder), " ".join(f"{type(error).__name__}: {error}".split()))


def _changed_since(job: Job, folder: RunFolder) -> bool:
    """Whether a file of the user's own that a complete run read was written or put there since: other data, maybe.

    A file that is gone or cannot be read says nothing against the record.
    """
    since = (folder.path / "status.json").stat().st_mtime
    for key in ("dataset.path", "dataset.test_path", "strategy.features"):
        with contextlib.suppress(InputError, OSError):
            if isinstance(word := job.identity.get(key), str):
                place = find_file(word, key, getattr(job.config.dataset, "root", None), folders=True)
                parts = place.glob("*.npy") if place.is_dir() else [place]
                times = [
                    max(found.st_mtime, found.st_ctime) for part in parts if part.exists() and (found := part.stat())
                ]
                if any(time > since for time in times):
                    return True
    return False


def _no_place(error: OSError, folder: Path) -> bool:
    """Whether an error says that `folder` cannot be: it is of that kind, and of a path above, at or in the folder."""
    if error.errno not in NO_PLACE or not error.filename:
        return False
    path, folder = Path(error.filename).absolute(), folder.absolute()
    return folder.is_relative_to(path) or path.is_relative_to(folder)


def _play(job: Job, bench: Bench, folder: RunFolder) -> Outcome:
    """Play the missing rounds of a job whose folder is held."""
    from tqdm import tqdm

    from al_bench.experiment.loop import play

    done = len(folder.rounds)
    header = describe(job, bench)
    folder.check_header(header)
    folder.begin(header, job.resolved)
    if done:
        logger.info("resuming after round %d, at commit %s", done - 1, header["commit"])
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


def digest(table: Tensor) -> str:
    """32 hex digits over the numbers of a table."""
    return hashlib.blake2b(table.contiguous().numpy().tobytes(), digest_size=16).hexdigest()


def describe(job: Job, bench: Bench) -> dict[str, Any]:
    """The header of a run."""
    return {
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
        "features": None if bench.table is None else digest(bench.table),
        "device": str(bench.dataset.inputs.device),
        "threads": job.config.threads,
        "versions": versions(),
        **commit(),
        "host": platform.node(),
        "platform": platform.platform(),
        **described(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "identity": job.identity,
        "health": asdict(job.config.health),
    }
