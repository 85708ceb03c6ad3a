"""One run as a job: threads, folder, header, log, status; shared by single runs and sweeps."""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.config.schema import RunConfig
from al_bench.data.files import find_file
from al_bench.errors import BenchError, InputError
from al_bench.experiment import announce
from al_bench.experiment.outcome import Outcome, describe_end
from al_bench.experiment.tracked import catch_up, check_trackers, tracked
from al_bench.storage.files import is_disk_full
from al_bench.storage.own_code import UNKNOWN, check_own_code, is_unknown
from al_bench.storage.run_folder import RunFolder
from al_bench.storage.run_log import RunLog

if TYPE_CHECKING:
    from al_bench.experiment.setup import Experiment
    from al_bench.records import RoundRecord, RunHeader

logger = logging.getLogger("al_bench")

UNUSABLE_PATH = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT, errno.EEXIST),
    *(errno.ENAMETOOLONG, errno.ELOOP),
}
"""Errors of a path at which no folder can be; a full disk is none of them."""


@dataclass(frozen=True)
class Job:
    """A run to do.

    Args:
        config: The typed configuration.
        folder: Where its record lives.
        identity, components: What may not differ between two runs in the folder: keys, and the options chosen.
        resolved: The resolved configuration as YAML.
        choices: Config group to chosen option.
        command: The overrides as typed.
        bar: Show a progress bar where the output is a terminal.
        defaults: The present default of every key of the identity that has one.
        own_code: Files and digests of the user's own components; None where all are al-bench's.
        implied: Config group to the option that implied its choice, where the user made none.
        start_note: What else to say of the initial set.
        posterior_chosen_in: The YAML file that asks for the posterior; None where none does.
    """

    config: RunConfig
    folder: Path
    identity: dict[str, Any]
    components: dict[str, str]
    resolved: str
    choices: dict[str, Any]
    command: list[str]
    bar: bool = True
    defaults: Mapping[str, Any] = field(default_factory=dict)
    own_code: dict[str, Any] | None = None
    implied: Mapping[str, str] = field(default_factory=dict)
    start_note: str = ""
    posterior_chosen_in: Callable[[], str | None] = lambda: None

    @property
    def strategy(self) -> str:
        """The strategy's option."""
        return str(self.choices["strategy"])


def perform(job: Job) -> Outcome:
    """Run a job to its end, or resume it where it was interrupted; an error becomes a failed outcome.

    Raises:
        KeyboardInterrupt: passed on, after the status has been written.
    """
    try:
        check_trackers(job.config, job.folder.parent.name)
        stored = RunFolder(job.folder)
        return complete_already(job, stored) or _run(job, stored)
    except InputError as error:
        return Outcome("failed", str(job.folder), str(error), bad_input=True)
    except Exception as error:  # before there is a folder to record it in: too little memory, no place for one
        if isinstance(error, OSError) and _is_unusable(error, job.folder):
            note = f"results: {error.filename} cannot be used: {error.strerror}; choose another place with results=…"
            return Outcome("failed", str(job.folder), note, bad_input=True)
        return Outcome("failed", str(job.folder), " ".join(_note(error, job.folder).split()))


def complete_already(job: Job, stored: RunFolder) -> Outcome | None:
    """The outcome of a run that is complete as it is asked for; None where there is something to do.

    Args:
        job: The run.
        stored: Its folder.

    Raises:
        InputError: the folder holds a run of another configuration.
    """
    stored.check(job.identity, job.components, job.defaults, lengths=False)
    check_own_code(stored, job.own_code)
    if stored.complete and stored.same_length(job.identity) and not _own_files_changed(job):
        catch_up(job.config, stored)
        return _complete(job, stored, "already complete, ")
    return None


def check_typed(job: Job, experiment: Experiment) -> None:
    """Refuse what was typed and changes nothing, and a posterior that is another than its name says."""
    from al_bench.experiment.equal_draws import refuse_equal_draws
    from al_bench.experiment.typed_keys import (
        refuse_keys_without_effect,
        refuse_other_name,
        refuse_split_of_given_part,
    )

    option = str(job.choices["posterior"])
    refuse_other_name(job.config, option, job.command, job.posterior_chosen_in)
    refuse_keys_without_effect(job.config, job.command)
    refuse_split_of_given_part(experiment.dataset.reading, job.command)
    if experiment.equal is not None:
        refuse_equal_draws(experiment.equal, job.config, option, job.command, job.posterior_chosen_in)


def _note(error: Exception, folder: Path) -> str:
    """Why a run failed."""
    if isinstance(error, OSError) and is_disk_full(error):
        return f"{folder} cannot be written: {error.strerror}; make room, then the same command goes on"
    return str(error) if isinstance(error, BenchError) else f"{type(error).__name__}: {error}"


def _run(job: Job, stored: RunFolder) -> Outcome:
    """Set up the objects of a job, and run the rounds that are missing."""
    from al_bench.experiment.header import describe
    from al_bench.experiment.layer_features import refuse_layer_features
    from al_bench.experiment.length import is_covered
    from al_bench.experiment.process import keep_freed_memory, set_threads
    from al_bench.experiment.remarks import run_remarks
    from al_bench.experiment.setup import set_up

    if not stored.rounds:
        refuse_layer_features(job.config, job.choices)
    set_threads(job.config.threads)
    keep_freed_memory()
    experiment = set_up(job.config, job.strategy, on_read=functools.partial(announce.say_before_encoding, job))
    if not stored.rounds:  # a record goes on as it began
        check_typed(job, experiment)
    announce.say_what_was_read(job, experiment.dataset)
    announce.say_what_was_encoded(job, experiment)
    remarks = run_remarks(experiment, str(job.choices["posterior"]), job.command)
    for line in remarks:
        announce.say(job, line)
    header = describe(job, experiment)
    if stored.complete and is_covered(stored.rounds, experiment):
        stored.check_header(header, ("fingerprint", "features", "encoding", "pretrained"))
        catch_up(job.config, stored)
        return _complete(job, stored, "already complete, ")
    with RunFolder.hold(job.folder) as folder, _logged_to(job.folder):
        folder.check(job.identity, job.components, job.defaults, lengths=False)
        check_own_code(folder, job.own_code)
        try:
            if folder.hold_of_this is not None and folder.hold_of_this.remark:
                announce.say(job, folder.hold_of_this.remark)
                remarks = [*remarks, folder.hold_of_this.remark]
            for line in remarks:
                logger.info("%s", line)
            with experiment.engine:
                _run_rounds(job, experiment, folder, header)
            return _complete(job, folder)
        except InputError as error:
            if folder.status == "running":
                folder.mark_ended("failed", error=str(error))
            raise
        except KeyboardInterrupt:
            folder.mark_ended("interrupted")
            raise
        except Exception as error:
            note = _note(error, job.folder)
            if isinstance(error, BenchError):  # the message says all
                logger.error("failed: %s", note)
                folder.mark_ended("failed", error=note)
            else:
                logger.exception("failed")
                folder.mark_ended("failed", error=note, traceback=traceback.format_exc())
            return Outcome("failed", str(job.folder), " ".join(note.split()))


def _run_rounds(job: Job, experiment: Experiment, folder: RunFolder, header: RunHeader) -> None:
    """Run the missing rounds of a job whose folder is held, with a progress bar and a log."""
    from tqdm import tqdm

    from al_bench.experiment.estimate.announced import AnnouncedEstimate
    from al_bench.experiment.length import go_on_from_shorter
    from al_bench.experiment.loop import run_rounds

    folder.check_header(header)
    recorded = len(folder.rounds)
    go_on_from_shorter(folder, experiment, job, header)
    folder.begin(header, job.resolved)
    folder.add_metrics(header)
    done = len(folder.rounds)
    if not done or job.start_note:
        announce.say_how_it_starts(job, experiment)
    if recorded:
        logger.info("resuming after round %d, at commit %s", done - 1, header.commit)
        if not folder.protected:
            logger.info("the rounds on record have no digests: damage to them would not have been seen")
        if is_unknown(folder, job.own_code):
            logger.info(UNKNOWN)
        print(f"al-bench: going on after round {done - 1} of {job.folder}", file=sys.stderr)
    estimate = AnnouncedEstimate(job, experiment, folder, header)
    estimate.before()
    title = f"{job.folder.parent.name} seed {job.config.seed}"
    labels = len(folder.resume(experiment.start).asked)
    with (
        tracked(job.config, folder) as tracking,
        tqdm(
            total=experiment.rounds,
            initial=done,
            unit="round",
            desc=f"{title}: {labels} labels",
            disable=None if job.bar else True,
        ) as bar,
    ):

        def report(record: RoundRecord) -> None:
            accuracy = "" if record.accuracy is None else f", accuracy {record.accuracy:.4f}"
            if record.validation_accuracy is not None:
                accuracy += f", on validation {record.validation_accuracy:.4f}"
            logger.info("round %d: %d labels%s", record.round, record.labelled, accuracy)
            bar.set_description_str(f"{title}: {record.labelled} labels")
            bar.set_postfix_str(accuracy.removeprefix(", "), refresh=False)
            bar.update()
            estimate.after(record)
            tracking(folder.rounds)

        run_rounds(experiment, folder, report)
        bar.close()
        folder.mark("complete")


def _complete(job: Job, folder: RunFolder, prefix: str = "") -> Outcome:
    """The outcome of a complete run: its last round."""
    last = folder.rounds[-1]
    pool_classes = folder.header.pool_classes if folder.header is not None else []
    note = prefix + describe_end(last, pool_classes, str(job.choices.get("stopping", "none")))
    if is_unknown(folder, job.own_code):
        note += f" ({UNKNOWN})"
    return Outcome("complete", str(job.folder), note)


@contextlib.contextmanager
def _logged_to(folder: Path) -> Iterator[None]:
    """Append the log to run.log in a run's folder."""
    handler = RunLog(folder)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


def _own_files_changed(job: Job) -> bool:
    """Whether a file of the user's own that a complete run read was written since: it may hold other data.

    A file that is gone or cannot be read says nothing against the record.
    """
    since = (job.folder / "status.json").stat().st_mtime
    for key in ("dataset.path", "dataset.test_path", "encoder.path", "encoder.test_path", "strategy.features"):
        name = job.identity.get(key)
        if not isinstance(name, str):
            continue
        with contextlib.suppress(InputError, OSError):
            path = find_file(name, key, getattr(job.config.dataset, "root", None), folders=True)
            statuses = [part.stat() for part in (path.glob("*.npy") if path.is_dir() else [path]) if part.exists()]
            if any(max(status.st_mtime, status.st_ctime) > since for status in statuses):
                return True
    return False


def _is_unusable(error: OSError, folder: Path) -> bool:
    """Whether an error says that `folder` cannot be: it is of that kind, and of a path above, at or in the folder."""
    if error.errno not in UNUSABLE_PATH or not error.filename:
        return False
    path, folder = Path(error.filename).absolute(), folder.absolute()
    return folder.is_relative_to(path) or path.is_relative_to(folder)
