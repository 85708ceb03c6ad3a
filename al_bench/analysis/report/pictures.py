"""Inputs of a data set as pictures: bytes from numbers of any range, and many pictures in one image, a sprite sheet.

A page opens faster with one image of all pictures than with thousands of images.
"""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset


LARGEST = 64
"""Pixels; larger pictures are made smaller, to this at most, in both directions."""


_QUALITY = 82


_CHUNK = 4096  # inputs read together


@dataclass(frozen=True)
class SpriteSheet:
    """Pictures side by side in one image.

    Args:
        uri: The image as a data URI.
        columns: Pictures in a row; picture i is in row i // columns and column i % columns.
        rows: Rows of pictures.
        width, height: Pixels of one picture.
    """

    uri: str
    columns: int
    rows: int
    width: int
    height: int

    def position(self, number: int) -> tuple[int, int]:
        """Column and row of a picture."""
        return number % self.columns, number // self.columns


def is_pictures(dataset: Dataset) -> bool:
    """Whether the inputs are pictures: [channels, height, width], no side a single pixel."""
    return len(dataset.shape) == 3 and min(dataset.shape[1:]) > 1


def value_range(dataset: Dataset) -> tuple[float, float]:
    """What becomes black and what white: 0 and 255 for bytes, else the least and largest value of the inputs."""
    import torch

    if dataset.inputs.dtype == torch.uint8:
        return 0.0, 255.0
    ends = [torch.aminmax(dataset.numbers(slice(start, start + _CHUNK))) for start in range(0, dataset.size, _CHUNK)]
    return min(float(low) for low, _ in ends), max(float(high) for _, high in ends)


def pixels(dataset: Dataset, indices: list[int], limits: tuple[float, float]) -> NDArray[np.uint8]:
    """The inputs as bytes [n, H, W, 1 or 3]: bytes as they are, other numbers from `limits` to 0 … 255.

    Three channels are red, green and blue, and so are the first three of four; of any other number the mean is
    shown in grey.
    """
    import torch

    values = dataset.numbers(torch.tensor(indices)).cpu().numpy()  # [n,C,H,W]
    low, high = limits
    if values.dtype != np.uint8:
        scaled = (values.astype(np.float64) - low) / max(high - low, 1e-12)
        values = np.rint(255 * scaled.clip(0, 1)).astype(np.uint8)
    channels = values.shape[1]
    if channels in (3, 4):
        values = values[:, :3]
    elif channels != 1:
        values = np.rint(values.mean(axis=1, keepdims=True)).astype(np.uint8)
    return np.ascontiguousarray(values.transpose(0, 2, 3, 1))


def sprite_sheet(pictures: NDArray[np.uint8], columns: int) -> SpriteSheet:
    """Lay pictures [n, H, W, 1 or 3] out row by row: PNG where they are grey, JPEG in colour.

    Pictures of more than LARGEST pixels are scaled down in proportion.
    """
    from PIL import Image

    count, height, width, channels = pictures.shape
    shrink = min(1.0, LARGEST / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    mode = "L" if channels == 1 else "RGB"
    rows = max(1, math.ceil(count / columns))
    board = Image.new(mode, (columns * size[0], rows * size[1]))
    for number, picture in enumerate(pictures):
        tile = Image.fromarray(picture[:, :, 0] if channels == 1 else picture)
        if shrink < 1:
            tile = tile.resize(size, Image.Resampling.BOX if shrink <= 0.5 else Image.Resampling.LANCZOS)
        board.paste(tile, ((number % columns) * size[0], (number // columns) * size[1]))
    file = io.BytesIO()
    if channels == 1:
        board.save(file, "PNG", optimize=True)
    else:
        board.save(file, "JPEG", quality=_QUALITY, subsampling=0, optimize=True)
    kind = "png" if channels == 1 else "jpeg"
    uri = f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"
    return SpriteSheet(uri, columns, rows, *size)
