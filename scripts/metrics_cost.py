"""What the metrics of one evaluated round cost, beside scikit-learn's two areas: `python scripts/metrics_cost.py`.

One thread, 10,000 test points, 10 and 26 classes; median and range of 30 repetitions, milliseconds of CPU time. Bytes
are those that the metrics add to a round's line.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from al_bench.metrics.measure import measure

ROWS, REPETITIONS = 10_000, 30


def milliseconds(work: Callable[[], object], repetitions: int = REPETITIONS) -> str:
    """Median and range of the repetitions."""
    work()
    taken = []
    for _ in range(repetitions):
        began = time.process_time()
        work()
        taken.append(1e3 * (time.process_time() - began))
    return f"{statistics.median(taken):.1f} ms [{min(taken):.1f}, {max(taken):.1f}], n = {repetitions}"


def main() -> None:
    """Print the cost for 10 and 26 classes."""
    torch.set_num_threads(1)
    for classes in (10, 26):
        generator = torch.Generator().manual_seed(0)
        labels = torch.randint(0, classes, (ROWS,), generator=generator)
        scores = torch.randn(ROWS, classes, generator=generator)
        scores[range(ROWS), labels] += 3
        log_probs = scores.log_softmax(1).double()
        probs, one_hot = log_probs.exp().numpy(), np.eye(classes)[labels.numpy()]

        def areas(probs: np.ndarray = probs, one_hot: np.ndarray = one_hot) -> None:
            roc_auc_score(one_hot, probs, average="macro")
            average_precision_score(one_hot, probs, average="macro")

        quality = measure(log_probs, labels)
        added = json.dumps(
            [quality.values, quality.class_metrics, quality.confusion, quality.class_results], separators=(",", ":")
        )
        cost = milliseconds(partial(measure, log_probs, labels))
        print(f"{ROWS} x {classes}: all metrics {cost}")
        print(f"{ROWS} x {classes}: scikit-learn's two areas {milliseconds(areas, 5)}")
        print(f"{ROWS} x {classes}: {len(added)} bytes a round")


if __name__ == "__main__":
    main()
