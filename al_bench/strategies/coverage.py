"""Batches that cover the feature space: core-sets, K-means, and their uncertainty-weighted relatives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench import checks, kernels
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import FeatureStrategy, Selection
from al_bench.strategies.in_passes import PassesStrategy

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import Tensor


_COVERING = frozenset({Product.features, Product.labelled_features})


@dataclass
class CoresetGreedy(PassesStrategy):
    """argmax_x min_c ‖h(x) − h(c)‖ over centres c, labelled or picked, again and again (Sener & Savarese 2018).

    Cost:
        At most O(N L D) at the start and O(N D) a pick; in practice about 64 N D at the start and a few rows a pick, as
        only rows that may be the farthest are compared with every centre. One pass over the N + L rows before. No N ×
        N. With `features_held=m`: O(N (L + B) D) a pass, and 20 bytes a row and m D numbers of memory.

    Source:
        Sener and Savarese 2018, Active Learning for Convolutional Neural Networks: A Core-Set Approach (1708.00489),
        algorithm 1 (k-Center-Greedy); Gonzalez 1985.

    Departures:
        Rows equally far are picked at random. Works from an empty labelled set: the first centre is then uniformly
        random, and the features are an encoder's, else an untrained network's. With `features_held` a pick is that
        of the whole pool while it is farther than every row left out was in the last pass, and the pool is read again
        when it no longer is.
    """

    def needs(self, draws: bool) -> frozenset[Product]:
        return _COVERING

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        if (passes := evidence.passes) is None:
            chosen = kernels.select_k_centre(evidence.features, evidence.labelled_features, batch, generator)
            return Selection(chosen.rows, notes={"radius": float(chosen.radii[-1])})
        assert self.features_held is not None

        def read(score: Callable[[Tensor], Tensor], count: int, keys: Tensor) -> kernels.HeldRows:
            kept = passes.highest(lambda chunk: score(chunk.features), count, keys)
            assert kept.screen is not None
            return kernels.HeldRows(kept.screen.scores, kept.screen.candidates, kept.features)

        chosen = kernels.select_k_centre_in_passes(
            evidence.rows, read, evidence.labelled_features, batch, generator, held=self.features_held
        )
        return Selection(chosen.rows, notes={"radius": float(chosen.radii[-1]), "passes": passes.count})


@dataclass
class CoresetRobust(FeatureStrategy):
    """argmin_S of the radius within which all rows but Ξ have a centre, labelled or in S (Sener & Savarese 2018).

    Mixed-integer programs for the distances that the radius can have, from the greedy solution down.

    Args:
        outliers: Ξ: a count where it is at least 1 or is 0, else a fraction of the candidates (at least one point).
        time_limit: Seconds a round for the solver; the record says how far the batch may be from the optimum.
        candidates_max: A larger pool is first reduced to this many points by the greedy solution.

    Cost:
        With m = min(N, `candidates_max`): O(m N D) to reduce the pool, O(m² D) for the distances, then integer
        programs, up to `time_limit`. Memory: 16 m² bytes, and the solver's.

    Source:
        Sener and Savarese 2018 (1708.00489), section 4.2, algorithm 2 (Robust k-Center).

    Departures:
        The search goes from the greedy radius down to what is proven (the paper: to its half, below which the optimum
        may lie where there are outliers); Ξ counts points, not pairs; SciPy's HiGHS in place of a commercial solver;
        points of a reduced pool count with the number of points they represent. The record has radius, lower bound and
        gap. Works from an empty labelled set, on an encoder's features, else on an untrained network's.
    """

    outliers: float = 1e-4
    time_limit: float = 600.0
    candidates_max: int = 5_000

    def __post_init__(self) -> None:
        good = 0 <= self.outliers < math.inf and (self.outliers < 1 or self.outliers == int(self.outliers))
        checks.require(good, "strategy.outliers", self.outliers, "a whole number of at least 0, or a fraction below 1")
        checks.above("strategy.time_limit", self.time_limit, 0, " seconds")
        checks.at_least("strategy.candidates_max", self.candidates_max, 1)

    def needs(self, draws: bool) -> frozenset[Product]:
        return _COVERING

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        whole = self.outliers >= 1 or self.outliers == 0
        budget = int(self.outliers) if whole else kernels.outlier_budget(evidence.rows, self.outliers)
        chosen = kernels.select_robust_k_centre(
            evidence.features,
            evidence.labelled_features,
            batch,
            generator,
            outliers=budget,
            time_limit=self.time_limit,
            candidates=max(self.candidates_max, batch),
        )
        notes = {
            "radius": chosen.radius,
            "greedy_radius": chosen.greedy_radius,
            "lower_bound": chosen.lower_bound,
            "gap": chosen.gap,
            "optimal": chosen.optimal,
            "prefiltered": chosen.prefiltered,
        }
        return Selection(chosen.rows, notes=notes)


@dataclass
class KMeans(FeatureStrategy):
    """argmin_x ‖h(x) − μ_j‖ for the means μ_j of B clusters of the pool (K-means: Lloyd 1982).

    Cost:
        O(N D B) an iteration, at most 50, after one pass over the N rows. Memory: a few copies of the features.

    Source:
        Lloyd 1982, started by k-means++ (Arthur and Vassilvitskii 2007); the unweighted relative of
        `diverse_minibatch` and `clue`.

    Departures:
        No paper's method. The labelled points are not used. For each empty cluster a random row is picked.
        Works from an empty labelled set, on an encoder's features, else on an untrained network's.
    """

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.features})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        return Selection(kernels.kmeans_batch(evidence.features, batch, generator))


@dataclass
class DiverseMinibatch(FeatureStrategy):
    """argmin_x ‖h(x) − μ_j‖ for B means of the ⌈β B⌉ rows of highest 1 − (p₁ − p₂), which weighs them (Zhdanov 2019).

    Args:
        beta: β, the size of the prefilter in batches.
        weighted: Whether the rows have the weight 1 − (p₁ − p₂) in K-means.

    Cost:
        O(N C) for the prefilter, O(β B² D) an iteration of K-means, at most 50, after one pass over the N rows for
        the features and one for each of the K draws.

    Source:
        Zhdanov 2019, Diverse Mini-Batch Active Learning (1901.05954): K-means on prefiltered rows, weighted by
        informativeness.

    Departures:
        The nearest row not taken yet stands for each mean, so that duplicates and empty clusters never shorten the
        batch; a row of weight 0 has no influence on the clusters.
        Works from an empty labelled set, on an untrained network.
    """

    beta: float = 10.0
    weighted: bool = True

    def __post_init__(self) -> None:
        note = ": the prefilter keeps beta × batch rows"
        checks.at_least("strategy.beta", self.beta, 1, note, finite=True)

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.mean_log_probs, Product.features})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        scores = kernels.margin(evidence.mean_log_probs)
        rows = kernels.diverse_minibatch(scores, evidence.features, batch, self.beta, generator, weighted=self.weighted)
        return Selection(rows, scores[rows])


@dataclass
class Clue(FeatureStrategy):
    """argmin_x ‖h(x) − μ_j‖ for the means μ_j of B clusters, rows weighted by their entropy H[p] (Prabhu et al. 2021).

    Args:
        temperature: T, the temperature of the softmax whose entropy is the rows' weight.

    Cost:
        O(N D B) an iteration, at most 50, after one pass over the N rows. Memory: a few copies of the features.

    Source:
        Prabhu et al. 2021, Active Domain Adaptation via Clustering Uncertainty-weighted Embeddings (2010.08666).

    Departures:
        The paper adapts to another domain, and its pool is the target's; here there is one domain. The nearest row not
        taken yet stands for each mean. Dropout is off.
        Works from an empty labelled set, on an untrained network.
    """

    temperature: float = 1.0

    def __post_init__(self) -> None:
        checks.above("strategy.temperature", self.temperature, 0, finite=True)

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.point_log_probs, Product.features})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        weights = kernels.tempered_entropy(evidence.point_log_probs, self.temperature)
        rows = kernels.clue(evidence.features, weights, batch, generator)
        return Selection(rows, weights[rows])


@dataclass
class ClusterMargin(FeatureStrategy):
    """A random row of each cluster in turn, smallest first, of the rows of smallest p₁ − p₂ (Citovsky et al. 2021).

    The clusters are those of average linkage, whose size is the number of their rows among the `factor` · B rows of
    smallest margin.

    Args:
        factor: How many rows of smallest margin there are to choose from, in batches.
        cluster_size: The mean number of clustered rows in a cluster: there are m / `cluster_size` clusters of m rows.
        rows_max: With more candidates this many random ones are clustered, and any other row belongs to the cluster of
            the nearest of them.

    Cost:
        O(m² D) for the clusters of m = min(N, `rows_max`) rows, O(`factor` · B m D) to assign, after one pass over the
        N rows for the features and one for each of the K draws. Memory: 8 m² bytes.

    Source:
        Citovsky, DeSalvo, Gentile, Karydas, Rajagopalan, Rostamizadeh and Kumar 2021, Batch Active Learning at Scale
        (2107.14263).

    Departures:
        The paper clusters all points once; here at most `rows_max` candidates, each round, on the features of that
        round (under an encoder they stay the same). The tree is cut at a number of clusters, not at a distance.
        Clusters of one size are in random order. Works from an empty labelled set, on an untrained network.
    """

    factor: float = 10.0
    cluster_size: float = 10.0
    rows_max: int = 5_000

    def __post_init__(self) -> None:
        checks.at_least("strategy.factor", self.factor, 1, finite=True)
        checks.at_least("strategy.cluster_size", self.cluster_size, 1, finite=True)
        checks.at_least("strategy.rows_max", self.rows_max, 1)

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.mean_log_probs, Product.features})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        scores = kernels.margin(evidence.mean_log_probs)
        chosen = kernels.select_cluster_margin(
            evidence.features,
            scores,
            batch,
            generator,
            factor=self.factor,
            cluster_size=self.cluster_size,
            max_rows=self.rows_max,
        )
        notes = {"clustered": chosen.clustered, "clusters": chosen.clusters, "clusters_met": chosen.met}
        return Selection(chosen.rows, scores[chosen.rows], notes)
