"""A network with pretrained weights, which a training from scratch starts from again in every round."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from al_bench.models.dropout import Dropout


class Start:
    """The weights that training starts from; all copies of a network share them."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors = dict(tensors)

    def __deepcopy__(self, memo: dict[int, Any]) -> Start:
        return self


class PretrainedBody(nn.Module):
    """A pretrained network without its last linear layer: prepared inputs [n, *shape] to features [n, D].

    Args:
        network: With its weights, on the CPU.
        absent: Names of its tensors that the file of weights does not have: they begin at random, from the seed that
            `models.reset` gives, like those of any other network.
        batch_statistics: Whether BatchNorm takes mean and variance from the batch in training; else they stay those of
            the pretraining, as batches of a few points would be poor estimates.

    Attributes:
        resets_children: Tells `models.reset` that `reset_parameters` covers the layers within.
    """

    resets_children = True

    def __init__(self, network: nn.Module, absent: Collection[str] = (), batch_statistics: bool = True) -> None:
        super().__init__()
        self.network, self.batch_statistics = network, batch_statistics
        self._drawn = tuple(sorted({name.rpartition(".")[0] for name in absent}))
        state = network.state_dict()
        self._start = Start({name: tensor.detach().clone() for name, tensor in state.items() if name not in absent})

    def forward(self, inputs: Tensor) -> Tensor:
        """[n, *shape] to [n, D]."""
        return self.network(inputs)

    def train(self, mode: bool = True) -> PretrainedBody:
        """Set the mode, BatchNorm's apart where its statistics are to stay."""
        super().train(mode)
        if not self.batch_statistics:
            for layer in self.network.modules():
                if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                    layer.eval()
        return self

    def reset_parameters(self) -> None:
        """Put the pretrained weights back, and draw those that the file does not have."""
        for name in self._drawn:
            layer: Any = self.network.get_submodule(name)
            layer.reset_parameters()
        tensors = self.network.state_dict()
        with torch.no_grad():
            for name, tensor in self._start.tensors.items():
                tensors[name].copy_(tensor)


def classifier(body: PretrainedBody, features: int, classes: int, dropout: float) -> nn.Sequential:
    """A pretrained network with a new last layer: body, dropout, output.

    Args:
        body: [n, *shape] to [n, D]; a copy of it is taken.
        features: D.
        classes: C.
        dropout: The probability of a zero before the output.

    Returns:
        Named children in calling order; the last, `output`, is linear and gives logits [n, C].
    """
    children: OrderedDict[str, nn.Module] = OrderedDict()
    children["body"] = copy.deepcopy(body)
    children["dropout_dense"] = Dropout(dropout)
    children["output"] = nn.Linear(features, classes)
    return nn.Sequential(children)
