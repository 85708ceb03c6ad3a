"""MC dropout as it is defined: K whole passes, a mask set at every dropout layer; the reference for `thinned`.

`scoring=plain` selects it, so that a user can check what the fast passes compute. Letters: n rows, K draws, C classes.

Source: Gal and Ghahramani 2016, Dropout as a Bayesian Approximation (1506.02142), section 4, with the K masks shared
by all rows as in Kirsch, van Amersfoort and Gal 2019, BatchBALD (1906.08158), section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from al_bench.learners.mc_dropout.masks import MaskSet, evaluating
from al_bench.learners.pass_rows import passes


class PlainSampler:
    """K functions of a network, each a whole pass with its masks set.

    log p_k(y | x) = log softmax(f(x; θ ⊙ m_k)), with the masks m_k of `masks`, which are those of the fast passes.

    Args:
        network: Any module whose dropout layers are `Dropout`.
        masks: The K draws.
        rows: Rows a pass; None: by the inputs and the device.
    """

    def __init__(self, network: nn.Module, masks: MaskSet, rows: int | None = None) -> None:
        self._network, self._masks, self._rows = network, masks, rows

    def __call__(self, inputs: Tensor) -> Tensor:
        """[n, K, C] natural logs of prepared inputs [n, *shape]; float32, or float64 where the network is."""
        draws = []
        with evaluating(self._network):
            for draw in range(self._masks.draws):
                with self._masks.use(self._network, draw):
                    logits = torch.cat([self._network(part) for part in passes(inputs, self._rows)])  # [n, C]
                draws.append(logits)
            stacked = torch.stack(draws, 1)  # [n, K, C]
        # Out of inference mode, so that the result is an ordinary tensor.
        return stacked.to(torch.promote_types(stacked.dtype, torch.float32)).log_softmax(-1)
