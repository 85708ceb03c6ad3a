"""Training batches of one point: refused before round 0 where a network cannot be trained on them, as with BatchNorm.

A last batch of one joins the batch before it (`learners.epochs.batches`); so one point alone is a batch only where
`training.batch_size` or `training.epoch_samples` is 1, or where one point is all that a round trains on.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from al_bench.config.schema import RunConfig
from al_bench.errors import InputError
from al_bench.experiment.own_network import batch_norm_of, probed_rows, single_row_fault
from al_bench.learners.learner import Learner
from al_bench.learners.torch_learner import TorchLearner
from al_bench.learners.training import Training


def refuse_batches_of_one(config: RunConfig, learner: Learner, labelled: int, labels_at_end: int) -> None:
    """Refuse a run that would train on a batch of one point a network that cannot.

    Args:
        config: The typed configuration.
        learner: Untrained.
        labelled: Points labelled in round 0.
        labels_at_end: Points labelled in the last round.

    Raises:
        InputError: naming the keys to change.
    """
    for network, causes in members_on_one(config, learner, labelled, labels_at_end):
        if (fault := single_row_fault(network, probed_rows(learner.dataset, 1))) is not None:
            cause, remedy = causes
            raise InputError(f"{cause} on a batch of one point, and the model cannot: {fault}; {remedy}")


def remark_on_one(config: RunConfig, learner: Learner, labelled: int, labels_at_end: int) -> str | None:
    """What is said of a network whose BatchNorm is trained on one point, over the positions of an image."""
    for network, (cause, remedy) in members_on_one(config, learner, labelled, labels_at_end):
        if (layer := batch_norm_of(network)) is not None:
            return (
                f"{cause} on a batch of one point: BatchNorm ({layer}) then takes mean and variance over the positions "
                f"of that point alone, and its predictions from averages of such values; {remedy} for others"
            )
    return None


def members_on_one(
    config: RunConfig, learner: Learner, labelled: int, labels_at_end: int
) -> Iterator[tuple[nn.Module, tuple[str, str]]]:
    """The networks that some batch of one point trains, each with the cause and what to set instead."""
    if not isinstance(learner, TorchLearner):
        return
    members = list(zip(learner.networks, learner.training, strict=True))
    for network, training in members if config.posterior.vary else members[:1]:
        if (causes := batches_of_one(config, training, labelled, labels_at_end)) is not None:
            yield network, causes


def batches_of_one(config: RunConfig, training: Training, labelled: int, labels_at_end: int) -> tuple[str, str] | None:
    """What makes a training batch of one point, and what to set instead; None where every batch has more.

    Args:
        config: The typed configuration.
        training: Of one member.
        labelled: Points labelled in round 0.
        labels_at_end: Points labelled in the last round.
    """
    first = labelled or min(config.schedule.batch, labels_at_end)
    if first == 0:
        return None  # nothing is trained
    for key in ("batch_size", "epoch_samples"):
        if getattr(training, key) == 1:
            return f"training.{key} is 1, which trains", f"set training.{key}=2 or more"
    if first > 1 or training.epoch_samples:
        return None
    if labelled:
        return f"round 0 has {labelled} labelled point, which trains", "set initial.size=2 or more"
    cause = f"a cold start with schedule.batch={config.schedule.batch} labels 1 point in round 0, and round 1 trains"
    return cause, "set schedule.batch=2 or more, or start with initial.size=2"
