"""Folders of images in classes, small and seeded, with damaged, strange and foreign files among them."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from fuzzing.damage import BYTES, damaged

CLASSES = ("cat", "Dög", "a b")
FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "tif": "TIFF", "bmp": "BMP", "gif": "GIF"}
MODES = ("RGB", "RGB", "L", "1", "P", "RGBA", "CMYK", "I;16", "LA")
SIDES = ((8,), (8,), (8,), (8, 8, 8, 8, 9, 1))
"""Heights in pixels of the images of a folder, each as often as it is written."""


def picture(generator: random.Random, ending: str, sides: Sequence[int]) -> bytes:
    """A small image of some mode, in RGB where its format cannot hold the mode."""
    draws = np.random.default_rng(generator.randrange(2**32))
    side = generator.choice(sides)
    image = Image.fromarray(draws.integers(0, 256, (side, 8, 3), dtype=np.uint8))
    out = io.BytesIO()
    try:
        image.convert(generator.choice(MODES)).save(out, FORMATS[ending])
    except (OSError, ValueError, KeyError):
        out = io.BytesIO()
        image.save(out, FORMATS[ending])
    return out.getvalue()


def huge_png() -> bytes:
    """A PNG file of a few bytes whose header announces a hundred thousand pixels a side."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(9_999)))
        + chunk(b"IEND", b"")
    )


def write_folder(folder: Path, generator: random.Random) -> None:
    """Write images in folders of their classes, or with a table of labels, and at times something that is none."""
    ending = generator.choice(("png", "png", "png", *FORMATS))
    is_flat = generator.random() < 0.2
    sides = generator.choice(SIDES)
    lines = ["file,label"]
    for number in range(24):
        kind = CLASSES[number % generator.choice((2, 3))]
        path = folder / f"{number}.{ending}" if is_flat else folder / kind / f"{number}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(generator, ending, sides))
        lines.append(f"{path.name},{kind}")
    if is_flat:
        (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    victim = generator.choice(files)
    fault = generator.randrange(12)
    if fault == 0:
        victim.write_bytes(damaged(victim.read_bytes(), BYTES, generator))
    elif fault == 1:
        victim.write_bytes(huge_png())
    elif fault == 2:
        victim.unlink()
        victim.symlink_to(generator.choice(["/dev/zero", "/nowhere", victim.name, "/etc"]))
    elif fault == 3:
        victim.unlink()
        os.mkfifo(victim)
    elif fault == 4:
        victim.with_suffix(".txt").write_text("<svg/>")
        (folder / ".hidden").mkdir()
        (folder / "empty").mkdir()
    elif fault == 5:
        (folder / "test" / CLASSES[0]).mkdir(parents=True)
        victim.rename(folder / "test" / CLASSES[0] / victim.name)
    elif fault == 6:
        victim.unlink()
        victim.mkdir()
