"""The labels that chosen rows may turn out to have, and what each outcome says about the draws.

A line holds one configuration y_S of the labels of the chosen rows S: its probability and the posterior
p(k | y_S) [K] over the K draws. The predictive of a candidate row under every line,
p(y_x | y_S) = Σ_k p(k | y_S) p(y_x | k), is one matrix product for a block of candidates.

All configurations are enumerated, or M are sampled: line m is then a configuration that was sampled at least
once, its weight the share of the samples that have it. Each draw generates the same number of samples.

Letters: m lines, s samples, K draws, C classes, b candidates, x candidate and class together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_PRODUCT_ELEMENTS = 1 << 16
"""Elements of one matrix product's result a thread: with its logarithm 512 KiB in float32, which fits in a core's L2.

0.47 ms a candidate for a table of 10,000 × 100 and 10 classes on one core of an AMD EPYC, 0.31 ms of it the
matrix product; `special.entr` in place of the clamped logarithm makes it 0.70 ms.
"""


@dataclass(frozen=True, eq=False)
class LabelTable:
    """Configurations of the chosen rows' labels.

    Args:
        weight_m: [m] probability of each line's configuration, all enumerated or as sampled.
        posterior_mk: [m, K] p(k | configuration).
        line_s: [M] the line of each sampled configuration; None while the table is exact.
        draw_s: [M] the draw that generates the labels of each sampled configuration.
    """

    weight_m: Tensor
    posterior_mk: Tensor
    line_s: Tensor | None = None
    draw_s: Tensor | None = None

    @property
    def sampled(self) -> bool:
        """Whether the configurations are sampled, not enumerated."""
        return self.line_s is not None

    @classmethod
    def start(cls, like: Tensor) -> LabelTable:
        """The table before any row is chosen: one empty configuration, under which all draws are equally probable."""
        draws = like.shape[1]
        return cls(like.new_ones(1), like.new_full((1, draws), 1 / draws))

    @classmethod
    def sample(cls, probs_bkc: Tensor, samples: int, generator: torch.Generator) -> LabelTable:
        """The table of sampled configurations of b chosen rows, ⌈samples / K⌉ of them from each draw.

        Args:
            probs_bkc: [b, K, C] probabilities of the chosen rows.
            samples: M, rounded up to a multiple of K.
            generator: Source of one uniform number a sample and row.
        """
        draws = probs_bkc.shape[1]
        draw_s = torch.arange(draws, device=probs_bkc.device).repeat(-(-samples // draws))
        start = cls.start(probs_bkc)
        table = cls(start.weight_m, start.posterior_mk, torch.zeros_like(draw_s), draw_s)
        for probs_kc in probs_bkc:
            table = table.extended(probs_kc, generator)
        return table

    def enumerated(self, probs_kc: Tensor) -> LabelTable:
        """The exact table after one more row [K, C]: each configuration with each label, impossible ones left out."""
        joint_mck = self.posterior_mk[:, None, :] * probs_kc.T
        predictive_mc = joint_mck.sum(-1)
        weight_mc = self.weight_m[:, None] * predictive_mc
        possible_mc = weight_mc > 0
        posterior_mk = joint_mck[possible_mc] / predictive_mc[possible_mc][:, None]
        return LabelTable(weight_mc[possible_mc], posterior_mk)

    def extended(self, probs_kc: Tensor, generator: torch.Generator) -> LabelTable:
        """The sampled table after one more row [K, C]: each sample gets a label, drawn from the sample's own draw."""
        assert self.line_s is not None
        assert self.draw_s is not None
        classes = probs_kc.shape[1]
        cumulative_sc = probs_kc.double().cumsum(-1)[self.draw_s]
        uniform_s1 = torch.rand(len(self.draw_s), 1, generator=generator, dtype=torch.float64, device=generator.device)
        below_s1 = uniform_s1.to(probs_kc.device) * cumulative_sc[:, -1:]
        label_s = (cumulative_sc <= below_s1).sum(-1).clamp_(max=classes - 1)
        code_m, line_s, count_m = (self.line_s * classes + label_s).unique(return_inverse=True, return_counts=True)
        posterior_mk = self.posterior_mk[code_m // classes] * probs_kc.T[code_m % classes]
        posterior_mk /= posterior_mk.sum(-1, keepdim=True)
        return LabelTable(count_m.to(probs_kc.dtype) / len(line_s), posterior_mk, line_s, self.draw_s)

    def subsample(self, samples: int) -> LabelTable:
        """The table of the first `samples` sampled configurations; a multiple of K uses each draw equally often."""
        assert self.line_s is not None
        assert self.draw_s is not None
        line_m, line_s, count_m = self.line_s[:samples].unique(return_inverse=True, return_counts=True)
        weight_m = count_m.to(self.weight_m.dtype) / samples
        return LabelTable(weight_m, self.posterior_mk[line_m], line_s, self.draw_s[:samples])

    def gains(self, probs_bkc: Tensor) -> Tensor:
        """E_{y_S} H[y_x | y_S] − 1/K Σ_k H[p(y_x | k)], the gains [b] float64 of candidates, in nats.

        Args:
            probs_bkc: [b, K, C] probabilities of the candidates.
        """
        candidates, draws, classes = probs_bkc.shape
        probs_kx = probs_bkc.transpose(0, 1).reshape(draws, candidates * classes)
        lines = max(1, torch.get_num_threads() * _PRODUCT_ELEMENTS // probs_kx.shape[1])
        plogp_x = probs_kx.new_zeros(probs_kx.shape[1])
        for weight_m, posterior_mk in zip(self.weight_m.split(lines), self.posterior_mk.split(lines), strict=True):
            plogp_x += weight_m @ _plogp(posterior_mk @ probs_kx)
        given_labels_b = plogp_x.view(candidates, classes).double().sum(-1).neg_()
        given_weights_b = _plogp(probs_bkc).sum(-1).mean(-1).double().neg_()
        return (given_labels_b - given_weights_b).clamp_(min=0)

    def gain_difference(self, probs_bkc: Tensor, probs_kc: Tensor) -> tuple[Tensor, Tensor]:
        """Gains of candidates minus the gain of one row [b], and the standard errors [b] of the differences, in nats.

        Both gains are estimated from the same samples, so that what a configuration does to all gains cancels.

        Args:
            probs_bkc: [b, K, C] probabilities of the candidates.
            probs_kc: [K, C] probabilities of the row they are compared with.
        """
        assert self.line_s is not None
        probs_bkc = torch.cat([probs_bkc, probs_kc[None]])
        candidates, draws, classes = probs_bkc.shape
        probs_kx = probs_bkc.transpose(0, 1).reshape(draws, candidates * classes)
        entropy_mb = _plogp(self.posterior_mk @ probs_kx).view(-1, candidates, classes).sum(-1).neg_().double()
        difference_mb = entropy_mb[:, :-1] - entropy_mb[:, -1:]
        weight_m = self.weight_m.double()
        difference_b = weight_m @ difference_mb
        error_b = (weight_m @ (difference_mb - difference_b).square_() / len(self.line_s)).sqrt()
        given_weights_b = _plogp(probs_bkc).sum(-1).mean(-1).double().neg_()
        return difference_b - given_weights_b[:-1] + given_weights_b[-1], error_b

    def standard_error(self, probs_kc: Tensor) -> float:
        """Standard error of a row's sampled gain, in nats: √(Var_m H[y_x | m] / M), the samples taken as independent.

        Args:
            probs_kc: [K, C] probabilities of the row.
        """
        assert self.line_s is not None
        entropy_m = _plogp(self.posterior_mk @ probs_kc).sum(-1).double()
        weight_m = self.weight_m.double()
        variance = weight_m @ (entropy_m - weight_m @ entropy_m).square()
        return math.sqrt(variance.item() / len(self.line_s))


def _plogp(probs: Tensor) -> Tensor:
    """p log p, 0 at 0."""
    return probs.clamp(min=torch.finfo(probs.dtype).tiny).log_().mul_(probs)
