"""A search of hyper-parameters whose loss a function tells: Optuna proposes, and trial 0 is the configured values."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from al_bench.learners.search_space import Choice, Dimension
from al_bench.learners.tuning import Search
from al_bench.progress import bar

if TYPE_CHECKING:
    import optuna

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Args:
        values: Key to the value of the lowest loss.
        trial: Whose values they are; 0 is the configured ones, which stay unless another's loss is lower.
        trained: Different configurations whose loss was asked for.
        loss, configured_loss: Of the values, and of the configured ones; ∞ where these cannot be trained.
    """

    values: dict[str, Any]
    trial: int
    trained: int
    loss: float
    configured_loss: float


def search(
    space: Mapping[str, Dimension],
    configured: Values,
    loss: Callable[[Values | None], float],
    trials: int,
    by: Search,
    seed: int,
) -> Found:
    """Try the configured values and those that Optuna proposes; a configuration that returns is not trained again.

    Args:
        space: Key to its values.
        configured: Key to the configured value, as a record holds it.
        loss: From values, or None for the configured ones, to what is minimised.
        trials: How many, trial 0 included.
        by: How they are proposed.
        seed: Of the proposals, 32 bits.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = optuna.samplers
    study = optuna.create_study(
        sampler=samplers.TPESampler(seed=seed) if by is Search.tpe else samplers.RandomSampler(seed)
    )
    with bar("tuning", trials, "trials") as shown:
        first = best = loss(None)
        chosen, values = 0, dict(configured)
        known = {_text(configured): first}
        tell_configured(study, space, configured, first)
        shown.update()
        for number in range(1, trials):
            trial = study.ask()
            proposed = {key: suggest(trial, key, dimension) for key, dimension in space.items()}
            text = _text(proposed)
            if text not in known:
                known[text] = loss(proposed)
            if math.isfinite(known[text]):
                study.tell(trial, known[text])
            else:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            if known[text] < best:
                best, chosen, values = known[text], number, proposed
            shown.update()
    return Found(values, chosen, len(known), best, first)


def suggest(trial: optuna.Trial, key: str, dimension: Dimension) -> Any:
    """A value of a key that Optuna proposes."""
    if isinstance(dimension, Choice):
        return dimension.values[trial.suggest_categorical(key, list(range(len(dimension.values))))]
    if dimension.whole:
        return trial.suggest_int(key, int(dimension.low), int(dimension.high), log=dimension.log)
    return dimension.rounded(trial.suggest_float(key, dimension.low, dimension.high, log=dimension.log))


def tell_configured(study: optuna.Study, space: Mapping[str, Dimension], configured: Values, loss: float) -> None:
    """Let the proposals know trial 0, where the configured values lie in the space and can be trained."""
    import optuna

    params: dict[str, Any] = {}
    distributions: dict[str, Any] = {}
    for key, dimension in space.items():
        value = configured[key]
        if not math.isfinite(loss) or not dimension.holds(value):
            return
        if isinstance(dimension, Choice):
            params[key] = dimension.values.index(value)
            distributions[key] = optuna.distributions.CategoricalDistribution(list(range(len(dimension.values))))
        elif dimension.whole:
            params[key] = value
            distributions[key] = optuna.distributions.IntDistribution(
                int(dimension.low), int(dimension.high), log=dimension.log
            )
        else:
            params[key] = float(value)
            distributions[key] = optuna.distributions.FloatDistribution(
                dimension.low, dimension.high, log=dimension.log
            )
    study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=loss))


def _text(values: Values) -> str:
    """Values as a text by which they are known again."""
    return json.dumps(dict(values), sort_keys=True, default=str)
