"""Tensors in a file as PyTorch saves them, loaded without running anything that the file names."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import torch


def load_tensors(content: bytes | memoryview, device: str | torch.device) -> Any:
    """What `torch.save` wrote: tensors, numbers, texts, and lists and dicts of them.

    Args:
        content: The bytes of the archive, their digest checked where there is one.
        device: Where the tensors go.

    Raises:
        ValueError: It is no archive of PyTorch's, holds anything else, such as a call, or has compressed members,
            which PyTorch never writes and which may be a thousand times larger than the file.
    """
    try:
        members = zipfile.ZipFile(io.BytesIO(content)).infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("it has compressed members")
        return torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    except Exception as error:  # whatever a damaged archive makes zipfile, pickle and PyTorch raise
        reason = " ".join(str(error).split())
        if "weights_only" in reason or "Unsupported" in reason:
            reason = "it holds more than tensors, which is never loaded"
        raise ValueError(f"{type(error).__name__}: {reason[:160]}") from error
