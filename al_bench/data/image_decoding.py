"""Many image files as one array [N, C, H, W] of bytes: read in parallel, with a bar, and kept in the cache's folder."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import PIL
from PIL import features

from al_bench.data import image_reading
from al_bench.data.image_facts import Facts, SeenPictures, Wish, shown_sizes
from al_bench.data.image_reading import WHITE, Picture, Target, grey_or_colour, pillow_warnings
from al_bench.data.tar_image import Source, TarImage
from al_bench.errors import InputError
from al_bench.progress import bar
from al_bench.storage import cache
from al_bench.storage.array_store import ArrayStore, array_bytes
from al_bench.storage.environment import cores
from al_bench.storage.files import is_disk_full

KIND = "images"
IN_MEMORY = 2**30
"""Images of so many bytes in all are held in memory; more are mapped from a file in the cache's folder."""
LARGEST_AS_IS = 256
"""Images of one size are taken as they are up to so many pixels a side; above, the size has to be typed."""

Item = TypeVar("Item")
Result = TypeVar("Result")

logger = logging.getLogger("al_bench")


@dataclass(frozen=True)
class Decoded:
    """The images of some files.

    Args:
        pixels: [N, C, H, W] uint8, in memory or mapped; zeros for a file that cannot be read.
        mapped: Whether they stay in a file.
        facts: What was seen of the files.
    """

    pixels: np.ndarray
    mapped: bool
    facts: Facts


def decode(where: str, paths: Sequence[Source], wish: Wish, setting: str | None) -> Decoded:
    """The images of all files, from the cache where they are unchanged.

    An entry's name covers every file's path, size and time of the last change, the wishes, and the versions of Pillow
    and of this code.

    Args:
        where: The folder, in messages.
        paths: [N] the files, or members of tar files.
        wish: How the user wants them.
        setting: The value of a run's key `cache`.

    Raises:
        InputError: The files' sizes differ or are large and none was asked for; or there are too many bytes for the
            memory, and no cache.
    """
    folder = cache.cache_folder(setting)
    if folder is None:
        return _decode(where, paths, wish, None, "")
    name = _entry_name(paths, wish)
    store = ArrayStore(folder, KIND)
    with cache.Cache(folder).hold(KIND, name):
        if (stored := store.load(name, IN_MEMORY)) is not None:
            pixels, facts = stored
            logger.info("images loaded from %s", store.path(name))
            known = facts | {"faults": {int(row): reason for row, reason in facts["faults"].items()}}
            return Decoded(pixels, isinstance(pixels, np.memmap), Facts(**known))
        return _decode(where, paths, wish, store, name)


def _entry_name(paths: Sequence[Source], wish: Wish) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        if isinstance(path, TarImage):
            seen = f"{path.tar.absolute()}\0{path.stamp}\0{path.offset}\0{path.size}\n"
            digest.update(seen.encode("utf-8", "surrogateescape"))
            continue
        try:
            status = path.stat()
            seen = f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n"
        except OSError:
            seen = f"{path}\0\n"
        digest.update(seen.encode("utf-8", "surrogateescape"))
    return cache.key(
        {
            "files": digest.hexdigest(),
            "wish": asdict(wish) | {"mode": wish.mode.value, "resize": wish.resize.value},
            "pillow": PIL.__version__,
            "jpeg": features.version("jpg"),
            "code": hashlib.blake2b(Path(image_reading.__file__).read_bytes(), digest_size=16).hexdigest(),
        }
    )


def _decode(where: str, paths: Sequence[Source], wish: Wish, store: ArrayStore | None, name: str) -> Decoded:
    """`decode` of files that are not in the cache."""
    with pillow_warnings():
        headers = list(_in_parallel("reading headers", image_reading.read_header, paths))
        good = [header for header in headers if not header.fault]
        if not good:
            raise InputError(
                f"{where}: none of {len(paths):,} images can be read; the first, {paths[0]}: {headers[0].fault}"
            )
        sizes = Counter(header.size for header in good)
        target = Target(
            _target_size(where, wish, sizes), grey_or_colour(wish.mode, good), wish.resize, wish.white or WHITE
        )
        height, width = target.size or next(iter(sizes))
        shape = (len(paths), 1 if target.mode == "L" else 3, height, width)
        seen = SeenPictures(headers, shape[1:])

        def read(number: int) -> Picture:
            fault = headers[number].fault
            return Picture(None, fault=fault) if fault else image_reading.read_picture(paths[number], target)

        pictures = _in_parallel("decoding", read, range(len(paths)))
        dtype = np.dtype(np.uint8)
        total = array_bytes(shape, dtype)
        if total <= IN_MEMORY:
            pixels = np.zeros(shape, dtype=dtype)
            for number, row in enumerate(seen.rows(pictures)):
                pixels[number] = row
            facts = seen.facts(target.size)
            if store is not None:
                _store(store, name, pixels, facts)
            return Decoded(pixels, False, facts)
        if store is None:
            raise InputError(
                f"{where}: {len(paths):,} images of {height}×{width} take {total / 2**30:.1f} GB, which are mapped "
                "from a file in the cache's folder, and there is none: give cache=auto or cache=FOLDER, or a smaller "
                "dataset.size"
            )
        try:
            draft = store.write(name, shape, dtype, seen.rows(pictures))
        except OSError as error:
            full = "the disk is full" if is_disk_full(error) else error.strerror or str(error)
            raise InputError(
                f"{where}: {len(paths):,} images of {height}×{width} take {total / 2**30:.1f} GB in {store.folder}, "
                f"and {full}; make room, name another folder with cache=FOLDER, or give a smaller dataset.size"
            ) from error
        draft.finish(asdict(seen.facts(target.size)))
        return Decoded(np.load(store.path(name), mmap_mode="r", allow_pickle=False), True, seen.facts(target.size))


def _store(store: ArrayStore, name: str, pixels: np.ndarray, facts: Facts) -> None:
    """Keep images that are in memory for the next run; what cannot be written is a line in the log."""
    try:
        store.write(name, pixels.shape, pixels.dtype, iter(pixels)).finish(asdict(facts))
    except OSError as error:
        logger.warning("the images are not kept in the cache: %s", error)


def _target_size(where: str, wish: Wish, sizes: Counter[tuple[int, int]]) -> tuple[int, int] | None:
    """The size that all images are brought to; None where they are taken as they are.

    Raises:
        InputError: The user gave none, and the files' sizes differ or are large.
    """
    if wish.size is not None:
        return wish.size
    (height, width), _ = sizes.most_common(1)[0]
    advice = (
        "set dataset.size=64 (small networks) or dataset.size=224 (pretrained encoders), or any other, as a number or "
        f"[HEIGHT,WIDTH]; dataset.resize={wish.resize.value} says what becomes of other aspect ratios (crop, pad or "
        "stretch)"
    )
    if len(sizes) > 1:
        raise InputError(f"{where}: {sizes.total():,} images have {shown_sizes(sizes)} (height×width); {advice}")
    if max(height, width) > LARGEST_AS_IS:
        raise InputError(
            f"{where}: all {sizes.total():,} images have {height}×{width} pixels, and images are taken as they are up "
            f"to {LARGEST_AS_IS}; {advice}"
        )
    return None


def _in_parallel(what: str, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """What a function gives for each item, in order, computed by a thread a core; the decoders run beside each other.

    No more than some rows a thread are waiting at a time. An interruption ends the threads after their present item.
    """
    workers = cores()
    with ThreadPoolExecutor(workers, thread_name_prefix="images") as pool, bar(what, len(items), "images") as done:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= 16 * workers:
                    yield waiting.popleft().result()
                    done.update()
            while waiting:
                yield waiting.popleft().result()
                done.update()
        finally:
            for future in waiting:
                future.cancel()
