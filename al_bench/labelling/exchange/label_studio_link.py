"""Which project of which Label Studio server a study's tasks lie in: `record/label-studio.json` in its folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from al_bench.errors import InputError, plain_line
from al_bench.labelling.folder import LIMIT, LabellingFolder
from al_bench.storage.files import read_regular


class Link(msgspec.Struct, frozen=True):
    """The project that a study's tasks lie in.

    Args:
        url: Of the server.
        project: Its number there.
    """

    url: str
    project: int


def link_path(folder: LabellingFolder) -> Path:
    """The file that names a study's project."""
    return folder.path / "record" / "label-studio.json"


def read_link(folder: LabellingFolder) -> Link | None:
    """The project of a study; None where it has none yet.

    Raises:
        InputError: the file cannot be read.
    """
    path = link_path(folder)
    try:
        return msgspec.json.decode(read_regular(path, LIMIT), type=Link)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({plain_line(str(error))}); put it back from a copy") from error


def write_link(folder: LabellingFolder, link: Link) -> None:
    """Write down the project of a study, unless that is done."""
    path = link_path(folder)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        folder.write_new(path, msgspec.json.encode(link))
