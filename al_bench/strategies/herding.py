"""Batches that cover the feature space under a kernel: MaxHerding, and UHerding, which weighs by uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench import checks, kernels
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import Selection
from al_bench.strategies.density import LowBudgetStrategy

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass
class _Herding(LowBudgetStrategy):
    """A strategy that covers targets under a Gaussian kernel.

    Args:
        targets_max: Coverage is summed over this many random candidates at most; null: over all of them.
    """

    targets_max: int | None = 20_000

    def __post_init__(self) -> None:
        if self.targets_max is not None:
            checks.at_least("strategy.targets_max", self.targets_max, 1)

    def _herd(
        self, evidence: Evidence, batch: int, generator: torch.Generator, radius: float, weights: Tensor | None
    ) -> kernels.HerdingBatch:
        return kernels.select_herding(
            evidence.features,
            evidence.labelled_features,
            batch,
            generator,
            radius=radius,
            weights_n=weights,
            max_targets=self.targets_max,
        )


@dataclass
class MaxHerding(_Herding):
    """argmax_x Σ_x' [k(x, x') − max_s k(s, x')]₊, again and again, s labelled or picked (Bae et al. 2024).

    k(x, x') = exp(−‖h − h'‖² / σ²), on features divided by their norm.

    Args:
        radius: σ, in units of the normalised features, whose distances are 2 at most.

    Cost:
        O((N + L) T D) at the start for T = min(N, `targets_max`) targets, then O(T D) for each row looked at again, a
        few per cent of N a pick (lazy greedy: the same picks as from all N × T values); one pass over the N + L rows
        before. Memory: a float32 copy of the features, a float64 copy of the targets'.

    Source:
        Bae, Noh and Sutherland 2024, Generalized Coverage for More Robust Low-Budget Active Learning (2407.12212);
        their kernel and radius 1 on normalised features.

    Departures:
        Without an encoder the features are the input or the network's, not self-supervised ones. A pool of more than
        `targets_max` points is covered by way of a random part of it, drawn each round. Ties are broken at random.
        Made for the empty labelled set: `features=auto` then takes the input.
    """

    radius: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.above("strategy.radius", self.radius, 0, finite=True)

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        chosen = self._herd(evidence, batch, generator, self.radius, None)
        return Selection(chosen.rows, chosen.gains, {"coverage": chosen.coverage, "targets": chosen.targets})


@dataclass
class UHerding(_Herding):
    """argmax_x Σ_x' u(x') [k(x, x') − max_s k(s, x')]₊, u = 1 − (p₁ − p₂) of calibrated predictions (Bae et al. 2025).

    k(x, x') = exp(−‖h − h'‖² / σ²) on features divided by their norm, and σ is the least distance of two labelled
    points: with few labels it covers as MaxHerding does, with many it is the margin. The predictions are calibrated by
    a temperature of least calibration error on labelled points that were held out: the labelled set is split into
    folds, and for each the model is trained on the others.

    Args:
        calibration_folds: The number of folds; 0: no calibration, and no training beside the round's own.

    Cost:
        As `maxherding`, with the predictions of the N rows, and `calibration_folds` trainings a round more.

    Source:
        Bae, Oliveira and Sutherland 2025, Uncertainty Herding: One Active Learning Method for All Label Budgets
        (2412.20644); temperatures from 1.0 to 19.9 by 0.1 as in their code.

    Departures:
        Folds take the place of a single held-out part of a few points. Copies among the labelled points do not count
        as a distance; with fewer than two different labelled points σ is 1. Features, targets and ties are as in
        `maxherding`.
        Made for the empty labelled set, too: the temperature is then 1.
    """

    calibration_folds: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        good = self.calibration_folds == 0 or self.calibration_folds >= 2
        checks.require(good, "strategy.calibration_folds", self.calibration_folds, "0 (none) or at least 2")

    def needs(self, draws: bool) -> frozenset[Product]:
        held_out = {Product.held_out_log_probs, Product.labelled_labels} if self.calibration_folds else set()
        return super().needs(draws) | {Product.mean_log_probs} | held_out

    def num_folds(self) -> int:
        return self.calibration_folds

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        temperature = 1.0
        if self.calibration_folds:
            temperature = kernels.calibrated_temperature(evidence.held_out_log_probs, evidence.labelled_labels)
        log_probs = evidence.mean_log_probs
        if temperature != 1:
            log_probs = (log_probs / temperature).log_softmax(1)
        uncertainty = kernels.margin(log_probs)
        radius = kernels.least_distance(evidence.labelled_features)
        chosen = self._herd(evidence, batch, generator, radius or 1.0, uncertainty)
        notes = {
            "coverage": chosen.coverage,
            "targets": chosen.targets,
            "radius": radius or 1.0,
            "temperature": temperature,
        }
        return Selection(chosen.rows, chosen.gains, notes)
