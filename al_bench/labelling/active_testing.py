"""An active audit: items drawn where the model may be wrong, and weighted so that the estimate is unbiased.

At the first call a reserve of items is drawn uniformly from all items, and none of it is ever trained on. Within the
reserve items are drawn one after another, without replacement, with probabilities that the model of that call gives.
Each probability is on record. Every later model is a function of items outside the reserve: for it, too, the losses on
the reserve are fixed numbers that no draw changes, so that the same draws and the same weights are unbiased for every
model, although the models that steered the draws were others. (Were the items drawn from the whole pool, the model
would depend on the draws, as only what is not drawn can be trained on.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from al_bench.labelling.audit_statistics import Beta, Ends, Floats

FLOOR = 0.5
"""The part of every proposal that is uniform: no weight exceeds 1 / FLOOR, so that confident faults count."""
UNSEEN = (1 + 1 / FLOOR) / 2
"""The weight of the item that is added for an end of an interval: between the mean weight, 1, and the largest.

With that weight, where every fault is one of which the model is certain, an error of 1.5 · 3.69 / M is above the upper
end for no fault drawn, which happens with a probability of at most exp(−3.69 · 1.5 / 2) = 6.3 %."""


def draw(expected_loss: Floats, count: int, generator: np.random.Generator) -> list[tuple[int, float]]:
    """Rows drawn one after another without replacement, each with the probability that it had at its step.

        q_i = (1 − φ) ℓ̂_i / Σ_j ℓ̂_j + φ / n

    over the n rows that are left, where φ is `FLOOR`; 1 / n where no ℓ̂ among them is above 0. At each step a coin says
    whether the row comes uniformly or by its ℓ̂: the next one that is left of an order at random, or of one by races of
    exponential times with rates ℓ̂, which are draws without replacement in proportion to it.

    Args:
        expected_loss: [N] ℓ̂: 1 − the probability of the predicted class.
        count: At most N.
        generator: Of the draws.

    Source: Kossen et al. 2021, Active Testing: q ∝ expected loss, here of the zero-one loss under the model itself, not
    under a surrogate of its own. The mixture with uniform draws, which bounds the weights, is a departure. The races:
    Efraimidis and Spirakis 2006.
    """
    loss = np.clip(expected_loss, 0, None)
    some = np.flatnonzero(loss)
    times = np.maximum(generator.exponential(size=len(some)), np.finfo(float).tiny)
    orders = {
        True: iter(generator.permutation(len(loss)).tolist()),
        False: iter(some[np.argsort(np.log(times) - np.log(loss[some]))].tolist()),  # no quotient overflows
    }
    by_chance = (generator.random(len(loss)) < FLOOR).tolist()
    left = np.ones(len(loss), dtype=bool)
    drawn: list[tuple[int, float]] = []
    for step in range(min(count, len(loss))):
        total = float(loss.sum(where=left))
        row = next(row for row in orders[by_chance[step] or total <= 0] if left[row])
        chance = 1 / (len(loss) - step)
        drawn.append((row, (1 - FLOOR) * float(loss[row]) / total + FLOOR * chance if total > 0 else chance))
        left[row] = False
    return drawn


def lure_weights(q: Floats, size: int) -> Floats:
    """The weights that make the mean of the weighted losses unbiased for the mean over the reserve.

        v_m = 1 + (N − M) / (N − m) · (1 / ((N − m + 1) q_m) − 1),   R_LURE = (1/M) Σ_m v_m ℓ_m

    Args:
        q: [M] the probability of each draw at its step, in the order drawn.
        size: N, items in the reserve.

    Source: Farquhar, Gal and Rainforth 2021, On Statistical Bias in Active Learning: the estimator R_LURE and its v_m.
    """
    drawn = len(q)
    if drawn == size:
        return np.ones(drawn)
    m = np.arange(1, drawn + 1)
    return 1 + (size - drawn) / (size - m) * (1 / ((size - m + 1) * q) - 1)


def lure_accuracy(v: Floats, wrong: NDArray[np.bool_], size: int) -> tuple[float, Ends]:
    """The accuracy of an active audit, with the Clopper-Pearson interval of as many uniform draws as it is worth.

        y = (1/M) Σ v_m ℓ_m,   V = (1/M²) Σ v_m² ℓ_m − y²/M,   n = y (1 − y) / (V + V_N),   k = n y

    and the error lies between B(α/2; k, n − k + 1) and B(1 − α/2; k, n − k + 1), where for the upper end a fault of
    weight `UNSEEN` is added to y and V, as it may be the one that was just not drawn. V_N = max(0, y (1 − y) − M V) / N
    is what a reserve of N items says of all there are beyond the draws. With equal weights it is Clopper-Pearson.

    No coverage is proved: the planted study under results/planted_audit.csv says what it covers, and where.

    Args:
        v: [M] weights of all draws.
        wrong: [M] ℓ, whether the model is wrong.
        size: N, items in the reserve.

    Returns:
        1 − y, which is unbiased and may therefore lie below 0, there cut off; and the ends of its interval.

    Source: effective sample sizes in the exact interval: Korn and Graubard 1998; the fault that is added: Fay and Feuer
    1997, whose gamma interval is for weighted Poisson counts. Their combination is al-bench's.
    """
    drawn = len(v)
    y = float(v @ wrong) / drawn
    second = float(v**2 @ wrong) / drawn**2
    added = _weight_added(v) / drawn

    def counts(y: float, second: float) -> Beta:
        return _beta(y, second - y**2 / drawn, drawn, size)

    low_error = None if y <= 0 else (drawn, 1.0) if y >= 1 else counts(y, second)
    high_error: Beta | None = None
    if not wrong.all():
        high_error = _few_others(v) if y + added >= 1 else counts(y + added, second + added**2)
    return 1 - min(y, 1.0), _of_accuracy(low_error, high_error)


def ratio_accuracy(v: Floats, wrong: NDArray[np.bool_], size: float) -> tuple[float, Ends]:
    """The accuracy on a part of an active audit, as the items of a class (its recall) or those that have a label.

        y = Σ w_m ℓ_m,   V = Σ w_m² (ℓ_m − y)²,   w_m = v_m / Σ v,   n = y (1 − y) / (V + V_N),   k = n y

    over the draws of that part. It is a ratio of weighted counts, which is consistent and not unbiased. The interval is
    as in `lure_accuracy`, and for the lower end of the error an item that is right is added just so: the draws steer
    towards faults, and few items that are right may stand for many.

    Args:
        v: [m] weights of the draws of that part.
        wrong: [m] whether the model is wrong.
        size: N Σ v / M: the items of that part that the reserve has, as estimated.

    Returns:
        1 − y, and the ends of its interval.

    Source: the share of a domain and its variance: Särndal, Swensson and Wretman 1992, Model Assisted Survey Sampling;
    the interval as in `lure_accuracy`.
    """
    w = v / v.sum()
    squares, added = float(w @ w), _weight_added(v) / float(v.sum())

    def upper(of: NDArray[np.bool_]) -> Beta | None:
        if of.all():
            return None
        y = float(w @ of) + added
        if y >= 1:
            return _few_others(v)
        spread = (float(w**2 @ of) + added**2) * (1 - 2 * y) + y**2 * squares
        return _beta(y, spread, len(v), size)

    high_error, high_right = upper(wrong), upper(~wrong)
    return float(w @ ~wrong), Ends(None if high_error is None else high_error[::-1], high_right)


def _weight_added(v: Floats) -> float:
    """The weight of the item that is added: 1 where all weights are equal, which gives Clopper-Pearson."""
    return float(v[0]) if np.ptp(v) < 1e-9 else UNSEEN


def _few_others(v: Floats) -> Beta:
    """The upper end of a share where what is beside it weighs less than the item that is added: as one draw of n."""
    return float(v.sum() ** 2 / (v @ v)), 1.0


def _beta(y: float, spread: float, drawn: int, size: float) -> Beta:
    """The counts k and n − k + 1 that a share is worth, from its variance V."""
    binomial = y * (1 - y)
    if spread <= 0:
        spread = binomial / drawn
    worth = binomial / (spread + max(0.0, binomial - drawn * spread) / size)
    return worth * y, worth * (1 - y) + 1


def _of_accuracy(low_error: Beta | None, high_error: Beta | None) -> Ends:
    """The ends of the accuracy's interval, from those of the error's: where x is beta (a, b), 1 − x is beta (b, a)."""
    return Ends(None if high_error is None else high_error[::-1], None if low_error is None else low_error[::-1])
