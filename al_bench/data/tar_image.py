"""An image file within a tar file, found by where its bytes lie: nothing is unpacked to a path that a tar names."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TarImage:
    """A member of a tar file that is not packed.

    Args:
        tar: The tar file.
        member: Its name there.
        offset, size: Where its bytes begin, and how many they are.
        stamp: Size and time of the last change of the tar file when it was listed.
    """

    tar: Path
    member: str
    offset: int
    size: int
    stamp: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.tar}: {self.member}"

    def open(self) -> io.BytesIO:
        """Its bytes as a file.

        Raises:
            OSError: The tar file was changed since, or cannot be read.
        """
        with self.tar.open("rb") as file:
            file.seek(self.offset)
            content = file.read(self.size)
        status = self.tar.stat()
        if len(content) < self.size or (status.st_size, status.st_mtime_ns) != self.stamp:
            raise OSError("the tar file was written while it was read")
        return io.BytesIO(content)


Source = Path | TarImage
"""Where the bytes of an image are."""
