"""Products that are functions of the draws."""

from __future__ import annotations

import torch

from al_bench.evidence import Product
from al_bench.experiment.gather import reduce_draws

MEAN = Product.mean_log_probs


def test_the_mean_of_one_draw_is_that_draw_and_of_several_their_mean() -> None:
    draws = torch.randn(9, 4, 3, generator=torch.Generator().manual_seed(0)).log_softmax(2)
    for count in (1, 4):
        part = draws[:, :count]
        literal = part.exp().mean(1).log()
        for as_given in (False, True):
            mean = reduce_draws(part, 1, frozenset({MEAN}), as_given)[MEAN]
            torch.testing.assert_close(mean, literal)
            assert torch.equal(mean, part[:, 0]) or count > 1 or not as_given
