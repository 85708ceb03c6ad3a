"""Which process of `torchrun` this one is, from the variables that torchrun sets; imports no torch."""

from __future__ import annotations

import os
import shlex
import sys

LAUNCHED = "TORCHELASTIC_RUN_ID"
"""A variable that torchrun sets, and no other tool."""


def world_size() -> int:
    """The processes that torchrun started for this command on all machines; 0 where it did not start this one."""
    return int(os.environ.get("WORLD_SIZE", "1")) if LAUNCHED in os.environ else 0


def is_helper() -> bool:
    """Whether this process only computes pieces for the one that does the run, rank 0."""
    return world_size() > 1 and int(os.environ.get("RANK", "0")) > 0


def under_torchrun() -> str:
    """The command that was typed, as it is typed under torchrun."""
    words = shlex.join(sys.argv[1:])
    return f"torchrun --standalone --nproc_per_node 2 -m al_bench run {words}".rstrip()
