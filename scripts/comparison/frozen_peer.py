"""scikit-activeml's side of the rows on frozen features, in its own environment, with scikit-learn's regression."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from skactiveml.classifier import SklearnClassifier  # type: ignore[import-not-found]
from skactiveml.pool import (  # type: ignore[import-not-found]
    Badge,
    CoreSet,
    RandomSampling,
    TypiClust,
    UncertaintySampling,
)
from sklearn.linear_model import LogisticRegression

from comparison.worker import Work, serve

WITH_CLASSIFIER = ("margin", "entropy", "badge")


def query_strategy(name: str, seed: int) -> Any:
    """The query strategy of scikit-activeml that is al-bench's of that name."""
    return {
        "random": lambda: RandomSampling(random_state=seed),
        "margin": lambda: UncertaintySampling("margin_sampling", random_state=seed),
        "entropy": lambda: UncertaintySampling("entropy", random_state=seed),
        "coreset_greedy": lambda: CoreSet(random_state=seed),
        "typiclust": lambda: TypiClust(random_state=seed),
        "badge": lambda: Badge(random_state=seed),
    }[name]()


class Pool:
    """The features, the labels of those labelled, and a classifier."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        warnings.simplefilter("ignore")
        with np.load(folder / "blobs.npz") as arrays:
            self.rows, self.labels = arrays["x"], arrays["y"]
            self.test, self.test_labels = arrays["x_test"], arrays["y_test"]
        self.starts, self.batch = np.load(folder / "starts.npy"), settings["batch"]
        regression = LogisticRegression(C=settings["C"], max_iter=10_000)
        self.classifier = SklearnClassifier(regression, classes=np.arange(settings["classes"]), random_state=0)

    def begin(self, start: Any) -> Any:
        """[N] labels, NaN where there is none."""
        known = np.full(len(self.labels), np.nan)
        known[start] = self.labels[start]
        return known

    def round(self, strategy: Any, name: str, known: Any, batch: int) -> tuple[float, float]:
        """Train, and label a batch: the processor seconds, and the accuracy before."""
        start = time.process_time()
        self.classifier.fit(self.rows, known)
        spent = time.process_time() - start
        accuracy = float((self.classifier.predict(self.test) == self.test_labels).mean())
        start = time.process_time()
        if batch:
            given = {"clf": self.classifier, "fit_clf": False} if name in WITH_CLASSIFIER else {}
            picked = strategy.query(self.rows, known, batch_size=batch, **given)
            known[picked] = self.labels[picked]
        return spent + time.process_time() - start, accuracy


def rounds(name: str) -> Any:
    """The task of a run with a strategy; a repeat is a seed of its own, and its time that of a round."""

    def task(folder: Path, settings: dict[str, Any]) -> Work:
        pool = Pool(folder, settings)
        curves: list[list[float]] = []

        def work() -> dict[str, Any]:
            seed = len(curves)
            strategy = query_strategy(name, seed)
            known = pool.begin(pool.starts[seed % len(pool.starts), : settings["initial"]])
            spent = 0.0
            curve: list[float] = []
            for number in range(settings["rounds"] + 1):
                batch = pool.batch if number < settings["rounds"] else 0
                seconds, accuracy = pool.round(strategy, name, known, batch)
                spent += seconds
                curve.append(accuracy)
            curves.append(curve)
            return {"seconds": spent / settings["rounds"], "curves": curves}

        return work

    return task


def study(folder: Path, settings: dict[str, Any]) -> Work:
    """One round of each strategy at the first, the middle and the last number of labels, as a share of all rounds."""
    pool = Pool(folder, settings)
    names = ("random", "margin", "entropy", "coreset_greedy", "typiclust", "badge")
    ends = settings["initial"], settings["initial"] + settings["batch"] * settings["rounds"]
    labelled = (ends[0], sum(ends) // 2, ends[1] - settings["batch"])

    def work() -> dict[str, Any]:
        spent = 0.0
        for count in labelled:
            for name in names:
                strategy, known = query_strategy(name, 0), pool.begin(pool.starts[0, :count])
                spent += pool.round(strategy, name, known, pool.batch)[0]
        return {"seconds": spent / len(labelled) * settings["rounds"] * settings["seeds"]}

    return work


if __name__ == "__main__":
    names = ("random", "margin", "entropy", "coreset_greedy", "typiclust", "badge")
    serve({**{name: rounds(name) for name in names}, "study": study})
