"""One call of `al-bench query`: read the labels that came back, train, choose the next batch, write it.

Nothing is written before everything was read and checked. Then: copies of further files of labels, the record of the
batch, its page, its file. A call that finds a record without a file writes that from the record, and chooses nothing.
"""

from __future__ import annotations

from al_bench.experiment.process import keep_freed_memory, pick_device, set_threads
from al_bench.experiment.scoring_engines.by_name import make_scoring_engine
from al_bench.experiment.setup import encode_trainable
from al_bench.labelling.audit_step import describe_audited, judged_by_audit
from al_bench.labelling.batch_output import restore
from al_bench.labelling.delivery import (
    check_delivery,
    connect,
    deliver,
    delivered,
    following_step,
    open_project,
    require_answers,
)
from al_bench.labelling.describe import describe_labels, describe_pool
from al_bench.labelling.folder import LabellingFolder
from al_bench.labelling.next_batch import next_batch
from al_bench.labelling.pool import LabellingPool
from al_bench.labelling.predict import require_two_classes, write_predictions
from al_bench.labelling.request import Reply, Request, check_request
from al_bench.labelling.session import Session, read_session


def query(request: Request) -> Reply:
    """Read what came back, and write the next batch.

    Raises:
        InputError: something cannot be read or has several meanings; nothing was changed on disk.
    """
    check_request(request)
    set_threads(request.config.threads)
    keep_freed_memory()
    server = connect(request)  # before anything that takes long
    pool = LabellingPool.read(request.config)
    request.say(f"read {describe_pool(pool)}")
    device = pick_device(request.config.device)
    make_scoring_engine(request.config, device.type)
    encoded = encode_trainable(request.config, pool.dataset, device)
    with LabellingFolder.hold(request.folder) as folder:
        restored = restore(folder, pool, request.study)
        project = open_project(request, server, folder)
        session = read_session(request, pool, encoded, folder, project.labels() if project else ())
        if restored is not None and restored == len(folder.records) - 1 and session.state.open:
            file = folder.batch_path(restored)
            return Reply([*session.lines, f"{file} was missing and is written again from its record; fill it"], file)
        if request.predict:
            return predict(session)
        check_delivery(session, project)
        if session.state.open and not request.partial:
            if lines := deliver(session, project):
                file = folder.batch_path(len(folder.records) - 1)
                return Reply([*session.lines, *lines, following_step(file, project)], file)
            if project is not None:
                require_answers(session, project)
        return delivered(session, next_batch(session), project)


def predict(session: Session) -> Reply:
    """Write predictions for all items and the learner, from the labels that there are; no batch."""
    request, state = session.request, session.state
    require_two_classes(state)
    trained = session.train()
    judged = judged_by_audit(session, trained)
    lines = [*session.lines, *describe_labels(state, trained), *describe_audited(session, judged)]
    session.store_imports()
    lines += write_predictions(session.folder, trained, session.pool, state, request.settings)
    return Reply(lines, None)
