"""A study's project on a Label Studio server: batches go there as tasks, and what people say comes back.

`record/label-studio.json` in the study's folder names the server and the project. What people said is copied into the
folder as `labels-NNN-label-studio-HOST-PROJECT.json`, so that the folder alone is the record: a task that is deleted on
the server keeps the labels that were copied. A push sends the items that have no task yet, so it may be repeated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from al_bench.errors import InputError, plain_line
from al_bench.labelling.exchange.label_studio import control_of, labelling_config, tasks_of
from al_bench.labelling.exchange.label_studio_answers import answers_file
from al_bench.labelling.exchange.label_studio_export import Task
from al_bench.labelling.exchange.label_studio_link import Link, link_path, read_link, write_link
from al_bench.labelling.exchange.label_studio_server import Address, Refused, Server
from al_bench.labelling.exchange.shown import Shown, image_of, shown_of
from al_bench.labelling.exchange.task_files import Batch
from al_bench.labelling.folder import LabellingFolder
from al_bench.labelling.given_labels import LabelFile
from al_bench.labelling.pictures import shows_pictures
from al_bench.labelling.pool import LabellingPool

PAGE = 100
"""Tasks of one answer of the server."""
MOST_TASKS = 1_000_000
"""Tasks of a project."""
TASKS_AT_ONCE, IMAGES_AT_ONCE = 100, 20
"""Tasks and images of one request."""
LONGEST_TITLE = 50
"""Characters of a project's title that Label Studio takes."""


@dataclass
class LabelStudioProject:
    """A study's project, as it was when the call began.

    Args:
        server: Where it is.
        folder: The study's.
        study: The study's name.
        number: The project's; None where there is none yet.
        parsed: Its labelling configuration, as the server parses it.
        tasks: Its tasks.
    """

    server: Server
    folder: LabellingFolder
    study: str
    number: int | None = None
    parsed: dict[str, Any] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)

    @classmethod
    def open(cls, server: Server, wanted: Address, folder: LabellingFolder, study: str) -> LabelStudioProject:
        """The project of a study, read from the server; nothing is changed there or here.

        Args:
            server: The server.
            wanted: Its address, or that of a project there.
            folder: The study's.
            study: The study's name.

        Raises:
            InputError: the project is not there, or is another study's.
        """
        link = read_link(folder)
        if link is not None and (wanted.url != link.url or wanted.project not in (None, link.project)):
            raise InputError(
                f"the tasks of {study} lie in {link.url}/projects/{link.project}, and --label-studio is {wanted}; "
                f"give --label-studio {link.url}, or move {link_path(folder)} away to begin another project"
            )
        project = cls(server, folder, study, wanted.project if link is None else link.project)
        if project.number is not None:
            project._read()
        return project

    @property
    def address(self) -> str:
        """Of the project's page, or of the server while there is none."""
        return self.server.url if self.number is None else f"{self.server.url}/projects/{self.number}"

    def labels(self) -> list[LabelFile]:
        """What people said there, as the copy that the folder will have; nothing where nobody said anything."""
        if self.number is None:
            return []
        host = re.sub(r"[^0-9A-Za-z.]+", "-", self.server.url.partition("://")[2])
        name = f"label-studio-{host}-{self.number}.json"
        former = next((path for _, known, path in self.folder.imports() if known == name), None)
        content = answers_file(self.tasks, former, self.folder.next_import)
        return [] if content is None else [LabelFile(name, self.address, content)]

    def check(self, pool: LabellingPool, classes: Sequence[str]) -> None:
        """Refuse a project whose labelling configuration does not fit the items and the classes.

        Raises:
            InputError: naming what does not fit.
        """
        first = shown_of(pool, pool.items[0], "none" if shows_pictures(pool) else "") or Shown()
        if self.number is None:
            labelling_config(first, classes)
        else:
            control_of(self.address, self.parsed, classes, first.data)

    def push(self, batch: Batch, wanted: Collection[str], annotators: int) -> list[str]:
        """Send the items that have no task yet; make the project where there is none.

        Args:
            batch: What is labelled.
            wanted: Items of it that want a label.
            annotators: People who label each item.

        Returns:
            What to say; nothing where every item has its task.

        Raises:
            InputError: the server fails; what it has taken is not sent again.
        """
        there = self._items()
        items = [item for item in batch.items if item in wanted and item not in there]
        if not items:
            return []
        pictures = shows_pictures(batch.pool)
        shown = {item: one for item, one in batch.shown("none" if pictures else "").items() if item in set(items)}
        first = next(iter(shown.values()))
        if self.number is None:
            self._make(labelling_config(first, batch.classes), annotators)
        write_link(self.folder, Link(self.server.url, self.number or 0))
        control = control_of(self.address, self.parsed, batch.classes, first.data)
        lines = []
        if pictures:
            shown = self._with_images(batch, items)
            if unread := [item for item in items if item not in shown]:
                lines.append(f"{len(unread)} images cannot be read and have no task, such as {unread[0]}; see the file")
        tasks = tasks_of(batch.record, shown, self.study, control)
        for part in _parts(tasks, TASKS_AT_ONCE):
            self.server.post(f"/api/projects/{self.number}/import", part)
        self._read()
        if missing := [item for item in shown if item not in self._items()]:
            raise InputError(
                f"{self.address} has no task for {len(missing)} of {len(shown)} items, such as {missing[0]}, although "
                "it took them; give the same command again"
            )
        before = f" ({len(there):,} were there)" if there else ""
        return [*lines, f"{len(tasks)} tasks are in {self.address}{before}"]

    def _items(self) -> set[str]:
        """The items that have a task."""
        return {str(task.data.get("item")) for task in self.tasks}

    def _make(self, configuration: str, annotators: int) -> None:
        """Make a project, and write down which it is before anything is in it."""
        content = {
            "title": self.study[:LONGEST_TITLE],
            "description": f"The batches of al-bench query study={self.study}: one class an item, or skip",
            "label_config": configuration,
            "sampling": "Sequential sampling",
            "show_collab_predictions": True,
            "show_skip_button": True,
            "maximum_annotations": annotators,
        }
        made = self.server.post("/api/projects/", content)
        number = made.get("id") if isinstance(made, dict) else None
        if not isinstance(number, int):
            raise InputError(f"{self.server.url} made no project, and does not say why")
        self.number = number
        write_link(self.folder, Link(self.server.url, number))
        self._read()

    def _read(self) -> None:
        """Read the project and its tasks."""
        try:
            project = self.server.get(f"/api/projects/{self.number}")
        except Refused as error:
            if error.status != 404:
                raise
            raise InputError(
                f"{self.server.url} has no project {self.number}, or none that the token's owner may see"
                + (f"; {link_path(self.folder)} names it" if link_path(self.folder).exists() else "")
            ) from error
        parsed = project.get("parsed_label_config") if isinstance(project, dict) else None
        self.parsed = parsed if isinstance(parsed, dict) else {}
        self.tasks = list(self._listed())
        for task in self.tasks:
            other = task.data.get("study")
            if isinstance(other, str) and other != self.study:
                raise InputError(
                    f"{self.address} holds tasks of the study {other!r}, and this is {self.study!r}; give another "
                    "project, or the server's address alone: al-bench makes a project then"
                )

    def _listed(self) -> Iterator[Task]:
        """All tasks, page by page."""
        seen, page = 0, 1
        while True:
            answer = self.server.get("/api/tasks", project=self.number or 0, fields="all", page=page, page_size=PAGE)
            try:
                listed = msgspec.convert(answer, TaskPage)
            except msgspec.ValidationError as error:
                raise InputError(
                    f"{self.address}: the list of tasks is none of Label Studio's ({plain_line(str(error))})"
                ) from error
            if listed.total > MOST_TASKS:
                raise InputError(f"{self.address} has {listed.total:,} tasks, and {MOST_TASKS:,} are the limit")
            yield from listed.tasks
            seen, page = seen + len(listed.tasks), page + 1
            if seen >= listed.total or not listed.tasks:
                return

    def _with_images(self, batch: Batch, items: Sequence[str]) -> dict[str, Shown]:
        """Send the images of items; item to what its task shows, without those that cannot be read."""
        shown: dict[str, Shown] = {}
        rank = {asked.item: asked.rank for asked in batch.record.asked}
        for part in _parts(items, IMAGES_AT_ONCE):
            files = {}
            for item in part:
                if (image := image_of(batch.pool, item)) is not None:
                    name = f"batch-{batch.record.number:03d}-{rank[item]:04d}.{image.kind}"
                    files[name] = (item, image.content)
            if not files:
                continue
            sent = self.server.upload(
                f"/api/projects/{self.number}/import",
                [(name, content) for name, (_, content) in files.items()],
                commit_to_project="false",
            )
            ids = sent.get("file_upload_ids") if isinstance(sent, dict) else None
            stored = self.server.get(f"/api/projects/{self.number}/file-uploads", ids=str(ids))
            for name, (item, _) in files.items():
                shown[item] = Shown(image=f"/data/{self._stored_name(stored, name)}")
        return shown

    def _stored_name(self, stored: Any, name: str) -> str:
        """Where the server put a file that was sent."""
        for entry in stored if isinstance(stored, list) else []:
            file = entry.get("file") if isinstance(entry, dict) else None
            if isinstance(file, str) and file.startswith("upload/") and file.endswith(f"-{name}"):
                return file
        raise InputError(f"{self.address} took {name} and does not say where it is; give the same command again")


class TaskPage(msgspec.Struct):
    """A page of the list of tasks."""

    total: int
    tasks: list[Task]


def _parts(entries: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """A sequence in parts."""
    for start in range(0, len(entries), size):
        yield entries[start : start + size]
