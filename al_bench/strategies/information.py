"""Batches and scores by mutual information over shared posterior draws: BatchBALD and EPIG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench import checks, kernels
from al_bench.errors import InputError
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import RunFacts, ScoreStrategy, Selection, Strategy

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass
class BatchBald(Strategy):
    """Greedy batch by I[y₁ … y_B; w], the information between all its labels and the weights (Kirsch et al. 2019).

    Args:
        exact_cap: All label configurations of the batch are enumerated while they are at most this many.
        samples: M, configurations sampled after that.
        saturation_tol: Nats. K draws hold at most log K nats: when no row adds this much, the rest of the batch is
            chosen at random, and the record says from which pick on.
        candidates_max: Of a larger pool only the draws of this many rows are held, those of highest BALD; null holds
            all. The record says from which pick on a row left out might have been picked (`capped_at`). The default
            takes 400 MB with 100 draws of 10 classes, and leaves the pools of MNIST, CIFAR and SVHN whole.

    Cost:
        O(N K C) for BALD, then O(S K C) for a row evaluated, S = min(C^(b − 1), `exact_cap` or M) label configurations
        at pick b; lazy greedy evaluates only some of the rows at a pick. Memory: 4 m K C bytes for the draws of
        m = min(N, `candidates_max`) rows, an eighth more while a larger pool is scored, and S × K.

    Source:
        Kirsch, van Amersfoort and Gal 2019, BatchBALD (1906.08158), section 3 and algorithm 1.

    Departures:
        Conditional entropies are averaged in place of joint entropies subtracted, and the sampled configurations are
        extended from pick to pick; neither changes an expectation. Rows are evaluated lazily: the same batch
        while the enumeration is exact. After saturation rows are chosen at random, where the authors' code picks by
        gains that are rounding. In a pool of more than `candidates_max` rows the batch is that of the whole
        pool while BALD, which bounds a row's gain, excludes the rows left out, and a batch among the rows kept from
        pick `capped_at` on.
        Works from an empty labelled set, on the predictions of an untrained network.
    """

    minimum_draws: ClassVar[int] = 2
    exact_cap: int = 40_000
    samples: int = 10_000
    saturation_tol: float = 1e-5
    candidates_max: int | None = 100_000

    def __post_init__(self) -> None:
        checks.at_least("strategy.exact_cap", self.exact_cap, 1)
        checks.at_least("strategy.samples", self.samples, 1)
        checks.at_least("strategy.saturation_tol", self.saturation_tol, 0, " (nats)")

    def check(self, facts: RunFacts) -> None:
        super().check(facts)
        if self.candidates_max is not None and self.candidates_max < facts.batch:
            raise InputError(
                f"strategy.candidates_max is {self.candidates_max} and schedule.batch is {facts.batch}, and the batch "
                "is picked among the candidates kept: raise strategy.candidates_max, or set it to null to keep all"
            )

    def max_candidates(self) -> int | None:
        return self.candidates_max

    def screening_score(self, evidence: Evidence) -> Tensor:
        return kernels.bald(evidence.mc_log_probs)

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.mc_log_probs})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        from al_bench.progress import bar

        with bar("BatchBALD", batch, "picks") as picks:
            chosen = kernels.select_batchbald(
                evidence.mc_log_probs,
                batch,
                generator,
                exact_cap=self.exact_cap,
                samples=self.samples,
                saturation_tol=self.saturation_tol,
                picked=picks.update,
                bald_p=None if evidence.screen is None else evidence.screen.scores,
                candidates_n=None if evidence.screen is None else evidence.screen.candidates,
            )
        notes = {
            "joint_information": float(chosen.joint_information[-1]),
            "sampled_from": chosen.sampled_from,
            "saturated_at": chosen.saturated_at,
            "candidates_kept": evidence.rows,
            "capped_at": chosen.capped_at,
        }
        return Selection(chosen.rows, chosen.gains, notes)


@dataclass
class Epig(ScoreStrategy):
    """E_{x*} I[y; y*], the information about the labels of other points, nats (Bickford Smith et al. 2023).

    Args:
        target_points: T, random unlabelled points that stand for the inputs to be predicted.

    Cost:
        O(N T K C²) by chunks of rows, after one pass over the N + T rows for each of the K draws.

    Source:
        Bickford Smith et al. 2023, Prediction-Oriented Bayesian Active Learning (2304.08151): the estimator for
        classification with draws shared by both predictions.

    Departures:
        The targets x* are points of the pool, drawn anew every round; the paper also has target inputs of another
        distribution. A batch is the B highest scores; the score is of one point.
        Works from an empty labelled set, on the predictions of an untrained network.
    """

    minimum_draws: ClassVar[int] = 2
    target_points: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.at_least("strategy.target_points", self.target_points, 1)

    def num_targets(self) -> int:
        return self.target_points

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.mc_log_probs, Product.target_mc_log_probs})

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.expected_predictive_information_gain(evidence.mc_log_probs, evidence.target_mc_log_probs)
