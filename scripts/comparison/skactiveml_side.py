"""scikit-activeml's side, in its own environment: its BADGE and its core-set, through their public `query`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from skactiveml.base import SkactivemlClassifier  # type: ignore[import-not-found]
from skactiveml.pool import Badge, CoreSet  # type: ignore[import-not-found]

from comparison.worker import Work, serve


class Stored(SkactivemlClassifier):
    """A classifier whose predictions were made before: the rows' probabilities and features, read from a file."""

    def __init__(self, probabilities: Any = None, features: Any = None, classes: Any = None) -> None:
        super().__init__(classes=classes)
        self.probabilities, self.features = probabilities, features

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Stored:
        """Nothing to learn."""
        return self

    def predict_proba(self, X: Any) -> tuple[Any, Any]:
        """Probabilities and the embedding of every row."""
        return self.probabilities, self.features


def badge(folder: Path, settings: dict[str, Any]) -> Work:
    """A BADGE batch; its first pick is the row of the largest norm."""
    features = np.load(folder / "features.npy")
    probabilities = np.exp(np.load(folder / "log_probs.npy"))
    classifier = Stored(probabilities, features, list(range(probabilities.shape[1])))
    rows, batch = np.arange(len(features), dtype=float)[:, None], settings["batch"]  # the inputs only have to be there
    labels = np.full(len(rows), np.nan)

    def work() -> dict[str, Any]:
        strategy = Badge(random_state=0)
        return {"rows": strategy.query(rows, labels, classifier, fit_clf=False, batch_size=batch)}

    return work


def k_centre(folder: Path, settings: dict[str, Any]) -> Work:
    """A core-set batch from the candidates, which follow the labelled points."""
    labelled = np.load(folder / "labelled_features.npy")
    both = np.concatenate([labelled, np.load(folder / "features.npy")])
    labels = np.full(len(both), np.nan)
    labels[: len(labelled)] = 0

    def work() -> dict[str, Any]:
        picked = CoreSet(random_state=0).query(both, labels, batch_size=settings["batch"])
        return {"rows": picked - len(labelled)}

    return work


if __name__ == "__main__":
    serve({"badge": badge, "k_centre": k_centre})
