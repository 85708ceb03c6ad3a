"""The header of an .npy file or member, read before its array is."""

from __future__ import annotations

import math
from typing import IO

import numpy as np


def read_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and the type that the header gives; the file then stands at the first byte of the array.

    Raises:
        ValueError: There is no such header.
    """
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        shape, _, dtype = read(file)
    except ValueError as error:
        if "allow_pickle" in str(error):  # NumPy says how to load such a file as a pickle, which nobody should
            raise ValueError("its header is too long") from error
        raise
    return tuple(shape), dtype


def check_length(shape: tuple[int, ...], dtype: np.dtype, there: int) -> None:
    """Refuse a header that announces more values than there are, before there is memory taken for them.

    Args:
        shape, dtype: As the header gives them.
        there: Bytes after the header.

    Raises:
        ValueError: it does.
    """
    announced = math.prod(shape) * dtype.itemsize
    if not 0 <= announced <= there:
        raise ValueError(f"its header announces {announced:,} bytes of values, and it holds {there:,}")
