"""Weights on disk: a digest of the bytes, then the bytes, so that a damaged file is seen before anything is loaded."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from al_bench.errors import InputError
from al_bench.storage.files import MEGABYTE, atomic_write, read_regular
from al_bench.storage.tensors import load_tensors

_MARK = b"al-bench weights "
_SIZE = 32
LIMIT = 16 * 1024 * MEGABYTE
"""Bytes of a file of weights."""


def write_weights(path: Path, states: list[dict[str, Any]]) -> None:
    """Save the state of each module, whole or not at all."""
    buffer = io.BytesIO()
    torch.save(states, buffer)
    content = buffer.getvalue()
    with atomic_write(path) as file:
        file.write(_MARK + hashlib.blake2b(content, digest_size=_SIZE).digest() + content)


def read_weights(path: Path, device: torch.device) -> list[dict[str, Any]]:
    """Load what `write_weights` saved; a file of a version that wrote no digest is loaded as it is.

    Raises:
        InputError: the file is missing or damaged.
    """
    advice = "under training.warm_start a run resumes from its last weights; restore the file, or move the folder away"
    try:
        content = read_regular(path, LIMIT)
    except FileNotFoundError:
        raise InputError(f"{path} is missing: {advice} to start over") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): {advice} to start over") from error
    if content.startswith(_MARK):
        digest, content = content[len(_MARK) : len(_MARK) + _SIZE], content[len(_MARK) + _SIZE :]
        if hashlib.blake2b(content, digest_size=_SIZE).digest() != digest:
            raise InputError(f"{path} is damaged, it does not fit its digest: {advice} to start over")
    elif not content.startswith(b"PK"):  # PyTorch's archives are zip files
        raise InputError(f"{path} is damaged, it is no file of weights: {advice} to start over")
    try:
        states: list[dict[str, Any]] = load_tensors(content, device)
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}): {advice} to start over") from error
    if not isinstance(states, list) or not all(isinstance(state, dict) for state in states):
        raise InputError(f"{path} is damaged, it holds no weights of networks: {advice} to start over")
    return states
