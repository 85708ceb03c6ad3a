"""The learner of each round, with the hyper-parameters that cross-validation on its labelled points has chosen."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from al_bench.config.schema import Reference
from al_bench.experiment.learner import build_learner
from al_bench.experiment.meter import Meter
from al_bench.experiment.setup import Experiment
from al_bench.experiment.tuning.cross_validation import CrossValidation
from al_bench.experiment.tuning.keys import configured_value, plain, search_space, with_values
from al_bench.experiment.tuning.search import search
from al_bench.learners.tuning import TuneAtStart
from al_bench.pool import PoolState
from al_bench.records import TUNE, RoundRecord, TuningRecord
from al_bench.strategies.base import Strategy

logger = logging.getLogger("al_bench")


class Tuner:
    """Gives the experiment of each round.

    Args:
        experiment: The run as it is configured.
        rounds: Those on record, whose values are read back.
    """

    def __init__(self, experiment: Experiment, rounds: Sequence[RoundRecord] = ()) -> None:
        self._configured = self._present = experiment
        self._last: TuningRecord | None = None
        tuned = [record.tuning for record in rounds if record.tuning is not None]
        if tuned and not experiment.config.tuning.every_round:
            self._use(tuned[-1])

    def for_round(self, state: PoolState, meter: Meter) -> tuple[Experiment, TuningRecord | None]:
        """The experiment of a round, its learner untrained or of the round before, and what the record says of it.

        Args:
            state: The labelled points of the round.
            meter: Times the trials.
        """
        tuning = self._configured.config.tuning
        if not tuning.tunes:
            return self._configured, None
        if self._last is not None and not tuning.every_round:
            return self._present, kept(self._last)
        with meter.stage(TUNE):
            self._use(tune(self._configured, state))
        return self._present, self._last

    def _use(self, record: TuningRecord) -> None:
        """Take the values of a record; a learner that has them already stays."""
        before, self._last = self._last, record
        if before is not None and (before.chosen == 0) == (record.chosen == 0) and before.values == record.values:
            return
        self._present = self._configured if record.chosen == 0 else with_learner(self._configured, record.values)


def kept(record: TuningRecord) -> TuningRecord:
    """What a later round says of values that were chosen before: nothing was tried in it."""
    return TuningRecord(values=record.values, chosen=record.chosen)


def with_learner(experiment: Experiment, values: Mapping[str, Any]) -> Experiment:
    """The experiment with other hyper-parameters, and a learner that has them.

    Raises:
        InputError: a component refuses a value.
    """
    config = with_values(experiment.config, values)
    strategy = None if config.reference is Reference.full else cast(Strategy, config.strategy)
    learner = build_learner(config, experiment.dataset, strategy, experiment.learner.chunk)
    return replace(experiment, config=config, learner=learner)


def tune(experiment: Experiment, state: PoolState) -> TuningRecord:
    """Choose the hyper-parameters of a round.

    Args:
        experiment: The run as it is configured.
        state: The labelled points of the round.
    """
    config, round_ = experiment.config, state.round
    space = search_space(config)
    configured = {key: plain(configured_value(config, key)) for key in space}
    judged = CrossValidation.of_round(experiment, state)
    if fault := judged.fault():
        logger.warning("round %d: not tuned, trained as configured: %s", round_, fault)
        return TuningRecord(values=configured, labels=len(state.labelled), note=fault)
    found = search(
        space,
        configured,
        lambda values: judged.loss(config if values is None else with_values(config, values)),
        config.tuning.trials,
        config.tuning.search,
        judged.streams.integer("search", round_) % 2**32,
    )
    record = TuningRecord(
        values={key: plain(value) for key, value in found.values.items()},
        chosen=found.trial,
        trials=found.trained,
        folds=len(judged.folds),
        labels=len(state.labelled),
        held_out=judged.held_out,
        loss=found.loss if math.isfinite(found.loss) else None,
        configured_loss=found.configured_loss if math.isfinite(found.configured_loss) else None,
    )
    logger.info("round %d: %s", round_, sentence(record, config.tuning))
    return record


def sentence(record: TuningRecord, tuning: TuneAtStart) -> str:
    """What was tried in a round and what came of it, in one line."""
    alone = record.labels - record.held_out
    beside = f", {alone} of them never held out as the only ones of their class" if alone else ""
    values = ", ".join(f"{key}={value}" for key, value in record.values.items())
    losses = f"{_number(record.loss)}, as configured {_number(record.configured_loss)}"
    return (
        f"tuned by {record.trials} trials of {record.folds} folds on {record.labels} labelled points{beside}: "
        f"{values if record.chosen else 'as configured'} ({tuning.metric.name} loss {losses})"
    )


def _number(loss: float | None) -> str:
    return "none" if loss is None else f"{loss:.4g}"
