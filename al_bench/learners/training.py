"""How a network is trained in a round: the keys of the config group `training`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from al_bench import checks
from al_bench.errors import InputError
from al_bench.learners.class_weights import check_class_weights


class Optimiser(Enum):
    adam = "adam"
    adamw = "adamw"
    sgd = "sgd"


class Stop(Enum):
    steps = "steps"
    epochs = "epochs"
    fitted = "fitted"
    early = "early"


class LrSchedule(Enum):
    constant = "constant"
    linear = "linear"
    cosine = "cosine"
    step = "step"


class Precision(Enum):
    fp32 = "fp32"
    bf16 = "bf16"


class Augment(Enum):
    none = "none"
    flip_crop = "flip_crop"


def decay_value(text: Any, labelled: int) -> float:
    """A weight decay as a number: a constant ("0.0005"), or c/N ("7/N") with N labelled points.

    Raises:
        ValueError: neither of the two, or negative.
    """
    match = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(/\s*N)?\s*", str(text))
    value = float(match[1]) if match else float("nan")
    if match is None or not value >= 0:
        raise ValueError(text)
    return value / max(labelled, 1) if match[2] else value


@dataclass
class Training:
    """Training of one round.

    Args:
        optimiser: adam and sgd add the weight decay to the gradient (L2), adamw decouples it.
        lr: Learning rate.
        momentum, nesterov: Of sgd.
        weight_decay: For the weights (tensors of two or more dimensions, so no bias and no BatchNorm) of all
            layers: a constant, or "c/N" with N labelled points.
        layer_weight_decay: The same for the layers named, in place of `weight_decay`.
        batch_size: Points a step; fewer where fewer points are labelled.
        stop: steps: `steps` steps. epochs: `epochs` epochs. fitted: until the accuracy on the training batches
            of an epoch reaches `fitted_accuracy`. early: until the accuracy on the validation set has not risen
            for `patience` epochs; then the best weights are restored. fitted and early take at most `epochs` epochs.
        epoch_samples: Draws that make an epoch, by cycling through permutations of the labelled set (every batch
            is then full, as in Kirsch et al. 2019); null: an epoch is one permutation.
        schedule: Of the learning rate: constant; linear or cosine, which fall to zero after the warm-up; or step:
            times `gamma` at each of `milestones`, as fractions of the (longest) training.
        warmup: Fraction of the training in which the learning rate rises linearly from zero.
        warm_start: Start from the weights of the round before; False trains from scratch.
        class_weights: What an error on a point of each class counts. none: 1. balanced: L / (K n_c) with L labelled
            points, n_c of them of class c, and K classes that have any. By class name: the weights given, 1 for the
            rest. The loss is the mean over points of weight times cross-entropy.
        augment: flip_crop: horizontal flips, and crops after zero-padding by 4 pixels.
        precision: bf16 runs the forward pass under autocast.
    """

    optimiser: Optimiser = Optimiser.adam
    lr: float = 1e-3
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: Any = 0.0
    layer_weight_decay: dict[str, Any] = field(default_factory=dict)
    batch_size: int = 64
    stop: Stop = Stop.steps
    steps: int = 300
    epochs: int = 50
    patience: int = 3
    fitted_accuracy: float = 0.99
    epoch_samples: int | None = None
    schedule: LrSchedule = LrSchedule.constant
    milestones: list[float] = field(default_factory=lambda: [0.8])
    gamma: float = 0.1
    warmup: float = 0.0
    warm_start: bool = False
    class_weights: Any = "none"
    augment: Augment = Augment.none
    precision: Precision = Precision.fp32

    def __post_init__(self) -> None:
        for key, low in (("batch_size", 1), ("steps", 1), ("epochs", 1), ("patience", 1)):
            checks.at_least(f"training.{key}", getattr(self, key), low)
        if self.epoch_samples is not None:
            checks.at_least("training.epoch_samples", self.epoch_samples, 1, ", or null")
        checks.above("training.lr", self.lr, 0, finite=True)
        for key in ("fitted_accuracy", "momentum", "warmup", "gamma"):
            checks.fraction(f"training.{key}", getattr(self, key))
        milestones = list(self.milestones)
        good = all(0 < value < 1 for value in milestones)
        checks.require(good, "training.milestones", milestones, "a list of fractions above 0 and below 1")
        check_class_weights(self.class_weights)
        decays = {"weight_decay": self.weight_decay} | {
            f"layer_weight_decay.{name}": value for name, value in self.layer_weight_decay.items()
        }
        for key, value in decays.items():
            try:
                decay_value(value, 1)
            except ValueError:
                checks.require(False, f"training.{key}", value, "a number of at least 0, or c/N such as 7/N")
        if self.nesterov and not self.momentum > 0:
            raise InputError("training.nesterov needs training.momentum above 0")

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        idle: dict[str, str] = {}
        if self.optimiser is not Optimiser.sgd:
            reason = f"training.optimiser is {self.optimiser.name}; set training.optimiser=sgd"
            idle |= dict.fromkeys(("momentum", "nesterov"), reason)
        read_by = {"steps": ("steps",), "epochs": ("epochs", "fitted", "early")}
        read_by |= {"fitted_accuracy": ("fitted",), "patience": ("early",)}
        for key, stops in read_by.items():
            if self.stop.name not in stops:
                others = f" (or {', '.join(stops[1:])})" if stops[1:] else ""
                idle[key] = f"training.stop is {self.stop.name}; set training.stop={stops[0]}{others}"
        if self.schedule is not LrSchedule.step:
            reason = f"training.schedule is {self.schedule.name}; set training.schedule=step"
            idle |= dict.fromkeys(("milestones", "gamma"), reason)
        return idle
