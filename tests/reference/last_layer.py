"""Literal twins of the candidates of DropQuery and ALFA-Mix: rows whose prediction changes, each row by itself."""

from __future__ import annotations

import numpy as np


def logits(z: np.ndarray, head: np.ndarray) -> np.ndarray:
    """W z + b of a last layer [C, D + 1] whose last column is the bias."""
    return head[:, :-1] @ z + head[:, -1]


def mismatches(features: np.ndarray, head: np.ndarray, masks: np.ndarray, dropout: float) -> list[int]:
    """Σ_m 1[ŷ_m(x) ≠ ŷ(x)] with dropout of the features, masks [M, N, D] being what stays (Gupte et al. 2024)."""
    counts = []
    for n, z in enumerate(features):
        label = logits(z, head).argmax()
        counts.append(sum(int(logits(z * mask[n] / (1 - dropout), head).argmax() != label) for mask in masks))
    return counts


def dropquery_candidates(counts: list[int], draws: int, wanted: int) -> list[int]:
    """Rows with more than M/2 mismatches, the threshold lowered by one until there are as many as wanted, or at 0."""
    threshold = draws // 2
    while sum(count > threshold for count in counts) < wanted and threshold > 0:
        threshold -= 1
    return [n for n, count in enumerate(counts) if count > threshold]


def alfamix_candidates(
    features: np.ndarray, head: np.ndarray, labelled: np.ndarray, labels: np.ndarray, epsilon: float
) -> list[int]:
    """Rows whose argmax changes under z̃ = α z* + (1 − α) z for the mean z* of some class (Parvaneh et al. 2022).

    α = ε/√D ‖z* − z‖ ∇ℓ / (‖∇ℓ‖ (z* − z)) coordinate by coordinate, ∇ℓ the gradient by z of the cross-entropy with the
    predicted label.
    """
    weight = head[:, :-1]
    anchors = [labelled[labels == c].mean(0) for c in sorted(set(labels.tolist()))]
    changed = []
    for n, z in enumerate(features):
        out = logits(z, head)
        label = int(out.argmax())
        probs = np.exp(out - out.max())
        probs /= probs.sum()
        onehot = np.zeros(len(out))
        onehot[label] = 1
        gradient = weight.T @ (probs - onehot)
        for anchor in anchors:
            alpha = np.zeros(len(z))
            for d in range(len(z)):
                if anchor[d] != z[d] and np.linalg.norm(gradient) > 0:
                    numerator = epsilon / np.sqrt(len(z)) * np.linalg.norm(anchor - z) * gradient[d]
                    alpha[d] = numerator / (np.linalg.norm(gradient) * (anchor[d] - z[d]))
            mixed = alpha * anchor + (1 - alpha) * z
            if logits(mixed, head).argmax() != label:
                changed.append(n)
                break
    return changed
