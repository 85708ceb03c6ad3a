"""The training loop of one network on tensors in memory."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn

from al_bench.learners.auxiliary import Auxiliary
from al_bench.learners.epochs import UNREAD_EPOCHS, EpochLosses, batch_count, batches, rows_of_epochs
from al_bench.learners.pass_rows import moved
from al_bench.learners.training import Augment, LrSchedule, Optimiser, Precision, Stop, Training, decay_value


@dataclass(frozen=True)
class Fit:
    """What a training did.

    Args:
        steps: Optimiser steps taken.
        epochs: Epochs begun; the last may be incomplete.
        loss: Mean cross-entropy of the training batches of the last epoch, nats.
        accuracy: On the training batches of the last epoch, dropout active.
        validation_accuracy: Of the weights restored at the end, dropout off; None without early stopping.
        stopped: False where `fitted` or `early` was ended by `training.epochs`.
    """

    steps: int
    epochs: int
    loss: float
    accuracy: float
    validation_accuracy: float | None
    stopped: bool


def flip_crop(inputs: Tensor, generator: torch.Generator, pad: int = 4) -> Tensor:
    """[n, c, h, w] flipped horizontally with probability ½ and cropped at random after zero-padding."""
    count, _, height, width = inputs.shape
    draws = moved(torch.rand(3, count, generator=generator), inputs.device)
    padded = nn.functional.pad(inputs, (pad, pad, pad, pad))
    top, left = ((draws[i] * (2 * pad + 1)).long() for i in range(2))
    columns = torch.arange(width, device=inputs.device)
    columns = torch.where(draws[2, :, None] < 0.5, columns, columns.flip(0)) + left[:, None]
    rows = torch.arange(height, device=inputs.device) + top[:, None]
    index = torch.arange(count, device=inputs.device)
    cropped = padded[index[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    return cropped.contiguous()  # the backward pass of some convolutions crashes in channels-last layout on the CPU


def make_optimiser(
    network: nn.Module, config: Training, labelled: int, auxiliary: nn.Module | None = None
) -> torch.optim.Optimizer:
    """The optimiser of a network and of the module trained with it, their parameters grouped by weight decay.

    Args:
        network: The network.
        config: Names the optimiser, its learning rate and the weight decays.
        labelled: N, of a weight decay c/N.
        auxiliary: The trainable part of an `Auxiliary`, or None.
    """
    default = decay_value(config.weight_decay, labelled)
    groups: dict[float, list[nn.Parameter]] = {}
    auxiliary_parameters = () if auxiliary is None else auxiliary.named_parameters("auxiliary")
    for name, parameter in chain(network.named_parameters(), auxiliary_parameters):
        layer = name.rpartition(".")[0]
        decay = 0.0
        if parameter.ndim > 1:
            layer_decay = config.layer_weight_decay.get(layer)
            decay = default if layer_decay is None else decay_value(layer_decay, labelled)
        groups.setdefault(decay, []).append(parameter)
    parameters = [{"params": group, "weight_decay": decay} for decay, group in groups.items()]
    if config.optimiser is Optimiser.sgd:
        return torch.optim.SGD(parameters, config.lr, config.momentum, nesterov=config.nesterov)
    return {Optimiser.adam: torch.optim.Adam, Optimiser.adamw: torch.optim.AdamW}[config.optimiser](
        parameters, config.lr
    )


def learning_rate(config: Training, progress: float) -> float:
    """The learning rate as a multiple of `training.lr`, at the fraction `progress` of the longest training."""
    if progress < config.warmup:
        return (progress or 1e-3) / config.warmup
    if config.schedule is LrSchedule.linear:
        return (1 - progress) / (1 - config.warmup)
    if config.schedule is LrSchedule.cosine:
        return 0.5 * (1 + math.cos(math.pi * (progress - config.warmup) / (1 - config.warmup)))
    if config.schedule is LrSchedule.step:
        return config.gamma ** sum(progress >= milestone for milestone in config.milestones)
    return 1.0


def horizon(config: Training, size: int) -> int:
    """Steps of the longest training on `size` labelled points; a stopping rule may end it sooner."""
    if config.stop is Stop.steps:
        return config.steps
    batch = config.batch_size if config.epoch_samples else min(config.batch_size, size)
    return config.epochs * batch_count(config.epoch_samples or size, batch)


class BestWeights:
    """The weights of the highest validation accuracy so far, for early stopping.

    Args:
        modules: Whose weights.

    Attributes:
        accuracy: The highest accuracy; None before the first epoch.
        epochs_since: Epochs since then.
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self.accuracy: float | None = None
        self.epochs_since = 0
        self._modules = modules
        self._states: list[dict[str, Tensor]] = []

    def update(self, accuracy: float) -> None:
        """Copy the modules' weights if their accuracy is the highest so far; a tie is no rise."""
        if self.accuracy is None or accuracy > self.accuracy:
            self.accuracy, self.epochs_since = accuracy, 0
            self._states = [copy.deepcopy(module.state_dict()) for module in self._modules]
        else:
            self.epochs_since += 1

    def restore(self) -> None:
        """Load the best weights; without any epoch the modules stay as they are."""
        if self._states:
            for module, state in zip(self._modules, self._states, strict=True):
                module.load_state_dict(state)


PREPARED_NUMBERS = 2**26
"""On a GPU, the most numbers of the labelled inputs that are prepared once and not in every step."""


def fit(
    network: nn.Module,
    config: Training,
    inputs: Tensor,
    labels: Tensor,
    prepare: Callable[[Tensor], Tensor],
    validate: Callable[[], float],
    order: torch.Generator,
    augmentation: torch.Generator,
    auxiliary: Auxiliary | None = None,
    after_step: Callable[[], object] | None = None,
    class_weights: Tensor | None = None,
) -> Fit:
    """Train `network` in place by cross-entropy, and the auxiliary with it.

    Args:
        network: In any mode; it is left in evaluation mode.
        config: Of the training.
        inputs: [L, *shape] raw inputs of the labelled set, on the network's device.
        labels: [L] int64.
        prepare: Normalises a batch of raw inputs.
        validate: Returns the accuracy on the validation set; called once an epoch under early stopping.
        order, augmentation: CPU generators of the batches and of the augmentation.
        auxiliary: Adds its weighted term to the loss of every step.
        after_step: Called after every step, for a progress bar.
        class_weights: [C] what the cross-entropy of a point of each class is multiplied by; None: 1.

    Raises:
        BenchError: the loss of an epoch is not finite.
    """
    size = len(labels)
    batch = config.batch_size if config.epoch_samples else min(config.batch_size, size)
    by_steps = config.stop is Stop.steps
    epoch_length = config.epoch_samples or (math.ceil(size / batch) * batch if by_steps else None)
    steps_an_epoch = batch_count(epoch_length or size, batch)
    epochs = math.ceil(config.steps / steps_an_epoch) if by_steps else config.epochs
    longest = horizon(config, size)
    trained = [network] if auxiliary is None else [network, auxiliary.modules()]
    optimiser = make_optimiser(network, config, size, *trained[1:])
    best = BestWeights(trained)
    step = epoch = 0
    stopped = config.stop in (Stop.steps, Stop.epochs)
    waits = inputs.device.type == "cpu" or not stopped  # other stops read a value in every epoch anyhow
    at_once = 1 if waits else UNREAD_EPOCHS
    epochs_of_rows = rows_of_epochs(lambda: batches(size, batch, epoch_length, order), at_once, inputs.device)
    on_gpu = inputs.device.type != "cpu"
    prepared = prepare(inputs) if on_gpu and inputs.numel() <= PREPARED_NUMBERS else None
    losses_of_epochs = EpochLosses(at_once, size, config.lr)
    loss_sum = torch.zeros((), device=inputs.device)
    right, seen = torch.zeros((), device=inputs.device), 0
    for epoch in range(1, epochs + 1):  # noqa: B007 — reported
        network.train()
        loss_sum, right, seen = torch.zeros_like(loss_sum), torch.zeros_like(right), 0
        for rows in next(epochs_of_rows):
            if by_steps and step == config.steps:
                break
            for group in optimiser.param_groups:
                group["lr"] = config.lr * learning_rate(config, step / longest)
            x = prepare(inputs[rows]) if prepared is None else prepared[rows]
            y = labels[rows]
            if config.augment is Augment.flip_crop:
                x = flip_crop(x, augmentation)
            capture = nullcontext() if auxiliary is None else auxiliary.capture(network)
            with capture, torch.autocast(x.device.type, torch.bfloat16, enabled=config.precision is Precision.bf16):
                logits = network(x)
            if auxiliary is None and class_weights is None:
                loss = total = nn.functional.cross_entropy(logits.float(), y)
            else:
                losses = nn.functional.cross_entropy(logits.float(), y, reduction="none")
                loss = total = (losses if class_weights is None else class_weights[y] * losses).mean()
                if auxiliary is not None:
                    total = loss + auxiliary.weight * auxiliary.term(losses, step / longest)
            optimiser.zero_grad(set_to_none=True)
            total.backward()
            optimiser.step()
            with torch.no_grad():
                loss_sum += loss * len(rows)
                right += (logits.argmax(1) == y).sum()
            seen += len(rows)
            step += 1
            if after_step is not None:
                after_step()
        losses_of_epochs.add(loss_sum + total.detach())
        if config.stop is Stop.fitted and right.item() / seen >= config.fitted_accuracy:
            stopped = True
            break
        if config.stop is Stop.early:
            best.update(validate())
            if best.epochs_since >= config.patience:
                stopped = True
                break
    losses_of_epochs.check()
    best.restore()
    network.eval()
    return Fit(step, epoch, loss_sum.item() / seen, right.item() / seen, best.accuracy, stopped)
