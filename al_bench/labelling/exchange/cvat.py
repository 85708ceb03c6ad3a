"""CVAT: a batch's files and labels for a new task, and its export "CVAT for images 1.1" read as labels.

The class of an image is a tag. A batch holds no predictions: CVAT has one place for annotations, and they would come
back as people's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.parsers import expat

from al_bench.errors import InputError, plain_line
from al_bench.labelling.answers import SKIP
from al_bench.labelling.filled_file import FilledRow, label_of

SHAPES = {"box", "polygon", "polyline", "points", "cuboid", "mask", "skeleton", "ellipse"}
"""Elements of an image that mark a part of it."""


def labels_of(classes: Sequence[str]) -> bytes:
    """The classes and `skip` as tags, as a task's raw labels and `cvat-cli task create --labels` take them."""
    tags = [{"name": name, "type": "tag", "attributes": []} for name in [*classes, SKIP]]
    return json.dumps(tags, ensure_ascii=False, indent=1).encode()


class _Images:
    """What the parser has read: an image, and its tags and shapes.

    Args:
        source: What messages call the file.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.rows: list[FilledRow] = []
        self._depth = 0
        self._image: str | None = None
        self._tags: list[str] = []
        self._shapes: list[str] = []

    def doctype(self, *_: object) -> None:
        raise InputError(f"{self.source} has a document type, which CVAT does not write; give its export as it is")

    def start(self, element: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._depth += 1
        if self._depth == 1 and element != "annotations":
            raise InputError(f"{self.source} is XML and none of CVAT's; export the task as 'CVAT for images 1.1'")
        if self._depth == 2 and element == "track":
            raise InputError(f"{self.source} is of a video; export the task as 'CVAT for images 1.1'")
        if self._depth == 2 and element == "image":
            self._image, self._tags, self._shapes = attributes.get("name", ""), [], []
        elif self._depth == 3 and self._image is not None and element == "tag":
            self._tags.append(attributes.get("label", ""))
        elif self._depth == 3 and self._image is not None and element in SHAPES:
            self._shapes.append(element)

    def end(self, element: str) -> None:
        """An element ends."""
        self._depth -= 1
        if self._depth == 1 and element == "image" and self._image is not None:
            self.rows.append(self._row(f"image {self._image}"))
            self._image = None

    def _row(self, where: str) -> FilledRow:
        if not self._image:
            raise InputError(f"{self.source}: an image has no name; give CVAT's export as it is")
        names = sorted({label_of(tag) for tag in self._tags})
        if len(names) > 1:
            raise InputError(f"{self.source}, {where} has the tags {' and '.join(map(repr, names[:3]))}; leave one")
        if self._shapes and not names:
            raise InputError(f"{self.source}, {where} has a {self._shapes[0]} and no tag; give the image its class")
        return FilledRow(0, self._image, names[0] if names else "", "", where, "", True)


def read_annotations(source: str, content: bytes) -> list[FilledRow]:
    """The rows of an export "CVAT for images 1.1": an image's name, and its tag where it has one.

    Args:
        source: What messages call the file.
        content: Its bytes.

    Raises:
        InputError: it cannot be read as one class for one image.
    """
    images = _Images(source)
    parser = expat.ParserCreate()
    parser.StartElementHandler = images.start
    parser.EndElementHandler = images.end
    parser.StartDoctypeDeclHandler = images.doctype  # no entities: none can grow, none reads a file
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise InputError(f"{source} is no whole XML ({plain_line(str(error))}); export it again") from error
    return images.rows
