"""Why all draws of a posterior are one function: its networks have no mask to draw; and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from torch import nn

from al_bench.config.contracts import class_name
from al_bench.config.own_schema import is_own_class
from al_bench.config.schema import RunConfig
from al_bench.errors import InputError
from al_bench.experiment.own_network import probed_rows
from al_bench.experiment.typed_keys import typed_keys, words
from al_bench.learners.learner import Learner
from al_bench.learners.mc_dropout.masks import active_dropout
from al_bench.learners.mixture import Mixture
from al_bench.learners.torch_learner import TorchLearner
from al_bench.models.dropout import Dropout
from al_bench.models.randomness import random_functions

MODULE = "self.dropout = torch.nn.Dropout(0.5) in __init__, self.dropout(x) in forward"
"""How a user's network has dropout whose masks can be held fixed."""


@dataclass(frozen=True)
class EqualDraws:
    """Why all draws of each member are one function.

    Args:
        cause: What the model lacks.
        remedy: What to write or to set, after "for draws, ".
        one: Whether members make no difference either, as the model is a learner that gives one function.
    """

    cause: str
    remedy: str
    one: bool = False


def equal_draws(config: RunConfig, learner: Learner) -> EqualDraws | None:
    """Why the draws that the posterior, or the evaluation, asks for are equal; None where they are not.

    Args:
        config: The typed configuration.
        learner: Untrained.
    """
    posterior: Any = config.posterior
    if not isinstance(posterior, Mixture):
        return None  # a posterior of the user's own says itself how many functions it has
    if not isinstance(learner, TorchLearner):
        return own_learner(config, learner)
    if any(map(active_dropout, learner.networks)):
        return None
    if is_own_class(type(config.model)) and hasattr(config.model, "build"):
        return own_network(config.model, learner.networks[0], learner)
    if not hasattr(config.model, "build"):
        return EqualDraws("the model has no dropout", learner.draws_advice)
    shares = [f"model.{entry.name}" for entry in fields(config.model) if entry.name.startswith("dropout")]
    zero = [key for key in shares if getattr(config.model, key.partition(".")[2]) == 0]
    reason = f" ({' and '.join(zero)} is 0)" if zero == shares != [] else ""
    return EqualDraws(f"the model has no active dropout{reason}", built_in_remedy(config.model, learner))


def own_learner(config: RunConfig, learner: Learner) -> EqualDraws | None:
    """Why a mixture over a learner that is no network has fewer functions than it asks for."""
    posterior = config.posterior
    own = is_own_class(type(config.model))
    name = class_name(type(config.model)) if own else "the model"
    advice = "choose a model of networks, such as model=mlp" if own else learner.draws_advice
    if learner.functions == 1 < posterior.members * max(posterior.draws, 1):
        return EqualDraws(f"{name} gives one function", advice, one=True)
    if posterior.draws > 0 and learner.functions == learner.members == posterior.members:
        return EqualDraws(f"{name} has no dropout", advice)
    return None


def own_network(model: Any, network: nn.Module, learner: TorchLearner) -> EqualDraws:
    """What a network of a user's own has in place of dropout layers that evaluation calls."""
    name = class_name(type(model))
    if functions := random_functions(network, probed_rows(learner.dataset)):
        return EqualDraws(
            f"{name} calls {' and '.join(functions)}, whose masks cannot be held fixed and which evaluation leaves out"
            if functions[0].startswith("torch")
            else f"{name} draws random numbers in training outside of torch.nn.Dropout layers",
            f"write it as a layer ({MODULE})",
        )
    layers = [(key, layer) for key, layer in network.named_modules() if isinstance(layer, Dropout)]
    if unreached := [key for key, layer in layers if layer.p > 0]:
        return EqualDraws(
            f"{name} never calls its dropout layer {unreached[0]} in evaluation",
            f"call self.{unreached[0]}(x) in forward, whatever self.training is",
        )
    if layers:
        return EqualDraws(f"the dropout layer {layers[0][0]} of {name} has p=0", "give it a p above 0, such as 0.5")
    return EqualDraws(f"{name} has no dropout layer", f"write one ({MODULE})")


def built_in_remedy(model: Any, learner: TorchLearner) -> str:
    """The keys that switch dropout on in one of al-bench's models."""
    names = {entry.name for entry in fields(model)}
    for changes in (
        {"dropout_dense": 0.5},
        {"dense": [512], "dropout_dense": 0.5},
        {"hidden": [128], "dropout_dense": 0.5},
    ):
        if names >= changes.keys():
            network = replace(model, **changes).build(learner.dataset.shape, learner.dataset.classes)
            if active_dropout(network):
                typed = [f"model.{key}={value}".replace(" ", "") for key, value in changes.items()]
                return f"set {words(typed)}"
    return "choose a model with dropout, such as model=mlp"


def refuse_equal_draws(
    equal: EqualDraws, config: RunConfig, option: str, command: Sequence[str], chosen_in: Callable[[], str | None]
) -> None:
    """Refuse draws that the user asked for and that would all be equal.

    Args:
        equal: Why they are.
        config: The typed configuration.
        option: The option chosen in the config group `posterior`.
        command: The overrides as typed.
        chosen_in: Gives the YAML file, of the user's own or a preset's, that asks for the posterior, or None.

    Raises:
        InputError: naming the posterior to type instead, and how the model gets draws.
    """
    posterior, draws = config.posterior, config.evaluation.draws or 0
    typed = typed_keys(command)
    asks = posterior.draws > 0 or equal.one
    posterior_keys = ("posterior", "posterior.draws", *(["posterior.members"] if equal.one else []))
    posterior_words = [typed[key] for key in posterior_keys if key in typed] if asks else []
    evaluation_words = [typed["evaluation.draws"]] if "evaluation.draws" in typed and draws > 0 else []
    file = chosen_in() if asks and not posterior_words else None
    remedy = f"for draws, {equal.remedy}"
    if not (posterior_words or file):
        if not evaluation_words:
            return
        raise InputError(f"{words(evaluation_words)} has no effect: {equal.cause}; leave it out, or, {remedy}")
    name = f"posterior={option}" + (f" (chosen in {file})" if file else "")
    members = 1 if equal.one else posterior.members
    instead = [
        f"posterior={point_option(members)}",
        "posterior.draws=0",
        *(["posterior.members=1"] if equal.one else []),
    ]
    instead += ["evaluation.draws=0"] if draws > 0 else []
    replaced = [*posterior_words, *evaluation_words]
    place = f" in place of {words(replaced)}" if replaced else ""
    what = "one point prediction" if members == 1 else f"{members} point predictions"
    raise InputError(f"{name} would be {what}: {equal.cause}; type {words(instead)}{place}, or, {remedy}")


def point_option(members: int) -> str:
    """The option of `posterior` that gives point predictions of so many networks."""
    return "deterministic" if members == 1 else "ensemble"


def leftover_randomness(config: RunConfig, learner: Learner) -> str | None:
    """What is said of a network of a user's own of whose dropout the masks hold only a part; None where all is held."""
    posterior: Any = config.posterior
    if not isinstance(posterior, Mixture) or not isinstance(learner, TorchLearner) or posterior.draws == 0:
        return None
    network = learner.networks[0]
    if not is_own_class(type(config.model)) or not active_dropout(network):
        return None
    functions = [name for name in random_functions(network, probed_rows(learner.dataset)) if name.startswith("torch")]
    if not functions:
        return None
    return (
        f"{class_name(type(config.model))} calls {' and '.join(functions)}, which the draws leave out: they vary the "
        f"torch.nn.Dropout layers alone; write it as a layer to have it drawn, too ({MODULE})"
    )


def remark(equal: EqualDraws, config: RunConfig, option: str) -> str | None:
    """What is said of a run by default whose draws are all equal; None where it asks for none."""
    members = 1 if equal.one else config.posterior.members
    if config.posterior.draws == 0 and not equal.one:
        return None
    count = f"{members} point predictions (K = {members} functions)"
    line = (
        f"posterior={option} is the default, and {equal.cause}: this run is "
        f"{'a point prediction (K = 1 function)' if members == 1 else count}, as with posterior={point_option(members)}"
    )
    return line if equal.one else f"{line}; for draws, {equal.remedy}"
