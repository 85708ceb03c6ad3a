"""Slurm: submitit writes and submits an array of jobs, and squeue says which are at work.

submitit's own look at a job asks sacct, which a cluster without accounting does not have, and takes a worker that was
killed for one that still runs. Hydra's plugin for submitit is not used, as it waits for its jobs in the order in which
they were submitted, raises the first that was killed, and does not find them again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from al_bench.errors import InputError
from al_bench.experiment.engines.task import RUNNING, WAITING, EngineSilentError, Resources, Task
from al_bench.experiment.engines.worker import Worker
from al_bench.storage.arrays import LOG, SubmittedArray

LARGEST_ARRAY = 1000
"""Jobs of an array; Slurm takes 1,001 unless its MaxArraySize is another."""
SIGNAL_S = 60
"""Seconds before its time limit at which a run is ended and put into the queue again."""
PATIENCE = 60.0
"""Seconds until squeue has answered."""
AS_WAITING = {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
AS_RUNNING = {"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"}
PASSED_TO_SBATCH = ("partition", "account", "qos", "constraint", "exclude", "setup", "additional_parameters")


class Slurm:
    """The cluster that this machine submits to.

    Args:
        keys: Of `hydra.launcher`; see `al_bench.config.launcher.SlurmLaunch`. None for one that is only asked.

    Raises:
        InputError: submitit or Slurm is not installed here.
    """

    name = "slurm"

    def __init__(self, keys: Any = None) -> None:
        self.keys = keys
        self.where = ""
        self._why = ""
        if keys is None:
            return
        try:
            import submitit  # noqa: F401
        except ImportError:
            raise InputError("hydra/launcher=slurm needs submitit: pip install 'al-bench[slurm]'") from None
        if missing := [name for name in ("sbatch", "srun", "squeue") if shutil.which(name) is None]:
            raise InputError(
                f"hydra/launcher=slurm: there is no {missing[0]} on this machine; type the command where jobs are "
                "submitted, or hydra/launcher=joblib to run here"
            )

    def submit(self, tasks: Sequence[Task], sweep_folder: Path, resources: Resources) -> list[tuple[str, int]]:
        """Submit arrays of `LARGEST_ARRAY` jobs at most, each with the limit of concurrent jobs."""
        import submitit

        executor = submitit.SlurmExecutor(sweep_folder / LOG, max_num_timeout=self.keys.max_num_timeout)
        asked: dict[str, Any] = {key: self.keys[key] for key in PASSED_TO_SBATCH if self.keys[key]}
        if "setup" in asked:
            asked["setup"] = list(asked["setup"])
        if "additional_parameters" in asked:
            asked["additional_parameters"] = dict(asked["additional_parameters"])
        if resources.minutes is not None:
            asked["time"] = resources.minutes
        if resources.megabytes is not None:
            asked["mem"] = f"{resources.megabytes}MB"
        if resources.gpus:
            asked["gpus_per_node"] = resources.gpus
        executor.update_parameters(
            **asked,
            job_name=job_name(sweep_folder),
            nodes=1,
            ntasks_per_node=1,
            cpus_per_task=resources.cpus,
            array_parallelism=self.keys.array_parallelism,
            signal_delay_s=SIGNAL_S,
            stderr_to_stdout=True,
        )
        submitted = []
        for start in range(0, len(tasks), LARGEST_ARRAY):
            part = tasks[start : start + LARGEST_ARRAY]
            calls = [[list(task.words), str(task.folder), str(task.outcome)] for task in part]
            try:
                jobs = executor.map_array(Worker({}, os.getcwd()), *zip(*calls, strict=True))
            except submitit.core.utils.FailedJobError as error:
                raise InputError(f"sbatch refuses the runs: {last_line(str(error))}") from error
            submitted.append((jobs[0].job_id.partition("_")[0], len(part)))
        return submitted

    def at_work(self, arrays: Sequence[tuple[Path, SubmittedArray]]) -> dict[tuple[str, int], str]:
        """The jobs of this user that squeue lists, by the name of the sweep that submitted them."""
        if not arrays:
            return {}
        names = {(array.job, job_name(folder)) for folder, array in arrays}
        states: dict[tuple[str, int], str] = {}
        reasons = []
        for line in squeue():
            job, number, state, reason, name = [*line.split("|", 4), "", "", "", "", ""][:5]
            if (job, name) not in names or state not in AS_WAITING | AS_RUNNING:
                continue
            states[job, int(number) if number.isdigit() else 0] = RUNNING if state in AS_RUNNING else WAITING
            if state in AS_WAITING and reason not in ("None", "JobArrayTaskLimit"):
                reasons.append(reason)
        self._why = reasons[0] if reasons else ""
        return states

    def why_waiting(self) -> str:
        """Slurm's word for it, such as Resources or Priority."""
        return self._why

    def farewell(self, jobs: Sequence[str]) -> str:
        """What ends the jobs."""
        return f"the jobs go on; scancel {' '.join(jobs)} ends them"

    def log(self, sweep_folder: Path, job: str, number: int, of: int) -> Path:
        """The file that submitit names."""
        return sweep_folder / LOG / (f"{job}_{number}_0_log.out" if of > 1 else f"{job}_0_log.out")


def job_name(sweep_folder: Path) -> str:
    """What the jobs of a sweep are called: job numbers begin anew when a cluster is set up again."""
    return f"al-bench_{sweep_folder.name}"


def squeue() -> list[str]:
    """The lines of squeue on this user's jobs: job, number in its array, state, reason, name.

    Raises:
        EngineSilentError: it gives none.
    """
    command = ["squeue", "--me", "--noheader", "--array", "--format=%F|%K|%T|%r|%j"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineSilentError(f"squeue does not answer: {error}") from error
    if done.returncode:
        raise EngineSilentError(f"squeue does not answer: {last_line(done.stderr)}")
    return done.stdout.splitlines()


def last_line(text: str) -> str:
    """The last line of a text that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"
