"""The pairwise penalty matrix and the normalised errors of the BADGE paper.

A setting is one dataset with one batch size (and one network). At n label counts of it, spaced ever wider, every arm is
compared with every other by a paired t-test; a win is worth 1/n, so that a setting adds at most 1 to a cell.

Source: Ash, Zhang, Krishnamurthy, Langford & Agarwal 2020 (BADGE), sec. 4 and app. D. Departures: the number of seeds
is what was run, not 5; the normalised errors are of means over all seeds, as the paper says (its script takes one).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from al_bench.analysis.statistics import Floats
from al_bench.analysis.statistics.paired import LEVEL, estimates

SATURATED = 0.99


@dataclass(frozen=True)
class Penalty:
    """The penalty matrix of one setting, or the sum over several.

    Args:
        matrix: [A, A]; row i, column j: how often (in settings) arm i beats arm j. NaN where no test was possible.
        settings: How many settings were added: no cell can be larger.
        budgets: The label counts of one setting; empty for a sum.
        seeds: The fewest and the most seeds behind a comparison, (0, 0) where there was none.
    """

    matrix: Floats
    settings: int
    budgets: tuple[int, ...]
    seeds: tuple[int, int]

    @property
    def beaten(self) -> Floats:
        """Column averages, [A]: how often an arm is beaten, itself (at 0) counted; lower is better.

        NaN for an arm that could be tested against no other.
        """
        tested = (~np.isnan(self.matrix)).sum(axis=0) > 1  # the diagonal is always there
        return np.where(tested, np.nansum(self.matrix, axis=0) / len(self.matrix), np.nan)


def penalty_budgets(labels: Sequence[int], batch: int, baseline: Floats | None) -> list[int]:
    """The label counts that are compared: L0, and L0 + 2^(m−1)·B for m = 1, 2, … until Random has saturated.

    They go on while Random's mean accuracy is at most 0.99 of its accuracy at the last count. Counts without an
    evaluation are passed over.

    Args:
        labels: The label counts of the setting, increasing, [B].
        batch: The acquisition batch B.
        baseline: Random's mean accuracy at `labels`, [B]; None: all of the counts, whatever Random does.
    """
    column = {int(count): number for number, count in enumerate(labels)}
    first, last = int(labels[0]), int(labels[-1])
    chosen, step = [first], batch
    while first + step <= last:
        count = first + step
        step *= 2
        if count not in column:
            continue
        if baseline is not None and baseline[column[count]] > SATURATED * baseline[-1]:
            break
        chosen.append(count)
    return chosen


def penalty(accuracy: Sequence[Floats], seeds: Sequence[Sequence[int]], labels: Sequence[int], batch: int,
            random: int | None) -> Penalty:  # fmt: skip
    """The penalty matrix of one setting.

    At every budget and for every pair, over their P shared seeds with d = error_i − error_j:
    t = √P · mean(d)/sd(d), ddof 1; i beats j where t < −t(0.975, P−1), 2.776 for five seeds. No spread with a
    non-zero mean is a win as well.

    Args:
        accuracy: For each of A arms [S, B], NaN where not evaluated.
        seeds: For each arm the seed of each row.
        labels: Label counts, [B]; batch: the acquisition batch.
        random: The number of Random among the arms; None where there is none.
    """
    arms = len(accuracy)
    together = [
        number for number in range(len(labels)) if not any(np.isnan(rows[:, number]).any() for rows in accuracy)
    ]
    matrix = np.full((arms, arms), np.nan)
    np.fill_diagonal(matrix, 0.0)
    if not together:
        return Penalty(matrix, 1, (), (0, 0))
    counts = [int(labels[number]) for number in together]
    mean = None if random is None else accuracy[random][:, together].mean(axis=0)
    budgets = penalty_budgets(counts, batch, mean)
    columns = [together[counts.index(count)] for count in budgets]
    used: list[int] = []
    for i in range(arms):
        for j in range(i + 1, arms):
            shared = [seed for seed in seeds[i] if seed in seeds[j]]
            if len(shared) < 2:
                continue
            used.append(len(shared))
            ours, theirs = (
                accuracy[arm][np.ix_([list(seeds[arm]).index(seed) for seed in shared], columns)] for arm in (i, j)
            )
            shown = [difference for difference in estimates(ours - theirs) if difference.p < LEVEL]  # of accuracies
            matrix[i, j] = sum(difference.mean > 0 for difference in shown) / len(budgets)
            matrix[j, i] = sum(difference.mean < 0 for difference in shown) / len(budgets)
    return Penalty(matrix, 1, tuple(budgets), (min(used), max(used)) if used else (0, 0))


def total(settings: Sequence[Penalty]) -> Penalty:
    """The sum over settings with the same arms in the same order; what one setting could not test adds nothing."""
    stacked = np.stack([setting.matrix for setting in settings])
    matrix = np.where(np.isnan(stacked).all(axis=0), np.nan, np.nansum(stacked, axis=0))
    fewest, most = zip(*(setting.seeds for setting in settings), strict=True)
    return Penalty(matrix, len(settings), (), (min(fewest), max(most)))


def normalised_errors(accuracy: Sequence[Floats], baseline: Floats) -> Floats:
    """ne = mean error of the arm / mean error of Random, at every label count: [A, B]; below 1 beats Random.

    Args:
        accuracy: For each of A arms [S, B], NaN where not evaluated: then so is the quotient.
        baseline: Random's, [S, B]. Where its mean error is 0 the quotient is NaN.
    """
    reference = 1 - baseline.mean(axis=0)  # [B]
    errors = np.stack([1 - rows.mean(axis=0) for rows in accuracy])  # [A,B]
    return np.divide(errors, reference, out=np.full_like(errors, np.nan), where=reference > 0)


def cdf(values: Floats, points: Sequence[float]) -> Floats:
    """The share of the values (NaN left out) at or below each point; NaN where there is no value.

    In one setting its n budgets weigh 1/n each; over settings the mean of their curves weighs settings alike.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return np.full(len(points), np.nan)
    return np.array([float((known <= point + 1e-12).mean()) for point in points])
