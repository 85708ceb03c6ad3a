"""Bagging: members that differ in the sample of the labelled points that each is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.learners.mixture import Mixture

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass
class Bootstrap(Mixture):
    """An equal mixture over M members, each trained on a stratified bootstrap of the labelled points.

    p(y | x) = 1/M Σ_m p(y | x; θ(D_m)), where D_m holds, for every class, as many labelled points of the class as there
    are, drawn with replacement: no class is lost. It is the ensemble of a learner whose training has one solution, such
    as logistic regression, where members of other seeds would be equal. Where every class has one labelled point, all
    samples are the same, and so are the members.

    Args:
        members: M.
        draws: Of each member, as in `Mixture`: 0 switches dropout off.

    Source:
        Breiman 1996, Bagging predictors; Abe and Mamitsuka 1998, Query learning strategies using boosting and bagging.
    """

    members: int = 5

    def training_rows(self, labels: Tensor, generator: torch.Generator) -> Tensor:
        """[L] positions among the labelled points: within each class drawn with replacement."""
        return stratified_bootstrap(labels, generator)


def stratified_bootstrap(labels: Tensor, generator: torch.Generator) -> Tensor:
    """[L] positions, ascending: for every class as many of its positions as there are, drawn with replacement.

    Args:
        labels: [L] int64.
        generator: On the CPU.
    """
    import torch

    labels = labels.cpu()
    parts = []
    for label in labels.unique():
        rows = (labels == label).nonzero()[:, 0]
        parts.append(rows[torch.randint(len(rows), (len(rows),), generator=generator)])
    return torch.cat(parts).sort().values
