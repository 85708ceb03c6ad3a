"""One image file: what its header says, and its pixels as bytes [C, H, W] of one size and mode."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from al_bench.data.files import one_line
from al_bench.data.table_choices import Mode, Resize
from al_bench.data.tar_image import Source, TarImage

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
"""What Pillow may read: none of these runs another program, as PostScript files do."""
GREY = {"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"}
SIXTEEN = {"I", "I;16", "I;16B", "I;16L", "I;16N"}
WHITE = 65_535
"""The value of 16 bits that becomes white unless the user gives another."""


@dataclass(frozen=True)
class Header:
    """What the header of an image file says.

    Args:
        size: (H, W) pixels, turned as its EXIF orientation says.
        mode: As Pillow calls it, such as RGB, P or I;16.
        grey: Whether it has no colours.
        turned: Whether its EXIF orientation turns or mirrors it.
        frames: Whether it has several frames, of which the first one is used.
        fault: Why it cannot be read; empty where it can, as far as the header tells.
    """

    size: tuple[int, int] = (0, 0)
    mode: str = ""
    grey: bool = False
    turned: bool = False
    frames: bool = False
    fault: str = ""


@dataclass(frozen=True)
class Target:
    """What all images are brought to.

    Args:
        size: (H, W); None leaves each as it is.
        mode: L or RGB.
        resize: How another aspect ratio is treated.
        white: The value of 16 bits that becomes white.
    """

    size: tuple[int, int] | None
    mode: str
    resize: Resize = Resize.crop
    white: int = WHITE


@dataclass(frozen=True)
class Picture:
    """An image file read.

    Args:
        pixels: [C, H, W] uint8; None where the file cannot be read.
        transparent: Whether some of it was transparent, which is white now.
        largest: The largest value of an image of 16 bits; 0 for others.
        fault: Why it cannot be read.
    """

    pixels: np.ndarray | None
    transparent: bool = False
    largest: int = 0
    fault: str = ""


@contextmanager
def pillow_warnings() -> Iterator[None]:
    """Inside, Pillow's warning of a decompression bomb is an error, and those of odd metadata are not shown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def content(path: Source) -> Path | BytesIO:
    """The path of a regular file, or the bytes of a member of a tar file.

    Raises:
        OSError: It is a named pipe or a device, at which reading would wait for ever, or is not there.
    """
    if isinstance(path, TarImage):
        return path.open()
    if path.exists() and not path.is_file():
        raise OSError("it is no regular file")
    return path


def read_header(path: Source) -> Header:
    """What the header of a file says; a fault in place of an error."""
    try:
        with Image.open(content(path), formats=FORMATS) as image:
            orientation = image.getexif().get(0x0112, 1)
            width, height = image.size
            frames = image.format != "MPO" and getattr(image, "n_frames", 1) > 1
            return Header(
                size=(width, height) if orientation in (5, 6, 7, 8) else (height, width),
                mode=image.mode,
                grey=_is_grey(image),
                turned=orientation in range(2, 9),
                frames=frames,
            )
    except Exception as error:  # damaged bytes lead Pillow's readers to errors of any type
        return Header(fault=fault(error))


def _is_grey(image: Image.Image) -> bool:
    if image.mode in ("P", "PA"):
        colours = np.array(image.getpalette("RGB") or [0, 1, 2], dtype=np.uint8).reshape(-1, 3)
        return bool((colours == colours[:, :1]).all())
    return image.mode in GREY


def read_picture(path: Source, target: Target) -> Picture:
    """The pixels of a file; a fault in place of an error.

    A JPEG that is much larger than the size asked for is decoded at a half, a fourth or an eighth, as the format
    provides for.
    """
    try:
        with Image.open(content(path), formats=FORMATS) as image:
            if target.size is not None and image.format in ("JPEG", "MPO"):
                side = 2 * max(target.size)
                image.draft(None, (side, side))
            turned = ImageOps.exif_transpose(image)
        bytes_, transparent, largest = _as_bytes(turned, target)
        values = np.asarray(_resized(bytes_, target))
        return Picture(values[None] if values.ndim == 2 else values.transpose(2, 0, 1).copy(), transparent, largest)
    except Exception as error:  # as above
        return Picture(None, fault=fault(error))


def _as_bytes(image: Image.Image, target: Target) -> tuple[Image.Image, bool, int]:
    """An image in the mode asked for, whether some of it was transparent, and its largest value of 16 bits."""
    largest = 0
    if image.mode in SIXTEEN:
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > WHITE:
            raise ValueError(f"it has values from {values.min()} to {values.max()}; 8 or 16 bits are read")
        largest = int(values.max())
        scaled = np.rint(np.minimum(values, target.white) * (255 / target.white)).astype(np.uint8)
        image = Image.fromarray(scaled)
    elif image.mode == "F":
        raise ValueError("it holds fractions (32-bit floats); write such images with numpy.savez for dataset=npz")
    transparent = False
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        transparent = int(np.asarray(layered)[..., 3].min()) < 255
        white = Image.new("RGBA", layered.size, "white")
        image = (Image.alpha_composite(white, layered) if transparent else layered).convert("RGB")
    if image.mode != target.mode:
        image = (image.convert("RGB") if image.mode not in GREY else image).convert(target.mode)
    return image, transparent, largest


def _resized(image: Image.Image, target: Target) -> Image.Image:
    """An image of the size asked for, by bicubic interpolation over all pixels that a new one covers."""
    if target.size is None or image.size == target.size[::-1]:
        return image
    height, width = target.size
    if target.resize is Resize.pad:
        return ImageOps.pad(image, (width, height), Image.Resampling.BICUBIC)
    box = None
    if target.resize is Resize.crop:
        scale = min(image.width / width, image.height / height)
        left, top = (image.width - width * scale) / 2, (image.height - height * scale) / 2
        box = (
            max(0.0, left),
            max(0.0, top),
            min(image.width, left + width * scale),
            min(image.height, top + height * scale),
        )
    return image.resize((width, height), Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)


def fault(error: Exception) -> str:
    """Why a file cannot be read, in a few words and without its path."""
    if isinstance(error, Image.DecompressionBombWarning | Image.DecompressionBombError):
        limit = (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        return f"it has more than {limit} million pixels, which may be a decompression bomb; make it smaller"
    if isinstance(error, Image.UnidentifiedImageError):
        return "it is no image that can be read"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return one_line(error)


def grey_or_colour(mode: Mode, headers: list[Header]) -> str:
    """The mode of all images: as the user says, else grey where all files are."""
    if mode is not Mode.auto:
        return mode.value
    return "L" if all(header.grey for header in headers) else "RGB"
