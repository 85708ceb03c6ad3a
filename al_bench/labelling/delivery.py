"""The last batch, brought to labelling tools: as files, and as tasks of a Label Studio project."""

from __future__ import annotations

from pathlib import Path

from al_bench.errors import InputError
from al_bench.labelling.exchange.label_studio_project import LabelStudioProject
from al_bench.labelling.exchange.label_studio_server import Address, Server
from al_bench.labelling.exchange.task_files import Batch, check_formats, write_tasks
from al_bench.labelling.folder import LabellingFolder
from al_bench.labelling.request import Reply, Request
from al_bench.labelling.session import Session
from al_bench.labelling.votes import tally


def connect(request: Request) -> Server | None:
    """The server that `--label-studio` names; None without it.

    Raises:
        InputError: the address, the server or the token is wrong.
    """
    if request.label_studio is None:
        return None
    server = Server.connect(Address.parse(request.label_studio).url)
    request.say(f"Label Studio {server.release} at {server.url}")
    return server


def open_project(request: Request, server: Server | None, folder: LabellingFolder) -> LabelStudioProject | None:
    """The study's project on a server, which may have none yet; None without a server.

    Raises:
        InputError: it is gone, or another study's.
    """
    if server is None or request.label_studio is None:
        return None
    return LabelStudioProject.open(server, Address.parse(request.label_studio), folder, request.study)


def check_delivery(session: Session, project: LabelStudioProject | None) -> None:
    """Refuse formats and a project that do not fit the items or the classes, before a batch is chosen.

    Raises:
        InputError: naming what does not fit.
    """
    check_formats(session.request.formats, session.pool, session.classes)
    if project is not None:
        project.check(session.pool, session.classes)


def deliver(session: Session, project: LabelStudioProject | None) -> list[str]:
    """Write the last batch in the formats that are asked for, and send its items without a label, unless it is done.

    Returns:
        What to say; nothing where everything was there.
    """
    batch = Batch(session.folder.records[-1], session.pool, session.classes, session.request.study)
    written = write_tasks(session.folder, session.request.formats, batch)
    lines = [f"written: {', '.join(map(str, written))}"] if written else []
    if project is not None:
        state = session.state
        wanted = set(batch.items) - {*state.labels, *state.audit_labels, *state.skipped}
        lines += project.push(batch, wanted, session.request.config.labels_per_item)
    return lines


def delivered(session: Session, reply: Reply, project: LabelStudioProject | None) -> Reply:
    """The reply of a new batch, which has been brought to labelling tools, too.

    Raises:
        InputError: a server fails; the batch is written, and the same command sends it again.
    """
    if reply.batch is None:
        return reply
    *lines, following = reply.lines
    try:
        lines += deliver(session, project)
    except InputError as error:
        for line in lines:
            session.request.say(line)
        raise InputError(f"{reply.batch} is written, and not delivered yet: {error}") from error
    if project is not None or session.request.formats:
        following = following_step(reply.batch, project)
    return Reply([*lines, following], reply.batch)


def following_step(file: Path, project: LabelStudioProject | None) -> str:
    """What to do with a batch that lies in labelling tools, too."""
    where = f"at {project.address} (Skip takes one out)" if project else "in the labelling tool"
    return f"next: label the items {where}, or in the column label of {file}; then give the same command again"


def require_answers(session: Session, project: LabelStudioProject) -> None:
    """Refuse to go on while items of the last batch have no label.

    Raises:
        InputError: saying where to label them.
    """
    state, asked = session.state, session.folder.records[-1].items
    how = f"label them at {project.address}, or in {session.folder.batch_path(len(session.folder.records) - 1)}"
    if waiting := [item for item in state.open if item in state.undecided]:
        votes = tally(session.answers.by_item[waiting[0]])
        raise InputError(
            f"{len(waiting)} items have labels that decide nothing yet, such as {waiting[0]} ({votes}): let one more "
            f"annotator {how}, or go on without these items: --partial"
        )
    if state.open:
        raise InputError(
            f"{len(state.open)} of {len(asked)} items have no label yet, such as {state.open[0]}: {how}, or go on "
            "without them: --partial"
        )
