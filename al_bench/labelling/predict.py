"""`al-bench query --predict`: predictions with probabilities for all items as a file, and the learner as another."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from al_bench.errors import InputError
from al_bench.labelling.batch_file import harmless
from al_bench.labelling.choose import Trained
from al_bench.labelling.folder import LabellingFolder
from al_bench.labelling.pool import LabellingPool
from al_bench.labelling.saved_learner import SavedLearner, saved_learner
from al_bench.labelling.state import LabellingState

CHUNK = 4096
"""Items whose predictions are computed together."""


def predictions_file(trained: Trained, pool: LabellingPool, state: LabellingState) -> bytes:
    """The predictions for all items: `item`, `label` (what people said), `predicted`, `probability`, and `p:CLASS`.

    Args:
        trained: The learner.
        pool: The items.
        state: What people said.
    """
    classes = trained.experiment.dataset.class_names
    said = {**state.labels, **state.audit_labels}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["item", "label", "predicted", "probability", *(f"p:{name}" for name in classes)])
    for start in range(0, len(pool.items), CHUNK):
        items = pool.items[start : start + CHUNK]
        for item, row in zip(items, trained.probabilities(np.arange(start, start + len(items))), strict=True):
            best = int(row.argmax())
            cells = [item, said.get(item, ""), classes[best], f"{row[best]:.6f}", *(f"{value:.6f}" for value in row)]
            writer.writerow([harmless(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig", "surrogatepass")


def write_predictions(
    folder: LabellingFolder, trained: Trained, pool: LabellingPool, state: LabellingState, settings: dict[str, str]
) -> list[str]:
    """Write predictions-NNN.csv and learner-NNN.*, under the next free number; return what to say.

    Raises:
        InputError: a package that writes the learner is not installed; nothing was written.
    """
    experiment = trained.experiment
    saved = saved_learner(experiment.learner, experiment.dataset, settings)
    content = predictions_file(trained, pool, state)
    number = next_number(folder)
    path = folder.path / f"predictions-{number:03d}.csv"
    folder.write_new(path, content)
    lines = [f"predictions for {len(pool.items):,} items: {path}"]
    if saved is None:
        return [*lines, f"the learner ({type(experiment.learner).__name__}) has no state that could be saved"]
    file = folder.path / f"learner-{number:03d}.{saved.ending}"
    folder.write_new(file, saved.content)
    return [*lines, f"learner: {file} (al-bench guide labelling shows how to load it)", *_types(folder, file, saved)]


def next_number(folder: LabellingFolder) -> int:
    """The number under which neither predictions nor a learner lie yet, after all such numbers."""
    patterns = ("predictions-{:03d}.csv", "learner-{:03d}.safetensors", "learner-{:03d}.skops")
    return max(folder.next_free(pattern) for pattern in patterns)


def _types(folder: LabellingFolder, file: Path, saved: SavedLearner) -> list[str]:
    """List the types of a skops file beside it."""
    if saved.ending != "skops":
        return []
    listed = file.with_name(f"{file.name}-types.txt")
    folder.write_new(listed, "".join(f"{name}\n" for name in saved.types).encode())
    return [f"types beyond skops' own, to be trusted when it is loaded: {', '.join(saved.types) or 'none'} ({listed})"]


def require_two_classes(state: LabellingState) -> None:
    """Refuse predictions before a model can learn.

    Raises:
        InputError: saying what is missing.
    """
    classes = set(state.labels.values())
    if len(classes) < 2:
        raise InputError(
            f"--predict needs labels of two classes, and there are {len(state.labels)} labels of {len(classes)}; fill "
            "a batch first"
        )
