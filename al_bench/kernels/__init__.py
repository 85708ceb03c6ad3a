"""Pure functions from tensors and an explicit generator to tensors: scores, selection, calibration.

Letters in all kernels: N rows, K draws, C classes, B batch; shapes are in the names (`log_probs_nkc`).
Log-probabilities and information are in nats. A kernel moves nothing between devices, reads no configuration
and logs nothing; where memory matters the chunk size is an argument, and the result does not depend on it.

The package is lazy (PEP 562): `from al_bench import kernels` imports no torch until a kernel is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from al_bench.kernels.badge import hypothetical_gradient as hypothetical_gradient
    from al_bench.kernels.badge import select_badge as select_badge
    from al_bench.kernels.bait import select_bait as select_bait
    from al_bench.kernels.batchbald.greedy import BatchBaldBatch as BatchBaldBatch
    from al_bench.kernels.batchbald.greedy import select_batchbald as select_batchbald
    from al_bench.kernels.calibration import expected_calibration_error as expected_calibration_error
    from al_bench.kernels.clusters import clue as clue
    from al_bench.kernels.clusters import diverse_minibatch as diverse_minibatch
    from al_bench.kernels.clusters import kmeans_batch as kmeans_batch
    from al_bench.kernels.clusters import tempered_entropy as tempered_entropy
    from al_bench.kernels.epig import expected_predictive_information_gain as expected_predictive_information_gain
    from al_bench.kernels.fisher import fisher_factors as fisher_factors
    from al_bench.kernels.k_centre.greedy import KCentreBatch as KCentreBatch
    from al_bench.kernels.k_centre.greedy import select_k_centre as select_k_centre
    from al_bench.kernels.k_centre.robust import RobustKCentreBatch as RobustKCentreBatch
    from al_bench.kernels.k_centre.robust import outlier_budget as outlier_budget
    from al_bench.kernels.k_centre.robust import select_robust_k_centre as select_robust_k_centre
    from al_bench.kernels.learning_loss import mse_loss as mse_loss
    from al_bench.kernels.learning_loss import ranking_loss as ranking_loss
    from al_bench.kernels.probcover import ProbCoverBatch as ProbCoverBatch
    from al_bench.kernels.probcover import estimate_delta as estimate_delta
    from al_bench.kernels.probcover import select_probcover as select_probcover
    from al_bench.kernels.scores import bald as bald
    from al_bench.kernels.scores import check_scores as check_scores
    from al_bench.kernels.scores import entropy as entropy
    from al_bench.kernels.scores import least_confidence as least_confidence
    from al_bench.kernels.scores import margin as margin
    from al_bench.kernels.scores import mc_variation_ratio as mc_variation_ratio
    from al_bench.kernels.scores import mean_log_probs as mean_log_probs
    from al_bench.kernels.scores import mean_std as mean_std
    from al_bench.kernels.scores import variation_ratio_point as variation_ratio_point
    from al_bench.kernels.select import select_top as select_top
    from al_bench.kernels.select import tie_keys as tie_keys
    from al_bench.kernels.stochastic import select_stochastic as select_stochastic
    from al_bench.kernels.svm import svm_scores as svm_scores
    from al_bench.kernels.typiclust import TypiClustBatch as TypiClustBatch
    from al_bench.kernels.typiclust import select_typiclust as select_typiclust
    from al_bench.kernels.votes import consensus_kl as consensus_kl
    from al_bench.kernels.votes import log_vote_shares as log_vote_shares
    from al_bench.kernels.votes import vote_entropy as vote_entropy
    from al_bench.kernels.votes import vote_margin as vote_margin

_MODULE_OF = {
    "bald": "scores",
    "BatchBaldBatch": "batchbald.greedy",
    "check_scores": "scores",
    "clue": "clusters",
    "consensus_kl": "votes",
    "diverse_minibatch": "clusters",
    "entropy": "scores",
    "estimate_delta": "probcover",
    "expected_calibration_error": "calibration",
    "expected_predictive_information_gain": "epig",
    "fisher_factors": "fisher",
    "hypothetical_gradient": "badge",
    "KCentreBatch": "k_centre.greedy",
    "kmeans_batch": "clusters",
    "least_confidence": "scores",
    "log_vote_shares": "votes",
    "margin": "scores",
    "mc_variation_ratio": "scores",
    "mean_log_probs": "scores",
    "mean_std": "scores",
    "mse_loss": "learning_loss",
    "outlier_budget": "k_centre.robust",
    "ProbCoverBatch": "probcover",
    "ranking_loss": "learning_loss",
    "RobustKCentreBatch": "k_centre.robust",
    "select_badge": "badge",
    "select_bait": "bait",
    "select_batchbald": "batchbald.greedy",
    "select_k_centre": "k_centre.greedy",
    "select_probcover": "probcover",
    "select_robust_k_centre": "k_centre.robust",
    "select_stochastic": "stochastic",
    "select_top": "select",
    "select_typiclust": "typiclust",
    "svm_scores": "svm",
    "tempered_entropy": "clusters",
    "tie_keys": "select",
    "TypiClustBatch": "typiclust",
    "variation_ratio_point": "scores",
    "vote_entropy": "votes",
    "vote_margin": "votes",
}

__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
