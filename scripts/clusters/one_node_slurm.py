"""A real Slurm of one node on this machine, for tests and for `scripts/engines.py`: started and ended by hand.

`apt-get install slurmctld slurmd slurm-client munge` is all that it needs (Debian 12: Slurm 22.05). Keys, sockets,
ports, states and logs are its own and lie in one folder, so that no other Slurm of the machine is touched. It has no
accounting (slurmdbd), as many small clusters have none. The node says that it has twice the cores of the machine, so
that two jobs run beside each other on a machine of one core.
"""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
PATIENCE = 60.0
"""Seconds until the node is idle."""


def missing() -> list[str]:
    """The programs that are not installed."""
    return [name for name in PROGRAMS if which(name) is None]


def which(name: str) -> str | None:
    """Where a program lies; daemons lie in /usr/sbin, which is not on everybody's PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """A port of this machine that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configuration(folder: Path, cores: int, megabytes: int) -> str:
    """slurm.conf of a cluster of this machine alone."""
    user, host = getpass.getuser(), socket.gethostname().partition(".")[0]
    return f"""\
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={megabytes} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=60 State=UP
"""


@contextmanager
def running(folder: Path, cores: int | None = None) -> Iterator[dict[str, str]]:
    """Start the daemons, wait until the node is idle, and stop them at the end; gives the environment to use it with.

    Args:
        folder: For everything of the cluster; made if missing.
        cores: That the node says it has.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # munged refuses folders that others may write to
    for name in ("state", "spool"):
        (folder / name).mkdir(exist_ok=True)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    megabytes = int(psutil.virtual_memory().total / 2**20)
    config = folder / "slurm.conf"
    config.write_text(configuration(folder, cores or 2 * (os.cpu_count() or 1), megabytes))
    environment = os.environ | {"SLURM_CONF": str(config)}
    environment["PATH"] = f"{environment.get('PATH', '')}:/usr/sbin"
    munge = [
        *("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket"),
        *(f"--pid-file={folder}/munged.pid", f"--log-file={folder}/munged.log", f"--seed-file={folder}/munge.seed"),
    ]
    with ExitStack() as stack:
        for command in (munge, ["slurmctld", "-D"], ["slurmd", "-D"]):
            stack.enter_context(_daemon(command, environment, folder))
            if command is munge:
                _wait(lambda: (folder / "munge.socket").exists(), "munged")
        _wait(lambda: _state(environment).startswith("idle"), "the node")
        try:
            yield environment
        finally:
            subprocess.run(["scancel", "--me"], env=environment, capture_output=True, check=False)
            time.sleep(1.0)


def _state(environment: dict[str, str]) -> str:
    done = subprocess.run(["sinfo", "-h", "-o", "%T"], env=environment, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _wait(ready: object, what: str) -> None:
    assert callable(ready)
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come up in {PATIENCE:.0f} s")
        time.sleep(0.2)


@contextmanager
def _daemon(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[None]:
    program = which(command[0])
    assert program is not None
    with open(folder / f"{command[0]}.out", "wb") as output:
        process = subprocess.Popen([program, *command[1:]], env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
