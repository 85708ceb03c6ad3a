"""What is said of a run before it starts, on the console and in its log: what a default does that a name hides."""

from __future__ import annotations

from collections.abc import Sequence

from al_bench.config.schema import Reference, StopOn
from al_bench.experiment.batch_of_one import remark_on_one
from al_bench.experiment.equal_draws import leftover_randomness, remark
from al_bench.experiment.setup import Experiment, suggested_validation
from al_bench.experiment.tuning.cross_validation import CrossValidation
from al_bench.experiment.tuning.keys import search_space
from al_bench.experiment.typed_keys import typed_keys, words


def run_remarks(experiment: Experiment, option: str, command: Sequence[str] = ()) -> list[str]:
    """One line for each thing that a reader of the run has to know.

    Args:
        experiment: The run.
        option: The option chosen in the config group `posterior`.
        command: The overrides as typed.
    """
    config, learner = experiment.config, experiment.learner
    lines = [
        experiment.stressed or None,
        leftover_randomness(config, learner),
        remark_on_one(config, learner, len(experiment.start.labelled), experiment.labels_at_end),
        stop_remark(experiment),
        candidates_remark(experiment),
        full_remark(experiment, command),
        tuning_remark(experiment),
    ]
    if experiment.equal is not None:
        lines.append(remark(experiment.equal, config, option))
    return [line for line in lines if line is not None]


def full_remark(experiment: Experiment, command: Sequence[str]) -> str | None:
    """What is said of typed keys about labels and acquisition of a run that trains once on the whole pool."""
    if experiment.config.reference is not Reference.full:
        return None
    typed = typed_keys(command)
    idle = [word for key, word in typed.items() if key.startswith(("initial.", "schedule.", "strategy.", "stopping"))]
    return f"reference=full trains once on the whole pool, without {words(idle)}" if idle else None


def tuning_remark(experiment: Experiment) -> str | None:
    """What is said of a run that tunes: what is tried and when, and what its labels do not allow."""
    tuning = experiment.config.tuning
    if not tuning.tunes:
        return None
    when = "before each training" if tuning.every_round else "once, on the initial labelled set"
    keys = ", ".join(search_space(experiment.config))
    line = f"tuned {when}, by {tuning.trials} trials of {tuning.folds} folds of the labelled points: {keys}"
    state = experiment.start
    if experiment.config.reference is not Reference.none:
        return line
    judged = CrossValidation.of_round(experiment, state)
    if fault := judged.fault():
        return f"{line}; round 0 trains as configured: {fault}"
    notes = [f"round 0 has {len(judged.folds)} folds"] if len(judged.folds) < tuning.folds else []
    if alone := len(state.labelled) - judged.held_out:
        one = "is the only one of its class and is" if alone == 1 else "are the only ones of their class and are"
        notes.append(f"{alone} of its {len(state.labelled)} labelled points {one} never held out")
    return "; ".join([line, *notes])


def candidates_remark(experiment: Experiment) -> str | None:
    """What is said of a random subset of the unlabelled points that is all of them."""
    candidates, unlabelled = experiment.config.schedule.candidates, len(experiment.start.unlabelled)
    if candidates is None or candidates < unlabelled or experiment.config.reference is not Reference.none:
        return None
    return f"schedule.candidates is {candidates:,} and {unlabelled:,} points have no label: all of them are scored"


def stop_remark(experiment: Experiment) -> str | None:
    """What is said of a run that stops by the labels of its test part."""
    schedule = experiment.config.schedule
    by_test = schedule.stop_at_accuracy is not None and schedule.stop_at_accuracy_on is StopOn.test
    if not by_test or experiment.config.reference is not Reference.none:
        return None
    return (
        f"schedule.stop_at_accuracy={schedule.stop_at_accuracy:g} reads the labels of the test part, which nobody has "
        f"who labels a pool of their own; type schedule.stop_at_accuracy_on=validation "
        f"validation={suggested_validation(experiment.dataset.size)} to stop by points that are held out of the pool"
    )
