"""From a configuration to the learner of a run: networks, or what a model component of another kind gives."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import torch
from torch import nn

from al_bench.config.components import load_class, typed
from al_bench.config.contracts import class_name
from al_bench.config.own_schema import is_own_class
from al_bench.config.registry import COMPONENTS
from al_bench.config.schema import RunConfig, Scoring
from al_bench.data.dataset import Dataset
from al_bench.errors import InputError
from al_bench.experiment.own_components import faults_named, who
from al_bench.experiment.own_network import build_network, probed_rows
from al_bench.learners.class_weights import check_class_names
from al_bench.learners.finetuning.pretrained_model import PretrainedModel
from al_bench.learners.learner import CHUNK, Learner
from al_bench.learners.mc_dropout.masks import MaskSet, active_dropout, mark_reached
from al_bench.learners.mixture import Mixture
from al_bench.learners.pass_rows import rows_a_pass
from al_bench.learners.posterior import Posterior
from al_bench.learners.torch_learner import TorchLearner
from al_bench.learners.training import Augment, Training
from al_bench.models.dropout import replace_torch_dropout
from al_bench.models.memory_format import to_channels_last
from al_bench.models.randomness import random_functions, seeded_everywhere
from al_bench.models.reset import seeded
from al_bench.strategies.base import Strategy


def build_learner(config: RunConfig, dataset: Dataset, strategy: Strategy | None, chunk: int | None = None) -> Learner:
    """The learner of a run, untrained.

    Args:
        config: Whose model either has `learner(dataset, posterior, training)` (see `Learner`), or
            `build(shape, classes)`, for networks.
        dataset: On the run's device.
        strategy: May attach a module to each network; None attaches nothing.
        chunk: Rows whose products are computed together; None takes the learner's own number.

    Raises:
        InputError: a component is not what it has to be, or two of them do not fit each other.
    """
    posterior = config.posterior
    if not isinstance(posterior, Posterior):
        raise InputError(f"{who(posterior, 'posterior')} is no Posterior: derive from {class_name(Posterior)}")
    check_class_names(config.training.class_weights, dataset.class_names)
    if hasattr(config.model, "learner"):
        learner = _own_learner(config, dataset)
    else:
        learner = _build_networks(config, dataset, strategy)
    if chunk is not None:
        learner.chunk = chunk
    return learner


def _own_learner(config: RunConfig, dataset: Dataset) -> Learner:
    """The learner that a model component gives."""
    model = config.model
    with faults_named(model, "model", "learner(dataset, posterior, training)"):
        learner = model.learner(dataset, config.posterior, config.training)
    if not isinstance(learner, Learner):
        raise InputError(
            f"{who(model, 'model')}: learner() returns a {type(learner).__name__}; it must return a Learner, which "
            f"derives from {class_name(Learner)}"
        )
    if config.training.warm_start and learner.state() is None:
        raise InputError(
            f"training.warm_start is true, and {type(learner).__name__} has no state to go on from; set "
            "training.warm_start=false"
        )
    return learner


def _build_networks(config: RunConfig, dataset: Dataset, strategy: Strategy | None) -> TorchLearner:
    """The learner of the posterior's networks."""
    members = [member_config(config, member) for member in range(config.posterior.members)]
    if len(dataset.shape) != 3 and any(training.augment is Augment.flip_crop for _, training in members):
        raise InputError(
            f"training.augment is flip_crop, for images [channels, height, width], and those of {dataset.name} have "
            f"shape {list(dataset.shape)}; set training.augment=none"
        )
    device = dataset.inputs.device
    networks: list[nn.Module] = []
    with seeded(0):  # `reset` draws the weights of a round; building must leave the global generator alone
        for number, (model, _) in enumerate(members):
            first = all(model is not other for other, _ in members[:number])
            network = replace_torch_dropout(
                build_network(model, dataset, first, isinstance(config.posterior, Mixture))
            ).to(device)
            networks.append(to_channels_last(network))
            if isinstance(model, PretrainedModel):
                refuse_unmasked_randomness(model, network, dataset)
            if is_own_class(type(model)) or isinstance(model, PretrainedModel):
                row = probed_rows(dataset, 1)
                with seeded_everywhere(0, device):
                    mark_reached(network, row)
                    if draws_masks(config) and active_dropout(network):
                        MaskSet(network, row, 1, torch.Generator())  # refuses what cannot be drawn, before a run
    names = {name.rpartition(".")[0] for name, _ in networks[0].named_parameters()}
    for layer in config.training.layer_weight_decay:
        if layer not in names:
            raise InputError(
                f"training.layer_weight_decay names the layer {layer!r}; the model has {', '.join(sorted(names))}"
            )
    auxiliaries = []
    if strategy is not None:
        row = dataset.prepare(dataset.inputs[:1])
        with seeded(0):
            attached = [strategy.auxiliary(network, row) for network in networks]
        auxiliaries = [auxiliary for auxiliary in attached if auxiliary is not None]
    trainings = [training for _, training in members]
    plain = config.scoring is Scoring.plain
    chunk = max(CHUNK, rows_a_pass(probed_rows(dataset, 1)))
    return TorchLearner(networks, config.posterior, trainings, dataset, auxiliaries, plain, chunk)


def refuse_unmasked_randomness(model: PretrainedModel, network: nn.Module, dataset: Dataset) -> None:
    """Refuse a pretrained network that drops at random in training what no mask holds, against its settings.

    Raises:
        InputError: naming the function.
    """
    if names := random_functions(network, probed_rows(dataset)):
        raise InputError(f"{model.option}: the network draws from {' and '.join(names)} in training; choose another")


def draws_masks(config: RunConfig) -> bool:
    """Whether dropout masks are drawn, to score the pool or to test."""
    return isinstance(config.posterior, Mixture) and bool(config.posterior.draws or config.evaluation.draws)


def member_config(config: RunConfig, member: int) -> tuple[Any, Training]:
    """The model and the training of one member: `posterior.vary` lists values that the members take in turn.

    Raises:
        InputError: `posterior.vary` names a key that there is not.
    """
    model, training = config.model, config.training
    for key, values in config.posterior.vary.items():
        value = values[member % len(values)]
        if key == "model":
            schemas = COMPONENTS["model"]
            if value not in schemas:
                raise InputError(f"posterior.vary.model names {value!r}; choose among {', '.join(schemas)}")
            model = load_class(schemas[value])()
            if not hasattr(model, "build"):
                raise InputError(f"posterior.vary.model names {value!r}, which is no network; members are networks")
            continue
        group, _, name = key.partition(".")
        part = {"model": model, "training": training}.get(group)
        if group == "model" and isinstance(model, PretrainedModel) and not name.startswith("dropout"):
            raise InputError(
                f"posterior.vary has the key {key!r}; members share their pretrained weights: vary model.dropout_dense "
                "or training.KEY"
            )
        if part is None or name not in {field.name for field in fields(part)}:
            raise InputError(f"posterior.vary has the key {key!r}; give model, model.KEY or training.KEY")
        changed = typed(part, {name: value}, f"posterior.vary.{key}")
        model, training = (changed, training) if group == "model" else (model, changed)
    return model, training
