"""MLflow: a study is an experiment, a run is a run. The server is the one that MLFLOW_TRACKING_URI names."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from al_bench.trackers.tracker import TrackedRun

LONGEST = 500
"""Characters of a parameter that every server takes."""
MOST = 100
"""Parameters of one request."""
STATUS = {"complete": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""What is asked of MLflow where the user set nothing: its own patience with a server that is away is minutes."""
_STRANGE = re.compile(r"[^\w\-. :/]")


class MlflowTracker:
    """One run of MLflow."""

    def __init__(self) -> None:
        for name, value in DEFAULTS.items():
            os.environ.setdefault(name, value)
        self._client: Any = None
        self._run = ""

    def begin(self, run: TrackedRun, key: str | None) -> str:
        import mlflow

        self._client = mlflow.MlflowClient()
        if key is not None:
            self._client.update_run(key, status="RUNNING")
            self._run = key
            return key
        self._run = self._client.create_run(self._experiment(run.study), run_name=run.name, tags=run.tags).info.run_id
        from mlflow.entities import Param

        parameters = [Param(_allowed(name), str(value)[:LONGEST]) for name, value in run.parameters.items()]
        for first in range(0, len(parameters), MOST):
            self._client.log_batch(self._run, params=parameters[first : first + MOST])
        return self._run

    def _experiment(self, name: str) -> str:
        """The experiment of a study; two runs that begin at once make one."""
        from mlflow.exceptions import MlflowException

        experiment = self._client.get_experiment_by_name(name)
        if experiment is None:
            try:
                return str(self._client.create_experiment(name))
            except MlflowException:
                experiment = self._client.get_experiment_by_name(name)
                if experiment is None:
                    raise
        return str(experiment.experiment_id)

    def log(self, labels: int, values: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        metrics = [Metric(_allowed(name), value, now, labels) for name, value in values.items()]
        self._client.log_batch(self._run, metrics=metrics)

    def attach(self, files: Sequence[Path]) -> None:
        for file in files:
            self._client.log_artifact(self._run, str(file))

    def end(self, status: str) -> None:
        self._client.set_terminated(self._run, STATUS[status])


def _allowed(name: str) -> str:
    """A name with the characters that MLflow allows."""
    return _STRANGE.sub("_", name)
