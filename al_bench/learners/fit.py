"""The training loop of one network on tensors in memory."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn

from al_bench.errors import BenchError
from al_bench.learners.auxiliary import Auxiliary
from al_bench.learners.training import Augment, LrSchedule, Optimiser, Precision, Stop, Training, decay_value


@dataclass(frozen=True)
class Fit:
    """What a training did.

    Args:
        steps, epochs: Taken; epochs counts whole and broken ones.
        loss: Mean cross-entropy of the training batches of the last epoch, nats.
        accuracy: On the training batches of the last epoch, dropout active.
        validation_accuracy: Of the weights kept, dropout off; None without early stopping.
        stopped: False where `fitted` or `early` ran into its cap of epochs.
    """

    steps: int
    epochs: int
    loss: float
    accuracy: float
    validation_accuracy: float | None
    stopped: bool


def batches(size: int, batch: int, length: int | None, generator: torch.Generator) -> Iterator[Tensor]:
    """Positions of the batches of one epoch.

    Args:
        size: L, the number of labelled points.
        batch: Points a batch, at most L unless `length` is given.
        length: None: one permutation, the last batch smaller (a last batch of one joins the one before it, since
            BatchNorm cannot train on a single point). Else this many draws from a cycle of permutations.
    """
    if length is None:
        order, length = torch.randperm(size, generator=generator), size
    else:
        cycles = [torch.randperm(size, generator=generator) for _ in range(math.ceil(length / size))]
        order = torch.cat(cycles)[:length]
    start = 0
    while start < length:
        end = length if length - start - batch <= (batch > 1) else start + batch
        yield order[start:end]
        start = end


def batch_count(length: int, batch: int) -> int:
    """How many batches `batches` makes of an epoch of `length` points."""
    whole, rest = divmod(length, batch)
    return max(1, whole + (rest > 1))


def flip_crop(inputs: Tensor, generator: torch.Generator, pad: int = 4) -> Tensor:
    """[n, c, h, w] flipped horizontally with probability ½ and cropped at random after zero-padding."""
    count, _, height, width = inputs.shape
    draws = torch.rand(3, count, generator=generator).to(inputs.device)
    padded = nn.functional.pad(inputs, (pad, pad, pad, pad))
    top, left = ((draws[i] * (2 * pad + 1)).long() for i in range(2))
    columns = torch.arange(width, device=inputs.device)
    columns = torch.where(draws[2, :, None] < 0.5, columns, columns.flip(0)) + left[:, None]
    rows = torch.arange(height, device=inputs.device) + top[:, None]
    index = torch.arange(count, device=inputs.device)
    cropped = padded[index[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    return cropped.contiguous()  # the backward pass of some convolutions crashes in channels-last layout on the CPU


def make_optimiser(
    network: nn.Module, config: Training, labelled: int, beside: nn.Module | None = None
) -> torch.optim.Optimizer:
    """The optimiser of a network and of a module trained beside it, their parameters grouped by weight decay."""
    default = decay_value(config.weight_decay, labelled)
    groups: dict[float, list[nn.Parameter]] = {}
    more = () if beside is None else beside.named_parameters("auxiliary")
    for name, parameter in chain(network.named_parameters(), more):
        layer = name.rpartition(".")[0]
        decay = 0.0
        if parameter.ndim > 1:
            given = config.layer_weight_decay.get(layer)
            decay = default if given is None else decay_value(given, labelled)
        groups.setdefault(decay, []).append(parameter)
    parameters = [{"params": group, "weight_decay": decay} for decay, group in groups.items()]
    if config.optimiser is Optimiser.sgd:
        return torch.optim.SGD(parameters, config.lr, config.momentum, nesterov=config.nesterov)
    return {Optimiser.adam: torch.optim.Adam, Optimiser.adamw: torch.optim.AdamW}[config.optimiser](
        parameters, config.lr
    )


def learning_rate(config: Training, progress: float) -> float:
    """The learning rate as a multiple of `training.lr`, at a fraction of the training."""
    if progress < config.warmup:
        return (progress or 1e-3) / config.warmup
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
    stepped: Callable[[], object] | None = None,
) -> Fit:
    """Train `network` in place by cross-entropy, and the auxiliary with it.

    Args:
        inputs: [L, *shape] raw inputs of the labelled set, on the network's device; `prepare` normalises a batch.
        labels: [L] int64.
        validate: Gives the accuracy on the validation set; called once an epoch under early stopping.
        order, augmentation: CPU generators of the batches and of the augmentation.
        auxiliary: Adds its weighted term to the loss of every step.
        stepped: Called after every step, for a progress bar.

    Raises:
        BenchError: the loss is no longer finite.
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
    best: tuple[float, list[dict[str, Tensor]]] | None = None
    waited = step = epoch = 0
    stopped = config.stop in (Stop.steps, Stop.epochs)
    loss_sum = torch.zeros((), device=inputs.device)
    right, seen = torch.zeros((), device=inputs.device), 0
    for epoch in range(1, epochs + 1):
        network.train()
        loss_sum, right, seen = torch.zeros_like(loss_sum), torch.zeros_like(right), 0
        for rows in batches(size, batch, epoch_length, order):
            if by_steps and step == config.steps:
                break
            for group in optimiser.param_groups:
                group["lr"] = config.lr * learning_rate(config, step / longest)
            rows = rows.to(inputs.device)
            x, y = prepare(inputs[rows]), labels[rows]
            if config.augment is Augment.flip_crop:
                x = flip_crop(x, augmentation)
            watched = nullcontext() if auxiliary is None else auxiliary.capture(network)
            with watched, torch.autocast(x.device.type, torch.bfloat16, enabled=config.precision is Precision.bf16):
                logits = network(x)
            if auxiliary is None:
                loss = total = nn.functional.cross_entropy(logits.float(), y)
            else:
                losses = nn.functional.cross_entropy(logits.float(), y, reduction="none")
                loss = losses.mean()
                total = loss + auxiliary.weight * auxiliary.term(losses, step / longest)
            optimiser.zero_grad(set_to_none=True)
            total.backward()
            optimiser.step()
            with torch.no_grad():
                loss_sum += loss * len(rows)
                right += (logits.argmax(1) == y).sum()
            seen += len(rows)
            step += 1
            if stepped is not None:
                stepped()
        reached = (loss_sum + total.detach()).item()
        if not math.isfinite(reached):
            raise BenchError(
                f"training diverged: the loss is {reached} in epoch {epoch} with {size} labelled points; "
                f"lower training.lr (it is {config.lr})"
            )
        if config.stop is Stop.fitted and right.item() / seen >= config.fitted_accuracy:
            stopped = True
            break
        if config.stop is Stop.early:
            accuracy = validate()
            if best is None or accuracy > best[0]:
                best, waited = (accuracy, [copy.deepcopy(module.state_dict()) for module in trained]), 0
            else:
                waited += 1
            if waited >= config.patience:
                stopped = True
                break
    if best is not None:
        for module, state in zip(trained, best[1], strict=True):
            module.load_state_dict(state)
    network.eval()
    return Fit(step, epoch, loss_sum.item() / seen, right.item() / seen, best[0] if best else None, stopped)
