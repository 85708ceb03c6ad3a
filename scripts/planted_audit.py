"""Are the intervals of an audit as sure as they say, and what does an active audit save? Models whose truth is known.

    python scripts/planted_audit.py --out results/planted_audit.csv

About two minutes on two idle cores. Item i is wrong with a probability e_i, drawn from a beta distribution whose mean
is the model's error and whose two parameters add up to 0.6, so that most items are clear and some are not. An item is
of the rare class with probability 0.15 + 0.2 e_i: 15 to 23 % of the items, the harder ones. What the model says of
itself, which steers the active audit, is one of

    calibrated      e_i
    overconfident   e_i³
    noisy           e_i with noise of twice the size of a logit, and twice as extreme
    changing        noisy, with other noise for every batch
    useless         the e of another item
    reversed        0 where the model is worse than on average, so that its faults are those of which it is certain

An active audit draws a fifth of its items uniformly, as `al-bench query` does while there is no model, and the others
in four batches from a reserve of ten items for each; `active, small reserve` from one of two for each, which is what a
pool of four has. `… with skips`: an item has no label with a probability of e_i / 2, so that it is the hard ones that
are skipped.

Columns: `audit`, `model`, `labels` M, `accuracy` (the truth), `measure`; `intervals`, the repetitions that gave one (a
class needs ten items); of these `coverage`, the mean `width`, and the `bias` of the estimate with its standard error
`bias_se`, all left out under 1,000; `saved`, for accuracy by an active audit: 1 − M / m, where a random audit of m
labels has an exact interval of that mean width; less than 0 where it needs more labels. `accuracy, those labelled` is
the accuracy on items that people would not skip; `accuracy, whatever is skipped` the bounds for all items, whose width
is that of their interval.

Two rules that al-bench does not use are there for comparison: `(bootstrap)`, balanced accuracy by the percentiles of a
bootstrap within the classes of a random audit; and `(finite pool)`, the hypergeometric interval of an audit of half of
a pool, a quarter of which is trained on (the hardest of the other half, on which the model is then always right), for
the accuracy on new items and on the items of the pool. Monte-Carlo error of 1,200 repetitions: 0.6 points at 95 %.
"""

from __future__ import annotations

import argparse
import csv
import zlib
from collections.abc import Iterator
from functools import cache
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, hypergeom

from al_bench.labelling.active_testing import draw, lure_weights
from al_bench.labelling.audit_report import Estimator
from al_bench.labelling.audit_statistics import FEWEST, SAMPLES, Share, clopper_pearson, melded_mean

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.int64]

SPREAD = 0.6
MODELS = ("calibrated", "overconfident", "noisy", "changing", "useless", "reversed")
ACCURACIES = {50: (0.6, 0.8, 0.9, 0.95, 0.98), 100: (0.6, 0.8, 0.9), 200: (0.9, 0.95, 0.98)}
"""Labels to accuracies: 100 for a small reserve and for skips, the others for all else; 200 where faults are few."""
RESERVE, SMALL = 10, 2
BATCHES = 5
FEWEST_INTERVALS = 1_000
"""Repetitions with an interval below which its coverage is not given."""
COLUMNS = (
    *("audit", "model", "labels", "accuracy", "measure", "intervals"),
    *("coverage", "width", "bias", "bias_se", "saved"),
)
ACCURACY, RECALL, BALANCED = "accuracy", "recall, rare class", "balanced accuracy"

Estimates = dict[str, tuple[Share | None, float]]
"""Measure to its estimate and the truth."""


def truth(error: float) -> dict[str, float]:
    """Accuracy, and the recall of the rare class and the mean of both, on all items there could be."""
    second = second_moment(error)
    rare = 0.15 + 0.2 * error
    wrong_rare = 0.15 * error + 0.2 * second
    recalls = {"rare": 1 - wrong_rare / rare, "common": 1 - (error - wrong_rare) / (1 - rare)}
    return {ACCURACY: 1 - error, RECALL: recalls["rare"], BALANCED: (recalls["rare"] + recalls["common"]) / 2}


def second_moment(error: float) -> float:
    """The mean of e²."""
    return error**2 + error * (1 - error) / (SPREAD + 1)


def items(error: float, count: int, generator: np.random.Generator) -> tuple[Floats, Flags, Rows]:
    """Items: the probability that the model is wrong, whether it is right, and the class (1 is the rare one)."""
    e = generator.beta(SPREAD * error, SPREAD * (1 - error), count)
    return e, generator.random(count) >= e, (generator.random(count) < 0.15 + 0.2 * e).astype(np.int64)


def own_account(model: str, e: Floats, error: float, generator: np.random.Generator) -> Floats:
    """What the model gives as the probability that it is wrong."""
    if model == "overconfident":
        return e**3
    if model in ("noisy", "changing"):
        clipped = np.clip(e, 1e-4, 1 - 1e-4)
        logit = np.log(clipped / (1 - clipped)) + 2 * generator.standard_normal(len(e))
        return 1 / (1 + np.exp(-2 * logit))
    if model == "useless":
        return generator.permutation(e)
    if model == "reversed":
        return np.where(e < error, generator.permutation(e) / 2, 0.0)
    return e


def steered(model: str, labels: int, e: Floats, error: float, generator: np.random.Generator) -> tuple[Rows, Floats]:
    """The draws of an active audit from a reserve, and their weights."""
    size = len(e)
    loss = own_account(model, e, error, generator)
    left, rows, q = np.arange(size), np.empty(0, np.int64), np.empty(0)
    for batch in range(BATCHES):
        if model == "changing":
            loss = own_account(model, e, error, generator)
        drawn = draw(loss[left] if batch else np.ones(size), labels // BATCHES, generator)
        taken = np.array([row for row, _ in drawn])
        rows, q = np.append(rows, left[taken]), np.append(q, [p for _, p in drawn])
        left = np.delete(left, taken)
    return rows, lure_weights(q, size)


def judged(
    estimator: Estimator, right: Flags, classes: Rows, error: float, generator: np.random.Generator
) -> Estimates:
    """Accuracy, recall and balanced accuracy, as `al-bench query` estimates them."""
    rows, target = np.arange(len(right)), truth(error)
    value, ends = estimator.accuracy(rows, right)
    out: Estimates = {ACCURACY: (ends.share(value, len(rows)), target[ACCURACY])}
    parts = [rows[classes == name] for name in (0, 1)]
    if min(map(len, parts)) < FEWEST:
        return out | {RECALL: (None, target[RECALL]), BALANCED: (None, target[BALANCED])}
    recalls = [estimator.accuracy(part, right[part]) for part in parts]
    out[RECALL] = recalls[1][1].share(recalls[1][0], len(parts[1])), target[RECALL]
    out[BALANCED] = melded_mean(recalls, len(rows), generator), target[BALANCED]
    return out


def active(model: str, labels: int, error: float, generator: np.random.Generator, reserve: int = RESERVE) -> Estimates:
    """One active audit."""
    e, right, classes = items(error, reserve * labels, generator)
    rows, v = steered(model, labels, e, error, generator)
    return judged(Estimator(v, len(e)), right[rows], classes[rows], error, generator)


def small_reserve(model: str, labels: int, error: float, generator: np.random.Generator) -> Estimates:
    """One active audit of a small pool."""
    return active(model, labels, error, generator, SMALL)


def random(model: str, labels: int, error: float, generator: np.random.Generator) -> Estimates:
    """One random audit."""
    _, right, classes = items(error, labels, generator)
    return judged(Estimator(None, labels), right, classes, error, generator)


def with_skips(
    estimator: Estimator, e: Floats, right: Flags, error: float, generator: np.random.Generator
) -> Estimates:
    """An audit in which people skip the harder items."""
    present = np.arange(len(e))
    rows = present[generator.random(len(e)) >= e / 2]
    value, ends = estimator.accuracy(rows, right[rows])
    low, high = estimator.whatever(present, rows, right[rows])
    labelled = (1 - 1.5 * error + 0.5 * second_moment(error)) / (1 - error / 2)
    return {
        "accuracy, those labelled": (ends.share(value, len(rows)), labelled),
        "accuracy, whatever is skipped": (Share((low + high) / 2, low, high, len(e)), 1 - error),
    }


def random_with_skips(model: str, labels: int, error: float, generator: np.random.Generator) -> Estimates:
    """One random audit with skips."""
    e, right, _ = items(error, labels, generator)
    return with_skips(Estimator(None, labels), e, right, error, generator)


def active_with_skips(model: str, labels: int, error: float, generator: np.random.Generator) -> Estimates:
    """One active audit with skips."""
    e, right, _ = items(error, RESERVE * labels, generator)
    rows, v = steered(model, labels, e, error, generator)
    return with_skips(Estimator(v, len(e)), e[rows], right[rows], error, generator)


def bootstrap(model: str, labels: int, error: float, generator: np.random.Generator) -> Estimates:
    """Balanced accuracy of a random audit, by the percentiles of a bootstrap within each class."""
    _, right, classes = items(error, labels, generator)
    parts = [right[classes == name] for name in (0, 1)]
    target = truth(error)[BALANCED]
    if min(map(len, parts)) < FEWEST:
        return {BALANCED: (None, target)}
    sums = np.sum([generator.binomial(len(part), part.mean(), SAMPLES) / len(part) for part in parts], axis=0)
    low, high = np.quantile(sums / 2, [0.025, 0.975])
    return {BALANCED: (Share(float(np.mean([part.mean() for part in parts])), float(low), float(high), labels), target)}


@cache
def hypergeometric(right: int, labels: int, pool: int) -> tuple[float, float]:
    """The shares of a pool for which so many right among those drawn are not too few and not too many, 95 %."""
    total = np.arange(pool + 1)
    fits = (hypergeom.sf(right - 1, pool, total, labels) > 0.025) & (hypergeom.cdf(right, pool, total, labels) > 0.025)
    return float(total[fits].min()) / pool, float(total[fits].max()) / pool


def finite_pool(model: str, labels: int, error: float, generator: np.random.Generator) -> Estimates:
    """One random audit of half of a pool, a quarter of which is trained on."""
    pool = 2 * labels
    e, right, _ = items(error, pool, generator)
    count = int(right[:labels].sum())
    share = Share(count / labels, *hypergeometric(count, labels, pool), labels)
    right[labels + np.argsort(-e[labels:])[: pool // 4]] = True
    return {ACCURACY: (share, 1 - error), "accuracy, of the pool": (share, float(right.mean()))}


@cache
def expected_width(labels: int, error: float) -> float:
    """The mean width of the exact interval of a random audit."""
    right = np.arange(labels + 1)
    shares = [clopper_pearson(int(k), labels) for k in right]
    return float(binom.pmf(right, labels, 1 - error) @ [share.high - share.low for share in shares])


def saved(labels: int, error: float, width: float) -> float:
    """1 − M / m; see the module's docstring. m is between M / 6 and 4 M."""
    sizes = np.unique(np.geomspace(labels / 6, 4 * labels, 40).astype(int))
    widths = np.array([expected_width(int(size), error) for size in sizes])
    return 1 - labels / float(np.exp(np.interp(-width, -widths, np.log(sizes))))


KINDS = {
    "random": random,
    "active": active,
    "active, small reserve": small_reserve,
    "random, with skips": random_with_skips,
    "active, with skips": active_with_skips,
    "(bootstrap)": bootstrap,
    "(finite pool)": finite_pool,
}


def cell(arguments: tuple[str, str, int, float, int, int]) -> list[dict[str, object]]:
    """The lines of one kind of audit, model, size and accuracy."""
    kind, model, labels, accuracy, repetitions, seed = arguments
    name = f"{kind}/{model}/{labels}/{accuracy}"
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    error = round(1 - accuracy, 6)
    played = [KINDS[kind](model, labels, error, generator) for _ in range(repetitions)]
    lines: list[dict[str, object]] = []
    for measure in played[0]:
        pairs = [(share, target) for share, target in (one[measure] for one in played) if share is not None]
        line = {"audit": kind, "model": model, "labels": labels, "accuracy": accuracy, "measure": measure}
        line["intervals"] = len(pairs)
        if len(pairs) >= min(FEWEST_INTERVALS, repetitions):
            width = float(np.mean([share.high - share.low for share, _ in pairs]))
            off = np.array([share.value - target for share, target in pairs])
            line["coverage"] = f"{np.mean([share.low <= target <= share.high for share, target in pairs]):.4f}"
            line["width"] = f"{width:.4f}"
            if "whatever" not in measure:
                line |= {"bias": f"{off.mean():.5f}", "bias_se": f"{off.std(ddof=1) / np.sqrt(len(off)):.5f}"}
            if kind.startswith("active") and measure == ACCURACY:
                line["saved"] = f"{saved(labels, error, width):.3f}"
        lines.append(line)
    return lines


def cells(repetitions: int, seed: int) -> Iterator[tuple[str, str, int, float, int, int]]:
    """All cells."""
    for labels, accuracies in ACCURACIES.items():
        for accuracy in accuracies:
            for kind in KINDS:
                if (labels == 100) != (kind == "active, small reserve" or kind.endswith("skips")):
                    continue
                for model in MODELS if kind.startswith("active") else ("any",):
                    yield kind, model, labels, accuracy, repetitions, seed


def main() -> None:
    """Play all cells and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/planted_audit.csv"))
    parser.add_argument("--repetitions", type=int, default=1_200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    with Pool(given.processes) as pool, given.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for lines in pool.imap(cell, cells(given.repetitions, given.seed)):
            writer.writerows(lines)
            file.flush()


if __name__ == "__main__":
    main()
