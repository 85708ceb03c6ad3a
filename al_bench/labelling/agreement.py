"""How far people agree who labelled the same items: Krippendorff's α, of all classes and of each against the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from al_bench.labelling.answers import SKIP, Answers
from al_bench.labelling.votes import votes

RESAMPLES = 2_000
"""Bootstrap samples behind an interval."""
FEWEST_ITEMS = 10
"""Items with two labels or more below which no interval is given."""


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's α with its interval.

    Args:
        value: 1 for full agreement, 0 for what chance gives; None where all labels are the same, so that nothing could
            have differed.
        low, high: 95 % interval; None where there are too few items, or where a sample of items has one class only in
            more than one of twenty samples.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "undefined (all labels are the same)"
        if self.low is None or self.high is None:
            return f"{self.value:.3f} (too few items for an interval)"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Agreement:
    """The agreement of everybody who labelled an item that somebody else labelled, too.

    Args:
        items: Items with labels of two annotators or more.
        annotators: People who gave these labels.
        alpha: Over all classes.
        by_class: Class to the α of that class against the rest.
    """

    items: int
    annotators: int
    alpha: Alpha
    by_class: dict[str, Alpha]


def nominal_alpha(counts: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Krippendorff's α for nominal labels and any number of annotators, labels missing or not.

        α = 1 − (n − 1) · (n − Σ_c o_cc) / (n² − Σ_c n_c²),   o_cc = Σ_u n_uc (n_uc − 1) / (m_u − 1)

    where n_uc annotators gave item u the class c, m_u = Σ_c n_uc, n_c = Σ_u n_uc and n = Σ_c n_c.

    Args:
        counts: [U, C] n_uc, of items with two labels or more.
        weights: [B, U] how often each item is in each of B samples; None for every item once, B = 1.

    Returns:
        [B] α; NaN where all labels of a sample are the same.

    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability; Hayes and Krippendorff 2007.
    """
    counts = counts.astype(np.float64)
    weights = np.ones((1, len(counts))) if weights is None else weights
    agreeing = (counts * (counts - 1)).sum(1) / (counts.sum(1) - 1)
    by_class = weights @ counts
    n = by_class.sum(1)
    expected = n**2 - (by_class**2).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - (n - 1) * (n - weights @ agreeing) / expected, np.nan)


def alpha_with_interval(counts: np.ndarray, seed: int) -> Alpha:
    """α and the 2.5th and 97.5th percentile of it over samples of the items with replacement.

    Args:
        counts: [U, C] how many annotators gave item u the class c.
        seed: Of the samples.

    Source of the interval: Zapf et al. 2016, Measuring inter-rater reliability for nominal data, who find that it holds
    its level where the interval from the theory does not. Hayes and Krippendorff 2007 resample pairs of labels instead.
    """
    counts = counts[counts.sum(1) >= 2]
    value = float(nominal_alpha(counts)[0]) if len(counts) else np.nan
    if np.isnan(value):
        return Alpha(None)
    if len(counts) < FEWEST_ITEMS:
        return Alpha(value)
    items = len(counts)
    weights = np.random.default_rng(seed).multinomial(items, np.full(items, 1 / items), size=RESAMPLES)
    samples = nominal_alpha(counts, weights)
    defined = samples[~np.isnan(samples)]
    if len(defined) < 0.95 * RESAMPLES:
        return Alpha(value)
    low, high = np.quantile(defined, [0.025, 0.975])
    return Alpha(value, float(low), float(high))


def agreement(answers: Answers, seed: int = 0) -> Agreement | None:
    """The agreement of all answers; None where no item has labels of two annotators.

    An item that somebody skipped has no label of his.

    Args:
        answers: What people said.
        seed: Of the intervals.
    """
    labels = {
        item: [(coder, vote.label) for coder, vote in votes(given).items() if vote.label != SKIP]
        for item, given in answers.by_item.items()
    }
    repeated = {item: given for item, given in labels.items() if len(given) >= 2}
    if not repeated:
        return None
    classes = sorted({label for given in repeated.values() for _, label in given})
    counts = _counts(repeated, classes)
    rest = counts.sum(1)
    by_class = {
        name: alpha_with_interval(np.stack([counts[:, number], rest - counts[:, number]], axis=1), seed)
        for number, name in enumerate(classes)
    }
    annotators = {coder for given in repeated.values() for coder, _ in given}
    return Agreement(len(repeated), len(annotators), alpha_with_interval(counts, seed), by_class)


def _counts(labels: Mapping[str, Sequence[tuple[str, str]]], classes: Sequence[str]) -> np.ndarray:
    """[U, C] how many annotators gave an item a class."""
    number = {name: index for index, name in enumerate(classes)}
    counts = np.zeros((len(labels), len(classes)))
    for row, given in enumerate(labels.values()):
        for _, label in given:
            counts[row, number[label]] += 1
    return counts


def describe(result: Agreement, most: int = 20) -> list[str]:
    """What there is to say of an agreement, one line each."""
    lines = [
        f"{result.annotators} annotators gave {result.items:,} items two labels or more; Krippendorff's α "
        f"{result.alpha} (1 is full agreement, 0 is chance; 95 % over items)"
    ]
    if len(result.by_class) > 2:
        shown = "; ".join(f"{name} {alpha}" for name, alpha in list(result.by_class.items())[:most])
        more = f"; … {len(result.by_class) - most} more" if len(result.by_class) > most else ""
        lines.append(f"α of each class against the rest: {shown}{more}")
    return lines
