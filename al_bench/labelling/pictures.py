"""The items of a pool as images that a browser shows."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from al_bench.data.image_folder import ImageFolder
from al_bench.data.image_reading import FORMATS, content, pillow_warnings
from al_bench.data.tar_image import Source
from al_bench.labelling.pool import LabellingPool

Picture = Source | Image.Image | None
"""An image file, also one in a tar file, or an image; None where there is none."""
SMALL = 256
"""Pixels of the longer side of an array's image, at least."""


@dataclass(frozen=True)
class Rendered:
    """An image as bytes that every browser shows.

    Args:
        kind: jpeg or webp.
        content: The bytes.
    """

    kind: str
    content: bytes

    @property
    def uri(self) -> str:
        """The image as a data URI."""
        return f"data:image/{self.kind};base64,{base64.b64encode(self.content).decode()}"


def shows_pictures(pool: LabellingPool) -> bool:
    """Whether the items of a pool are shown as images: files, or arrays [C, H, W] without columns of the user's."""
    return isinstance(pool.component, ImageFolder) or (not pool.columns[0] and len(pool.dataset.shape) == 3)


def picture_of(pool: LabellingPool, item: str) -> Picture:
    """The image of an item: its file, or what an array [C, H, W] shows, stretched to all grey values."""
    if (file := pool.tar_images.get(item, pool.image_file(item))) is not None:
        return file
    values = pool.dataset.numbers(slice(pool.index[item], pool.index[item] + 1))[0].float().cpu().numpy()
    if values.shape[0] not in (1, 3):
        return None
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) / (high - low) * 255 if high > low else values * 0
    grey = np.rint(scaled).astype("uint8")
    image = Image.fromarray(grey[0] if len(grey) == 1 else np.ascontiguousarray(grey.transpose(1, 2, 0)))
    factor = max(1, SMALL // max(image.size))
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def rendered(picture: Picture, side: int) -> Rendered | None:
    """An image as JPEG, or as WebP where parts are transparent, turned as its EXIF orientation says.

    Args:
        picture: The image.
        side: Pixels of its longer side, at most.

    Returns:
        None where there is no image, or it cannot be read.
    """
    try:
        with pillow_warnings():
            if isinstance(picture, Source):
                with Image.open(content(picture), formats=FORMATS) as image:
                    image.draft("RGB", (2 * side, 2 * side))
                    small = ImageOps.exif_transpose(image)
                    small.thumbnail((side, side))
            elif picture is not None:
                small = picture
            else:
                return None
            if small.mode in ("I", "I;16", "F"):
                small = ImageOps.autocontrast(small.convert("F").convert("L"))
            layered = small.convert("RGBA") if small.has_transparency_data else small.convert("RGB")
            out = io.BytesIO()
            layered.save(out, "WEBP" if layered.mode == "RGBA" else "JPEG", quality=85)
    except Exception:  # damaged bytes lead Pillow's readers to errors of any type
        return None
    return Rendered("webp" if layered.mode == "RGBA" else "jpeg", out.getvalue())
