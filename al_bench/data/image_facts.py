"""What is seen of image files while they are decoded, and what a reader must know of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from al_bench.data.file_listing import shown_counts
from al_bench.data.image_reading import WHITE, Header, Picture
from al_bench.data.table_choices import Mode, Resize


@dataclass(frozen=True)
class Wish:
    """How the user wants the images.

    Args:
        size: (H, W); None takes the files' own where they agree.
        mode: L, RGB, or auto.
        resize: How another aspect ratio is treated.
        white: The value of 16 bits that becomes white; None for 65,535.
    """

    size: tuple[int, int] | None = None
    mode: Mode = Mode.auto
    resize: Resize = Resize.crop
    white: int | None = None


@dataclass(frozen=True)
class Facts:
    """What was seen of the files.

    Args:
        faults: Position of a file that cannot be read, to the reason.
        sizes: (H, W, how many files) for each size.
        modes: Pillow's name of the mode, to how many files.
        turned, frames, transparent, sixteen: How many files were turned by their EXIF orientation, have several frames,
            were transparent in places, have 16 bits.
        largest: The largest value of those of 16 bits.
        resized: How many were brought to another size, and of how many the aspect ratio was another.
        digests: A digest of each image's pixels; empty for one that cannot be read.
    """

    faults: dict[int, str] = field(default_factory=dict)
    sizes: list[tuple[int, int, int]] = field(default_factory=list)
    modes: dict[str, int] = field(default_factory=dict)
    turned: int = 0
    frames: int = 0
    transparent: int = 0
    sixteen: int = 0
    largest: int = 0
    resized: tuple[int, int] = (0, 0)
    digests: list[str] = field(default_factory=list)


class SeenPictures:
    """What is seen of pictures while they pass by."""

    def __init__(self, headers: Sequence[Header], shape: tuple[int, ...]) -> None:
        self.headers = headers
        self.shape = shape
        self.faults: dict[int, str] = {}
        self.digests: list[str] = []
        self.transparent = self.sixteen = self.largest = 0

    def rows(self, pictures: Iterator[Picture]) -> Iterator[np.ndarray]:
        """The pixels of each picture in turn; zeros for one that cannot be read."""
        for number, picture in enumerate(pictures):
            pixels, fault = picture.pixels, picture.fault
            if pixels is not None and pixels.shape != self.shape:
                fault = f"it has {pixels.shape[1:]} pixels, and its header says {self.shape[1:]}"
                pixels = None
            if pixels is None:
                self.faults[number] = fault
                self.digests.append("")
                yield np.zeros(self.shape, dtype=np.uint8)
                continue
            self.digests.append(hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=8).hexdigest())
            self.transparent += picture.transparent
            self.sixteen += picture.largest > 0
            self.largest = max(self.largest, picture.largest)
            yield pixels

    def facts(self, size: tuple[int, int] | None) -> Facts:
        """What was seen of all."""
        good = [header for number, header in enumerate(self.headers) if number not in self.faults]
        changed = [header for header in good if size is not None and header.size != size]
        ratio = [header for header in changed if size and header.size[0] * size[1] != header.size[1] * size[0]]
        return Facts(
            faults=self.faults,
            sizes=[(*size, number) for size, number in Counter(header.size for header in good).items()],
            modes=dict(Counter(header.mode for header in good)),
            turned=sum(header.turned for header in good),
            frames=sum(header.frames for header in good),
            transparent=self.transparent,
            sixteen=self.sixteen,
            largest=self.largest,
            resized=(len(changed), len(ratio)),
            digests=self.digests,
        )


def shown_sizes(sizes: Mapping[tuple[int, int], int]) -> str:
    """`2 sizes, 32×32 40, 64×48 2`, or the range of more than four sizes."""
    if len(sizes) <= 4:
        counts = {f"{height}×{width}": number for (height, width), number in sizes.items()}
        return f"{len(sizes)} size{'s' * (len(sizes) != 1)}, {shown_counts(counts)}"
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    (low, left), (high, right) = ordered[0], ordered[-1]
    commonest = max(sizes, key=lambda size: sizes[size])
    often = f", {commonest[0]}×{commonest[1]} most often" if sizes[commonest] * 5 > sum(sizes.values()) else ""
    return f"{len(sizes):,} sizes, from {low}×{left} to {high}×{right}{often}"


def remarks(facts: Facts, shape: Sequence[int], wish: Wish) -> list[str]:
    """What a reader must know of how the files became images."""
    out = []
    channels, height, width = shape
    changed, ratio = facts.resized
    if changed:
        how = {
            Resize.crop: "the shorter side to the size, the centre kept: dataset.resize=crop",
            Resize.pad: "the longer side to the size, the rest black: dataset.resize=pad",
            Resize.stretch: "stretched: dataset.resize=stretch",
        }[wish.resize]
        treated = f", {ratio:,} of another aspect ratio ({how})" if ratio else ""
        before = shown_sizes({(high, wide): number for high, wide, number in facts.sizes})
        images = f"{changed:,} image{'s' * (changed != 1)}"
        out.append(f"{images} brought to {height}×{width}{treated}; the files have {before}")
    if len(facts.modes) > 1 or set(facts.modes) != {"L" if channels == 1 else "RGB"}:
        out.append(f"made {'grey' if channels == 1 else 'RGB'} from {shown_counts(facts.modes)}")
    if facts.turned:
        out.append(f"{facts.turned:,} turned as their EXIF orientation says")
    if facts.transparent:
        out.append(f"{facts.transparent:,} with transparent places, which are white now")
    if facts.frames:
        out.append(f"{facts.frames:,} of several frames, of which the first is used")
    if facts.sixteen:
        white = wish.white or WHITE
        low = f", the largest value is {facts.largest:,}: dataset.white={facts.largest} would use the whole range"
        out.append(f"{facts.sixteen:,} of 16 bits, {white:,} is white{low if facts.largest < 0.75 * white else ''}")
    return out
