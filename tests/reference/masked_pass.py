"""The literal K passes: float64, the masks multiplied in by hand."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from al_bench.learners.mc_dropout.masks import MaskSet
from al_bench.models.dropout import Dropout


def masked_log_probs(network: nn.Module, inputs: Tensor, masks: MaskSet) -> Tensor:
    """[n, K, C]: for every draw a copy of the network whose dropout layers are products with one mask."""
    results = []
    for draw in range(masks.draws):
        twin = copy.deepcopy(network).double().eval()
        for name, module in list(twin.named_modules()):
            if isinstance(module, Dropout) and name in masks.binary:
                mask = masks.binary[name][draw].double() / (1 - module.p)
                # [1, *mask_shape] against [n, *feature_shape]
                module.register_forward_hook(lambda _module, args, _out, mask=mask: args[0] * mask[None])
        with torch.no_grad():
            logits = twin(inputs.double())
            results.append((logits.exp() / logits.exp().sum(dim=1, keepdim=True)).log())
    return torch.stack(results, dim=1)
