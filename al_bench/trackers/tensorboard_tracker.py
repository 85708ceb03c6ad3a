"""TensorBoard: events in the run's folder, in `tensorboard/`, so that --logdir takes a run, an arm or a study."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from al_bench.trackers.tracker import TrackedRun

FOLDER = "tensorboard"


class TensorBoardTracker:
    """The events of one run."""

    def __init__(self) -> None:
        self._writer: Any = None

    def begin(self, run: TrackedRun, key: str | None) -> str:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(log_dir=str(run.folder / FOLDER))
        if key is None:
            lines = json.dumps(dict(run.parameters), indent=1, default=str)
            self._writer.add_text("parameters", f"```json\n{lines}\n```")
        return FOLDER

    def log(self, labels: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, labels)
        self._writer.flush()

    def attach(self, files: Sequence[Path]) -> None:
        """Show the pictures; TensorBoard has no place for a page."""
        import matplotlib.image as image

        for file in files:
            if file.suffix == ".png":
                self._writer.add_image(file.stem, image.imread(file)[..., :3], dataformats="HWC")

    def end(self, status: str) -> None:
        self._writer.add_text("status", status)
        self._writer.close()
