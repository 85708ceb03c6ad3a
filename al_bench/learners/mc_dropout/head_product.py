"""The last layer behind the only dropout for all draws at once: one product with every draw's weights side by side.

With the mask m_k of draw k, scaled by 1 / (1 − p), the logits are linear in what comes before the dropout:

    logits_kc = b_c + Σ_d x_d (m_kd W_cd),

so that the K · C columns m_k ⊙ W_c make one matrix, and all draws of all rows are one matrix product. Thinned passes
need fewer multiplications, by the share of units left, and K small products in place of a large one.
Letters: n rows, K draws, C classes, D features.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from al_bench.learners.mc_dropout.stages import Stage


class HeadProduct:
    """The logits of all draws from the features that they share.

    Args:
        stage: The network's only stage, whose linear layer is the last module.
        mask_kd: [K, D / fan] bool, the entries that each draw leaves.
        scale: 1 / (1 − p).
    """

    def __init__(self, stage: Stage, mask_kd: Tensor, scale: float) -> None:
        weight_cd = stage.layer.weight.detach()
        scaled_kd = mask_kd.repeat_interleave(stage.fan, dim=1).to(weight_cd.dtype) * scale
        self._weight_xd = (scaled_kd[:, None, :] * weight_cd).flatten(0, 1)
        bias = stage.layer.bias
        self._bias_c = weight_cd.new_zeros(len(weight_cd)) if bias is None else bias.detach()

    @staticmethod
    def fits(tail: Sequence[Stage], draws: int, weight_bytes: int) -> bool:
        """Whether the only stage is a linear layer at the end, whose weights for all draws take at most that memory."""
        if len(tail) != 1 or tail[0].after or not isinstance(tail[0].layer, nn.Linear):
            return False
        return draws * tail[0].layer.weight.nbytes <= weight_bytes

    def __call__(self, features: Tensor) -> Tensor:
        """[n, K, C] logits from features [n, D]."""
        logits_nx = features @ self._weight_xd.T
        return logits_nx.unflatten(1, (-1, len(self._bias_c))).add_(self._bias_c)
